/* conf_number.c: libconfig 1.5 wraps whole numbers beyond 32 bits that have no L, and takes 0xFFFFFFFF for -1;
 * others read 010 as eight. With an L they are of another kind, which an array must not mix: all get one.
 * Real numbers need a point in some. */
#include "conf_number.h"

#include "refuse.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { SHOWN = 40 }; /* bytes of what is no number in a sentence */

/* Reads "12", "-5L", "0x1F"; false when it is no whole number. Beyond 64 bits it is the nearest, and errno
 * ERANGE. */
static bool
read_whole(const char *number, int64_t *whole)
{
	bool hex = strncasecmp(number, "0x", 2) == 0;
	size_t marks;
	char *end;

	errno = 0;
	*whole = strtoll(number, &end, hex ? 16 : 10);
	marks = strspn(end, "L");
	return end > number + hex && marks <= 2 && end[marks] == '\0';
}

static bool
read_real(const char *number, double *real)
{
	char *end;

	*real = strtod(number, &end);
	return end > number && *end == '\0' && number[strspn(number, "0123456789+-.eE")] == '\0';
}

static bool
spell_whole(const char *number, int64_t whole, char *out, struct credis_error *err)
{
	sprintf(out, "%" PRId64 "L", whole);
	return errno != ERANGE ||
	    refuse(err, "%.*s is beyond 64 bits (whole numbers from %" PRId64 " to %" PRId64 ")",
		SHOWN, number, INT64_MIN, INT64_MAX);
}

static bool
spell_real(const char *number, double real, char *out, struct credis_error *err)
{
	size_t mantissa = strcspn(number, "eE.");

	if (isinf(real)) {
		strcpy(out, "0.0");
		return refuse(err,
		    "%.*s is beyond the largest real number (1.7976931348623157e308)", SHOWN,
		    number);
	}
	memcpy(out, number, mantissa);
	out = stpcpy(out + mantissa, number[mantissa] == '.' ? "" : ".0");
	strcpy(out, number + mantissa);
	return true;
}

bool
conf_number_spell(const char *number, size_t length, char *out, struct credis_error *err)
{
	char token[CONF_NUMBER_MAX + 1];
	int64_t whole;
	double real;

	out[0] = '\0';
	if (length <= CONF_NUMBER_MAX) {
		memcpy(token, number, length);
		token[length] = '\0';
		if (read_whole(token, &whole))
			return spell_whole(token, whole, out, err);
		if (read_real(token, &real))
			return spell_real(token, real, out, err);
	}
	return refuse(err,
	    "'%.*s%s' is not a number (as 12, -5, 0x1F, 2.5, 1e3); text stands in quotes",
	    length > SHOWN ? SHOWN : (int)length, number, length > SHOWN ? "…" : "");
}
