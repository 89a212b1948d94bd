/* requests.c: the table of requests, the states they pass, and how each is answered once.
 * Leaves what is done for a request to modify.c and read.c. */
#include "dispatcher/requests.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/served.h"
#include "dispatcher/steps.h"
#include "redis/clock.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ACCEPT_MS = 50 }; /* said "accepted" when not finished by then */

TAILQ_HEAD(request_list, request);

struct slot {
	struct request request;
	uint32_t generation; /* odd while in use */
	uint32_t next_free;
};

struct requests {
	struct peers *peers;
	struct store *store;
	struct requests_limits limits;
	struct slot **slots; /* each allocated once, kept: requests do not move */
	uint32_t slot_count, slot_room;
	uint32_t first_free; /* index + 1; 0: none */
	size_t count;
	size_t bytes;
	struct request_list arrivals; /* to be told "accepted" … */
	struct request_list accepted; /* … and those who were */
	struct event *accept;
};

static void on_accept_due(evutil_socket_t fd, short what, void *arg);

struct requests *
requests_new(struct event_base *base, struct peers *peers, struct store *store,
    const struct requests_limits *limits)
{
	struct requests *requests = calloc(1, sizeof(*requests));

	if (requests == NULL)
		return NULL;
	requests->peers = peers;
	requests->store = store;
	requests->limits = *limits;
	if (requests->limits.count == 0)
		requests->limits.count = 65536;
	if (requests->limits.bytes == 0)
		requests->limits.bytes = 64 * 1024 * 1024;
	TAILQ_INIT(&requests->arrivals);
	TAILQ_INIT(&requests->accepted);
	requests->accept = event_new(base, -1, 0, on_accept_due, requests);
	if (requests->accept != NULL)
		return requests;
	free(requests);
	return NULL;
}

static struct slot *
slots_grow(struct requests *requests)
{
	uint32_t room = requests->slot_room != 0 ? requests->slot_room * 2 : 64;
	struct slot **slots = requests->slots;

	if (requests->slot_count == requests->slot_room) {
		slots = realloc(slots, room * sizeof(struct slot *));
		if (slots == NULL)
			return NULL;
		requests->slots = slots;
		requests->slot_room = room;
	}
	slots[requests->slot_count] = calloc(1, sizeof(struct slot));
	if (slots[requests->slot_count] == NULL)
		return NULL;
	slots[requests->slot_count]->request.handle = requests->slot_count;
	return slots[requests->slot_count++];
}

static struct slot *
slots_take(struct requests *requests)
{
	struct slot *slot;
	uint32_t index;

	if (requests->first_free == 0) {
		slot = slots_grow(requests);
		if (slot == NULL)
			return NULL;
	} else {
		slot = requests->slots[requests->first_free - 1];
		requests->first_free = slot->next_free;
	}
	index = (uint32_t)slot->request.handle;
	slot->generation++;
	slot->request.handle = (uint64_t)slot->generation << 32 | index;
	return slot;
}

struct request *
request_find(struct requests *requests, uint64_t handle)
{
	struct slot *slot = requests->slots[(uint32_t)handle];

	return slot->generation == handle >> 32 ? &slot->request : NULL;
}

static bool
within_bounds(const struct requests *requests, size_t length, struct credis_error *err)
{
	if (requests->count >= requests->limits.count)
		return error_set(err, CREDIS_EBUSY,
		    "%zu requests are under way already, the most there may be", requests->count);
	if (requests->bytes + length > requests->limits.bytes)
		return error_set(err, CREDIS_EBUSY,
		    "%zu bytes of values are under way, of %zu there may be", requests->bytes,
		    requests->limits.bytes);
	return true;
}

static void
arm_accept(struct requests *requests, int64_t after_us)
{
	struct timeval after = { after_us / 1000000, after_us % 1000000 };

	if (!event_pending(requests->accept, EV_TIMEOUT, NULL))
		event_add(requests->accept, &after);
}

struct request *
request_new(const struct asking *asking, struct credis_value *value, struct credis_error *err)
{
	struct requests *requests = asking->post->requests;
	struct slot *slot = NULL;
	struct request *request;

	if (within_bounds(requests, value->length, err)) {
		slot = slots_take(requests);
		if (slot == NULL)
			error_no_memory(err);
	}
	if (slot == NULL) {
		value_clear(value);
		return NULL;
	}
	request = &slot->request;
	request->state = REQUEST_CHECKED;
	request->served = asking->served;
	request->entry = entry_hold(asking->entry);
	request->group = NULL;
	request->turn = NULL;
	request->peer = asking->peer != NULL ? peer_hold(asking->peer) : NULL;
	request->id = asking->message->id;
	request->arrived_us = asking->now_us - requests->store->offset_us;
	request->expires_us = INT64_MAX;
	request->if_seq = UINT64_MAX;
	request->accepted = false;
	value_init(&request->value, value->type);
	value_take(&request->value, value);
	request->replacing = false;
	request->charged = request->value.length;
	requests->bytes += request->charged;
	requests->count++;
	asking->served->under_way++;
	TAILQ_INSERT_TAIL(&requests->arrivals, request, arrival);
	arm_accept(requests, ACCEPT_MS * 1000);
	return request;
}

/* The list that it is on. */
static struct request_list *
list_of(struct requests *requests, const struct request *request)
{
	return request->accepted ? &requests->accepted : &requests->arrivals;
}

static void
request_release(struct requests *requests, struct request *request)
{
	struct slot *slot = requests->slots[(uint32_t)request->handle];
	struct turn *turn = request->turn;

	TAILQ_REMOVE(list_of(requests, request), request, arrival);
	requests->count--;
	requests->bytes -= request->charged;
	request->served->under_way--;
	value_clear(&request->value);
	entry_release(request->entry);
	if (request->peer != NULL)
		peer_release(request->peer);
	slot->generation++;
	slot->next_free = requests->first_free;
	requests->first_free = (uint32_t)request->handle + 1;
	if (turn != NULL)
		steps_leave(turn);
}

void
requests_free(struct requests *requests)
{
	struct request *request;

	if (requests == NULL)
		return;
	while ((request = TAILQ_FIRST(&requests->arrivals)) != NULL ||
	    (request = TAILQ_FIRST(&requests->accepted)) != NULL)
		request_release(requests, request);
	for (uint32_t n = 0; n < requests->slot_count; n++)
		free(requests->slots[n]);
	free(requests->slots);
	event_free(requests->accept);
	free(requests);
}

static bool
list_has(const struct request_list *list, const struct peer *peer, uint64_t id)
{
	const struct request *request;

	TAILQ_FOREACH(request, list, arrival)
	{
		if (request->peer == peer && request->id == id)
			return true;
	}
	return false;
}

bool
requests_under_way(const struct requests *requests, const struct peer *peer, uint64_t id)
{
	return list_has(&requests->arrivals, peer, id) || list_has(&requests->accepted, peer, id);
}

/* Written or about to be, and not yet what memory holds. */
static bool
is_writing(enum request_state state)
{
	return state == REQUEST_STORING || state == REQUEST_REPLICATING;
}

void
request_enter(struct requests *requests, struct request *request, enum request_state state)
{
	struct entry *entry = entry_now(request->entry);

	(void)requests;
	if (is_writing(state) && !is_writing(request->state))
		entry->writes++;
	if (!is_writing(state) && is_writing(request->state))
		entry->writes--;
	request->state = state;
}

/* Says "accepted" to those who have waited long enough, and comes back for the next. */
static void
on_accept_due(evutil_socket_t fd, short what, void *arg)
{
	struct requests *requests = arg;
	int64_t now_us = clock_steady_us();
	struct message answer = { .has = MESSAGE_ID | MESSAGE_IS, .is = MESSAGE_IS_ACCEPTED };
	struct request *request;

	(void)fd;
	(void)what;
	while ((request = TAILQ_FIRST(&requests->arrivals)) != NULL) {
		int64_t due_us = request->arrived_us + ACCEPT_MS * 1000;

		if (due_us > now_us) {
			arm_accept(requests, due_us - now_us);
			return;
		}
		TAILQ_REMOVE(&requests->arrivals, request, arrival);
		TAILQ_INSERT_TAIL(&requests->accepted, request, arrival);
		request->accepted = true;
		answer.id = request->id;
		if (request->peer != NULL)
			peer_answer(requests->peers, request->peer, &answer);
	}
}

static void
count_lag(const struct request *request)
{
	int64_t lag_us = clock_steady_us() - request->arrived_us;

	if (lag_us > 0)
		request->served->counters.lag_us += (uint64_t)lag_us;
}

/* The same word for clients of a mirror; 'err' NULL: done. */
static void
tell_mirror(struct requests *requests, struct served *served, const struct entry *entry,
    const struct peer *peer, bool changed, const struct credis_error *err)
{
	if (peer == peers_mirrored(requests->peers))
		mirror_answer(served, entry, changed, err);
	else if (changed)
		mirror_change(served, entry);
}

static void
answer_done(struct requests *requests, struct peer *peer, uint64_t id, uint64_t seq,
    int64_t time_us, const struct credis_value *value, enum credis_severity severity)
{
	struct message answer = {
		.has = MESSAGE_ID | MESSAGE_IS | MESSAGE_SEQ | MESSAGE_TIME,
		.id = id,
		.is = MESSAGE_IS_DONE,
		.seq = seq,
		.time_us = time_us,
		.body = { value_text(value), value->length },
	};

	if (severity != CREDIS_NONE) {
		const char *word = credis_severity_name(severity);

		answer.has |= MESSAGE_SEVERITY;
		answer.severity = (struct slice){ word, strlen(word) };
	}
	if (peer != NULL)
		peer_answer(requests->peers, peer, &answer);
}

void
request_finish_done(struct requests *requests, struct request *request)
{
	request_enter(requests, request, REQUEST_FINISHED);
	request->served->counters.done++;
	count_lag(request);
	answer_done(requests, request->peer, request->id, request->seq, request->time_us,
	    &request->value, request->severity);
	entry_take_value(entry_now(request->entry), &request->value, request->seq,
	    request->time_us);
	if (request->served->mirror != NULL)
		tell_mirror(requests, request->served, entry_now(request->entry), request->peer,
		    true, NULL);
	request_release(requests, request);
}

void
request_finish_present(struct requests *requests, struct request *request)
{
	const struct entry *entry = entry_now(request->entry);

	request_enter(requests, request, REQUEST_FINISHED);
	request->served->counters.done++;
	count_lag(request);
	answer_done(requests, request->peer, request->id, entry->seq, entry->time_us, &entry->value,
	    entry_severity(entry));
	if (request->served->mirror != NULL)
		tell_mirror(requests, request->served, entry, request->peer, false, NULL);
	request_release(requests, request);
}

void
requests_answer_present(struct requests *requests, struct served *served, struct peer *peer,
    uint64_t id, const struct entry *entry)
{
	served->counters.done++;
	answer_done(requests, peer, id, entry->seq, entry->time_us, &entry->value,
	    entry_severity(entry));
}

/* What an answer "is", by the code of the error. */
static enum message_is
code_is(enum credis_code code)
{
	switch (code) {
	case CREDIS_EDRIVER:
	case CREDIS_ETIMEOUT:
	case CREDIS_ESTORE:
	case CREDIS_ENOMEM: return MESSAGE_IS_FAILED;
	case CREDIS_EEXPIRED: return MESSAGE_IS_EXPIRED;
	case CREDIS_EUNKNOWN: return MESSAGE_IS_UNKNOWN;
	default: return MESSAGE_IS_REFUSED;
	}
}

static uint64_t *
counter_for(struct served *served, enum message_is is)
{
	switch (is) {
	case MESSAGE_IS_FAILED: return &served->counters.failed;
	case MESSAGE_IS_EXPIRED: return &served->counters.expired;
	case MESSAGE_IS_UNKNOWN: return &served->counters.unknown;
	default: return &served->counters.refused;
	}
}

/* What nobody else hears of, or shows that a client does not know how to ask. Failures have been told by whoever
 * has failed. */
static void
report_unheard(struct served *served, const struct peer *peer, enum message_is is,
    const struct credis_error *err)
{
	bool malformed = err->code == CREDIS_EMALFORMED;
	char fault[CREDIS_ERROR_TEXT + 32];

	if (!malformed && (peer != NULL || is == MESSAGE_IS_FAILED))
		return;
	snprintf(fault, sizeof(fault), "%s: %s",
	    malformed ? "malformed request" : message_is_word(is), err->text);
	served_report(served, fault);
}

static void
answer_error(struct requests *requests, struct served *served, struct peer *peer, uint64_t id,
    const struct entry *entry, const struct credis_error *err)
{
	enum message_is is = code_is(err->code);
	struct message answer = {
		.has = MESSAGE_ID | MESSAGE_IS,
		.id = id,
		.is = is,
		.code = err->code == CREDIS_ENOMEM ? CREDIS_ESTORE : err->code,
		.body = { err->text, strlen(err->text) },
	};

	if (is == MESSAGE_IS_REFUSED || is == MESSAGE_IS_FAILED)
		answer.has |= MESSAGE_CODE;
	if (entry != NULL && entry->seq > 0) {
		answer.has |= MESSAGE_SEQ;
		answer.seq = entry->seq;
	}
	++*counter_for(served, is);
	log_event(requests->store->log, CREDIS_LOG_DEBUG, message_is_word(is), "%s: %s",
	    served_name(served), err->text);
	if (peer != NULL)
		peer_answer(requests->peers, peer, &answer);
	report_unheard(served, peer, is, err);
	if (served->mirror != NULL && entry != NULL)
		tell_mirror(requests, served, entry, peer, false, err);
}

void
request_finish_error(struct requests *requests, struct request *request,
    const struct credis_error *err)
{
	request_enter(requests, request, REQUEST_FINISHED);
	count_lag(request);
	answer_error(requests, request->served, request->peer, request->id,
	    entry_now(request->entry), err);
	request_release(requests, request);
}

void
request_finish_written(struct requests *requests, struct request *request,
    const struct credis_error *err)
{
	entry_take_value(entry_now(request->entry), &request->value, request->seq,
	    request->time_us);
	if (request->served->mirror != NULL)
		mirror_change(request->served, entry_now(request->entry));
	request_finish_error(requests, request, err);
}

void
requests_turn_away(const struct asking *asking, const struct credis_error *err)
{
	const struct entry *entry = asking->entry != NULL ? entry_now(asking->entry) : NULL;

	answer_error(asking->post->requests, asking->served, asking->peer, asking->message->id,
	    entry, err);
}

size_t
requests_count(const struct requests *requests)
{
	return requests->count;
}
