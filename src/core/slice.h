/* slice.h: a piece of somebody else's bytes, not terminated. */
#ifndef CORE_SLICE_H
#define CORE_SLICE_H

#include <stddef.h>

struct slice {
	const char *bytes;
	size_t length;
};

#endif
