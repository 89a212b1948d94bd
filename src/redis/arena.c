/* arena.c: memory handed out piece by piece and taken back all at once.
 * So that a reply costs no allocation of its own. */
#include "redis/arena.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

enum { KEPT = 16 * 1024 }; /* of the block that a reset keeps */

struct arena_block {
	struct arena_block *older;
	size_t room;
	alignas(max_align_t) char bytes[];
};

/* The oldest block is always of KEPT bytes: the one to keep. */
static bool
grow(struct arena *arena, size_t length)
{
	size_t room = arena->block == NULL || length < KEPT ? KEPT : length;
	struct arena_block *block;

	block = malloc(sizeof *block + room);
	if (block == NULL)
		return false;
	block->older = arena->block;
	block->room = room;
	arena->block = block;
	arena->used = 0;
	return true;
}

void *
arena_take(struct arena *arena, size_t length)
{
	size_t whole = (length + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
	void *piece;

	while (arena->block == NULL || arena->block->room - arena->used < whole) {
		if (!grow(arena, whole))
			return NULL;
	}
	piece = arena->block->bytes + arena->used;
	arena->used += whole;
	arena->total += whole;
	return piece;
}

void
arena_reset(struct arena *arena)
{
	while (arena->block != NULL && arena->block->older != NULL) {
		struct arena_block *block = arena->block;

		arena->block = block->older;
		free(block);
	}
	arena->used = 0;
	arena->total = 0;
}

void
arena_free(struct arena *arena)
{
	arena_reset(arena);
	free(arena->block);
	arena->block = NULL;
}
