/* span.c: lengths of time in and out of text, exactly.
 * Knows the units; what a span is for, and which are too long, is its user's business. */
#include <credis/span.h>

#include "core/error.h"
#include "core/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct unit {
	const char *name;
	const char *letters;
	int64_t ms;
} units[] = {
	{ "day", "d", 86400000 },
	{ "hour", "h", 3600000 },
	{ "minute", "m", 60000 },
	{ "second", "s", 1000 },
	{ "millisecond", "ms", 1 },
};
enum { UNITS = sizeof units / sizeof *units, SECOND = 3, DECIMALS = 9, QUOTED = 64 };

#define BLANKS " \t"
#define LONG_FORMS "a whole number and millisecond, second, minute, hour or day"
#define SHORT_FORMS "such as 500ms 2s 5m 1h 1d, seconds, or " LONG_FORMS

static bool refuse(const char *text, const char *fault, struct credis_error *err);
static const char *skip_blanks(const char *at);
static bool is_digit(char byte);
static const char *take_whole(const char *at, int64_t *whole, bool *fits);
static const char *take_fraction(const char *at, int64_t *fraction, int64_t *scale);
static const struct unit *find_name(const char *word, size_t length);
static const struct unit *find_letters(const char *word, size_t length);

bool
credis_span_parse(const char *text, int64_t *ms, struct credis_error *err)
{
	int64_t whole;
	bool fits;

	const char *at = skip_blanks(text);
	if (*at == '-')
		return refuse(text, "is negative", err);
	if (!is_digit(*at))
		return refuse(text, "is not a span, which is " LONG_FORMS, err);
	at = take_whole(at, &whole, &fits);
	const char *word = skip_blanks(at);
	size_t length = strcspn(word, BLANKS);
	const struct unit *unit = find_name(word, length);
	if (word == at || unit == NULL || *skip_blanks(word + length) != '\0')
		return refuse(text, "is not a span, which is " LONG_FORMS, err);
	if (!fits || __builtin_mul_overflow(whole, unit->ms, &whole))
		return refuse(text, "is above the maximum of 64-bit milliseconds", err);
	*ms = whole;
	return true;
}

bool
credis_span_parse_short(const char *text, int64_t *ms, struct credis_error *err)
{
	int64_t whole, fraction, scale;
	bool fits;

	if (credis_span_parse(text, ms, NULL))
		return true;
	const char *at = skip_blanks(text);
	if (*at == '-')
		return refuse(text, "is negative", err);
	if (!is_digit(*at))
		return refuse(text, "is not a span, " SHORT_FORMS, err);
	at = take_whole(at, &whole, &fits);
	at = take_fraction(at, &fraction, &scale);
	size_t length = strcspn(at, BLANKS);
	const struct unit *unit = length == 0 ? &units[SECOND] : find_letters(at, length);
	if (unit == NULL || *skip_blanks(at + length) != '\0')
		return refuse(text, "is not a span, " SHORT_FORMS, err);
	if (fraction * unit->ms % scale != 0)
		return refuse(text, "is finer than a millisecond", err);
	fraction = fraction * unit->ms / scale;
	if (!fits || __builtin_mul_overflow(whole, unit->ms, &whole) ||
	    __builtin_add_overflow(whole, fraction, &whole))
		return refuse(text, "is above the maximum of 64-bit milliseconds", err);
	*ms = whole;
	return true;
}

char *
credis_span_print(int64_t ms, char *text)
{
	const struct unit *unit = ms == 0 ? &units[SECOND] : units;
	while (ms % unit->ms != 0)
		unit++;
	int64_t count = ms / unit->ms;
	sprintf(text, "%" PRId64 " %s%s", count, unit->name, count == 1 ? "" : "s");
	return text;
}

static bool
refuse(const char *text, const char *fault, struct credis_error *err)
{
	char quoted[QUOTED + 4];

	return error_set(err, CREDIS_EINVAL, "'%s' %s",
	    text_quote(quoted, text, strlen(text), QUOTED), fault);
}

static const char *
skip_blanks(const char *at)
{
	return at + strspn(at, BLANKS);
}

static bool
is_digit(char byte)
{
	return byte >= '0' && byte <= '9';
}

static const char *
take_whole(const char *at, int64_t *whole, bool *fits)
{
	char *end;

	errno = 0;
	*whole = strtoll(at, &end, 10);
	*fits = errno == 0;
	return end;
}

/* Takes ".5"; without a digit behind the point, or with too many, nothing. */
static const char *
take_fraction(const char *at, int64_t *fraction, int64_t *scale)
{
	const char *end = at + 1;

	*fraction = 0;
	*scale = 1;
	if (*at != '.')
		return at;
	for (; is_digit(*end) && end - at <= DECIMALS; end++) {
		*fraction = *fraction * 10 + (*end - '0');
		*scale *= 10;
	}
	return end == at + 1 ? at : end;
}

static const struct unit *
find_name(const char *word, size_t length)
{
	for (size_t i = 0; i < UNITS; i++) {
		size_t singular = strlen(units[i].name);
		bool plural = length == singular + 1 && word[singular] == 's';
		if ((length == singular || plural) && memcmp(word, units[i].name, singular) == 0)
			return &units[i];
	}
	return NULL;
}

static const struct unit *
find_letters(const char *word, size_t length)
{
	for (size_t i = 0; i < UNITS; i++)
		if (strlen(units[i].letters) == length &&
		    memcmp(word, units[i].letters, length) == 0)
			return &units[i];
	return NULL;
}
