/* ring.c: on which of several nodes a key lies.
 * Knows points, tags and the CRC-32 both are hashed with; what a node is, is its user's. */
#include "core/ring.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct point {
	uint32_t hash;
	size_t node;
};

struct ring {
	size_t count;
	struct point points[];
};

/* Four bits at a time: the table is small enough to be read. */
uint32_t
ring_crc(const char *bytes, size_t length)
{
	static const uint32_t table[16] = { 0x00000000, 0x1db71064, 0x3b6e20c8, 0x26d930ac,
		0x76dc4190, 0x6b6b51f4, 0x4db26158, 0x5005713c, 0xedb88320, 0xf00f9344, 0xd6d6a3e8,
		0xcb61b38c, 0x9b64c2b0, 0x86d3d2d4, 0xa00ae278, 0xbdbdf21c };
	uint32_t crc = 0xffffffff;

	for (size_t n = 0; n < length; n++) {
		crc ^= (unsigned char)bytes[n];
		crc = crc >> 4 ^ table[crc & 15];
		crc = crc >> 4 ^ table[crc & 15];
	}
	return ~crc;
}

static int
by_hash(const void *a, const void *b)
{
	const struct point *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	return (left->node > right->node) - (left->node < right->node);
}

/* Of equal points the later node's counts. */
static void
drop_equals(struct ring *ring)
{
	size_t kept = 0;

	for (size_t n = 0; n < ring->count; n++) {
		if (n + 1 < ring->count && ring->points[n].hash == ring->points[n + 1].hash)
			continue;
		ring->points[kept++] = ring->points[n];
	}
	ring->count = kept;
}

static bool
add_points(struct ring *ring, const char *name, size_t node)
{
	size_t room = strlen(name) + 8;
	char *text = malloc(room);

	for (int n = 0; text != NULL && n < RING_POINTS; n++) {
		int length = snprintf(text, room, "%s:%d", name, n);

		ring->points[ring->count++] =
		    (struct point){ ring_crc(text, (size_t)length), node };
	}
	free(text);
	return text != NULL;
}

struct ring *
ring_new(const char *const *nodes, size_t count)
{
	struct ring *ring = calloc(1, sizeof *ring + count * RING_POINTS * sizeof *ring->points);

	for (size_t n = 0; ring != NULL && n < count; n++) {
		if (add_points(ring, nodes[n], n))
			continue;
		free(ring);
		return NULL;
	}
	if (ring == NULL)
		return NULL;
	qsort(ring->points, ring->count, sizeof *ring->points, by_hash);
	drop_equals(ring);
	return ring;
}

void
ring_free(struct ring *ring)
{
	free(ring);
}

/* The last '{' that is not the first byte and has a '}' after it on the first line, up to the last '}'. */
struct slice
ring_tag(const char *key, size_t length)
{
	const char *newline = length > 0 ? memchr(key, '\n', length) : NULL;
	size_t line = newline != NULL ? (size_t)(newline - key) : length;
	const char *close = line > 0 ? memrchr(key, '}', line) : NULL;
	const char *open =
	    close != NULL && close > key ? memrchr(key + 1, '{', (size_t)(close - key) - 1) : NULL;

	if (open == NULL)
		return (struct slice){ key, length };
	return (struct slice){ open + 1, (size_t)(close - open) - 1 };
}

/* The first point greater than the hash; past the last one there is no wrapping round. */
size_t
ring_find(const struct ring *ring, const char *key, size_t length)
{
	struct slice tag = ring_tag(key, length);
	uint32_t hash = ring_crc(tag.bytes, tag.length);
	size_t low = 0, high = ring->count - 1;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (ring->points[middle].hash > hash)
			high = middle;
		else
			low = middle + 1;
	}
	return ring->points[low].node;
}
