/* ring.h: on which of several nodes a key lies: the consistent-hash ring of txredisapi, point for point. */
#ifndef CORE_RING_H
#define CORE_RING_H

#include "core/slice.h"

#include <stdint.h>

enum { RING_POINTS = 160 }; /* a node */

struct ring;

/* 'nodes' are texts "host:port", whose spelling and order count. NULL when out of memory. */
struct ring *ring_new(const char *const *nodes, size_t count);
void ring_free(struct ring *ring);

/* The node a key belongs to, as an index into 'nodes'. */
size_t ring_find(const struct ring *ring, const char *key, size_t length);

/* What is hashed of a key: the text in its last braces, or all of it. */
struct slice ring_tag(const char *key, size_t length);

/* CRC-32 as zlib has it. */
uint32_t ring_crc(const char *bytes, size_t length);

#endif
