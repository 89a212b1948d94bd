/* moment.c: a time as people give it on the command line. UTC, as all times that are printed. */
#include "moment.h"

#include "fault.h"

#include <credis/span.h>

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ".123456"; the digits behind the sixth do not count. NULL when it is something else. */
static const char *
read_fraction(const char *text, int64_t *us)
{
	int64_t unit = 100000;

	if (*text != '.')
		return text;
	if (!isdigit((unsigned char)*++text))
		return NULL;
	for (; isdigit((unsigned char)*text); text++, unit /= 10)
		*us += (*text - '0') * unit;
	return text;
}

static bool
is_real(const struct tm *given, time_t seconds)
{
	struct tm back;

	return seconds >= 0 && given->tm_year >= 70 && gmtime_r(&seconds, &back) != NULL &&
	    back.tm_mday == given->tm_mday && back.tm_hour == given->tm_hour &&
	    back.tm_min == given->tm_min && back.tm_sec == given->tm_sec;
}

static bool
read_calendar(const char *text, int64_t *us)
{
	static const char *const forms[] = { "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M:%S",
		"%Y-%m-%dT%H:%M", "%Y-%m-%d %H:%M", "%Y-%m-%d" };

	for (size_t n = 0; n < sizeof forms / sizeof *forms; n++) {
		struct tm given = { .tm_isdst = 0 }, plain;
		const char *rest = strptime(text, forms[n], &given);
		time_t seconds;

		*us = 0;
		if (rest != NULL && n < 2)
			rest = read_fraction(rest, us);
		if (rest == NULL || strcmp(rest + (*rest == 'Z'), "") != 0)
			continue;
		plain = given; /* timegm() makes the 31st of February a day of March */
		seconds = timegm(&given);
		*us += (int64_t)seconds * 1000000;
		return is_real(&plain, seconds);
	}
	return false;
}

static bool
read_unix(const char *text, int64_t *us)
{
	char *rest;
	long long seconds;
	const char *end;

	if (text[0] != '@' || !isdigit((unsigned char)text[1]))
		return false;
	seconds = strtoll(text + 1, &rest, 10);
	*us = 0;
	end = read_fraction(rest, us);
	*us += seconds < 1000000000000 ? seconds * 1000000 : 0;
	return end != NULL && *end == '\0' && seconds < 1000000000000;
}

static bool
read_ago(const char *text, int64_t now_us, int64_t *us)
{
	static const char ago[] = " ago";
	size_t length = strlen(text);
	char span[64];
	int64_t ms;

	if (length >= sizeof span)
		return false;
	memcpy(span, text, length + 1);
	if (length > strlen(ago) && strcmp(span + length - strlen(ago), ago) == 0)
		span[length - strlen(ago)] = '\0';
	if (!credis_span_parse_short(span, &ms, NULL) || ms > INT64_MAX / 1000)
		return false;
	*us = ms * 1000 < now_us ? now_us - ms * 1000 : 0;
	return true;
}

bool
moment_parse(int64_t *us, const char *text, int64_t now_us, const char *option,
    struct credis_error *err)
{
	if (strcmp(text, "now") == 0) {
		*us = now_us;
		return true;
	}
	return read_unix(text, us) || read_calendar(text, us) || read_ago(text, now_us, us) ||
	    fault(err, CREDIS_EINVAL,
		"%s: '%.64s' is no time ('2026-11-20 20:01:05' in UTC, '1 day ago', 2h, @SECONDS)",
		option, text);
}
