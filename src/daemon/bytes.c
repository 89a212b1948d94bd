/* bytes.c: one growing piece of memory. */
#include "bytes.h"

#include "memory.h"

void
bytes_grow(struct bytes *bytes, size_t length)
{
	bytes->room = 2 * (bytes->room + length) + 64;
	bytes->at = must(realloc(bytes->at, bytes->room));
}
