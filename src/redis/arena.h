/* arena.h: memory handed out piece by piece and taken back all at once. */
#ifndef REDIS_ARENA_H
#define REDIS_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
	struct arena_block *block; /* the newest; filled to 'used' */
	size_t used;
	size_t total; /* handed out since the last arena_reset() */
};

/* Aligned for any type; NULL when out of memory. */
void *arena_take(struct arena *arena, size_t length);

/* Takes everything back, keeping one small block for the next time. */
void arena_reset(struct arena *arena);
void arena_free(struct arena *arena);

#endif
