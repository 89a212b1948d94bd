/* buffer.h: bytes that grow. One failed allocation is remembered and makes every later
 * append a no-op, so that a writer checks once, at the end. */
#ifndef CORE_BUFFER_H
#define CORE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct buffer {
	char *bytes; /* NUL after the last byte once anything was appended */
	size_t length;
	size_t room;
	bool failed; /* an allocation failed; bytes are incomplete */
};

#define BUFFER_EMPTY \
	{ \
		NULL, 0, 0, false \
	}

void buffer_text(struct buffer *buffer, const char *text);
void buffer_printf(struct buffer *buffer, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* The long way of buffer_reserve(). */
char *buffer_grow(struct buffer *buffer, size_t length);

/* Makes room for 'length' more and returns where to write them, or NULL; buffer_wrote() then
 * says how many were written. */
static inline char *
buffer_reserve(struct buffer *buffer, size_t length)
{
	if (!buffer->failed && buffer->room - buffer->length > length)
		return buffer->bytes + buffer->length;
	return buffer_grow(buffer, length);
}

static inline void
buffer_wrote(struct buffer *buffer, size_t length)
{
	buffer->length += length;
	buffer->bytes[buffer->length] = '\0';
}

static inline void
buffer_append(struct buffer *buffer, const void *bytes, size_t length)
{
	char *place = buffer_reserve(buffer, length);

	if (place == NULL)
		return;
	if (length > 0)
		memcpy(place, bytes, length);
	buffer_wrote(buffer, length);
}

/* Keeps the room, forgets the bytes and the failure. */
void buffer_clear(struct buffer *buffer);

/* Gives the bytes away (to free()), or NULL when an allocation had failed. The buffer is empty
 * afterwards. */
char *buffer_give(struct buffer *buffer);

void buffer_free(struct buffer *buffer);

#endif
