/* errand.c: from a request to the answer with its id: PUBLISH, patience, and what silence means.
 * Several requests of one service travel in one message on its own channel. */
#include "client/errand.h"

#include "client/answer.h"
#include "client/diagnose.h"
#include "client/session.h"
#include "core/error.h"
#include "redis/command.h"
#include "redis/link.h"
#include "redis/subscriptions.h"

#include <credis/span.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum {
	PATIENCE_MS = 1000, /* unanswered for so long, a request is published again */
	UNSERVED_TIMES = 4, /* a dispatcher has two seconds to heal a store that was emptied */
	PAYLOAD_KEPT = 65536,
};

struct errands {
	struct credis_client *client;
	char to[NAMES_CLIENT + 1];
	uint64_t last_id;
	struct outgoing *table; /* of all calls, by id, while unanswered */
	struct moments patience;
	struct subscription *answers;
	struct credis_error refused; /* why the store does not let us listen; or CREDIS_OK */
	struct buffer payload;       /* kept for its room */
};

static void on_patience(struct moment *moment);
static void on_message(void *arg, const char *channel, const char *payload, size_t length);
static void on_live(void *arg, bool again);
static void on_lost(void *arg, const struct credis_error *why);

static bool
draw_name(char *to)
{
	unsigned char bytes[NAMES_CLIENT / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != sizeof(bytes))
		return false;
	for (size_t n = 0; n < sizeof(bytes); n++)
		sprintf(to + 2 * n, "%02x", bytes[n]);
	return true;
}

struct errands *
errands_new(struct credis_client *client)
{
	struct errands *errands = calloc(1, sizeof(*errands));

	if (errands == NULL)
		return NULL;
	errands->client = client;
	if (moments_init(&errands->patience, client->base, on_patience) && draw_name(errands->to))
		return errands;
	errands_free(errands);
	return NULL;
}

void
errands_free(struct errands *errands)
{
	if (errands == NULL)
		return;
	if (errands->answers != NULL)
		subscriptions_remove(errands->client->subscriptions, errands->answers);
	moments_clear(&errands->patience);
	buffer_free(&errands->payload);
	free(errands);
}

bool
errands_listen(struct errands *errands, struct credis_error *err)
{
	static const struct subscription_events events = { on_message, on_live, on_lost };
	struct name channel;

	if (errands->answers == NULL) {
		names_answer(&channel, errands->client->ns, errands->to);
		errands->answers = subscriptions_add(errands->client->subscriptions, channel.text,
		    &events, errands, err);
	}
	if (errands->refused.code == CREDIS_OK || errands->client->patient)
		return errands->answers != NULL;
	*err = errands->refused;
	return false;
}

bool
errands_are_live(const struct errands *errands)
{
	return errands->answers != NULL && subscription_is_live(errands->answers);
}

size_t
errands_count(const struct errands *errands)
{
	return HASH_COUNT(errands->table);
}

static struct errands *
errands_of(const struct errand *errand)
{
	return errand->call->client->errands;
}

static struct outgoing *
find_request(const struct credis_client *client, uint64_t id)
{
	struct outgoing *request;

	HASH_FIND(hh, client->errands->table, &id, sizeof(id), request);
	return request;
}

bool
errand_init(struct errand *errand, struct call *call, struct outgoing *requests, size_t count,
    struct credis_error *err)
{
	struct errands *errands = call->client->errands;

	errand->call = call;
	errand->requests = requests;
	errand->count = count;
	for (struct outgoing *request = requests; request < requests + count; request++) {
		request->errand = errand;
		request->id = ++errands->last_id;
		HASH_ADD(hh, errands->table, id, sizeof(request->id), request);
		if (request->hh.tbl == NULL)
			return error_no_memory(err);
		errand->left++;
	}
	return true;
}

/* It has its final answer, or nobody wants to know any more. */
static void
retire(struct outgoing *request)
{
	struct errand *errand = request->errand;

	if (request->stage == REQUEST_ENDED || request->hh.tbl == NULL)
		return;
	request->stage = REQUEST_ENDED;
	HASH_DEL(errands_of(errand)->table, request);
	errand->left--;
	credis_client_cancel(errand->call->client, request->doubt);
}

void
errand_clear(struct errand *errand)
{
	if (errand->call != NULL)
		moment_unset(&errands_of(errand)->patience, &errand->patience);
	for (size_t n = 0; n < errand->count; n++) {
		retire(&errand->requests[n]);
		free(errand->requests[n].text);
	}
	free(errand->requests);
}

static void
finish(struct outgoing *request, const struct message *answer, const struct credis_error *err)
{
	struct errand *errand = request->errand;

	retire(request);
	errand->on_outcome(errand->call, (size_t)(request - errand->requests), CREDIS_FINAL, answer,
	    err);
}

/* The next request from '*n' on that has no final answer, of 'service' (NULL: any). None once the
 * call has ended, as it may in any callback: whoever goes through them holds the call. */
static struct outgoing *
next_open(struct errand *errand, const char *service, size_t *n)
{
	while (errand->call->state != CALL_ENDED && *n < errand->count) {
		struct outgoing *request = &errand->requests[(*n)++];

		if (request->stage != REQUEST_ENDED &&
		    (service == NULL || strcmp(request->name.service, service) == 0))
			return request;
	}
	return NULL;
}

/* Ends all of a service (NULL: all) for the same reason, said of each. */
static void
fail_all(struct errand *errand, const char *service, enum credis_code code, const char *why)
{
	struct call *call = errand->call;
	struct outgoing *request;
	struct credis_error err;

	call_hold(call);
	for (size_t n = 0; (request = next_open(errand, service, &n)) != NULL;) {
		error_set(&err, code, "%s.%s: %s", request->name.service, request->name.keyword,
		    why);
		finish(request, NULL, &err);
	}
	call_release(call);
}

void
errand_fail(struct errand *errand, const struct credis_error *err)
{
	struct call *call = errand->call;
	struct outgoing *request;

	call_hold(call);
	for (size_t n = 0; (request = next_open(errand, NULL, &n)) != NULL;)
		finish(request, NULL, err);
	call_release(call);
}

void
errand_late(struct errand *errand)
{
	struct call *call = errand->call;
	struct outgoing *request;
	char span[40];
	struct credis_error err;

	credis_span_print(call->timeout_ms, span);
	call_hold(call);
	for (size_t n = 0; (request = next_open(errand, NULL, &n)) != NULL;) {
		error_set(&err, CREDIS_EDEADLINE,
		    request->stage != REQUEST_ACCEPTED
			? "%s.%s: no answer within %s; it will not be executed later"
			: errand->verb == NAMES_READ
			? "%s.%s: asked for, but no value came within %s"
			: "%s.%s: accepted, but not finished within %s; it goes on,"
			  " unless it still waited for its turn",
		    request->name.service, request->name.keyword, span);
		finish(request, NULL, &err);
	}
	call_release(call);
}

static void on_published(void *client, uint64_t id, const struct reply *reply,
    const struct credis_error *lost);

/* A set of all or none is only ever published whole: who has answered for one of it knows it again. */
static bool
is_to_post(const struct outgoing *request, const char *service)
{
	return request->posted != request->errand->round && request->stage != REQUEST_DOUBTED &&
	    (request->stage != REQUEST_ENDED || request->errand->atomic) &&
	    strcmp(request->name.service, service) == 0;
}

static void
write_request(const struct outgoing *request, bool keyed, size_t set, struct buffer *out)
{
	const struct errand *errand = request->errand;
	const struct credis_client *client = errand->call->client;
	struct message message = {
		.has = MESSAGE_SENT | MESSAGE_EXPIRES | MESSAGE_FROM,
		.sent_us = errand->sent_us,
		.expires_us = errand->expires_us,
		.from = { client->from, strlen(client->from) },
		.body = { request->text, request->length },
	};

	if (!errand->unanswered) {
		message.has |= MESSAGE_ID | MESSAGE_TO;
		message.id = request->id;
		message.to = (struct slice){ client->errands->to, NAMES_CLIENT };
	}
	if (request->has_if_seq) {
		message.has |= MESSAGE_IF_SEQ;
		message.if_seq = request->if_seq;
	}
	if (keyed) {
		message.has |= MESSAGE_KEY;
		message.key =
		    (struct slice){ request->name.keyword, strlen(request->name.keyword) };
	}
	if (set > 0) {
		message.has |= MESSAGE_GROUP | MESSAGE_OF;
		message.group = errand->requests[0].id;
		message.of = set;
	}
	message_write(out, &message);
}

/* Puts all of the first one's service into the payload; returns how many. */
static size_t
gather(struct errand *errand, struct outgoing *first, struct buffer *out)
{
	const char *service = first->name.service;
	struct outgoing *end = errand->requests + errand->count;
	size_t count = 0;

	for (const struct outgoing *request = first; request < end; request++)
		count += is_to_post(request, service);
	for (struct outgoing *request = first; request < end; request++) {
		if (!is_to_post(request, service))
			continue;
		write_request(request, count > 1, errand->atomic && count > 1 ? count : 0, out);
		request->posted = errand->round;
		request->flying++;
	}
	return count;
}

static void
publish(struct errand *errand, struct outgoing *first)
{
	struct credis_client *client = errand->call->client;
	struct buffer *payload = &client->errands->payload, *out = NULL;
	struct name channel;
	struct credis_error err;

	buffer_clear(payload);
	if (gather(errand, first, payload) > 1)
		names_service(&channel, client->ns, first->name.service, NAMES_GROUP_MODIFY);
	else
		names_keyword(&channel, client->ns, first->name.service, first->name.keyword,
		    errand->verb);
	if (payload->failed)
		error_no_memory(&err);
	else
		out = link_command(client->commands, on_published, client, first->id, &err);
	if (out == NULL) {
		if (err.code != CREDIS_ELOST || errand->unanswered)
			fail_all(errand, first->name.service, err.code, err.text);
		return;
	}
	command_begin(out, 3);
	command_text(out, "PUBLISH");
	command_word(out, channel.text, channel.length);
	command_word(out, payload->bytes, payload->length);
	if (payload->room > PAYLOAD_KEPT)
		buffer_free(payload);
}

void
errand_send(struct errand *errand)
{
	struct call *call = errand->call;
	struct outgoing *request;

	if (errand->sent_us == 0) {
		errand->sent_us = credis_client_now_us(call->client);
		errand->expires_us = errand->sent_us + call_left_ms(call) * 1000;
	}
	if (!errand->unanswered)
		moment_set(&errands_of(errand)->patience, &errand->patience, PATIENCE_MS);
	errand->round++;
	call_hold(call);
	for (size_t n = 0; (request = next_open(errand, NULL, &n)) != NULL;) {
		if (is_to_post(request, request->name.service))
			publish(errand, errand->atomic ? errand->requests : request);
	}
	call_release(call);
}

static void
on_doubt_ended(void *arg, const struct credis_error *why)
{
	struct outgoing *request = arg;
	struct credis_error err = *why;

	request->doubt = 0;
	if (why->code == CREDIS_OK)
		error_set(&err, CREDIS_EUNSERVED, "%s: nobody serves it", request->name.service);
	finish(request, NULL, &err);
}

/* Nobody got it: is there such a keyword at all? */
static void
doubt(struct outgoing *request)
{
	struct credis_error err;

	request->stage = REQUEST_DOUBTED;
	request->doubt = diagnose(request->errand->call->client, request->name.service,
	    request->name.keyword, on_doubt_ended, request, &err);
	if (request->doubt == 0)
		finish(request, NULL, &err);
}

/* That nobody got one publication says nothing while another is on its way: that one may be executed. */
static void
count_receivers(struct errand *errand, const char *service, int64_t receivers)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	struct outgoing *request;

	for (size_t n = 0; (request = next_open(errand, service, &n)) != NULL;) {
		request->flying -= request->flying > 0;
		if (request->stage != REQUEST_UNSENT || (receivers == 0 && request->flying > 0))
			continue;
		if (receivers == 0)
			doubt(request);
		else if (errand->unanswered)
			finish(request, NULL, &fine);
		else
			request->stage = REQUEST_SENT;
	}
}

static void
on_published(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct outgoing *request = find_request(client, id);
	struct errand *errand = request != NULL ? request->errand : NULL;
	struct credis_error err;

	if (errand == NULL)
		return;
	call_hold(errand->call);
	if (reply != NULL && reply->kind == REPLY_INTEGER) {
		count_receivers(errand, request->name.service, reply->integer);
	} else if (reply != NULL) {
		reply_explain(reply, &err);
		fail_all(errand, request->name.service, err.code, err.text);
	} else if (errand->unanswered) {
		fail_all(errand, request->name.service, lost->code,
		    "the connection was lost; it may or may not have been sent");
	} else { /* somebody may have got it; it will be sent again */
		count_receivers(errand, request->name.service, 1);
	}
	call_release(errand->call);
}

static void
on_lease(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct outgoing *first = find_request(client, id), *request;

	(void)lost;
	if (first == NULL || reply == NULL)
		return;
	for (size_t n = 0; (request = next_open(first->errand, first->name.service, &n)) != NULL;)
		request->unserved = reply->kind == REPLY_NIL ? request->unserved + 1 : 0;
	if (first->unserved < UNSERVED_TIMES)
		return;
	if (first->errand->verb == NAMES_READ)
		fail_all(first->errand, first->name.service, CREDIS_EUNSERVED,
		    "nobody serves it any more");
	else
		fail_all(first->errand, first->name.service, CREDIS_EUNKNOWN,
		    "nobody serves it any more; it may or may not have been executed");
}

/* Silence may mean that the dispatcher is no more. */
static void
ask_for_leases(struct errand *errand)
{
	struct credis_client *client = errand->call->client;
	struct outgoing *request;
	const char *asked = NULL;

	for (size_t n = 0; (request = next_open(errand, NULL, &n)) != NULL;) {
		struct buffer *out;
		struct name lease;

		if (asked != NULL && strcmp(asked, request->name.service) == 0)
			continue;
		asked = request->name.service;
		out = link_command(client->commands, on_lease, client, request->id, NULL);
		if (out == NULL)
			return;
		names_service(&lease, client->ns, asked, NAMES_DISPATCHER);
		command_texts(out, "GET", lease.text, NULL);
	}
}

static void
on_patience(struct moment *moment)
{
	struct errand *errand =
	    (struct errand *)((char *)moment - offsetof(struct errand, patience));
	struct errands *errands = errands_of(errand);
	struct call *call = errand->call;

	moment_set(&errands->patience, moment, PATIENCE_MS);
	if (!session_is_up(errands->client) || !errands_are_live(errands))
		return;
	call_hold(call);
	errand_send(errand);
	ask_for_leases(errand);
	call_release(call);
}

/* Whatever was answered meanwhile was missed: ask again at once. */
static void
on_live(void *arg, bool again)
{
	struct errands *errands = arg;

	errands->refused.code = CREDIS_OK;
	if (again)
		moments_hasten(&errands->patience);
	calls_look(errands->client);
}

static void
on_lost(void *arg, const struct credis_error *why)
{
	struct errands *errands = arg;

	errands->refused.code = CREDIS_OK;
	if (!link_is_up(subscriptions_link(errands->client->subscriptions)))
		return;
	error_set(&errands->refused, CREDIS_EUNREACHABLE, "cannot listen to answers: %s",
	    why->text);
	calls_look(errands->client); /* to find out */
}

static void
take_answer(struct outgoing *request, const struct message *answer)
{
	struct errand *errand = request->errand;
	struct credis_error err = { .code = CREDIS_OK };

	if (answer->is == MESSAGE_IS_DONE) {
		finish(request, answer, &err);
		return;
	}
	if (answer->is != MESSAGE_IS_ACCEPTED) {
		answer_explain(answer, &request->name, &err);
		finish(request, NULL, &err);
		return;
	}
	if (request->stage == REQUEST_ACCEPTED)
		return;
	request->stage = REQUEST_ACCEPTED;
	errand->on_outcome(errand->call, (size_t)(request - errand->requests), CREDIS_ACCEPTED,
	    NULL, &err);
}

static void
on_message(void *arg, const char *channel, const char *payload, size_t length)
{
	struct errands *errands = arg;
	struct message_reader reader;
	struct message answer;
	struct credis_error err;
	enum message_next next;

	(void)channel;
	message_reader_init(&reader, payload, length);
	while ((next = message_next(&reader, &answer, &err)) == MESSAGE_READ) {
		unsigned wanted = MESSAGE_ID | MESSAGE_IS;
		struct outgoing *request = NULL;

		if ((answer.has & wanted) == wanted)
			request = find_request(errands->client, answer.id);
		if (request != NULL && request->stage != REQUEST_DOUBTED)
			take_answer(request, &answer);
	}
	if (next == MESSAGE_MALFORMED)
		log_event(&errands->client->log, CREDIS_LOG_WARNING, "malformed",
		    "an answer that cannot be understood: %s", err.text);
}
