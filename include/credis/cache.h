/* cache.h: a dictionary (dict.h) whose values are remembered here, until somebody announces a change.
 * Bounded; it forgets everything whenever announcements may have been missed: the subscription lost, the
 * event loop at rest. What is not there is remembered as well. */
#ifndef CREDIS_CACHE_H
#define CREDIS_CACHE_H

#include <credis/dict.h>

#ifdef __cplusplus
extern "C" {
#endif

struct credis_cache;

/* Told from the event loop: from now on what is read is remembered; or it is not, and nothing is any more:
 * 'why' says. It comes back by itself. 'why' is never NULL, and lent. May free the cache. Since 0.1. */
typedef void credis_cache_cb(void *arg, bool live, const struct credis_error *why);

/* All zeros are the defaults. Since 0.1. */
struct credis_cache_options {
	size_t entries; /* at most; 0: 10000 */
	size_t bytes;   /* at most, of keys, values and what goes with them; 0: 64 MiB */
	/* Hears also of writers that announce nothing, of expiry, eviction and FLUSHALL, on one more connection:
	 * see credis_subscribe_keys(). */
	bool tracking;
	credis_cache_cb *on_live; /* may be NULL */
	void *arg;                /* of on_live */
};

/* Makes one over a dictionary, see credis_dict_new(); 'options' may be NULL. Connects, but waits for nothing.
 * Until it is live, it asks the server each time. The store, which must have no shards, must outlive it.
 * Returns one to free with credis_cache_free(), or NULL with CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_cache *credis_cache_new(struct credis_store *store, const char *name_space,
    enum credis_serializer serializer, const struct credis_cache_options *options,
    struct credis_error *err);

/* Calls under way still end; those that were answered from memory, inside this call. NULL is fine. Since 0.1. */
void credis_cache_free(struct credis_cache *cache);

/* What is remembered of a key, at once: a value, or nil if it is known not to be there. NULL when only the
 * server can say. For programs that run the event loop. Lent until the cache's next call. Since 0.1. */
const struct credis_answer *credis_cache_find(struct credis_cache *cache, const char *key,
    size_t length);

/* As credis_dict_call(): "get" and "has" from memory if they can, but from the event loop all the same; they
 * ask the primary, never a replica. What "set" and "del" have done is remembered without asking again, unless
 * another call for the key was under way, or with tracking. Since 0.1. */
bool credis_cache_call(struct credis_cache *cache, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, int64_t timeout_ms, credis_answer_cb *cb,
    void *arg, struct credis_error *err);

/* The same, waiting, on a store with an event loop of its own, which it lets run once a millisecond at least,
 * so that changes are heard of. If that has rested for more than 5 s, everything is forgotten first.
 * NULL with CREDIS_ELOST when a callback has freed the cache meanwhile. The answer is lent until the cache's next call. Since 0.1. */
const struct credis_answer *credis_cache_ask(struct credis_cache *cache, const char *operation,
    size_t count, const char *const *words, const size_t *lengths, int64_t timeout_ms,
    struct credis_error *err);

/* Forgets everything. Since 0.1. */
void credis_cache_flush(struct credis_cache *cache);

/* Whether changes are heard of, and so values remembered. Since 0.1. */
bool credis_cache_is_live(const struct credis_cache *cache);

/* Since 0.1. */
struct credis_cache_statistics {
	uint64_t hits, misses; /* of get, has, and credis_cache_find() where it finds */
	uint64_t evictions;    /* for want of room */
	uint64_t flushes;
	uint64_t invalidations; /* changes of others, heard of */
	size_t entries, bytes;  /* remembered now */
};
void credis_cache_statistics(const struct credis_cache *cache,
    struct credis_cache_statistics *statistics);

#ifdef __cplusplus
}
#endif
#endif
