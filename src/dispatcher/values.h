/* values.h: values themselves on the channel of a service, while many monitors listen there.
 * A shortcut past "hear the event, then fetch": what is not sent, or missed, still has the event. */
#ifndef DISPATCHER_VALUES_H
#define DISPATCHER_VALUES_H

#include "core/buffer.h"

#include <stdbool.h>
#include <stddef.h>

struct credis_keyword;
struct served;
struct store_write;

/* Of one service; all zeros at first. */
struct values {
	size_t listeners; /* when last counted */
	struct buffer outbox;
	bool lent; /* what is in it was announced */
};

void values_clear(struct values *values);

/* Once a second, while the service is ready: counts who listens. */
void values_tick(struct served *served);

/* Adds a write to what is said to listeners next; nothing unless many listen. */
void values_add(struct served *served, const struct credis_keyword *keyword,
    const struct store_write *write);

/* Gives what was added to the write, to be said if it is written; lent until the next values_add(). */
void values_announce(struct served *served, struct store_write *write);

/* Says what was added, all of it written by now. */
void values_publish(struct served *served);

#endif
