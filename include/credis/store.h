/* store.h: Redis servers behind one door: one, with replicas, several as shards, or sentinels' primary.
 * On the caller's event_base; and blocking, over the same code. A store belongs to one thread; stores
 * share nothing. */
#ifndef CREDIS_STORE_H
#define CREDIS_STORE_H

#include <credis/error.h>
#include <credis/log.h>
#include <credis/reply.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct credis_store;

/* Where the connection to a server stands. Since 0.1. */
enum credis_store_state {
	CREDIS_STORE_CONNECTING, /* for the first time, or at once after a loss */
	CREDIS_STORE_UP,
	CREDIS_STORE_DOWN, /* lost, or a try failed: 'why' says; it comes back by itself */
};

/* Told by a store ('where' is its URL without password), from its event loop, and CONNECTING also from
 * inside its first call. 'why' is never NULL. All but 'arg' is lent. Since 0.1. */
typedef void credis_state_cb(void *arg, enum credis_store_state state, const char *where,
    const struct credis_error *why);

/* How a store is made; all zeros are the defaults. Everything is copied. Since 0.1. */
struct credis_store_options {
	const char *name; /* of the connections (CLIENT SETNAME); NULL: none. The URL's
	                             * client_name wins */
	const char *const
	    *nodes; /* sharding: URLs of all the servers, the URL being NULL; their order
	                             * and spelling of host:port decide where keys lie */
	size_t node_count;
	const char *const *replicas; /* URLs that reads may go to; not with nodes */
	size_t replica_count;
	int64_t timeout_ms;         /* the deadline of a call that names none; 0: 10 s. The URL's
	                             * socket_timeout wins */
	int64_t connect_timeout_ms; /* 0: 3 s. The URL's socket_connect_timeout wins */
	int64_t backoff_ms;         /* the longest pause between two tries to connect; 0: 10 s */
	bool wait;                  /* while a server is down, commands for it wait until their
	                             * deadline; otherwise they fail as soon as a try to connect has */
	bool pooled;               /* every command takes a connection to itself, so that a slow one
	                             * keeps no other waiting; see CREDIS_EXCLUSIVE */
	int max_connections;       /* there may be in the pool; 0: 50. The URL's wins */
	int64_t pool_wait_ms;      /* how long to wait for one of them to be free; 0: 1 s */
	bool metrics;              /* count for credis_store_metrics() */
	credis_state_cb *on_state; /* may be NULL */
	void *arg;                 /* of on_state */
	credis_log_sink *log;      /* may be NULL */
	void *log_arg;
};

/* Opens a store: redis://, rediss://, unix://, redis+sentinel:// (credisd.conf(5)). Never blocks and
 * never fails for want of a server: it connects at the first call. 'base' must outlive the store;
 * NULL gives it one of its own, for the blocking calls. 'options' may be NULL. Returns a store to free
 * with credis_store_free(), or NULL with CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_store *credis_store_new(struct event_base *base, const char *url,
    const struct credis_store_options *options, struct credis_error *err);

/* The same with an event loop of its own: credis_store_new() without a base. Since 0.1. */
struct credis_store *credis_store_open(const char *url, const struct credis_store_options *options,
    struct credis_error *err);

/* Whatever is under way is answered with CREDIS_ELOST inside this call. Subscriptions, pipelines and
 * transactions of the store must have been freed or ended. NULL is fine. Since 0.1. */
void credis_store_free(struct credis_store *store);

/* The servers' URLs without their passwords, separated by commas. Lent. Since 0.1. */
const char *credis_store_where(const struct credis_store *store);

/* The event loop it runs on. Since 0.1. */
struct event_base *credis_store_base(const struct credis_store *store);

/* The end of a call, once, from the event loop. 'err' is never NULL. When its code is CREDIS_OK, 'reply'
 * is what the server answered. Otherwise 'reply' is NULL, or the server's error, or, where several
 * servers or commands have their share, what could be had: its elements tell. Lent. The callback may
 * free the store, unless that runs an event loop of its own. Since 0.1. */
typedef void credis_reply_cb(void *arg, const struct credis_reply *reply,
    const struct credis_error *err);

/* How a command is sent. Since 0.1. */
enum credis_store_flag {
	CREDIS_PRIMARY = 1,   /* also if it only reads, and replicas are there */
	CREDIS_EXCLUSIVE = 2, /* on a pooled connection that it has to itself. Commands that block
	                       * (BLPOP …) and those with a longer deadline than the store's go so
	                       * without being told */
};

/* Sends one command of 'argc' words; 'lengths' NULL takes them for C strings. 'flags' are
 * CREDIS_EXCLUSIVE …; 'timeout_ms' is the deadline, and the store's if 0 or less. 'cb' (may be NULL: not
 * interested) comes once: with the answer, CREDIS_EDEADLINE, CREDIS_ELOST (the connection went with the
 * command under way: it may have been executed), CREDIS_ENOMEM (for its answer; likewise), CREDIS_EUNREACHABLE (it was not sent), CREDIS_EBUSY (the
 * pool is exhausted).
 * False, and no callback, with CREDIS_EINVAL (a command that a store cannot take, named), CREDIS_EUNREACHABLE
 * (known to be down, and the store does not wait), CREDIS_EBUSY (too much is waiting), CREDIS_ENOMEM.
 *
 * It goes to the shard of its key; what only reads goes to a replica if one is up, but for SCAN, HSCAN, SSCAN
 * and ZSCAN: a cursor is its server's own. On shards MGET, DEL, UNLINK, EXISTS, TOUCH and MSET are split by
 * key: elements come in the order of the keys, those of a shard that fails as errors, and counts are of the
 * shards that answered; 'err' tells the first fault. Since 0.1. */
bool credis_store_command(struct credis_store *store, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, int64_t timeout_ms, credis_reply_cb *cb, void *arg,
    struct credis_error *err);

/* The same, waiting for the answer, on a store with an event loop of its own. Returns the reply, lent
 * until the store's next call, or NULL with the reason; an answer that is an error is NULL, too, unless
 * something else could be had ('err' then tells, and its code is CREDIS_OK if all is well).
 * Since 0.1. */
const struct credis_reply *credis_store_ask(struct credis_store *store, int argc,
    const char *const *argv, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    struct credis_error *err);

/* The same for a command of C strings, NULL at the end: credis_store_ask_texts(store, &err, "GET", key,
 * NULL). Since 0.1. */
const struct credis_reply *credis_store_ask_texts(struct credis_store *store,
    struct credis_error *err, ...) __attribute__((sentinel));

/* Which node of 'nodes' a key belongs to, its tag deciding as in txredisapi; 0 on a store without shards.
 * Since 0.1. */
size_t credis_store_shard(const struct credis_store *store, const char *key, size_t length);

/* The URL of a node without its password; NULL past the last. Lent. Since 0.1. */
const char *credis_store_node(const struct credis_store *store, size_t n);

/* Lets a store with an event loop of its own work until something has happened, 'timeout_ms' at most: for
 * messages, between blocking calls. Since 0.1. */
void credis_store_run(struct credis_store *store, int64_t timeout_ms);

/* The pools of all servers together. Since 0.1. */
struct credis_pool_gauges {
	size_t max;  /* connections there may be */
	size_t size; /* there are, those being opened included */
	size_t in_use;
	size_t idle;
	size_t waiters;     /* calls that wait for one */
	uint64_t exhausted; /* calls that found all in use, so far */
};
void credis_store_pool(const struct credis_store *store, struct credis_pool_gauges *gauges);

/* Messages. Since 0.1. */
struct credis_subscription;

/* What becomes of a subscription. Since 0.1. */
enum credis_subscription_event {
	CREDIS_SUBSCRIBED,
	CREDIS_RESUBSCRIBED, /* after a loss: messages sent in between may have been missed */
	CREDIS_UNSUBSCRIBED, /* lost or refused: 'why' says; restored by itself */
};

/* All lent; any may free the subscription. Since 0.1. */
struct credis_listener {
	void (*on_message)(void *arg, const char *channel, const char *payload, size_t length);
	void (*on_event)(void *arg, enum credis_subscription_event event,
	    const struct credis_error *why); /* may be NULL */
};

/* Listens to a channel. The store has one connection for all of them (one a shard, by the channel's name,
 * as PUBLISH), and several may share a channel. Returns one to free with credis_unsubscribe(), or NULL with
 * CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_subscription *credis_subscribe(struct credis_store *store, const char *channel,
    const struct credis_listener *listener, void *arg, struct credis_error *err);

/* The same for all channels that match a pattern of Redis' PSUBSCRIBE, which have another connection in
 * common; refused on shards. Since 0.1. */
struct credis_subscription *credis_subscribe_pattern(struct credis_store *store,
    const char *pattern, const struct credis_listener *listener, void *arg,
    struct credis_error *err);

/* Listens to the keys that begin with 'prefix', whoever changes them, and when they expire or are evicted
 * (CLIENT TRACKING … BCAST of Redis 6 and later, on a connection of its own): on_message gets the prefix and
 * the key, or NULL when all have changed (FLUSHALL). Changes of a key that come close together are told once;
 * one's own are told, too. Refused on shards. Since 0.1. */
struct credis_subscription *credis_subscribe_keys(struct credis_store *store, const char *prefix,
    const struct credis_listener *listener, void *arg, struct credis_error *err);

/* NULL is fine. Since 0.1. */
void credis_unsubscribe(struct credis_subscription *subscription);

/* Whether the server has confirmed it and the connection stands. Since 0.1. */
bool credis_subscription_is_live(const struct credis_subscription *subscription);

/* The id of the connection it lives on, for CLIENT TRACKING … REDIRECT; 0 while it is down. Since 0.1. */
int64_t credis_subscription_connection(const struct credis_subscription *subscription);

#ifdef __cplusplus
}
#endif
#endif
