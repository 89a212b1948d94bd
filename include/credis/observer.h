/* observer.h: being told of every command, and counting them for Prometheus.
 * Names and buckets are those of baseplate.py, so that its dashboards serve. */
#ifndef CREDIS_OBSERVER_H
#define CREDIS_OBSERVER_H

#include <credis/store.h>

#ifdef __cplusplus
extern "C" {
#endif

/* 'name' is "redis.GET", or "redis.pipeline_NAME" for a pipeline or a transaction, "redis" being the store's
 * name. Neither may call the store. Since 0.1. */
struct credis_observer {
	void (*before)(void *arg, const char *name); /* may be NULL */
	void (*after)(void *arg, const char *name, int64_t elapsed_us,
	    const struct credis_error *err); /* may be NULL; err never is */
};

/* Adds one, for the store's life. False with CREDIS_ENOMEM. Since 0.1. */
bool credis_store_observe(struct credis_store *store, const struct credis_observer *observer,
    void *arg, struct credis_error *err);

/* Everything counted since the store was opened with 'metrics', and the pool, as Prometheus text
 * (exposition format 0.0.4). To free(); NULL when out of memory. Since 0.1. */
char *credis_store_metrics(const struct credis_store *store);

#ifdef __cplusplus
}
#endif
#endif
