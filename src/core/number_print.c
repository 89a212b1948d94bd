/* number_print.c: numbers into text, in the fewest digits that read back equal.
 * Digits are whole numbers with a power of ten: no locale has a point in them. */
#include "core/number.h"

#include "core/digits.h"
#include "core/number_exact.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t
number_print_integer(char *text, int64_t integer)
{
	char *end = text;

	if (integer < 0)
		*end++ = '-';
	end = digits_put(end, integer < 0 ? 0 - (uint64_t)integer : (uint64_t)integer);
	*end = '\0';
	return (size_t)(end - text);
}

/* A number above 0 in decimal: whole × 10^scale. */
struct digits {
	uint64_t whole;
	int scale;
};

/* "d.ddde±x" from the C library, whatever the locale's point. */
static void
round_slowly(struct digits *digits, int count, double real)
{
	char text[64];

	snprintf(text, sizeof(text), "%.*e", count - 1, real);
	const char *e = strrchr(text, 'e');
	digits->whole = (uint64_t)(text[0] - '0');
	for (const char *at = e - (count - 1); at < e; at++)
		digits->whole = digits->whole * 10 + (uint64_t)(*at - '0');
	digits->scale = atoi(e + 1) - (count - 1);
}

static void
round_to_digits(struct digits *digits, int count, double real)
{
	if (!exact_decompose(&digits->whole, &digits->scale, count, real))
		round_slowly(digits, count, real);
}

static bool
reads_back(const struct digits *digits, double real, bool single)
{
	char text[NUMBER_TEXT + 16];
	double back;

	if (exact_compose(&back, single, digits->whole, digits->scale))
		return back == real;
	snprintf(text, sizeof(text), "%llue%d", (unsigned long long)digits->whole, digits->scale);
	return (single ? (double)strtof(text, NULL) : strtod(text, NULL)) == real;
}

/* Above a power of two the numbers lie twice as far apart as below: what is rounded down may miss
 * there, and its neighbour above hit. */
static bool
neighbour_reads_back(struct digits *digits, double real, bool single)
{
	int exponent;

	if (frexp(real, &exponent) != 0.5)
		return false;
	digits->whole++;
	return reads_back(digits, real, single);
}

/* What people write: a few decimals. A whole number of at most DBL_DIG digits and a power of ten that a
 * double holds divide into the nearest double, so what divides back is the number. */
static bool
few_decimals(struct digits *digits, double real)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6 };

	for (int n = 0; n < (int)(sizeof powers / sizeof *powers); n++) {
		double scaled = real * powers[n];

		if (!(scaled < 1e15))
			return false;
		digits->whole = (uint64_t)scaled;
		if ((double)digits->whole == scaled && scaled / powers[n] == real && scaled >= 1) {
			digits->scale = -n;
			return true;
		}
	}
	return false;
}

/* Every decimal number of DBL_DIG digits survives a double, so with as many or fewer there is one
 * candidate only, and its zeros at the end may go. Not so below DBL_MIN, where bits are missing. */
static void
try_digits(struct digits *digits, double real, bool single)
{
	bool missing = real < (single ? (double)FLT_MIN : DBL_MIN);
	int enough = single ? FLT_DECIMAL_DIG : DBL_DECIMAL_DIG;
	int count = missing ? 1 : single ? FLT_DIG : DBL_DIG;

	for (; count <= enough; count++) {
		round_to_digits(digits, count, real);
		if (reads_back(digits, real, single) || neighbour_reads_back(digits, real, single))
			break;
	}
}

static void
fewest_digits(struct digits *digits, double real, bool single)
{
	if (single || !few_decimals(digits, real))
		try_digits(digits, real, single);
	while (digits->whole % 10 == 0) {
		digits->whole /= 10;
		digits->scale++;
	}
}

static char *
put(char *place, const char *text, int length)
{
	return (char *)memcpy(place, text, (size_t)length) + length;
}

/* 0.0001 to 9999999999999999 stand without an exponent. */
static char *
lay_out(char *place, const struct digits *digits)
{
	char text[NUMBER_TEXT];
	int count = (int)number_print_integer(text, (int64_t)digits->whole);
	int exponent = digits->scale + count - 1;
	bool raised = exponent < -4 || exponent > 15;
	int before = raised ? 1 : exponent + 1; /* digits before the point */

	if (before <= 0)
		place = put(put(place, "0.000", 2 - before), text, count);
	else if (before >= count)
		place = put(put(place, text, count), "000000000000000", before - count);
	else
		place = put(put(put(place, text, before), ".", 1), text + before, count - before);
	if (raised)
		place += sprintf(place, "e%+03d", exponent);
	*place = '\0';
	return place;
}

static size_t
print_real(char *text, double real, bool single)
{
	struct digits digits;
	char *place = text;

	if (isnan(real))
		return (size_t)(stpcpy(text, "nan") - text);
	if (signbit(real)) {
		*place++ = '-';
		real = -real;
	}
	if (isinf(real)) {
		place = stpcpy(place, "inf");
	} else if (real == 0) {
		place = stpcpy(place, "0");
	} else {
		fewest_digits(&digits, real, single);
		place = lay_out(place, &digits);
	}
	return (size_t)(place - text);
}

size_t
number_print_double(char *text, double real)
{
	return print_real(text, real, false);
}

size_t
number_print_float(char *text, double real)
{
	return print_real(text, real, true);
}
