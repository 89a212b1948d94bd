/* lane.c: calls on their way: held until their connection is up, answered once, by their deadline.
 * Knows calls and their order; connections are server.c's, time is store.c's. */
#include "redis/lane.h"

#include "core/error.h"
#include "redis/command.h"
#include "redis/link.h"
#include "redis/server.h"
#include "redis/settings.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

enum {
	HELD_MAX = 64 * 1024 * 1024, /* bytes waiting for a server's connections */
	SILENT_MS =
	    100, /* before that, looking whether the socket has ended costs more than it saves */
};

void
lane_init(struct lane *lane, struct server *server)
{
	lane->server = server;
	TAILQ_INIT(&lane->held);
}

/* A call's end. */

static void
call_free(struct call *call)
{
	buffer_free(&call->bytes);
	free(call);
}

static void
lane_unhold(struct lane *lane, struct call *call)
{
	TAILQ_REMOVE(&lane->held, call, turn);
	lane->server->held_bytes -= call->bytes.length + sizeof *call;
	call->held = false;
}

static void
call_tell(struct call *call, const struct reply *reply, const struct credis_error *err)
{
	TAILQ_REMOVE(&call->lane->server->store->calls, call, place);
	call->told = true;
	if (call->cb != NULL)
		call->cb(call->arg, (const struct credis_reply *)reply, err);
}

/* The call's memory stays where the link still has to answer. */
void
call_close(struct call *call, const struct credis_error *err)
{
	struct lane *lane = call->lane;
	bool held = call->held;

	lane->busy++;
	if (held)
		lane_unhold(lane, call);
	call_tell(call, NULL, err);
	if (held)
		call_free(call);
	lane->busy--;
	lane_settle(lane);
}

/* A batch is told by its last answer, or by the first that was lost. */
static void
call_answer(struct call *call, bool last, const struct reply *reply,
    const struct credis_error *lost)
{
	struct credis_error err = { .code = CREDIS_OK };

	if (reply_is_error(reply, NULL))
		reply_explain(reply, &err);
	if (last || reply == NULL)
		call_tell(call, reply, reply != NULL ? &err : lost);
	else if (call->each != NULL)
		call->each(call->arg, (const struct credis_reply *)reply, &err);
}

static void
on_each(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = arg;
	struct credis_store *store = call->lane->server->store;

	(void)id;
	store_hold(store);
	if (!call->told)
		call_answer(call, false, reply, lost);
	store_release(store);
}

static void
on_last(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = arg;
	struct lane *lane = call->lane;
	struct credis_store *store = lane->server->store;

	(void)id;
	store_hold(store);
	if (!call->told)
		call_answer(call, true, reply, lost);
	call_free(call);
	lane->under_way--;
	lane_settle(lane);
	store_release(store);
}

/* Deadlines. */

int64_t
call_due_ms(const struct call *call)
{
	const struct lane *lane = call->lane;

	return lane->waits && lane->until_ms < call->due_ms ? lane->until_ms : call->due_ms;
}

static void
explain_overdue(const struct call *call, struct credis_error *err)
{
	const struct lane *lane = call->lane;
	const char *where = lane->server->where;
	const struct credis_error *last =
	    lane->conn != NULL ? link_last_error(lane->conn->link) : NULL;

	if (lane->waits)
		error_set(err, CREDIS_EBUSY, "%s: all its %zu connections are in use", where,
		    lane->server->max);
	else if (!call->held)
		error_set(err, CREDIS_EDEADLINE, "%s: no answer by the deadline", where);
	else
		error_set(err, CREDIS_EUNREACHABLE, "cannot reach the store at %s by the deadline",
		    last != NULL && last->code != CREDIS_OK ? last->text : where);
}

/* What others share goes on: the answer will be dropped. A lane of one's own may be blocked by the server
 * for ever. */
void
call_expire(struct call *call)
{
	struct lane *lane = call->lane;
	bool sent = !call->held;
	struct credis_error why;

	explain_overdue(call, &why);
	lane->busy++;
	call_close(call, &why);
	if (sent && !lane->shared && !lane->server->store->freed)
		lane_abandon(lane);
	lane->busy--;
	lane_settle(lane);
}

/* The way to the server. */

static void
parcel_write(struct buffer *out, const struct parcel *parcel)
{
	if (parcel->bytes != NULL)
		buffer_append(out, parcel->bytes->bytes, parcel->bytes->length);
	else
		command_words(out, parcel->argc, parcel->argv, parcel->lengths);
}

static bool
lane_send(struct lane *lane, struct call *call, const struct parcel *parcel,
    struct credis_error *err)
{
	struct buffer *out =
	    link_batch(lane->conn->link, call->count, on_each, on_last, call, 0, err);

	if (out == NULL)
		return false;
	parcel_write(out, parcel);
	lane->under_way++;
	return true;
}

/* A server that is known to be down is tried anew for a blocking call: nobody else runs its loop. */
static bool
lane_may_hold(const struct lane *lane, struct credis_error *err)
{
	const struct credis_store *store = lane->server->store;

	if (lane->lost)
		return error_set(err, CREDIS_ELOST, "%s: the connection was lost",
		    lane->server->where);
	if (lane->server->held_bytes > HELD_MAX)
		return error_set(err, CREDIS_EBUSY, "%s: %zu bytes wait for a connection already",
		    lane->server->where, lane->server->held_bytes);
	if (lane->conn == NULL || !lane->conn->failed || store->wait || store->own_base)
		return true;
	return error_set(err, CREDIS_EUNREACHABLE, "cannot reach the store: %s",
	    link_last_error(lane->conn->link)->text);
}

static bool
lane_hold(struct lane *lane, struct call *call, const struct parcel *parcel,
    struct credis_error *err)
{
	const struct credis_store *store = lane->server->store;

	if (!lane_may_hold(lane, err))
		return false;
	parcel_write(&call->bytes, parcel);
	if (call->bytes.failed)
		return error_no_memory(err);
	if (lane->conn != NULL && !lane->conn->started)
		conn_start(lane->conn);
	else if (lane->conn != NULL && (!store->wait || store->own_base))
		link_retry_now(lane->conn->link);
	call->held = true;
	lane->server->held_bytes += call->bytes.length + sizeof *call;
	TAILQ_INSERT_TAIL(&lane->held, call, turn);
	return true;
}

/* A blocking store's loop may not have run for long. */
static bool
lane_is_up(const struct lane *lane)
{
	if (lane->conn == NULL)
		return false;
	if (lane->server->store->own_base)
		link_verify(lane->conn->link, SILENT_MS);
	return link_is_up(lane->conn->link);
}

/* One of its own that is not up any more never comes again: what was watched on it is not. */
static bool
lane_take(struct lane *lane, struct call *call, const struct parcel *parcel,
    struct credis_error *err)
{
	if (lane_is_up(lane))
		return lane_send(lane, call, parcel, err);
	if (!lane->shared && lane->conn != NULL && lane->conn->up)
		lane->lost = true;
	return lane_hold(lane, call, parcel, err);
}

bool
lane_post(struct lane *lane, const struct parcel *parcel, int64_t timeout_ms, credis_reply_cb *each,
    credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct credis_store *store = lane->server->store;
	struct call *call = calloc(1, sizeof *call);

	if (call == NULL)
		return error_no_memory(err);
	call->lane = lane;
	call->each = each;
	call->cb = cb;
	call->arg = arg;
	call->count = parcel->bytes != NULL ? parcel->count : 1;
	call->due_ms = store_now_ms() + settings_first(timeout_ms, lane->server->timeout_ms, 0);
	if (!lane_take(lane, call, parcel, err)) {
		call_free(call);
		return false;
	}
	TAILQ_INSERT_TAIL(&store->calls, call, place);
	store_watch(store, call_due_ms(call));
	return true;
}

static bool
lane_send_held(struct lane *lane, struct call *call, struct credis_error *err)
{
	struct parcel parcel = { .bytes = &call->bytes, .count = call->count };

	if (!lane_send(lane, call, &parcel, err))
		return false;
	lane_unhold(lane, call);
	buffer_free(&call->bytes);
	return true;
}

void
lane_on_up(struct lane *lane)
{
	const struct credis_store *store = lane->server->store;
	struct credis_error err;
	struct call *call;

	lane->busy++;
	while (!store->freed && lane->conn != NULL && link_is_up(lane->conn->link) &&
	    (call = TAILQ_FIRST(&lane->held)) != NULL) {
		if (!lane_send_held(lane, call, &err))
			call_close(call, &err);
	}
	lane->busy--;
	lane_settle(lane);
}

/* Those that come while they are being told are none of it. */
static void
lane_fail_held(struct lane *lane, const struct credis_error *why)
{
	const struct credis_store *store = lane->server->store;
	struct call *call;
	size_t count = 0;

	TAILQ_FOREACH(call, &lane->held, turn)
	count++;
	while (count-- > 0 && !store->freed && (call = TAILQ_FIRST(&lane->held)) != NULL)
		call_close(call, why);
}

void
lane_on_down(struct lane *lane, bool was_up, const struct credis_error *why)
{
	struct credis_error err = *why;

	lane->busy++;
	if (was_up && !lane->shared) {
		err.code = CREDIS_ELOST;
		lane_abandon(lane);
		lane_fail_held(lane, &err);
	} else if (!was_up && !lane->server->store->wait) {
		err.code = CREDIS_EUNREACHABLE;
		error_prefix(&err, "cannot reach the store");
		lane_fail_held(lane, &err);
	}
	lane->busy--;
	lane_settle(lane);
}

void
lane_abandon(struct lane *lane)
{
	struct conn *conn = lane->conn;

	lane->lost = true;
	lane->conn = NULL;
	if (conn == NULL)
		return;
	lane->busy++;
	server_give(lane->server, conn, false);
	lane->busy--;
}

void
lane_settle(struct lane *lane)
{
	struct server *server = lane->server;
	struct conn *conn = lane->conn;

	if (lane->shared || lane->busy > 0 || lane->owned || server->store->freed ||
	    lane->under_way > 0 || !TAILQ_EMPTY(&lane->held))
		return;
	if (lane->waits)
		server_unwait(server, lane);
	LIST_REMOVE(lane, place);
	free(lane);
	if (conn != NULL)
		server_give(server, conn, true);
}
