/* store.c: a store: servers, which commands they take, and time.
 * Knows who is asked; calls on their way are lane.c's, connections server.c's, waiting for an answer
 * store_ask.c's. */
#include <credis/store.h>

#include "core/error.h"
#include "core/ring.h"
#include "core/text.h"
#include "redis/known.h"
#include "redis/link.h"
#include "redis/observe.h"
#include "redis/server.h"
#include "redis/store_inside.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static void on_clock(evutil_socket_t fd, short what, void *arg);

int64_t
store_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Life and death. */

static struct credis_store *
store_new(struct event_base *base, const struct credis_store_options *options)
{
	struct credis_store *store = calloc(1, sizeof *store);

	if (store == NULL)
		return NULL;
	TAILQ_INIT(&store->calls);
	store->own_base = base == NULL;
	store->base = base != NULL ? base : event_base_new();
	store->wait = options->wait;
	store->pooled = options->pooled;
	store->log = (struct log){ .sink = options->log, .arg = options->log_arg };
	store->on_state = options->on_state;
	store->arg = options->arg;
	if (store->base != NULL)
		store->clock = event_new(store->base, -1, 0, on_clock, store);
	return store;
}

static bool
open_server(struct credis_store *store, const char *url, size_t *count,
    const struct credis_store_options *options, struct credis_error *err)
{
	struct server *server = server_new(store, url, options, err);

	if (server == NULL)
		return false;
	store->servers[store->server_count + store->replica_count] = server;
	++*count;
	return true;
}

/* The shards' names are "host:port", or the socket's path: what txredisapi hashes. Two of one name would have
 * the same points, and one of them no keys. */
static bool
name_shards(const struct credis_store *store, char **names, struct credis_error *err)
{
	for (size_t n = 0; n < store->server_count; n++) {
		names[n] = server_name(store->servers[n]);
		if (names[n] == NULL)
			return error_no_memory(err);
		for (size_t other = 0; other < n; other++) {
			if (strcmp(names[n], names[other]) == 0)
				return error_set(err, CREDIS_EINVAL,
				    "the node %.200s is there twice", names[n]);
		}
	}
	return true;
}

static bool
make_ring(struct credis_store *store, struct credis_error *err)
{
	char **names = calloc(store->server_count, sizeof *names);
	bool ok = names != NULL ? name_shards(store, names, err) : error_no_memory(err);

	if (ok)
		store->ring = ring_new((const char *const *)names, store->server_count);
	for (size_t n = 0; names != NULL && n < store->server_count; n++)
		free(names[n]);
	free(names);
	return store->ring != NULL || (ok && error_no_memory(err));
}

static bool
join_where(struct credis_store *store, struct credis_error *err)
{
	struct buffer where = BUFFER_EMPTY;

	for (size_t n = 0; n < store->server_count + store->replica_count; n++) {
		if (n > 0)
			buffer_text(&where, ",");
		buffer_text(&where, store->servers[n]->where);
	}
	store->where = buffer_give(&where);
	return store->where != NULL || error_no_memory(err);
}

static bool
add_observers(struct credis_store *store, const struct credis_store_options *options,
    struct credis_error *err)
{
	const char *name = store->servers[0]->url.client_name;

	if (name == NULL)
		name = options->name != NULL ? options->name : "redis";
	store->observers = observers_new(name, options->metrics);
	return store->observers != NULL || error_no_memory(err);
}

static bool
open_servers(struct credis_store *store, const char *url,
    const struct credis_store_options *options, struct credis_error *err)
{
	size_t nodes = url != NULL ? 1 : options->node_count;
	const char *const *urls = url != NULL ? &url : options->nodes;

	if (nodes == 0 || (url != NULL && options->node_count > 0))
		return error_set(err, CREDIS_EINVAL, "a store has a URL, or nodes");
	if (url == NULL && options->replica_count > 0)
		return error_set(err, CREDIS_EINVAL, "a store with nodes has no replicas");
	store->servers = calloc(nodes + options->replica_count, sizeof(struct server *));
	if (store->clock == NULL || store->servers == NULL)
		return error_no_memory(err);
	while (store->server_count < nodes)
		if (!open_server(store, urls[store->server_count], &store->server_count, options,
			err))
			return false;
	while (store->replica_count < options->replica_count)
		if (!open_server(store, options->replicas[store->replica_count],
			&store->replica_count, options, err))
			return false;
	return (url != NULL || make_ring(store, err)) && join_where(store, err) &&
	    add_observers(store, options, err);
}

struct credis_store *
credis_store_new(struct event_base *base, const char *url,
    const struct credis_store_options *options, struct credis_error *err)
{
	static const struct credis_store_options defaults;
	struct credis_store *store;

	if (options == NULL)
		options = &defaults;
	store = store_new(base, options);
	if (store == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (open_servers(store, url, options, err))
		return store;
	credis_store_free(store);
	return NULL;
}

struct credis_store *
credis_store_open(const char *url, const struct credis_store_options *options,
    struct credis_error *err)
{
	return credis_store_new(NULL, url, options, err);
}

void
store_hold(struct credis_store *store)
{
	store->busy++;
}

void
store_release(struct credis_store *store)
{
	if (--store->busy > 0 || !store->freed)
		return;
	for (size_t n = 0; n < store->server_count + store->replica_count; n++)
		server_free(store->servers[n]);
	free(store->servers);
	free(store->where);
	ring_free(store->ring);
	observers_free(store->observers);
	arena_free(&store->kept);
	if (store->own_base && store->base != NULL)
		event_base_free(store->base);
	free(store);
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
	while ((call = TAILQ_FIRST(&store->calls)) != NULL)
		call_close(call, &why);
	for (size_t n = 0; n < store->server_count + store->replica_count; n++)
		server_close(store->servers[n]);
	if (store->clock != NULL)
		event_free(store->clock);
	store_release(store);
}

const char *
credis_store_where(const struct credis_store *store)
{
	return store->where;
}

int
store_database(const struct credis_store *store)
{
	return store->servers[0]->url.db;
}

struct event_base *
credis_store_base(const struct credis_store *store)
{
	return store->base;
}

void
credis_store_pool(const struct credis_store *store, struct credis_pool_gauges *gauges)
{
	*gauges = (struct credis_pool_gauges){ 0 };
	for (size_t n = 0; n < store->server_count + store->replica_count; n++)
		server_count_pool(store->servers[n], gauges);
}

/* Deadlines: one timer, which may come too early, but never too late. */

void
store_watch(struct credis_store *store, int64_t due_ms)
{
	int64_t delay_ms = due_ms - store_now_ms();
	struct timeval delay;

	if (store->freed || (store->clock_ms != 0 && store->clock_ms <= due_ms))
		return;
	if (delay_ms < 1)
		delay_ms = 1;
	delay = (struct timeval){ delay_ms / 1000, delay_ms % 1000 * 1000 };
	store->clock_ms = due_ms;
	event_add(store->clock, &delay);
}

/* A call past its deadline, or NULL; '*next_ms' gets the earliest of the other deadlines. */
static struct call *
find_overdue(struct calls *calls, int64_t at_ms, int64_t *next_ms)
{
	struct call *call;

	TAILQ_FOREACH(call, calls, place)
	{
		int64_t due_ms = call_due_ms(call);

		if (due_ms <= at_ms)
			return call;
		if (due_ms < *next_ms)
			*next_ms = due_ms;
	}
	return NULL;
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct credis_store *store = arg;
	int64_t next_ms = INT64_MAX;
	int64_t at_ms = store_now_ms();
	struct call *call;

	(void)fd, (void)what;
	store->clock_ms = 0;
	store_hold(store);
	while (!store->freed && (call = find_overdue(&store->calls, at_ms, &next_ms)) != NULL)
		call_expire(call);
	if (next_ms != INT64_MAX)
		store_watch(store, next_ms);
	store_release(store);
}

/* Commands. */

static bool
word_is(const char *const *argv, const size_t *lengths, int n, const char *text)
{
	return text_equal_nocase(argv[n], lengths != NULL ? lengths[n] : strlen(argv[n]), text,
	    strlen(text));
}

const struct known *
store_check(int argc, const char *const *argv, const size_t *lengths, struct credis_error *err)
{
	const struct known *known;

	if (argc < 1) {
		error_set(err, CREDIS_EINVAL, "a command has a name");
		return NULL;
	}
	known = known_find(argv[0], lengths != NULL ? lengths[0] : strlen(argv[0]));
	if (known->traits & KNOWN_REFUSED)
		error_set(err, CREDIS_EINVAL,
		    "%s: a store cannot take it: its connection is shared", known->name);
	else if (argc > 1 && word_is(argv, lengths, 0, "CLIENT") &&
	    word_is(argv, lengths, 1, "REPLY"))
		error_set(err, CREDIS_EINVAL,
		    "CLIENT REPLY: a store cannot take it: every command is answered");
	else
		return known;
	return NULL;
}

struct server *
store_shard(const struct credis_store *store, const char *key, size_t length)
{
	return store->servers[credis_store_shard(store, key, length)];
}

size_t
credis_store_shard(const struct credis_store *store, const char *key, size_t length)
{
	return store->ring != NULL ? ring_find(store->ring, key, length) : 0;
}

const char *
credis_store_node(const struct credis_store *store, size_t n)
{
	return n < store->server_count ? store->servers[n]->where : NULL;
}

static struct server *
route_shard(const struct credis_store *store, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, struct credis_error *err)
{
	struct server *server = NULL, *other;
	char name[ERROR_QUOTE + 4];
	int first, count;

	text_quote(name, argv[0], lengths != NULL ? lengths[0] : strlen(argv[0]), ERROR_QUOTE);
	if (!known_keys(known, argc, argv, lengths, &first, &count, err))
		return NULL;
	for (int n = first; count-- > 0; n += known->step) {
		other = store_shard(store, argv[n], lengths != NULL ? lengths[n] : strlen(argv[n]));
		if (server != NULL && server != other) {
			error_set(err, CREDIS_EINVAL, "%s: its keys lie on different shards", name);
			return NULL;
		}
		server = other;
	}
	if (server == NULL)
		error_set(err, CREDIS_EINVAL, "%s: it has no key that tells which shard it is for",
		    name);
	return server;
}

/* The next replica that is up; those that are not yet are on their way. NULL: none. */
static struct server *
pick_replica(struct credis_store *store)
{
	for (size_t n = 0; n < store->replica_count; n++) {
		struct server *replica =
		    store->servers[store->server_count + ++store->turn % store->replica_count];

		if (!replica->shared.conn->started)
			conn_start(replica->shared.conn);
		if (link_is_up(replica->shared.conn->link))
			return replica;
	}
	return NULL;
}

struct server *
store_route(struct credis_store *store, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, unsigned flags, struct credis_error *err)
{
	struct server *replica = NULL;

	if (store->ring != NULL)
		return route_shard(store, known, argc, argv, lengths, err);
	if ((known->traits & KNOWN_READS) && !(flags & CREDIS_PRIMARY))
		replica = pick_replica(store);
	return replica != NULL ? replica : store->servers[0];
}

bool
store_is_exclusive(const struct server *server, const struct known *known, unsigned flags,
    int64_t timeout_ms)
{
	return server->store->pooled || (flags & CREDIS_EXCLUSIVE) ||
	    (known->traits & KNOWN_BLOCKS) || timeout_ms > server->timeout_ms;
}

bool
store_post(struct server *server, bool exclusive, const struct parcel *parcel, int64_t timeout_ms,
    credis_reply_cb *each, credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct lane *lane = exclusive ? server_claim(server, err) : &server->shared;
	bool taken = lane != NULL && lane_post(lane, parcel, timeout_ms, each, cb, arg, err);

	if (lane != NULL && !taken)
		lane_settle(lane);
	return taken;
}

static bool
command_post(struct credis_store *store, const struct known *known, const struct parcel *parcel,
    unsigned flags, int64_t timeout_ms, credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct server *server;

	if (store->ring != NULL && (known->traits & (KNOWN_LIST | KNOWN_SUM | KNOWN_ALL)))
		return store_split(store, known, parcel->argc, parcel->argv, parcel->lengths, flags,
		    timeout_ms, cb, arg, err);
	server = store_route(store, known, parcel->argc, parcel->argv, parcel->lengths, flags, err);
	return server != NULL &&
	    store_post(server, store_is_exclusive(server, known, flags, timeout_ms), parcel,
		timeout_ms, NULL, cb, arg, err);
}

bool
credis_store_command(struct credis_store *store, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, int64_t timeout_ms, credis_reply_cb *cb, void *arg,
    struct credis_error *err)
{
	const struct parcel parcel = { .argc = argc, .argv = argv, .lengths = lengths };
	const struct known *known;
	struct observed *observed;
	struct credis_error own;

	if (err == NULL)
		err = &own;
	if (store->freed)
		return error_set(err, CREDIS_ELOST, "the store is being closed");
	known = store_check(argc, argv, lengths, err);
	if (known == NULL ||
	    !observe_begin(store, "", argv[0], lengths != NULL ? lengths[0] : strlen(argv[0]), &cb,
		&arg, &observed, err))
		return false;
	return observe_sent(observed,
	    command_post(store, known, &parcel, flags, timeout_ms, cb, arg, err), err);
}
