/* text.c: text that came from elsewhere, made fit for a line, a column or JSON.
 * UTF-8 by Unicode's table 3-7. Locale plays no part. */
#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>
#include <time.h>

/* Well-formed sequences: the first byte's range, the second's, and the length. */
static const struct {
	unsigned char first_low, first_high, second_low, second_high, length;
} sequences[] = {
	{ 0x00, 0x7f, 0x00, 0xff, 1 },
	{ 0xc2, 0xdf, 0x80, 0xbf, 2 },
	{ 0xe0, 0xe0, 0xa0, 0xbf, 3 },
	{ 0xe1, 0xec, 0x80, 0xbf, 3 },
	{ 0xed, 0xed, 0x80, 0x9f, 3 },
	{ 0xee, 0xef, 0x80, 0xbf, 3 },
	{ 0xf0, 0xf0, 0x90, 0xbf, 4 },
	{ 0xf1, 0xf3, 0x80, 0xbf, 4 },
	{ 0xf4, 0xf4, 0x80, 0x8f, 4 },
};

static bool
continues(const unsigned char *bytes, size_t from, size_t length)
{
	for (size_t i = from; i < length; i++) {
		if ((bytes[i] & 0xc0) != 0x80)
			return false;
	}
	return true;
}

size_t
text_character(const char *text, size_t length)
{
	const unsigned char *bytes = (const unsigned char *)text;

	for (size_t i = 0; length > 0 && i < sizeof sequences / sizeof *sequences; i++) {
		if (bytes[0] < sequences[i].first_low || bytes[0] > sequences[i].first_high)
			continue;
		if (sequences[i].length == 1)
			return 1;
		if (sequences[i].length > length || bytes[1] < sequences[i].second_low ||
		    bytes[1] > sequences[i].second_high)
			return 0;
		return continues(bytes, 2, sequences[i].length) ? sequences[i].length : 0;
	}
	return 0;
}

/* Bytes of the printable character that 'text' begins with; 0 when it is to be escaped. C1
 * controls (U+0080 to U+009F) are as good as an escape to some terminals. */
static size_t
printable(const char *text, size_t length)
{
	size_t bytes = text_character(text, length);
	unsigned char first = (unsigned char)text[0];

	if (bytes == 1 && (first < 0x20 || first == 0x7f))
		return 0;
	if (bytes == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	return bytes;
}

static const char *
short_escape(char c)
{
	switch (c) {
	case '\n': return "\\n";
	case '\r': return "\\r";
	case '\t': return "\\t";
	default: return NULL;
	}
}

void
text_print(FILE *to, const char *text, size_t length)
{
	for (size_t i = 0; i < length;) {
		size_t bytes = printable(text + i, length - i);
		const char *escape = short_escape(text[i]);

		if (bytes > 0)
			fwrite(text + i, 1, bytes, to);
		else if (escape != NULL)
			fputs(escape, to);
		else
			fprintf(to, "\\x%02x", (unsigned char)text[i]);
		i += bytes > 0 ? bytes : 1;
	}
}

void
text_print_json(FILE *to, const char *text, size_t length)
{
	putc('"', to);
	for (size_t i = 0; i < length;) {
		size_t bytes = text_character(text + i, length - i);
		const char *escape = short_escape(text[i]);

		if (text[i] == '"' || text[i] == '\\')
			fprintf(to, "\\%c", text[i]);
		else if (escape != NULL)
			fputs(escape, to);
		else if (bytes == 1 && (unsigned char)text[i] < 0x20)
			fprintf(to, "\\u%04x", (unsigned char)text[i]);
		else if (bytes > 0)
			fwrite(text + i, 1, bytes, to);
		else
			fputs("\\ufffd", to);
		i += bytes > 0 ? bytes : 1;
	}
	putc('"', to);
}

size_t
text_width(const char *text)
{
	size_t length = strlen(text), width = 0;

	for (size_t i = 0; i < length;) {
		size_t bytes = printable(text + i, length - i);

		if (bytes > 0)
			width++;
		else
			width += short_escape(text[i]) != NULL ? 2 : 4;
		i += bytes > 0 ? bytes : 1;
	}
	return width;
}

char *
text_time(char out[TEXT_TIME], int64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	int64_t rest = time_us % 1000000;
	struct tm tm;
	size_t length;

	if (rest < 0) {
		rest += 1000000;
		seconds--;
	}
	if (gmtime_r(&seconds, &tm) == NULL)
		memset(&tm, 0, sizeof tm);
	length = strftime(out, TEXT_TIME, "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(out + length, TEXT_TIME - length, ".%06" PRId64 "Z", rest);
	return out;
}
