/* outbox.c: formatted commands on their way into a stream, in one buffer and one write a turn.
 * Knows nothing of what they say, nor of when to flush. */
#include "redis/outbox.h"

#include "redis/stream.h"

#include <assert.h>
#include <string.h>

enum { KEPT = 1024 * 1024 }; /* of a buffer that is empty again */

/* A command asked for and never formatted would shift every later answer by one. */
static void
check_promise(struct outbox *outbox)
{
	assert(outbox->promise == 0 || outbox->bytes.length >= outbox->promise ||
	    outbox->bytes.failed);
	outbox->promise = 0;
}

struct buffer *
outbox_ask(struct outbox *outbox)
{
	check_promise(outbox);
	outbox->promise = outbox->bytes.length + 1;
	return &outbox->bytes;
}

/* Forgets what is written, and gives back the room of a rare flood. */
static void
tidy(struct outbox *outbox)
{
	struct buffer *bytes = &outbox->bytes;

	if (outbox->written == bytes->length && bytes->room > KEPT) {
		buffer_free(bytes);
		outbox->written = 0;
	} else if (outbox->written == bytes->length) {
		buffer_clear(bytes);
		outbox->written = 0;
	} else if (outbox->written > bytes->length / 2) {
		bytes->length -= outbox->written;
		memmove(bytes->bytes, bytes->bytes + outbox->written, bytes->length);
		outbox->written = 0;
	}
}

bool
outbox_flush(struct outbox *outbox, struct stream *stream)
{
	size_t length = outbox_length(outbox);
	size_t taken;

	check_promise(outbox);
	if (outbox->bytes.failed)
		return false;
	if (length == 0)
		return true;
	taken = stream_write(stream, outbox->bytes.bytes + outbox->written, length);
	outbox->written += taken;
	outbox->blocked = taken < length;
	tidy(outbox);
	return true;
}

size_t
outbox_length(const struct outbox *outbox)
{
	return outbox->bytes.length - outbox->written;
}

void
outbox_clear(struct outbox *outbox)
{
	buffer_free(&outbox->bytes);
	*outbox = (struct outbox){ 0 };
}
