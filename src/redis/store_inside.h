/* store_inside.h: what the rooms of a store share: the store, and how a call gets to a server. */
#ifndef REDIS_STORE_INSIDE_H
#define REDIS_STORE_INSIDE_H

#include "core/log.h"
#include "redis/arena.h"
#include "redis/reply.h"
#include "redis/call.h"

#include <credis/store.h>

struct event;
struct known;
struct observers;
struct ring;
struct server;

struct credis_store {
	struct event_base *base;
	bool own_base;  /* for the blocking calls */
	bool running;   /* inside a blocking call */
	int64_t ran_ms; /* when the loop ran last */
	bool wait;      /* for a server that is down */
	bool pooled;    /* every call has a connection to itself */
	struct log log;
	credis_state_cb *on_state;
	void *arg;

	struct server **servers; /* the one, or the shards; and then the replicas */
	size_t server_count;     /* without replicas */
	size_t replica_count;
	size_t turn;       /* which replica was read from last */
	struct ring *ring; /* NULL: no shards */
	char *where;
	struct observers *observers;

	struct calls calls;  /* that have not been told their end */
	struct event *clock; /* looks for those past their deadline */
	int64_t clock_ms;    /* when it comes; 0: not armed */

	struct arena kept; /* the last reply of a blocking call */

	uint64_t losses; /* of connections for calls: what comes next may be another server */

	unsigned busy; /* calls from the event loop that still need its memory */
	bool freed;
};

/* Around whatever calls back: the last to need a freed store takes its memory away. */
void store_hold(struct credis_store *store);
void store_release(struct credis_store *store);

/* Monotonic. */
int64_t store_now_ms(void);

/* The clock is to come at 'due_ms', or before. */
void store_watch(struct credis_store *store, int64_t due_ms);

/* What is known of a command; NULL with CREDIS_EINVAL when a store cannot take it. */
const struct known *store_check(int argc, const char *const *argv, const size_t *lengths,
    struct credis_error *err);

/* Where a command belongs; NULL with the reason. */
struct server *store_route(struct credis_store *store, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, unsigned flags, struct credis_error *err);

int store_database(const struct credis_store *store);

/* The shard of a key. */
struct server *store_shard(const struct credis_store *store, const char *key, size_t length);

/* Sends a command of several keys to all their shards (split.c). */
bool store_split(struct credis_store *store, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    credis_reply_cb *cb, void *arg, struct credis_error *err);

/* Whether a call needs a connection to itself. */
bool store_is_exclusive(const struct server *server, const struct known *known, unsigned flags,
    int64_t timeout_ms);

/* Sends it on the connection that all share, or on one of its own. */
bool store_post(struct server *server, bool exclusive, const struct parcel *parcel,
    int64_t timeout_ms, credis_reply_cb *each, credis_reply_cb *cb, void *arg,
    struct credis_error *err);

/* False, with the reason, when nobody may wait inside a call. */
bool store_may_block(const struct credis_store *store, struct credis_error *err);

/* Runs the store's event loop once: EVLOOP_ONCE …; or until '*done': whatever is waited for has a deadline. */
void store_turn(struct credis_store *store, int flags);
void store_run_until(struct credis_store *store, const bool *done);

/* A blocking call: the store's own event loop runs until 'on_asked' was called with 'asked'. */
struct asked {
	struct credis_store *store;
	bool done;
	struct reply *reply;
	struct credis_error err;
};

/* False, with the reason in asked->err, when it cannot. */
bool asked_may(struct asked *asked, struct credis_store *store);
void on_asked(void *arg, const struct credis_reply *reply, const struct credis_error *err);
const struct credis_reply *asked_wait(struct asked *asked, bool begun, struct credis_error *err);

#endif
