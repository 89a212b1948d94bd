/* durability.h: writes that count only when replicas have them too.
 * One WAIT a turn of the event loop covers every write before it. */
#ifndef DISPATCHER_DURABILITY_H
#define DISPATCHER_DURABILITY_H

#include "dispatcher/post.h"
#include "dispatcher/requests.h"

struct durability;

/* 'replicas' that must have a write; NULL when out of memory. */
struct durability *durability_new(struct post *post, unsigned replicas);
void durability_free(struct durability *durability);

/* Finishes a request that the store has written once enough replicas have it too, or says how many have. */
void durability_await(struct durability *durability, struct request *request);

#endif
