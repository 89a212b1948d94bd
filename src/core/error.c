/* error.c: words errors: filling, prefixing, the word of each code, the nearest known name.
 * Knows no subject; whoever finds a fault names it. */
#include "core/error.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Code ↔ word, on the wire and in --json. */
static const char *const words[CREDIS_CODES] = {
	[CREDIS_OK] = "ok",
	[CREDIS_ENOMEM] = "memory",
	[CREDIS_EINVAL] = "invalid",
	[CREDIS_ETYPE] = "type",
	[CREDIS_ERANGE] = "range",
	[CREDIS_EVALUES] = "values",
	[CREDIS_ELENGTH] = "length",
	[CREDIS_EPATTERN] = "pattern",
	[CREDIS_EREADONLY] = "read-only",
	[CREDIS_EWRITEONLY] = "write-only",
	[CREDIS_ECONFLICT] = "conflict",
	[CREDIS_EBUSY] = "busy",
	[CREDIS_EMALFORMED] = "malformed",
	[CREDIS_ENOSERVICE] = "unknown-service",
	[CREDIS_ENOKEYWORD] = "unknown-keyword",
	[CREDIS_EDRIVER] = "driver",
	[CREDIS_ETIMEOUT] = "timeout",
	[CREDIS_ESTORE] = "store",
	[CREDIS_EEXPIRED] = "expired",
	[CREDIS_EUNKNOWN] = "unknown",
	[CREDIS_EDEADLINE] = "deadline",
	[CREDIS_EUNREACHABLE] = "unreachable",
	[CREDIS_EUNSERVED] = "unserved",
	[CREDIS_ELOST] = "lost",
	[CREDIS_EPROTOCOL] = "protocol",
	[CREDIS_EIMPOSSIBLE] = "impossible",
};

const char *
credis_code_word(enum credis_code code)
{
	return (unsigned)code < CREDIS_CODES ? words[code] : words[CREDIS_EPROTOCOL];
}

enum credis_code
credis_code_find(const char *word)
{
	for (int code = 0; code < CREDIS_CODES; code++)
		if (strcmp(words[code], word) == 0)
			return (enum credis_code)code;
	return CREDIS_EPROTOCOL;
}

/* Through a copy, because the arguments may lie in err->text itself. */
bool
error_set(struct credis_error *err, enum credis_code code, const char *format, ...)
{
	char text[CREDIS_ERROR_TEXT + 4];
	va_list args;

	if (err == NULL)
		return false;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);

	size_t length = text_cut(text, strlen(text), CREDIS_ERROR_TEXT - 1);
	memcpy(err->text, text, length);
	err->text[length] = '\0';
	err->code = code;
	return false;
}

bool
error_no_memory(struct credis_error *err)
{
	return error_set(err, CREDIS_ENOMEM, "out of memory");
}

bool
error_prefix(struct credis_error *err, const char *subject)
{
	return err == NULL ? false : error_set(err, err->code, "%s: %s", subject, err->text);
}

enum { NEAREST_MAX = 32 };

static size_t
smaller(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* Edits between two words of at most NEAREST_MAX bytes: a byte more, a byte less, another byte, or
 * two neighbours swapped (the commonest slip of all). */
static size_t
edit_distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	size_t d[NEAREST_MAX + 1][NEAREST_MAX + 1];

	for (size_t i = 0; i <= a_length; i++)
		d[i][0] = i;
	for (size_t j = 0; j <= b_length; j++)
		d[0][j] = j;
	for (size_t i = 1; i <= a_length; i++)
		for (size_t j = 1; j <= b_length; j++) {
			d[i][j] = smaller(smaller(d[i - 1][j], d[i][j - 1]) + 1,
			    d[i - 1][j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d[i][j] = smaller(d[i][j], d[i - 2][j - 2] + 1);
		}
	return d[a_length][b_length];
}

const char *
error_nearest(const char *word, const char *const *names)
{
	size_t length = strlen(word);
	size_t least = length / 3 + 1; /* further away it would be a guess */
	const char *nearest = NULL;

	if (length > NEAREST_MAX)
		return NULL;
	for (; *names != NULL; names++) {
		size_t name_length = strlen(*names);
		if (name_length > NEAREST_MAX)
			continue;
		size_t distance = edit_distance(word, length, *names, name_length);
		if (distance > least || distance >= name_length ||
		    (distance == least && nearest != NULL))
			continue;
		least = distance;
		nearest = *names;
	}
	return nearest;
}

const char *
credis_nearest(const char *word, const char *const *names)
{
	return error_nearest(word, names);
}

bool
error_unknown(struct credis_error *err, const char *kind, const char *word,
    const char *const *names)
{
	const char *nearest = error_nearest(word, names);
	char quoted[ERROR_QUOTE + 4];

	text_quote(quoted, word, strlen(word), ERROR_QUOTE);
	if (nearest == NULL)
		return error_set(err, CREDIS_EINVAL, "unknown %s '%s'", kind, quoted);
	return error_set(err, CREDIS_EINVAL, "unknown %s '%s' (did you mean '%s'?)", kind, quoted,
	    nearest);
}
