/* text.c: UTF-8, blanks, case, globs, quoting for a sentence.
 * Only ASCII has case and blanks here; locale plays no part. */
#include "core/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* The length of the well-formed character at 'text', 0 if there is none. */
static size_t
utf8_length(const unsigned char *text, size_t length)
{
	unsigned char first = text[0];
	unsigned char low = 0x80, high = 0xbf; /* of the second byte */
	size_t want;

	if (first < 0x80)
		return 1;
	if (first < 0xc2 || first > 0xf4)
		return 0;
	want = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
	if (first == 0xe0)
		low = 0xa0; /* no overlong forms */
	else if (first == 0xed)
		high = 0x9f; /* no surrogates */
	else if (first == 0xf0)
		low = 0x90;
	else if (first == 0xf4)
		high = 0x8f; /* nothing past U+10FFFF */
	if (length < want || text[1] < low || text[1] > high)
		return 0;
	for (size_t n = 2; n < want; n++)
		if ((text[n] & 0xc0) != 0x80)
			return 0;
	return want;
}

bool
text_is_utf8(const char *text, size_t length)
{
	const unsigned char *at = (const unsigned char *)text;

	while (length > 0) {
		uint64_t eight;
		if (length >= sizeof(eight)) {
			memcpy(&eight, at, sizeof(eight));
			if ((eight & UINT64_C(0x8080808080808080)) == 0) {
				at += sizeof(eight);
				length -= sizeof(eight);
				continue;
			}
		}
		size_t one = utf8_length(at, length);
		if (one == 0)
			return false;
		at += one;
		length -= one;
	}
	return true;
}

size_t
text_cut(const char *text, size_t length, size_t limit)
{
	if (length <= limit)
		return length;
	/* at most three bytes back: what is not UTF-8 anyhow is cut anywhere */
	for (size_t n = 0; n < 4 && n <= limit; n++)
		if (((unsigned char)text[limit - n] & 0xc0) != 0x80)
			return limit - n;
	return limit;
}

bool
text_is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

void
text_trim(const char **text, size_t *length)
{
	while (*length > 0 && text_is_blank(**text)) {
		++*text;
		--*length;
	}
	while (*length > 0 && text_is_blank((*text)[*length - 1]))
		--*length;
}

static char
lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool
text_equal_nocase(const char *a, size_t a_length, const char *b, size_t b_length)
{
	if (a_length != b_length)
		return false;
	for (size_t n = 0; n < a_length; n++)
		if (lower(a[n]) != lower(b[n]))
			return false;
	return true;
}

static bool
is_any_run(char c)
{
	return c == '*' || c == '%';
}

/* Only the last '*' can need another try, so the work is at most length × length. */
bool
text_matches_glob(const char *text, const char *glob)
{
	const char *after_run = NULL, *resume = NULL;

	while (*text != '\0') {
		if (is_any_run(*glob)) {
			after_run = ++glob;
			resume = text;
		} else if (*glob != '\0' && (*glob == '?' || lower(*glob) == lower(*text))) {
			glob++;
			text++;
		} else if (after_run != NULL) {
			glob = after_run;
			text = ++resume;
		} else {
			return false;
		}
	}
	while (is_any_run(*glob))
		glob++;
	return *glob == '\0';
}

bool
text_is_glob(const char *text)
{
	return strpbrk(text, "*%?") != NULL;
}

char *
text_copy(const char *text, size_t length)
{
	char *copy = malloc(length + 1);

	if (copy == NULL)
		return NULL;
	if (length > 0)
		memcpy(copy, text, length);
	copy[length] = '\0';
	return copy;
}

static bool
is_control(const char *text, size_t length)
{
	unsigned char first = (unsigned char)text[0];

	return (length == 1 && (first < 0x20 || first == 0x7f)) ||
	    (length == 2 && first == 0xc2 && (unsigned char)text[1] < 0xa0);
}

bool
text_is_printable(const char *text, size_t length)
{
	while (length > 0) {
		size_t one = utf8_length((const unsigned char *)text, length);
		if (one == 0 || is_control(text, one))
			return false;
		text += one;
		length -= one;
	}
	return true;
}

char *
text_quote(char *out, const char *text, size_t length, size_t limit)
{
	size_t kept = text_cut(text, length, limit);
	char *place = out;

	for (size_t n = 0; n < kept;) {
		size_t one = utf8_length((const unsigned char *)text + n, kept - n);
		if (one == 0 || is_control(text + n, one)) {
			*place++ = '?';
			n += one == 0 ? 1 : one;
			continue;
		}
		memcpy(place, text + n, one);
		place += one;
		n += one;
	}
	strcpy(place, kept < length ? "…" : "");
	return out;
}
