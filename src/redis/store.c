/* store.c: commands to one server: held until it is up, answered once, by their deadline.
 * Knows calls and their time; connections are link.c's, waiting for an answer is store_ask.c's. */
#include <credis/store.h>

#include "core/error.h"
#include "core/text.h"
#include "redis/command.h"
#include "redis/link.h"
#include "redis/store_inside.h"
#include "redis/subscriptions.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	TIMEOUT_MS = 10000,
	GRACE_MS = 1000,             /* a call's deadline shall come before its connection's */
	HELD_MAX = 64 * 1024 * 1024, /* bytes waiting for the server to come up */
};

/* Told is told: what a link answers later only frees it. */
struct call {
	TAILQ_ENTRY(call) place; /* in held or sent; none once told */
	struct credis_store *store;
	credis_reply_cb *cb;
	void *arg;
	int64_t due_ms; /* monotonic */
	bool held;      /* its bytes are in 'bytes'; otherwise with the link, which will answer */
	bool told;
	struct buffer bytes;
};

static void on_up(struct link *link, void *arg);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg);
static void on_clock(evutil_socket_t fd, short what, void *arg);

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Life and death. */

static bool
open_links(struct credis_store *store, const struct url *url,
    const struct credis_store_options *options, struct credis_error *err)
{
	static const struct link_events events = { .on_up = on_up, .on_down = on_down };
	struct link_options link = {
		.name = options->name,
		.role = "commands",
		.connect_timeout_ms = options->connect_timeout_ms,
		.log = &store->log,
	};
	struct url patient = *url;

	/* The calls have deadlines of their own, and theirs come first. */
	store->timeout_ms = options->timeout_ms > 0 ? options->timeout_ms : TIMEOUT_MS;
	if (url->timeout_ms > 0)
		store->timeout_ms = url->timeout_ms;
	patient.timeout_ms = store->timeout_ms + GRACE_MS;
	link.url = &patient;
	store->commands = link_new(store->base, &link, &events, store, err);
	link.url = url;
	link.role = "subscriptions";
	if (store->commands != NULL)
		store->subscriptions = subscriptions_new(store->base, &link, err);
	if (store->subscriptions == NULL)
		return false;
	if (options->backoff_ms > 0) {
		link_set_backoff(store->commands, options->backoff_ms);
		link_set_backoff(subscriptions_link(store->subscriptions), options->backoff_ms);
	}
	return true;
}

static struct credis_store *
store_new(struct event_base *base, const struct credis_store_options *options)
{
	struct credis_store *store = calloc(1, sizeof *store);

	if (store == NULL)
		return NULL;
	TAILQ_INIT(&store->held);
	TAILQ_INIT(&store->sent);
	store->own_base = base == NULL;
	store->base = base != NULL ? base : event_base_new();
	store->wait = options->wait;
	store->log = (struct log){ .sink = options->log, .arg = options->log_arg };
	store->on_state = options->on_state;
	store->arg = options->arg;
	if (store->base != NULL)
		store->clock = event_new(store->base, -1, 0, on_clock, store);
	return store;
}

struct credis_store *
credis_store_new(struct event_base *base, const char *text,
    const struct credis_store_options *options, struct credis_error *err)
{
	static const struct credis_store_options defaults;
	struct credis_store *store;
	struct url url;

	if (options == NULL)
		options = &defaults;
	if (!url_parse(&url, text, err))
		return NULL;
	store = store_new(base, options);
	if (store == NULL || store->clock == NULL)
		error_no_memory(err);
	if (store != NULL && (store->clock == NULL || !open_links(store, &url, options, err))) {
		credis_store_free(store);
		store = NULL;
	}
	url_clear(&url);
	return store;
}

struct credis_store *
credis_store_open(const char *url, const struct credis_store_options *options,
    struct credis_error *err)
{
	return credis_store_new(NULL, url, options, err);
}

static void
store_hold(struct credis_store *store)
{
	store->busy++;
}

static void
store_release(struct credis_store *store)
{
	if (--store->busy > 0 || !store->freed)
		return;
	arena_free(&store->kept);
	if (store->own_base && store->base != NULL)
		event_base_free(store->base);
	free(store);
}

const char *
credis_store_where(const struct credis_store *store)
{
	return link_where(store->commands);
}

struct event_base *
credis_store_base(const struct credis_store *store)
{
	return store->base;
}

/* A call's end. */

static void
call_free(struct call *call)
{
	buffer_free(&call->bytes);
	free(call);
}

/* The callback may free the store. The call's memory stays where the link still has to answer. */
static void
call_tell(struct call *call, const struct reply *reply, const struct credis_error *err)
{
	struct credis_store *store = call->store;

	TAILQ_REMOVE(call->held ? &store->held : &store->sent, call, place);
	if (call->held)
		store->held_bytes -= call->bytes.length;
	call->told = true;
	if (call->cb != NULL)
		call->cb(call->arg, (const struct credis_reply *)reply, err);
}

static void
call_fail_held(struct call *call, const struct credis_error *err)
{
	call_tell(call, NULL, err);
	call_free(call);
}

static void
on_answer(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = arg;
	struct credis_error err = { .code = CREDIS_OK };

	(void)id;
	if (reply_is_error(reply, NULL))
		reply_explain(reply, &err);
	if (!call->told)
		call_tell(call, reply, reply != NULL ? &err : lost);
	call_free(call);
}

void
credis_store_free(struct credis_store *store)
{
	struct credis_error why;
	struct call *call;

	if (store == NULL || store->freed)
		return;
	store_hold(store);
	store->freed = true;
	error_set(&why, CREDIS_ELOST, "the store is being closed");
	while ((call = TAILQ_FIRST(&store->held)) != NULL)
		call_fail_held(call, &why);
	link_free(store->commands);
	subscriptions_free(store->subscriptions);
	if (store->clock != NULL)
		event_free(store->clock);
	store_release(store);
}

/* Deadlines: one timer, which may come too early, but never too late. */

static void
watch_deadline(struct credis_store *store, int64_t due_ms)
{
	int64_t delay_ms = due_ms - now_ms();
	struct timeval delay;

	if (store->freed || (store->clock_ms != 0 && store->clock_ms <= due_ms))
		return;
	if (delay_ms < 1)
		delay_ms = 1;
	delay = (struct timeval){ delay_ms / 1000, delay_ms % 1000 * 1000 };
	store->clock_ms = due_ms;
	event_add(store->clock, &delay);
}

static void
call_expire(struct call *call)
{
	const struct credis_error *last = link_last_error(call->store->commands);
	const char *where = link_where(call->store->commands);
	struct credis_error why;

	if (!call->held) {
		error_set(&why, CREDIS_EDEADLINE, "%s: no answer by the deadline", where);
		call_tell(call, NULL, &why);
		return;
	}
	error_set(&why, CREDIS_EUNREACHABLE, "cannot reach the store at %s by the deadline",
	    last->code != CREDIS_OK ? last->text : where);
	call_fail_held(call, &why);
}

/* A call past its deadline, or NULL; '*next_ms' gets the earliest of the other deadlines. */
static struct call *
find_overdue(struct calls *calls, int64_t at_ms, int64_t *next_ms)
{
	struct call *call;

	TAILQ_FOREACH(call, calls, place)
	{
		/* cppcheck-suppress uninitvar ; the list's own walk sets it */
		if (call->due_ms <= at_ms)
			return call;
		if (call->due_ms < *next_ms)
			*next_ms = call->due_ms;
	}
	return NULL;
}

static void
expire_all(struct credis_store *store, struct calls *calls, int64_t *next_ms)
{
	int64_t at_ms = now_ms();
	struct call *call;

	while (!store->freed && (call = find_overdue(calls, at_ms, next_ms)) != NULL)
		call_expire(call);
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct credis_store *store = arg;
	int64_t next_ms = INT64_MAX;

	(void)fd, (void)what;
	store->clock_ms = 0;
	store_hold(store);
	expire_all(store, &store->held, &next_ms);
	expire_all(store, &store->sent, &next_ms);
	if (next_ms != INT64_MAX)
		watch_deadline(store, next_ms);
	store_release(store);
}

/* From the link. */

static void
tell_state(struct credis_store *store, enum credis_store_state state,
    const struct credis_error *why)
{
	static const struct credis_error fine = { .code = CREDIS_OK };

	if (store->on_state != NULL && !store->freed)
		store->on_state(store->arg, state, link_where(store->commands),
		    why != NULL ? why : &fine);
}

static void
send_held(struct credis_store *store, struct call *call)
{
	struct credis_error err;
	struct buffer *out = link_command(store->commands, on_answer, call, 0, &err);

	if (out == NULL) {
		call_fail_held(call, &err);
		return;
	}
	buffer_append(out, call->bytes.bytes, call->bytes.length);
	TAILQ_REMOVE(&store->held, call, place);
	store->held_bytes -= call->bytes.length;
	buffer_free(&call->bytes);
	call->held = false;
	TAILQ_INSERT_TAIL(&store->sent, call, place);
}

static void
on_up(struct link *link, void *arg)
{
	struct credis_store *store = arg;
	struct call *call;

	store_hold(store);
	store->down = false;
	tell_state(store, CREDIS_STORE_UP, NULL);
	while (!store->freed && link_is_up(link) && (call = TAILQ_FIRST(&store->held)) != NULL)
		send_held(store, call);
	store_release(store);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct credis_store *store = arg;
	struct credis_error err = *why;
	struct call *call;

	(void)link;
	store_hold(store);
	store->down = !was_up;
	tell_state(store, CREDIS_STORE_DOWN, why);
	if (was_up)
		tell_state(store, CREDIS_STORE_CONNECTING, NULL);
	err.code = CREDIS_EUNREACHABLE;
	error_prefix(&err, "cannot reach the store");
	while (store->down && !store->wait && !store->freed &&
	    (call = TAILQ_FIRST(&store->held)) != NULL)
		call_fail_held(call, &err);
	store_release(store);
}

/* Commands. */

/* What would change the shared connection for everybody, or never be answered in its turn. */
static bool
may_be_sent(const char *name, size_t length, struct credis_error *err)
{
	static const char *const refused[] = { "AUTH", "BLMOVE", "BLMPOP", "BLPOP", "BRPOP",
		"BRPOPLPUSH", "BZMPOP", "BZPOPMAX", "BZPOPMIN", "DISCARD", "EXEC", "HELLO",
		"MONITOR", "MULTI", "PSUBSCRIBE", "PSYNC", "PUNSUBSCRIBE", "QUIT", "RESET",
		"SELECT", "SSUBSCRIBE", "SUBSCRIBE", "SUNSUBSCRIBE", "SYNC", "UNSUBSCRIBE",
		"UNWATCH", "WAIT", "WAITAOF", "WATCH" };

	for (size_t n = 0; n < sizeof refused / sizeof refused[0]; n++) {
		if (text_equal_nocase(name, length, refused[n], strlen(refused[n])))
			return error_set(err, CREDIS_EINVAL,
			    "%s: a store cannot take it: its connection is shared", refused[n]);
	}
	return true;
}

static void
format(struct buffer *out, int argc, const char *const *argv, const size_t *lengths)
{
	command_begin(out, (size_t)argc);
	for (int n = 0; n < argc; n++)
		command_word(out, argv[n], lengths != NULL ? lengths[n] : strlen(argv[n]));
}

/* A server that is known to be down is tried anew for a blocking call: nobody else runs its loop. */
static bool
may_wait(struct credis_store *store, struct credis_error *err)
{
	if (store->held_bytes > HELD_MAX)
		return error_set(err, CREDIS_EBUSY, "%s: %zu bytes wait for it to come up already",
		    link_where(store->commands), store->held_bytes);
	if (store->down && !store->wait && !store->own_base)
		return error_set(err, CREDIS_EUNREACHABLE, "cannot reach the store: %s",
		    link_last_error(store->commands)->text);
	if (!store->started) {
		store->started = true;
		tell_state(store, CREDIS_STORE_CONNECTING, NULL);
		link_start(store->commands);
	} else if (!store->wait || store->own_base) {
		link_retry_now(store->commands);
	}
	return true;
}

static struct call *
call_new(struct credis_store *store, int64_t timeout_ms, credis_reply_cb *cb, void *arg,
    struct credis_error *err)
{
	struct call *call = calloc(1, sizeof *call);

	if (call == NULL) {
		error_no_memory(err);
		return NULL;
	}
	call->store = store;
	call->cb = cb;
	call->arg = arg;
	call->due_ms = now_ms() + (timeout_ms > 0 ? timeout_ms : store->timeout_ms);
	return call;
}

static bool
hold(struct credis_store *store, struct call *call, struct credis_error *err)
{
	if (!may_wait(store, err))
		return false;
	if (call->bytes.failed)
		return error_no_memory(err);
	call->held = true;
	store->held_bytes += call->bytes.length;
	TAILQ_INSERT_TAIL(&store->held, call, place);
	return true;
}

static bool
dispatch(struct credis_store *store, struct call *call, int argc, const char *const *argv,
    const size_t *lengths, struct credis_error *err)
{
	struct buffer *out;

	if (!link_is_up(store->commands)) {
		format(&call->bytes, argc, argv, lengths);
		return hold(store, call, err);
	}
	out = link_command(store->commands, on_answer, call, 0, err);
	if (out == NULL)
		return false;
	format(out, argc, argv, lengths);
	TAILQ_INSERT_TAIL(&store->sent, call, place);
	return true;
}

bool
credis_store_command(struct credis_store *store, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, int64_t timeout_ms, credis_reply_cb *cb, void *arg,
    struct credis_error *err)
{
	struct call *call;

	if (store->freed)
		return error_set(err, CREDIS_ELOST, "the store is being closed");
	if (argc < 1 || flags != 0)
		return error_set(err, CREDIS_EINVAL,
		    "a command has a name, and no flags are known");
	if (!may_be_sent(argv[0], lengths != NULL ? lengths[0] : strlen(argv[0]), err))
		return false;
	call = call_new(store, timeout_ms, cb, arg, err);
	if (call == NULL)
		return false;
	if (!dispatch(store, call, argc, argv, lengths, err)) {
		call_free(call);
		return false;
	}
	watch_deadline(store, call->due_ms);
	return true;
}
