/* reply_copy.h: replies that outlive the callback they came in. */
#ifndef REDIS_REPLY_COPY_H
#define REDIS_REPLY_COPY_H

#include "redis/reply.h"

struct arena;

/* NULL when out of memory. */
struct reply *reply_copy(struct arena *arena, const struct reply *reply);

#endif
