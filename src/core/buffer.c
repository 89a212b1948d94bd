/* buffer.c: bytes that grow, doubling; always terminated.
 * Knows nothing of what is in them. */
#include "core/buffer.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

char *
buffer_grow(struct buffer *buffer, size_t length)
{
	if (buffer->failed)
		return NULL;

	size_t room = buffer->room == 0 ? 64 : buffer->room;
	while (room - buffer->length <= length && room <= SIZE_MAX / 2)
		room *= 2;
	char *bytes = room - buffer->length > length ? realloc(buffer->bytes, room) : NULL;
	if (bytes == NULL) {
		buffer->failed = true;
		return NULL;
	}
	buffer->bytes = bytes;
	buffer->room = room;
	return bytes + buffer->length;
}

void
buffer_text(struct buffer *buffer, const char *text)
{
	buffer_append(buffer, text, strlen(text));
}

void
buffer_printf(struct buffer *buffer, const char *format, ...)
{
	size_t room = buffer->failed ? 0 : buffer->room - buffer->length;
	va_list args;
	char *place;
	int length;

	va_start(args, format);
	length = vsnprintf(room > 0 ? buffer->bytes + buffer->length : NULL, room, format, args);
	va_end(args);
	if (length < 0) {
		buffer->failed = true;
		return;
	}
	if ((size_t)length >= room) {
		place = buffer_reserve(buffer, (size_t)length);
		if (place == NULL)
			return;
		va_start(args, format);
		vsnprintf(place, (size_t)length + 1, format, args);
		va_end(args);
	}
	buffer_wrote(buffer, (size_t)length);
}

void
buffer_clear(struct buffer *buffer)
{
	buffer->length = 0;
	buffer->failed = false;
	if (buffer->bytes != NULL)
		buffer->bytes[0] = '\0';
}

char *
buffer_give(struct buffer *buffer)
{
	char *bytes = NULL;

	if (buffer->bytes == NULL)
		buffer_append(buffer, "", 0);
	if (!buffer->failed) {
		bytes = buffer->bytes;
		buffer->bytes = NULL;
	}
	buffer_free(buffer);
	return bytes;
}

void
buffer_free(struct buffer *buffer)
{
	free(buffer->bytes);
	*buffer = (struct buffer)BUFFER_EMPTY;
}
