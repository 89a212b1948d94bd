/* stored.h: a keyword's value as it lies in the store: one hash, read in one command. */
#ifndef CLIENT_STORED_H
#define CLIENT_STORED_H

#include "core/buffer.h"
#include "core/names.h"
#include "redis/reply.h"

#include <credis/client.h>

/* A command for link_command(): its answer is for stored_read(). */
void stored_ask(struct buffer *out, const char *ns, const struct names_pair *name);

/* Makes a reading of the answer; what it lends lives as long as the reply and 'name'. The description is left
 * to the caller. A key that holds something else reads like one without a value. */
void stored_read(struct credis_reading *reading, const struct names_pair *name,
    const struct reply *reply);

/* A copy with everything it lends but the description, in one piece to free(); NULL when out of
 * memory. */
struct credis_reading *stored_copy(const struct credis_reading *reading);

#endif
