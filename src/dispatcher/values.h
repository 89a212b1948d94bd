/* values.h: values themselves on the channel of a service, while many monitors listen there.
 * A shortcut past "hear the event, then fetch": whoever misses one still has the event. */
#ifndef DISPATCHER_VALUES_H
#define DISPATCHER_VALUES_H

#include "core/buffer.h"

#include <stddef.h>

struct entry;
struct event;
struct served;

/* Of one service; all zeros at first. */
struct values {
	size_t listeners; /* when last counted */
	struct buffer outbox;
	struct event *flush; /* at the end of this turn */
};

void values_clear(struct values *values);

/* Once a second, while the service is ready: counts who listens. */
void values_tick(struct served *served);

/* The entry's value was stored just now. Costs nothing unless many listen. */
void values_stored(struct served *served, const struct entry *entry);

#endif
