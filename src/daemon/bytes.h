/* bytes.h: bytes that grow, doubling; terminated from the first one appended.
 * Knows nothing of what is in them. */
#ifndef DAEMON_BYTES_H
#define DAEMON_BYTES_H

#include <stddef.h>
#include <string.h>

/* All zero: none. To free(): 'at'. */
struct bytes {
	char *at;
	size_t length, room;
};

/* Makes room for 'length' more and their end. */
void bytes_grow(struct bytes *bytes, size_t length);

static inline void
bytes_append(struct bytes *bytes, const char *more, size_t length)
{
	if (length >= bytes->room - bytes->length)
		bytes_grow(bytes, length);
	memcpy(bytes->at + bytes->length, more, length);
	bytes->length += length;
	bytes->at[bytes->length] = '\0';
}

#endif
