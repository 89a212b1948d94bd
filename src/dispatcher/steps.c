/* steps.c: a lane for each keyword with a source: its writes in order, its readings shared.
 * How one of them goes through its steps is drive.c's. */
#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/modify.h"
#include "dispatcher/served.h"
#include "dispatcher/source.h"
#include "dispatcher/steps_inside.h"

#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 1024 }; /* writes that wait at one keyword */

struct steps *
steps_new(struct post *post)
{
	struct steps *steps = calloc(1, sizeof(*steps));

	if (steps == NULL)
		return NULL;
	steps->post = post;
	TAILQ_INIT(&steps->crowded);
	return steps;
}

void
steps_close(struct steps *steps)
{
	if (steps == NULL)
		return;
	steps->closing = true;
	for (struct served *s = steps->post->served; s != NULL; s = s->next)
		steps_abandon(s, STEPS_STOPPED);
}

void
steps_free(struct steps *steps)
{
	free(steps);
}

uint64_t
steps_late(const struct steps *steps)
{
	return steps->late;
}

void
lane_hold(struct lane *lane)
{
	lane->holders++;
}

void
lane_release(struct lane *lane)
{
	if (--lane->holders > 0)
		return;
	entry_release(lane->entry);
	drive_clear(&lane->writing);
	drive_clear(&lane->reading);
	source_release(lane->source);
	free(lane->text);
	free(lane);
}

static struct lane *
lane_new(struct served *served, struct entry *entry)
{
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->steps = served->post->steps;
	lane->served = served;
	lane->entry = entry_hold(entry);
	lane->holders = 1;
	TAILQ_INIT(&lane->waiting);
	TAILQ_INIT(&lane->readers);
	if (drive_init(&lane->writing, lane) && drive_init(&lane->reading, lane))
		return lane;
	lane_release(lane);
	return NULL;
}

struct request *
turn_request(const struct turn *turn)
{
	return request_find(turn->lane->steps->post->requests, turn->handle);
}

/* Puts a request in a lane's list. False when out of memory. */
static bool
turn_new(struct lane *lane, struct turn_list *list, struct request *request,
    const struct slice *from)
{
	struct turn *turn = calloc(1, sizeof(*turn) + from->length + 1);

	if (turn == NULL)
		return false;
	if (from->length > 0)
		memcpy(turn->from, from->bytes, from->length);
	turn->lane = lane;
	lane->holders++;
	turn->handle = request->handle;
	turn->list = list;
	TAILQ_INSERT_TAIL(list, turn, link);
	request->turn = turn;
	return true;
}

/* Whether the lane is on the list of those that are looked through for deadlines. */
static void
note_crowd(struct lane *lane)
{
	bool crowded = lane->waiting_count > 0;

	if (crowded && !lane->crowded)
		TAILQ_INSERT_TAIL(&lane->steps->crowded, lane, link);
	if (!crowded && lane->crowded)
		TAILQ_REMOVE(&lane->steps->crowded, lane, link);
	lane->crowded = crowded;
}

static struct turn *
take_first_waiting(struct lane *lane)
{
	struct turn *turn = TAILQ_FIRST(&lane->waiting);

	if (turn == NULL)
		return NULL;
	TAILQ_REMOVE(&lane->waiting, turn, link);
	turn->list = NULL;
	lane->waiting_count--;
	note_crowd(lane);
	return turn;
}

void
lane_finish_write(struct lane *lane, const struct credis_error *err)
{
	struct post *post = lane->steps->post;
	struct request *request = turn_request(lane->current);

	if (err == NULL) {
		modify_driven(post, request);
		return;
	}
	if (err->code == CREDIS_EDRIVER || err->code == CREDIS_ETIMEOUT)
		served_report(lane->served, err->text);
	modify_fail_driven(post, request, err);
}

/* Every reader is told the same. */
static void
answer_readers(struct lane *lane, const struct credis_error *err)
{
	struct requests *requests = lane->steps->post->requests;
	struct turn *turn;

	while ((turn = TAILQ_FIRST(&lane->readers)) != NULL) {
		if (err == NULL)
			request_finish_present(requests, turn_request(turn));
		else
			request_finish_error(requests, turn_request(turn), err);
	}
}

/* How good the value is while it cannot be read. Said once, not each period. */
static void
note_unread(struct lane *lane, const struct credis_error *err)
{
	if (!lane->unread)
		served_report(lane->served, err->text);
	lane->unread = true;
	served_set_severity(lane->served, lane->entry, CREDIS_INVALID, err->text);
}

void
lane_finish_reading(struct lane *lane, const struct credis_error *err)
{
	struct credis_sample reading = { .text = lane->text, .length = lane->length };
	struct credis_error why;
	char *text = lane->text;

	lane->text = NULL;
	if (err == NULL && text != NULL &&
	    !served_set_reading(lane->served, lane->entry, &reading, &why)) {
		why.code = CREDIS_EDRIVER;
		err = &why;
	}
	free(text);
	if (err != NULL)
		note_unread(lane, err);
	else
		lane->unread = false;
	answer_readers(lane, err);
}

/* Gives turns until one takes its time. */
static void
lane_turn(struct lane *lane)
{
	struct steps *steps = lane->steps;

	if (lane->turning || steps->closing)
		return;
	lane->turning = true;
	lane->holders++;
	while (lane->current == NULL && (lane->current = take_first_waiting(lane)) != NULL) {
		struct request *request = turn_request(lane->current);

		if (!modify_turn(steps->post, request))
			continue;
		request_enter(steps->post->requests, request, REQUEST_DRIVING);
		if (lane->source == NULL) {
			modify_driven(steps->post, request);
			continue;
		}
		if (lane->served->mirror != NULL &&
		    request->peer == peers_mirrored(steps->post->peers))
			mirror_drive(lane->served, lane->entry);
		drive_start(&lane->writing, STAGE_PREWRITE);
	}
	lane->turning = false;
	lane_release(lane);
}

void
steps_leave(struct turn *turn)
{
	struct lane *lane = turn->lane;

	if (turn->list != NULL)
		TAILQ_REMOVE(turn->list, turn, link);
	if (turn->list == &lane->waiting) {
		lane->waiting_count--;
		note_crowd(lane);
	}
	if (lane->current == turn)
		lane->current = NULL;
	free(turn);
	lane_turn(lane);
	lane_release(lane);
}

static const struct ending {
	enum credis_code begun; /* what was written at the time … */
	const char *begun_words;
	enum credis_code waiting; /* … what waited, or was read */
	const char *waiting_words;
} endings[] = {
	[STEPS_REMOVED] = { CREDIS_EDRIVER, "removed while it was being written", CREDIS_ENOKEYWORD,
	    "removed meanwhile" },
	[STEPS_STOPPED] = { CREDIS_ETIMEOUT, "not finished when the dispatcher stopped",
	    CREDIS_EBUSY, "not executed, the dispatcher is stopping" },
	[STEPS_TAKEN] = { CREDIS_EUNKNOWN,
	    "another dispatcher took over while it was being written", CREDIS_EBUSY,
	    "not executed, another dispatcher took over" },
};

static void
lane_turn_waiting_away(struct lane *lane, enum steps_end end)
{
	struct post *post = lane->steps->post;
	struct credis_error err;
	struct turn *turn;

	error_set(&err, endings[end].waiting, "%s: %s", lane->entry->name,
	    endings[end].waiting_words);
	while ((turn = TAILQ_FIRST(&lane->waiting)) != NULL)
		modify_fail_driven(post, turn_request(turn), &err);
}

/* What is being stored already is answered by the store. */
static void
lane_abandon(struct lane *lane, enum steps_end end)
{
	struct source *writing = NULL, *reading = NULL;
	struct credis_error err;

	lane->holders++;
	lane_turn_waiting_away(lane, end);
	if (lane->reading.source != NULL) {
		reading = drive_end(&lane->reading);
		error_set(&err, endings[end].waiting, "%s: %s", lane->entry->name,
		    endings[end].waiting_words);
		answer_readers(lane, &err);
	}
	if (lane->writing.source != NULL) {
		writing = drive_end(&lane->writing);
		error_set(&err, endings[end].begun, "%s: %s", lane->entry->name,
		    endings[end].begun_words);
		modify_fail_driven(lane->steps->post, turn_request(lane->current), &err);
	}
	source_release(reading);
	source_release(writing);
	lane_release(lane);
}

static void
each_lane(struct served *served, enum steps_end end,
    void (*what)(struct lane *lane, enum steps_end end))
{
	/* A service replaced from inside a callback brings another registry. */
	for (size_t n = 0; n < served->registry.count; n++) {
		struct lane *lane = served->registry.entries[n]->lane;

		if (lane != NULL)
			what(lane, end);
	}
}

void
steps_abandon(struct served *served, enum steps_end end)
{
	each_lane(served, end, lane_abandon);
}

void
steps_turn_waiting_away(struct served *served, enum steps_end end)
{
	each_lane(served, end, lane_turn_waiting_away);
}

static bool
attach(struct served *served, struct entry *entry, struct source *source)
{
	if (entry->lane == NULL)
		entry->lane = lane_new(served, entry);
	if (entry->lane == NULL)
		return false;
	entry->lane->source = source_hold(source);
	return true;
}

/* Of a keyword without a source any more, that it could not be read is no news. */
static void
forgive_unread(struct served *served)
{
	for (size_t n = 0; n < served->registry.count; n++) {
		struct lane *lane = served->registry.entries[n]->lane;

		if (lane == NULL || lane->source != NULL || !lane->unread)
			continue;
		lane->unread = false;
		served_set_severity(served, lane->entry, CREDIS_NONE, NULL);
	}
}

bool
steps_attach(struct served *served)
{
	const struct credis_service *service = served->definition;

	for (size_t n = 0; service->sources != NULL && n < service->count; n++) {
		if (service->sources[n] != NULL &&
		    !attach(served, served->registry.entries[n], service->sources[n]))
			return false;
	}
	forgive_unread(served);
	return true;
}

static void
lane_follow(struct lane *lane, struct entry *entry)
{
	struct source *before = lane->source;

	entry->lane = lane;
	entry_hold(entry);
	entry_release(lane->entry);
	lane->entry = entry;
	lane->source = NULL;
	source_release(before);
}

void
steps_follow(struct served *served, struct registry *old)
{
	(void)served;
	for (size_t n = 0; n < old->count; n++) {
		struct entry *entry = old->entries[n];
		struct lane *lane = entry->lane;

		if (lane == NULL)
			continue;
		entry->lane = NULL;
		if (entry->successor != NULL) {
			lane_follow(lane, entry->successor);
			continue;
		}
		lane_abandon(lane, STEPS_REMOVED);
		lane_release(lane);
	}
}

void
steps_detach(struct served *served)
{
	for (size_t n = 0; n < served->registry.count; n++) {
		struct entry *entry = served->registry.entries[n];
		struct lane *lane = entry->lane;

		if (lane == NULL)
			continue;
		entry->lane = NULL;
		lane_abandon(lane, STEPS_STOPPED);
		lane_release(lane);
	}
}

/* Deadlines of those who wait need not be met to the millisecond: they were told "accepted". */
static void
lane_expire(struct lane *lane, int64_t now_us)
{
	struct post *post = lane->steps->post;
	struct turn *next;

	for (struct turn *turn = TAILQ_FIRST(&lane->waiting); turn != NULL; turn = next) {
		struct request *request = turn_request(turn);

		next = TAILQ_NEXT(turn, link);
		if (request->expires_us <= now_us)
			modify_turn(post, request);
	}
}

void
steps_tick(struct steps *steps)
{
	int64_t now_us = store_now_us(&steps->post->store);
	struct lane *next;

	for (struct lane *lane = TAILQ_FIRST(&steps->crowded); lane != NULL; lane = next) {
		next = TAILQ_NEXT(lane, link);
		lane_expire(lane, now_us);
	}
}

static bool
lane_has_room(const struct lane *lane, struct credis_error *err)
{
	if (lane->served->state >= SERVED_STOPPING)
		return error_set(err, endings[STEPS_STOPPED].waiting, "%s: %s", lane->entry->name,
		    endings[STEPS_STOPPED].waiting_words);
	if (lane->waiting_count < WAITING_MAX)
		return true;
	return error_set(err, CREDIS_EBUSY, "%s: %d writes wait their turn already",
	    lane->entry->name, WAITING_MAX);
}

void
steps_write(struct post *post, struct request *request, const struct slice *from)
{
	struct lane *lane = request->entry->lane;
	struct credis_error err;

	if (!lane_has_room(lane, &err)) {
		modify_fail_driven(post, request, &err);
		return;
	}
	if (!turn_new(lane, &lane->waiting, request, from)) {
		error_no_memory(&err);
		modify_fail_driven(post, request, &err);
		return;
	}
	lane->waiting_count++;
	note_crowd(lane);
	request_enter(post->requests, request, REQUEST_WAITING);
	lane_turn(lane);
}

bool
steps_can_read(const struct entry *entry)
{
	return entry->lane != NULL && entry->lane->source != NULL &&
	    entry->lane->source->callbacks.read != NULL;
}

bool
steps_read_now(struct entry *entry)
{
	struct lane *lane = entry->lane;

	if (lane->reading.source != NULL || lane->steps->closing)
		return false;
	drive_start(&lane->reading, STAGE_PREREAD);
	return true;
}

bool
steps_read(const struct asking *asking)
{
	struct requests *requests = asking->post->requests;
	struct lane *lane = asking->entry->lane;
	struct credis_value none;
	struct credis_error err;
	struct request *request;

	if (!steps_can_read(asking->entry))
		return false;
	value_init(&none, CREDIS_STRING);
	request = request_new(asking, &none, &err);
	if (request == NULL) {
		requests_turn_away(asking, &err);
		return true;
	}
	if (!turn_new(lane, &lane->readers, request, &asking->message->from)) {
		error_no_memory(&err);
		request_finish_error(requests, request, &err);
		return true;
	}
	request_enter(requests, request, REQUEST_DRIVING);
	steps_read_now(asking->entry);
	return true;
}
