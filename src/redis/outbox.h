/* outbox.h: formatted commands on their way into a stream. */
#ifndef REDIS_OUTBOX_H
#define REDIS_OUTBOX_H

#include "core/buffer.h"

struct stream;

struct outbox {
	struct buffer bytes;
	size_t written; /* of them, by the stream */
	size_t promise; /* where the last command asked for begins, plus 1; 0: none is */
	bool blocked;   /* the stream took less; it will say when it is writable */
};

/* Where to append a command; the one asked for before must be there by now. */
struct buffer *outbox_ask(struct outbox *outbox);

/* Writes what the stream takes. False when an allocation had failed: bytes are missing. */
bool outbox_flush(struct outbox *outbox, struct stream *stream);

size_t outbox_length(const struct outbox *outbox);
void outbox_clear(struct outbox *outbox);

#endif
