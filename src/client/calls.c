/* calls.c: the queue of calls to begin, those that wait for the store, and their deadlines.
 * A call's state has one writer: enter(). */
#include "client/calls.h"

#include "client/errand.h"
#include "client/session.h"
#include "core/error.h"
#include "redis/link.h"

#include <credis/span.h>

#include <event2/event.h>
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

enum {
	CALLS_MAX = 65536, /* calls, and writes in them, under way at a time */
	AT_ONCE = 4096,    /* begun in one turn of the event loop */
};

TAILQ_HEAD(call_list, call);

struct calls {
	struct call *table; /* by id */
	struct call_list queued, waiting;
	struct event *kick; /* begins what is queued */
	bool kicking;
	struct moments deadlines;
	credis_call last_id;
};

static void on_kick(evutil_socket_t fd, short what, void *client);
static void on_deadline(struct moment *moment);

struct calls *
calls_new(struct credis_client *client)
{
	struct calls *calls = calloc(1, sizeof(*calls));

	if (calls == NULL)
		return NULL;
	TAILQ_INIT(&calls->queued);
	TAILQ_INIT(&calls->waiting);
	calls->kick = event_new(client->base, -1, 0, on_kick, client);
	if (moments_init(&calls->deadlines, client->base, on_deadline) && calls->kick != NULL)
		return calls;
	calls_free(calls);
	return NULL;
}

void
calls_give_up(struct calls *calls)
{
	while (calls->table != NULL)
		call_end(calls->table);
}

void
calls_free(struct calls *calls)
{
	if (calls == NULL)
		return;
	moments_clear(&calls->deadlines);
	if (calls->kick != NULL)
		event_free(calls->kick);
	free(calls);
}

bool
calls_have_room(const struct credis_client *client, size_t more, struct credis_error *err)
{
	size_t busy = HASH_COUNT(client->calls->table) + errands_count(client->errands);

	if (more <= CALLS_MAX && busy <= CALLS_MAX - more)
		return true;
	return error_set(err, CREDIS_EBUSY, "%zu calls are under way already, of %d there may be",
	    busy, CALLS_MAX);
}

static struct call_list *
list_of(struct calls *calls, enum call_state state)
{
	switch (state) {
	case CALL_QUEUED: return &calls->queued;
	case CALL_WAITING: return &calls->waiting;
	case CALL_RUNNING:
	case CALL_ENDED: break;
	}
	return NULL;
}

static void
enter(struct call *call, enum call_state state)
{
	struct calls *calls = call->client->calls;
	struct call_list *from = list_of(calls, call->state), *to = list_of(calls, state);

	if (from != NULL)
		TAILQ_REMOVE(from, call, next);
	if (to != NULL)
		TAILQ_INSERT_TAIL(to, call, next);
	call->state = state;
	if (state == CALL_QUEUED && !calls->kicking)
		event_active(calls->kick, EV_TIMEOUT, 0);
}

void *
call_new(struct credis_client *client, size_t size, const struct call_kind *kind,
    struct credis_error *err)
{
	struct calls *calls = client->calls;
	struct call *call = calloc(1, size);

	if (call == NULL) {
		error_no_memory(err);
		return NULL;
	}
	call->id = ++calls->last_id;
	HASH_ADD(hh, calls->table, id, sizeof(call->id), call);
	if (call->hh.tbl == NULL) {
		free(call);
		error_no_memory(err);
		return NULL;
	}
	call->client = client;
	call->kind = kind;
	call->holders = 1;
	call->timeout_ms = client->timeout_ms;
	call->state = CALL_RUNNING;
	enter(call, CALL_QUEUED);
	moment_set(&calls->deadlines, &call->deadline, call->timeout_ms);
	return call;
}

struct call *
call_find(const struct credis_client *client, credis_call id)
{
	struct call *call;

	HASH_FIND(hh, client->calls->table, &id, sizeof(id), call);
	return call;
}

void
call_end(struct call *call)
{
	struct calls *calls = call->client->calls;

	if (call->state == CALL_ENDED)
		return;
	enter(call, CALL_ENDED);
	HASH_DEL(calls->table, call);
	moment_unset(&calls->deadlines, &call->deadline);
	call_release(call);
}

void
call_hold(struct call *call)
{
	call->holders++;
}

void
call_release(struct call *call)
{
	if (--call->holders > 0)
		return;
	assert(call->state == CALL_ENDED);
	if (call->kind->clear != NULL)
		call->kind->clear(call);
	free(call);
}

void
call_again(struct call *call)
{
	if (call->state == CALL_RUNNING)
		enter(call, CALL_WAITING);
}

int64_t
call_left_ms(const struct call *call)
{
	return call->deadline.due_ms - moments_now_ms();
}

static void
begin(struct call *call)
{
	struct credis_client *client = call->client;
	struct credis_error err;

	if (call->kind->answers && !errands_listen(client->errands, &err)) {
		call->kind->fail(call, &err);
		return;
	}
	if (session_is_up(client) && (!call->kind->answers || errands_are_live(client->errands))) {
		enter(call, CALL_RUNNING);
		call->kind->start(call);
		return;
	}
	enter(call, CALL_WAITING);
	session_wake(client);
}

/* Calls that calls make are begun at once; but a callback that asks again and again must not keep the loop
 * from the store's answers. */
static void
on_kick(evutil_socket_t fd, short what, void *arg)
{
	struct credis_client *client = arg;
	struct calls *calls = client->calls;
	struct call *call;

	(void)fd;
	(void)what;
	calls->kicking = true;
	session_check_clock(client);
	for (int n = 0; n < AT_ONCE && (call = TAILQ_FIRST(&calls->queued)) != NULL; n++)
		begin(call);
	calls->kicking = false;
	if (!TAILQ_EMPTY(&calls->queued))
		event_add(calls->kick, &(struct timeval){ 0, 0 });
}

void
calls_look(struct credis_client *client)
{
	struct calls *calls = client->calls;
	struct call *call;

	while ((call = TAILQ_FIRST(&calls->waiting)) != NULL)
		enter(call, CALL_QUEUED);
}

void
calls_fail_waiting(struct credis_client *client)
{
	struct call *call;
	struct credis_error err;

	session_unreachable(client, -1, &err);
	while (!client->patient && (call = TAILQ_FIRST(&client->calls->waiting)) != NULL)
		call->kind->fail(call, &err);
}

/* Lets the call itself say what is missing; whether that was all. */
static bool
is_over(struct call *call)
{
	bool over;

	call_hold(call);
	call->kind->late(call);
	over = call->state == CALL_ENDED;
	call_release(call);
	return over;
}

static void
on_deadline(struct moment *moment)
{
	struct call *call = (struct call *)((char *)moment - offsetof(struct call, deadline));
	char span[40];
	struct credis_error err;

	if (call->state == CALL_RUNNING && call->kind->late != NULL && is_over(call))
		return;
	if (call->state == CALL_RUNNING)
		error_set(&err, CREDIS_EDEADLINE, "the store at %s gave no answer within %s",
		    credis_client_where(call->client), credis_span_print(call->timeout_ms, span));
	else
		session_unreachable(call->client, call->timeout_ms, &err);
	call->kind->fail(call, &err);
}

struct buffer *
call_command(struct call *call, call_answer *answer)
{
	struct credis_client *client = call->client;
	struct credis_error err;
	struct buffer *out = link_command(client->commands, answer, client, call->id, &err);

	if (out != NULL)
		return out;
	if (err.code == CREDIS_ELOST)
		call_again(call);
	else
		call->kind->fail(call, &err);
	return NULL;
}

static void
prefix(struct credis_error *err, const struct names_pair *about)
{
	char name[sizeof(*about) + 1];

	snprintf(name, sizeof(name), "%s%s%s", about->service, about->keyword[0] != '\0' ? "." : "",
	    about->keyword);
	error_prefix(err, name);
}

struct call *
call_answered(void *arg, uint64_t id, const struct reply *reply, bool well)
{
	struct call *call = call_find(arg, id);
	struct credis_error err;

	if (call == NULL || call->state != CALL_RUNNING)
		return NULL;
	if (reply == NULL) {
		call_again(call);
		return NULL;
	}
	if (!well || !reply_is_error(reply, NULL))
		return call;
	reply_explain(reply, &err);
	if (call->about != NULL)
		prefix(&err, call->about);
	call->kind->fail(call, &err);
	return NULL;
}

void
credis_client_cancel(struct credis_client *client, credis_call id)
{
	struct call *call = call_find(client, id);

	if (call != NULL)
		call_end(call);
}
