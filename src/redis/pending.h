/* pending.h: the commands whose answers are awaited, oldest first. */
#ifndef REDIS_PENDING_H
#define REDIS_PENDING_H

#include "redis/link.h"

struct pending_command {
	link_answer *answer; /* may be NULL */
	void *arg;
	uint64_t id;
};

struct pending {
	struct pending_command *ring;
	size_t room; /* a power of two, or 0 */
	size_t first;
	size_t count;
};

/* Room for 'count' more; false when out of memory. */
bool pending_reserve(struct pending *pending, size_t count);
void pending_push(struct pending *pending, struct pending_command command);
bool pending_pop(struct pending *pending, struct pending_command *command);
void pending_clear(struct pending *pending);

#endif
