/* monitor.h: being told of changes, and waiting for what they make true.
 * A monitor subscribes first and reads then, so that it ends up right; after a lost connection it
 * does both again and says so. It never goes back to an older value. */
#ifndef CREDIS_MONITOR_H
#define CREDIS_MONITOR_H

#include <credis/client.h>

#ifdef __cplusplus
extern "C" {
#endif

struct credis_monitor;
struct credis_wait;

/* Since 0.1. */
enum credis_monitor_event {
	CREDIS_MONITOR_VALUE,    /* a reading: the first of this keyword, or a newer one */
	CREDIS_MONITOR_PRIMED,   /* every keyword has given its first reading (or has none) */
	CREDIS_MONITOR_GAP,      /* the store is lost: changes may be missed; 'err' says why */
	CREDIS_MONITOR_RESTORED, /* subscribed again, and what changed meanwhile was given */
	CREDIS_MONITOR_GONE,     /* 'reading' names a keyword that exists no more */
	CREDIS_MONITOR_FAILED,   /* it cannot start: 'err' says why (no such keyword, no store); the
	                             * monitor does nothing any more and is to be freed */
	CREDIS_MONITOR_UNSERVED, /* nobody serves the service that 'reading' names: what its keywords have is
	                             * as it was left, and may be stale */
	CREDIS_MONITOR_SERVED, /* somebody does again */
};

/* 'reading' is NULL but for VALUE, GONE, UNSERVED and SERVED; 'err' is never NULL. Lent. The callback may free the
 * monitor. */
typedef void credis_monitor_cb(void *arg, enum credis_monitor_event event,
    const struct credis_reading *reading, const struct credis_error *err);

/* Watches keywords: "service.KEYWORD", with * ? % as globs in the keyword; what matches a glob later is
 * watched from then on. Calls 'cb' from the event loop. Returns a monitor to free with
 * credis_monitor_free() before the client, or NULL with CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_monitor *credis_monitor_new(struct credis_client *client, const char *const *keywords,
    size_t count, credis_monitor_cb *cb, void *arg, struct credis_error *err);

/* NULL is fine. Since 0.1. */
void credis_monitor_free(struct credis_monitor *monitor);

/* The end of a wait, once: CREDIS_OK when the expression is true, CREDIS_EDEADLINE, CREDIS_EINVAL (does not
 * parse), CREDIS_ENOKEYWORD, CREDIS_ENOSERVICE, CREDIS_EIMPOSSIBLE (text, or no keyword in it, and false),
 * CREDIS_EUNREACHABLE. The callback may free the wait. */
typedef void credis_wait_cb(void *arg, const struct credis_error *err);

/* Waits until 'expression' (credisd.conf(5)) is true; "$KEYWORD" alone is one of 'service', which may be
 * NULL. 'timeout_ms' is the deadline; negative is the client's. Returns a wait to free with
 * credis_wait_free() before the client. Since 0.1. */
struct credis_wait *credis_wait_new(struct credis_client *client, const char *expression,
    const char *service, int64_t timeout_ms, credis_wait_cb *cb, void *arg,
    struct credis_error *err);

/* NULL is fine. Since 0.1. */
void credis_wait_free(struct credis_wait *wait);

#ifdef __cplusplus
}
#endif
#endif
