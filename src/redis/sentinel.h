/* sentinel.h: asks Redis Sentinels where the primary is, and hears when it changes.
 * Holds two connections to one sentinel at a time, and turns to the next when one does not answer. */
#ifndef REDIS_SENTINEL_H
#define REDIS_SENTINEL_H

#include "core/log.h"
#include "core/url.h"

struct event_base;
struct sentinel;

/* Where the primary is now: after each sentinel_ask(), and whenever the sentinels name another. 'host' is
 * lent; from the event loop only. May not free the sentinel. */
typedef void sentinel_primary(void *arg, const char *host, int port);

/* 'url' (with sentinels) and 'log' are lent for its life. NULL when out of memory. */
struct sentinel *sentinel_new(struct event_base *base, const struct url *url, const struct log *log,
    sentinel_primary *on_primary, void *arg);
void sentinel_free(struct sentinel *sentinel);

/* Asks until one of them knows. */
void sentinel_ask(struct sentinel *sentinel);

/* Why none has answered yet: "redis://a:26379: Connection refused"; "" when nothing is wrong. Lent. */
const char *sentinel_fault(const struct sentinel *sentinel);

#endif
