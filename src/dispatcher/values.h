/* values.h: values themselves on the channel of a service, while many monitors listen there.
 * A shortcut past "hear the event, then fetch": what is not sent, or missed, still has the event. */
#ifndef DISPATCHER_VALUES_H
#define DISPATCHER_VALUES_H

#include "core/buffer.h"

#include <stddef.h>

struct credis_keyword;
struct served;
struct store_write;

/* Of one service; all zeros at first. */
struct values {
	size_t listeners;     /* when last counted */
	struct buffer outbox; /* of the last write that was announced */
};

void values_clear(struct values *values);

/* Once a second, while the service is ready: counts who listens. */
void values_tick(struct served *served);

/* Has the write say itself to listeners when it is written; nothing unless many listen. Lent until the next. */
void values_announce(struct served *served, const struct credis_keyword *keyword,
    struct store_write *write);

/* The same for writes that have been written together: each is added, and all are published in one message. */
void values_add(struct served *served, struct buffer *out, const struct credis_keyword *keyword,
    const struct store_write *write);
void values_publish(struct served *served, const struct buffer *out);

#endif
