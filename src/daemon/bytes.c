/* bytes.c: one growing piece of memory. */
#include "bytes.h"

#include "memory.h"

#include <string.h>

void
bytes_append(struct bytes *bytes, const char *more, size_t length)
{
	if (length >= bytes->room - bytes->length) {
		bytes->room = 2 * (bytes->room + length) + 64;
		bytes->at = must(realloc(bytes->at, bytes->room));
	}
	memcpy(bytes->at + bytes->length, more, length);
	bytes->length += length;
	bytes->at[bytes->length] = '\0';
}
