/* command.c: writes commands as RESP arrays of bulk strings.
 * Knows the format; what is said and to whom is others'. */
#include "redis/command.h"

#include "core/digits.h"
#include "core/number.h"

#include <stdarg.h>
#include <string.h>

enum { HEAD = 1 + DIGITS_MAX + 2 }; /* "$<length>\r\n" */

/* Writes "<mark><number>\r\n"; returns where it ends. */
static char *
put_head(char *at, char mark, size_t number)
{
	*at++ = mark;
	at = digits_put(at, number);
	*at++ = '\r';
	*at++ = '\n';
	return at;
}

void
command_begin(struct buffer *out, size_t count)
{
	char *at = buffer_reserve(out, HEAD);

	if (at != NULL)
		buffer_wrote(out, (size_t)(put_head(at, '*', count) - at));
}

void
command_word(struct buffer *out, const void *bytes, size_t length)
{
	char *start = length < SIZE_MAX - HEAD - 2 ? buffer_reserve(out, HEAD + length + 2) : NULL;
	char *at = start;

	if (start == NULL) {
		out->failed = true;
		return;
	}
	at = put_head(at, '$', length);
	if (length > 0)
		memcpy(at, bytes, length);
	at += length;
	*at++ = '\r';
	*at++ = '\n';
	buffer_wrote(out, (size_t)(at - start));
}

void
command_text(struct buffer *out, const char *text)
{
	command_word(out, text, strlen(text));
}

void
command_integer(struct buffer *out, int64_t integer)
{
	char text[NUMBER_TEXT];

	command_word(out, text, number_print_integer(text, integer));
}

void
command_words(struct buffer *out, int argc, const char *const *argv, const size_t *lengths)
{
	command_begin(out, (size_t)argc);
	for (int n = 0; n < argc; n++)
		command_word(out, argv[n], lengths != NULL ? lengths[n] : strlen(argv[n]));
}

void
command_texts(struct buffer *out, ...)
{
	va_list words, again;
	size_t count = 0;
	const char *word;

	va_start(words, out);
	va_copy(again, words);
	while (va_arg(again, const char *) != NULL)
		count++;
	va_end(again);

	command_begin(out, count);
	while ((word = va_arg(words, const char *)) != NULL)
		command_text(out, word);
	va_end(words);
}
