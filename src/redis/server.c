/* server.c: one Redis server: the connection all calls share, and a pool of those that calls have to
 * themselves.
 * Knows who has which connection; calls are lane.c's. */
#include "redis/server.h"

#include "core/error.h"
#include "redis/link.h"
#include "redis/settings.h"
#include "redis/store_inside.h"
#include "redis/subscriptions.h"

#include <stdlib.h>
#include <string.h>

enum {
	TIMEOUT_MS = 10000,
	GRACE_MS = 1000, /* a call's deadline shall come before its connection's */
	POOL_MAX = 50,
	POOL_WAIT_MS = 1000,
};

static void on_up(struct link *link, void *arg);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg);

/* Connections. */

static struct conn *
conn_new(struct server *server, const char *role, int64_t timeout_ms, struct credis_error *err)
{
	static const struct link_events events = { .on_up = on_up, .on_down = on_down };
	struct conn *conn = calloc(1, sizeof *conn);
	struct url url = server->url;
	struct link_options options = {
		.url = &url,
		.name = server->name,
		.role = role,
		.connect_timeout_ms = server->connect_timeout_ms,
		.log = &server->store->log,
	};

	if (conn == NULL) {
		error_no_memory(err);
		return NULL;
	}
	url.timeout_ms = timeout_ms;
	conn->server = server;
	conn->link = link_new(server->store->base, &options, &events, conn, err);
	if (conn->link == NULL) {
		free(conn);
		return NULL;
	}
	if (server->backoff_ms > 0)
		link_set_backoff(conn->link, server->backoff_ms);
	LIST_INSERT_HEAD(&server->conns, conn, place);
	return conn;
}

static void
conn_free(struct conn *conn)
{
	LIST_REMOVE(conn, place);
	if (conn->up)
		conn->server->up--;
	link_free(conn->link);
	free(conn);
}

static void
server_tell(struct server *server, enum credis_store_state state, const struct credis_error *why)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	struct credis_store *store = server->store;

	if (store->freed || (state == CREDIS_STORE_UP && server->told == CREDIS_STORE_UP))
		return;
	server->told = state;
	if (store->on_state != NULL)
		store->on_state(store->arg, state, server->where, why != NULL ? why : &fine);
}

void
conn_start(struct conn *conn)
{
	conn->started = true;
	if (conn->server->up == 0 && conn->server->told < 0)
		server_tell(conn->server, CREDIS_STORE_CONNECTING, NULL);
	link_start(conn->link);
}

static void
on_up(struct link *link, void *arg)
{
	struct conn *conn = arg;
	struct server *server = conn->server;
	struct credis_store *store = server->store;

	(void)link;
	store_hold(store);
	conn->up = true;
	conn->failed = false;
	server->up++;
	/* What was held goes before what is called for when told. */
	lane_on_up(conn->lane);
	if (server->up > 0)
		server_tell(server, CREDIS_STORE_UP, NULL);
	store_release(store);
}

static void
tell_down(struct server *server, bool again, const struct credis_error *why)
{
	if (server->up > 0)
		return;
	server_tell(server, CREDIS_STORE_DOWN, why);
	if (again)
		server_tell(server, CREDIS_STORE_CONNECTING, NULL);
}

static void
drop_idle(struct server *server, struct conn *conn)
{
	SLIST_REMOVE(&server->idle, conn, conn, spare);
	server->idle_count--;
	server->size--;
	conn_free(conn);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct conn *conn = arg;
	struct server *server = conn->server;
	struct credis_store *store = server->store;
	struct lane *lane = conn->lane;

	(void)link;
	store_hold(store);
	if (conn->up)
		server->up--;
	store->losses += conn->up;
	conn->up = false;
	conn->failed = !was_up;
	if (lane == NULL) {
		drop_idle(server, conn);
		tell_down(server, false, why);
	} else {
		lane->busy++;
		tell_down(server, was_up && lane->shared, why);
		lane->busy--;
		if (!store->freed)
			lane_on_down(lane, was_up, why);
	}
	store_release(store);
}

/* The pool. */

static struct conn *
take_idle(struct server *server)
{
	struct conn *conn;

	while ((conn = SLIST_FIRST(&server->idle)) != NULL) {
		link_verify(conn->link, 0);
		if (!link_is_up(conn->link)) {
			drop_idle(server, conn);
			continue;
		}
		SLIST_REMOVE_HEAD(&server->idle, spare);
		server->idle_count--;
		return conn;
	}
	return NULL;
}

/* NULL, and no fault, when all are in use. */
static bool
take_conn(struct server *server, struct conn **conn, struct credis_error *err)
{
	*conn = take_idle(server);
	if (*conn != NULL || server->size >= server->max)
		return true;
	/* The calls alone say how long they wait. */
	*conn = conn_new(server, "pool", INT64_MAX, err);
	if (*conn == NULL)
		return false;
	server->size++;
	return true;
}

static void
lane_wait(struct server *server, struct lane *lane)
{
	server->exhausted++;
	server->waiting_count++;
	lane->waits = true;
	lane->until_ms = store_now_ms() + server->pool_wait_ms;
	TAILQ_INSERT_TAIL(&server->waiting, lane, waiting);
}

static void
lane_get(struct lane *lane, struct conn *conn)
{
	lane->conn = conn;
	conn->lane = lane;
}

struct lane *
server_claim(struct server *server, struct credis_error *err)
{
	struct lane *lane = calloc(1, sizeof *lane);
	struct conn *conn;

	if (lane == NULL) {
		error_no_memory(err);
		return NULL;
	}
	lane_init(lane, server);
	if (!take_conn(server, &conn, err)) {
		free(lane);
		return NULL;
	}
	LIST_INSERT_HEAD(&server->lanes, lane, place);
	if (conn != NULL)
		lane_get(lane, conn);
	else
		lane_wait(server, lane);
	return lane;
}

void
server_unwait(struct server *server, struct lane *lane)
{
	TAILQ_REMOVE(&server->waiting, lane, waiting);
	server->waiting_count--;
	lane->waits = false;
}

/* The first to wait gets what has become free; out of memory, it goes on waiting. */
static void
serve_waiting(struct server *server)
{
	struct lane *lane = TAILQ_FIRST(&server->waiting);
	struct conn *conn;

	if (lane == NULL || server->store->freed || !take_conn(server, &conn, NULL) || conn == NULL)
		return;
	server_unwait(server, lane);
	lane_get(lane, conn);
	if (link_is_up(conn->link))
		lane_on_up(lane);
	else
		conn_start(conn);
}

void
server_give(struct server *server, struct conn *conn, bool clean)
{
	conn->lane = NULL;
	if (clean && conn->up && link_is_up(conn->link)) {
		SLIST_INSERT_HEAD(&server->idle, conn, spare);
		server->idle_count++;
	} else {
		server->size--;
		conn_free(conn);
	}
	serve_waiting(server);
}

char *
server_name(const struct server *server)
{
	const struct url *url = &server->url;
	struct buffer name = BUFFER_EMPTY;

	if (url->path != NULL)
		buffer_text(&name, url->path);
	else if (url->sentinels != NULL)
		buffer_printf(&name, "%s/%s", url->sentinels, url->primary);
	else
		buffer_printf(&name, "%s:%d", url->host, url->port);
	return buffer_give(&name);
}

void
server_count_pool(const struct server *server, struct credis_pool_gauges *gauges)
{
	gauges->max += server->max;
	gauges->size += server->size;
	gauges->idle += server->idle_count;
	gauges->in_use += server->size - server->idle_count;
	gauges->waiters += server->waiting_count;
	gauges->exhausted += server->exhausted;
}

/* Life and death. */

struct subscriptions *
server_listen(struct server *server, struct credis_error *err)
{
	const struct link_options link = {
		.url = &server->url,
		.name = server->name,
		.role = "subscriptions",
		.connect_timeout_ms = server->connect_timeout_ms,
		.log = &server->store->log,
	};
	struct subscriptions *subscriptions = subscriptions_new(server->store->base, &link, err);

	if (subscriptions != NULL && server->backoff_ms > 0)
		link_set_backoff(subscriptions_link(subscriptions), server->backoff_ms);
	return subscriptions;
}

static bool
server_set_up(struct server *server, const struct credis_store_options *options,
    struct credis_error *err)
{
	const struct url *url = &server->url;
	struct conn *conn;

	server->timeout_ms = settings_first(url->timeout_ms, options->timeout_ms, TIMEOUT_MS);
	server->connect_timeout_ms = options->connect_timeout_ms;
	server->backoff_ms = options->backoff_ms;
	server->pool_wait_ms = settings_first(0, options->pool_wait_ms, POOL_WAIT_MS);
	server->max =
	    (size_t)settings_first(url->max_connections, options->max_connections, POOL_MAX);
	server->where = url_print(url);
	server->name = options->name != NULL ? strdup(options->name) : NULL;
	if (server->where == NULL || (options->name != NULL && server->name == NULL))
		return error_no_memory(err);
	conn = conn_new(server, "commands", server->timeout_ms + GRACE_MS, err);
	if (conn == NULL)
		return false;
	lane_get(&server->shared, conn);
	server->subscriptions = server_listen(server, err);
	return server->subscriptions != NULL;
}

struct server *
server_new(struct credis_store *store, const char *url, const struct credis_store_options *options,
    struct credis_error *err)
{
	struct server *server = calloc(1, sizeof *server);

	if (server == NULL) {
		error_no_memory(err);
		return NULL;
	}
	server->store = store;
	server->told = -1;
	TAILQ_INIT(&server->waiting);
	lane_init(&server->shared, server);
	server->shared.shared = true;
	if (url_parse(&server->url, url, err) && server_set_up(server, options, err))
		return server;
	server_close(server);
	server_free(server);
	return NULL;
}

void
server_close(struct server *server)
{
	struct conn *conn;

	if (server == NULL)
		return;
	LIST_FOREACH(conn, &server->conns, place)
	{
		link_free(conn->link);
		conn->link = NULL;
	}
	subscriptions_free(server->subscriptions);
	subscriptions_free(server->patterns);
	server->subscriptions = server->patterns = NULL;
}

void
server_free(struct server *server)
{
	struct conn *conn;
	struct lane *lane;

	if (server == NULL)
		return;
	while ((conn = LIST_FIRST(&server->conns)) != NULL)
		conn_free(conn);
	while ((lane = LIST_FIRST(&server->lanes)) != NULL) {
		LIST_REMOVE(lane, place);
		free(lane);
	}
	url_clear(&server->url);
	free(server->where);
	free(server->name);
	free(server);
}
