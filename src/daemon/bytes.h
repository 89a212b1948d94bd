/* bytes.h: bytes that grow, doubling; terminated from the first one appended.
 * Knows nothing of what is in them. */
#ifndef DAEMON_BYTES_H
#define DAEMON_BYTES_H

#include <stddef.h>

/* All zero: none. To free(): 'at'. */
struct bytes {
	char *at;
	size_t length, room;
};

void bytes_append(struct bytes *bytes, const char *more, size_t length);

#endif
