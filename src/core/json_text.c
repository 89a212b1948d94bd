/* json_text.c: the escapes of RFC 8259, and no others.
 * Allocates nothing to read: jansson cannot say whether a text was wrong or memory was out. */
#include "core/json_text.h"

#include "core/error.h"
#include "core/text.h"

#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The letter behind a backslash, and the character that it stands for. */
static const char escapes[][2] = {
	{ '"', '"' },
	{ '\\', '\\' },
	{ '/', '/' },
	{ 'b', '\b' },
	{ 'f', '\f' },
	{ 'n', '\n' },
	{ 'r', '\r' },
	{ 't', '\t' },
};
enum { ESCAPES = sizeof(escapes) / sizeof(*escapes) };

static inline bool
stands_for_itself(char byte)
{
	return (unsigned char)byte >= 0x20 && byte != '"' && byte != '\\' && byte != 0x7f;
}

/* Writes the escape of a byte that may not stand for itself; false for all others. */
static bool
escape(char byte, char out[8])
{
	if (stands_for_itself(byte))
		return false;
	for (size_t n = 0; n < ESCAPES; n++)
		if (escapes[n][1] == byte) {
			snprintf(out, 8, "\\%c", escapes[n][0]);
			return true;
		}
	snprintf(out, 8, "\\u%04x", (unsigned)(unsigned char)byte);
	return true;
}

void
json_text_append(struct buffer *out, const char *text, size_t length)
{
	size_t done = 0;
	char escaped[8];

	buffer_append(out, "\"", 1);
	for (size_t n = 0; n < length; n++) {
		if (stands_for_itself(text[n]))
			continue;
		escape(text[n], escaped);
		buffer_append(out, text + done, n - done);
		buffer_text(out, escaped);
		done = n + 1;
	}
	buffer_append(out, text + done, length - done);
	buffer_append(out, "\"", 1);
}

/* Takes the character at '*text', which is well-formed but for surrogates. */
static uint32_t
take_utf8(const unsigned char **text)
{
	unsigned char lead = *(*text)++;
	int more = lead < 0x80 ? 0 : lead < 0xe0 ? 1 : lead < 0xf0 ? 2 : 3;
	uint32_t character = more == 0 ? lead : lead & (0x3fu >> more);

	while (more-- > 0)
		character = character << 6 | (*(*text)++ & 0x3fu);
	return character;
}

void
json_text_append_ascii(struct buffer *out, const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text, *end = at + length;
	char escaped[8];

	buffer_append(out, "\"", 1);
	while (at < end) {
		uint32_t character = take_utf8(&at);

		if (character > 0xffff) {
			character -= 0x10000;
			buffer_printf(out, "\\u%04x", (unsigned)(0xd800 + (character >> 10)));
			character = 0xdc00 + (character & 0x3ff);
		}
		if (character > 0x7f)
			buffer_printf(out, "\\u%04x", (unsigned)character);
		else if (escape((char)character, escaped))
			buffer_text(out, escaped);
		else
			buffer_append(out, &(char){ (char)character }, 1);
	}
	buffer_append(out, "\"", 1);
}

static bool
refuse(struct credis_error *err, const char *why)
{
	return error_set(err, CREDIS_ETYPE, "the text %s", why);
}

/* Takes "\uXXXX". */
static bool
read_unit(const char **at, const char *end, uint32_t *unit)
{
	if (end - *at < 6 || (*at)[0] != '\\' || (*at)[1] != 'u')
		return false;
	*unit = 0;
	for (const char *digit = *at + 2; digit < *at + 6; digit++) {
		char c = *digit | 0x20;
		if (*digit >= '0' && *digit <= '9')
			*unit = *unit * 16 + (uint32_t)(*digit - '0');
		else if (c >= 'a' && c <= 'f')
			*unit = *unit * 16 + (uint32_t)(c - 'a' + 10);
		else
			return false;
	}
	*at += 6;
	return true;
}

/* Takes one "\uXXXX", or the two that make a character past U+FFFF. */
static bool
read_character(const char **at, const char *end, bool halves, uint32_t *character)
{
	const char *after;
	uint32_t low;

	if (!read_unit(at, end, character))
		return false;
	after = *at;
	if (*character < 0xd800 || *character > 0xdfff)
		return true;
	if (*character > 0xdbff || !read_unit(at, end, &low) || low < 0xdc00 || low > 0xdfff) {
		*at = after;
		return halves;
	}
	*character = 0x10000 + ((*character - 0xd800) << 10) + (low - 0xdc00);
	return true;
}

static char *
put_utf8(char *out, uint32_t character)
{
	static const unsigned char leads[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	int count = character < 0x80 ? 1 : character < 0x800 ? 2 : character < 0x10000 ? 3 : 4;

	if (count == 1) {
		*out = (char)character;
		return out + 1;
	}
	for (int n = count - 1; n > 0; n--) {
		out[n] = (char)(0x80 | (character & 0x3f));
		character >>= 6;
	}
	out[0] = (char)(leads[count] | character);
	return out + count;
}

/* Takes what follows a backslash. */
static bool
read_escape(char **out, const char **at, const char *end, unsigned allow, struct credis_error *err)
{
	uint32_t character;

	for (size_t n = 0; n < ESCAPES && end - *at >= 2; n++)
		if (escapes[n][0] == (*at)[1]) {
			*(*out)++ = escapes[n][1];
			*at += 2;
			return true;
		}
	if (!read_character(at, end, (allow & JSON_TEXT_SURROGATES) != 0, &character))
		return refuse(err, "holds a '\\' that JSON does not know");
	if (character == 0 && (allow & JSON_TEXT_NUL) == 0)
		return refuse(err, "holds a NUL byte");
	*out = put_utf8(*out, character);
	return true;
}

bool
json_text_read(char *out, size_t *written, const char *text, size_t length,
    struct credis_error *err)
{
	return json_text_read_with(out, written, text, length, 0, err);
}

bool
json_text_read_with(char *out, size_t *written, const char *text, size_t length, unsigned allow,
    struct credis_error *err)
{
	const char *at = text, *end = text + length;
	char *place = out;

	if (!text_is_utf8(text, length))
		return refuse(err, "is not valid UTF-8");
	while (at < end) {
		if (*at == '\\') {
			if (!read_escape(&place, &at, end, allow, err))
				return false;
			continue;
		}
		if (*at == '\0')
			return refuse(err, "holds a NUL byte");
		if ((unsigned char)*at < 0x20 || *at == '"')
			return refuse(err, "holds a character that JSON wants behind a '\\'");
		*place++ = *at++;
	}
	*written = (size_t)(place - out);
	return true;
}
