/* pending.c: the commands whose answers are awaited, oldest first, in a ring that grows.
 * A command costs no allocation; a ring that has grown large is given back when empty. */
#include "redis/pending.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { ROOM_FIRST = 64, ROOM_KEPT = 16 * 1024 };

/* Moves the ring into a larger one, unrolled. */
static bool
grow(struct pending *pending, size_t room)
{
	struct pending_command *ring = malloc(room * sizeof *ring);
	size_t head = pending->room - pending->first;

	if (ring == NULL)
		return false;
	if (head > pending->count)
		head = pending->count;
	if (pending->count > 0) {
		memcpy(ring, pending->ring + pending->first, head * sizeof *ring);
		memcpy(ring + head, pending->ring, (pending->count - head) * sizeof *ring);
	}
	free(pending->ring);
	pending->ring = ring;
	pending->room = room;
	pending->first = 0;
	return true;
}

bool
pending_reserve(struct pending *pending, size_t count)
{
	size_t room = pending->room > 0 ? pending->room : ROOM_FIRST;

	if (count <= pending->room - pending->count)
		return true;
	while (room - pending->count < count) {
		if (room > SIZE_MAX / 2 / sizeof *pending->ring)
			return false;
		room *= 2;
	}
	return grow(pending, room);
}

void
pending_push(struct pending *pending, struct pending_command command)
{
	assert(pending->count < pending->room);
	pending->ring[(pending->first + pending->count++) & (pending->room - 1)] = command;
}

bool
pending_pop(struct pending *pending, struct pending_command *command)
{
	if (pending->count == 0)
		return false;
	*command = pending->ring[pending->first];
	pending->first = (pending->first + 1) & (pending->room - 1);
	if (--pending->count == 0 && pending->room > ROOM_KEPT)
		pending_clear(pending);
	return true;
}

void
pending_clear(struct pending *pending)
{
	free(pending->ring);
	*pending = (struct pending){ 0 };
}
