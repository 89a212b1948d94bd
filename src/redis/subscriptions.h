/* subscriptions.h: channels with callbacks, on a link of their own.
 * Counts references, subscribes again after every loss, and says so. For the few channels of a
 * client; a dispatcher's many are its registry's (dispatcher/intake.c). */
#ifndef REDIS_SUBSCRIPTIONS_H
#define REDIS_SUBSCRIPTIONS_H

#include "redis/link.h"

struct subscriptions;
struct subscription;

/* A message; of keys that are tracked, one of them, or NULL for all; lent for the call. The callback may
 * remove any subscription. */
typedef void subscription_message(void *arg, const char *channel, const char *payload,
    size_t length);

/* The subscription is in force (the server confirmed it): once after subscriptions_add() and again
 * after every loss: what was sent in between may have been missed. 'again' tells the latter. */
typedef void subscription_live(void *arg, bool again);

/* It is not in force any more, or was refused (ACL): 'why' says. Restored by itself. */
typedef void subscription_lost(void *arg, const struct credis_error *why);

struct subscription_events {
	subscription_message *on_message;
	subscription_live *on_live; /* may be NULL */
	subscription_lost *on_lost; /* may be NULL */
};

/* Takes 'options' for its link (pubsub is set by it; ping_ms if 0 becomes 5 s). Connects when the
 * first channel is added. */
struct subscriptions *subscriptions_new(struct event_base *base, const struct link_options *options,
    struct credis_error *err);
void subscriptions_free(struct subscriptions *subscriptions);

/* Tells, from the event loop, of each try to connect that failed. */
void subscriptions_tell_failed(struct subscriptions *subscriptions, void (*on_failed)(void *arg),
    void *arg);

/* From now on, before the first is added, channels are patterns (PSUBSCRIBE). */
void subscriptions_take_patterns(struct subscriptions *subscriptions);

/* The same for one subscription to the keys that begin with what is given as its channel: whoever writes
 * them, and when they expire or are evicted (CLIENT TRACKING of Redis 6). */
void subscriptions_take_keys(struct subscriptions *subscriptions);

/* Several may share a channel: the server sees one SUBSCRIBE. Callbacks come from the event loop only.
 * Returns one to give to subscriptions_remove(), or NULL when out of memory. */
struct subscription *subscriptions_add(struct subscriptions *subscriptions, const char *channel,
    const struct subscription_events *events, void *arg, struct credis_error *err);
void subscriptions_remove(struct subscriptions *subscriptions, struct subscription *subscription);

bool subscription_is_live(const struct subscription *subscription);
struct link *subscriptions_link(struct subscriptions *subscriptions);

#endif
