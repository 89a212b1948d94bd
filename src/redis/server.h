/* server.h: one Redis server: the connection all calls share, and a pool of those that calls have to
 * themselves. */
#ifndef REDIS_SERVER_H
#define REDIS_SERVER_H

#include "core/url.h"
#include "redis/lane.h"

struct credis_pool_gauges;
struct credis_store;
struct credis_store_options;
struct subscriptions;

struct conn {
	LIST_ENTRY(conn) place;
	SLIST_ENTRY(conn) spare; /* in idle */
	struct server *server;
	struct link *link;
	struct lane *lane; /* NULL: idle */
	bool started;
	bool up;
	bool failed; /* the last try to connect */
};

struct server {
	struct credis_store *store;
	struct url url;
	char *where; /* the URL without its password */
	char *name;  /* of the connections; NULL: none */
	int64_t timeout_ms, connect_timeout_ms, backoff_ms, pool_wait_ms;

	struct lane shared;
	LIST_HEAD(, conn) conns; /* all, the shared one included */
	SLIST_HEAD(, conn) idle; /* the latest first */
	LIST_HEAD(, lane) lanes; /* all but the shared one */
	TAILQ_HEAD(, lane) waiting;
	size_t size, idle_count, waiting_count, max; /* of the pool */
	uint64_t exhausted;
	size_t up;         /* connections that are */
	size_t held_bytes; /* of calls that wait for a connection */
	int told;          /* the last credis_store_state told; -1: none */

	struct subscriptions *subscriptions;
	struct subscriptions *patterns; /* NULL: none yet */
};

/* NULL with the reason. */
struct server *server_new(struct credis_store *store, const char *url,
    const struct credis_store_options *options, struct credis_error *err);

/* Closes the connections: what is under way ends. Then its memory. NULL is fine. */
void server_close(struct server *server);
void server_free(struct server *server);

/* "host:port", or the path of its socket. To free(); NULL when out of memory. */
char *server_name(const struct server *server);

/* A lane of one's own; free it with lane_settle(). NULL with the reason. */
struct lane *server_claim(struct server *server, struct credis_error *err);

/* Another connection to listen on; NULL with the reason. */
struct subscriptions *server_listen(struct server *server, struct credis_error *err);

/* Adds its pool to the sum. */
void server_count_pool(const struct server *server, struct credis_pool_gauges *gauges);

/* For lanes: waits no more; has done with its connection, which is dropped if not 'clean'. */
void server_unwait(struct server *server, struct lane *lane);
void server_give(struct server *server, struct conn *conn, bool clean);

/* The first call has come: connects. */
void conn_start(struct conn *conn);

#endif
