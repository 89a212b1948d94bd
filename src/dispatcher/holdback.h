/* holdback.h: requests that came while the service could not take them: the store was away for a moment, or
 * the lease was being renewed. Kept in order, within bounds, and taken up when it can. */
#ifndef DISPATCHER_HOLDBACK_H
#define DISPATCHER_HOLDBACK_H

#include "dispatcher/dispatch.h"

#include <sys/queue.h>

TAILQ_HEAD(held_list, held);

struct holdback {
	struct held_list list;
	size_t bytes;
};

void holdback_init(struct holdback *holdback);
void holdback_clear(struct holdback *holdback);

/* Keeps a payload for keyword 'name' (empty: the service's channel). False when the bounds are reached. */
bool holdback_add(struct holdback *holdback, enum dispatch_verb verb, const struct slice *name,
    const char *payload, size_t length);

/* Dispatches everything that was kept; or answers all of it with 'err'. */
void holdback_release(struct served *served);
void holdback_refuse(struct served *served, const struct credis_error *err);

#endif
