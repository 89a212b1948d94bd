/* number.c: numbers out of text, exactly and with bounded work; into text is number_print.c's.
 * Whole numbers are worked out on the digits; what the C library must round gets a text without a
 * decimal point, the only character of a number that depends on the locale. */
#include "core/number.h"

#include "core/number_exact.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A number taken apart: its value is the digits, read as one whole number, times 10 (or, in
 * hexadecimal, 2) to the power 'scale'. */
struct parts {
	enum { DECIMAL, HEXADECIMAL, INFINITE, NOT_A_NUMBER } kind;
	bool negative;
	const char *digits; /* first to last that is not 0, perhaps with a point inside */
	size_t length;
	size_t count; /* of digits; 0 for the number 0 */
	int64_t scale;
};

enum {
	EXPONENT_MAX = 1000000000,     /* beyond, an exponent is as good as infinite */
	SCALE_MAX = 100000,            /* the same once the digits have been counted in */
	DIGITS_MAX = 800,              /* more cannot change how a double is rounded … */
	PLAIN_MAX = 15,                /* digits that any double holds */
	DIGITS_TEXT = DIGITS_MAX + 32, /* … except by being there at all: one 1 is kept of them */
};

static int
digit_of(char c, bool hexadecimal)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (hexadecimal && c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (hexadecimal && c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* Takes the sign off. */
static bool
scan_sign(const char **at, const char *end)
{
	if (*at == end || (**at != '-' && **at != '+'))
		return false;
	return *(*at)++ == '-';
}

static bool
scan_word(struct parts *parts, const char *at, size_t length)
{
	if (text_equal_nocase(at, length, "inf", 3) || text_equal_nocase(at, length, "infinity", 8))
		parts->kind = INFINITE;
	else if (text_equal_nocase(at, length, "nan", 3))
		parts->kind = NOT_A_NUMBER;
	else
		return false;
	return true;
}

/* Digits with a point anywhere among them. The scale so far counts digits, not powers. */
static bool
scan_digits(struct parts *parts, const char **at, const char *end)
{
	bool hexadecimal = parts->kind == HEXADECIMAL;
	const char *point = NULL;
	bool any = false;
	size_t zeros = 0; /* since the last digit that is not 0 */

	for (; *at < end; ++*at) {
		int digit = digit_of(**at, hexadecimal);
		if (**at == '.' && point == NULL) {
			point = *at;
			continue;
		}
		if (digit < 0)
			break;
		any = true;
		parts->scale -= point != NULL;
		if (digit == 0) {
			zeros += parts->count > 0;
			continue;
		}
		if (parts->count == 0)
			parts->digits = *at;
		parts->count += zeros + 1;
		parts->length = (size_t)(*at - parts->digits) + 1;
		zeros = 0;
	}
	parts->scale += (int64_t)zeros;
	return any;
}

static bool
scan_exponent(int64_t *exponent, const char **at, const char *end)
{
	bool negative = scan_sign(at, end);
	const char *first = *at;

	for (*exponent = 0; *at < end && digit_of(**at, false) >= 0; ++*at)
		if (*exponent < EXPONENT_MAX)
			*exponent = *exponent * 10 + digit_of(**at, false);
	if (negative)
		*exponent = -*exponent;
	return *at > first;
}

static bool
scan_number(struct parts *parts, const char *text, size_t length)
{
	int64_t exponent = 0;

	text_trim(&text, &length);
	*parts = (struct parts){ .kind = DECIMAL };
	const char *at = text, *end = text + length;
	parts->negative = scan_sign(&at, end);
	if (scan_word(parts, at, (size_t)(end - at)))
		return true;
	if (end - at > 2 && at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
		parts->kind = HEXADECIMAL;
		at += 2;
	}
	if (!scan_digits(parts, &at, end))
		return false;
	if (parts->kind == HEXADECIMAL)
		parts->scale *= 4;
	if (at < end && (*at | 0x20) == (parts->kind == HEXADECIMAL ? 'p' : 'e')) {
		at++;
		if (!scan_exponent(&exponent, &at, end))
			return false;
	}
	parts->scale += exponent;
	return at == end;
}

/* The digits as one whole number; false when they are more than 64 bits hold. */
static bool
gather(const struct parts *parts, uint64_t *whole)
{
	bool hexadecimal = parts->kind == HEXADECIMAL;
	unsigned base = hexadecimal ? 16 : 10;

	*whole = 0;
	if (parts->count > (hexadecimal ? 16 : 19))
		return false;
	for (size_t n = 0; n < parts->length; n++)
		if (parts->digits[n] != '.')
			*whole = *whole * base + (unsigned)digit_of(parts->digits[n], hexadecimal);
	return true;
}

/* Multiplies by 10 or 2 to the power 'scale', which is not negative. */
static bool
scale_up(uint64_t *whole, int64_t scale, unsigned base)
{
	if (scale > 64)
		return false;
	for (; scale > 0; scale--)
		if (__builtin_mul_overflow(*whole, base, whole))
			return false;
	return true;
}

/* Divides by 2 to the power 'scale' if nothing remains. */
static bool
scale_down(uint64_t *whole, int64_t scale)
{
	if (scale >= 64 || (*whole & ((UINT64_C(1) << scale) - 1)) != 0)
		return false;
	*whole >>= scale;
	return true;
}

enum number_fault
number_parse_integer(const char *text, size_t length, int64_t *integer)
{
	struct parts parts;
	uint64_t whole;

	if (!scan_number(&parts, text, length))
		return NUMBER_SYNTAX;
	if (parts.kind == INFINITE || parts.kind == NOT_A_NUMBER)
		return NUMBER_NOT_WHOLE;
	if (parts.count == 0) {
		*integer = 0;
		return NUMBER_FINE;
	}
	/* the last digit is not 0, so there is one behind the point */
	if (parts.kind == DECIMAL && parts.scale < 0)
		return NUMBER_NOT_WHOLE;
	if (!gather(&parts, &whole))
		return NUMBER_TOO_LARGE;
	if (parts.scale < 0 && !scale_down(&whole, -parts.scale))
		return NUMBER_NOT_WHOLE;
	if (parts.scale > 0 && !scale_up(&whole, parts.scale, parts.kind == DECIMAL ? 10 : 2))
		return NUMBER_TOO_LARGE;
	if (whole > (uint64_t)INT64_MAX + parts.negative)
		return NUMBER_TOO_LARGE;
	*integer = parts.negative ? (int64_t)(0 - whole) : (int64_t)whole;
	return NUMBER_FINE;
}

/* Writes the number without a point, cut to DIGITS_MAX digits. */
static void
spell(const struct parts *parts, char *text)
{
	size_t kept = 0;
	int64_t scale = parts->scale;
	char *place = text;

	if (parts->kind == HEXADECIMAL)
		place = stpcpy(place, "0x");
	for (size_t n = 0; n < parts->length && kept < DIGITS_MAX; n++)
		if (parts->digits[n] != '.') {
			*place++ = parts->digits[n];
			kept++;
		}
	int64_t lost = (int64_t)(parts->count - kept);
	if (lost > 0) {
		*place++ = '1';
		lost--;
	}
	scale += parts->kind == HEXADECIMAL ? lost * 4 : lost;
	scale = scale > SCALE_MAX ? SCALE_MAX : scale < -SCALE_MAX ? -SCALE_MAX : scale;
	sprintf(place, "%c%d", parts->kind == HEXADECIMAL ? 'p' : 'e', (int)scale);
}

static enum number_fault
parse_real(const char *text, size_t length, bool single, double *real)
{
	struct parts parts;
	char spelt[DIGITS_TEXT];
	uint64_t whole;
	double value;

	if (!scan_number(&parts, text, length))
		return NUMBER_SYNTAX;
	if (parts.kind == INFINITE) {
		value = (double)INFINITY;
	} else if (parts.kind == NOT_A_NUMBER) {
		value = (double)NAN;
	} else if (parts.count == 0) {
		value = 0;
	} else if (parts.kind != DECIMAL || !gather(&parts, &whole) ||
	    !exact_compose(&value, single, whole, parts.scale)) {
		spell(&parts, spelt);
		value = single ? (double)strtof(spelt, NULL) : strtod(spelt, NULL);
		if (isinf(value))
			return NUMBER_TOO_LARGE;
	}
	*real = parts.negative ? -value : value;
	return NUMBER_FINE;
}

/* What people write: up to 15 digits, perhaps with a point among them. A double holds such a whole
 * number and such a power of ten, so that one division rounds right. */
static bool
parse_plain(const char *text, size_t length, double *real)
{
	static const double powers[] = { 1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
		1e12, 1e13, 1e14 };
	const char *at = text, *end = text + length, *point = NULL;
	int64_t whole = 0;
	bool negative = scan_sign(&at, end);

	if (end - at > PLAIN_MAX || at == end || *at == '.' || end[-1] == '.')
		return false;
	for (; at < end; at++) {
		if (*at >= '0' && *at <= '9')
			whole = whole * 10 + (*at - '0');
		else if (*at == '.' && point == NULL)
			point = at;
		else
			return false;
	}
	*real = (double)whole / powers[point != NULL ? end - point - 1 : 0];
	if (negative)
		*real = -*real;
	return true;
}

enum number_fault
number_parse_double(const char *text, size_t length, double *real)
{
	if (parse_plain(text, length, real))
		return NUMBER_FINE;
	return parse_real(text, length, false, real);
}

enum number_fault
number_parse_float(const char *text, size_t length, double *real)
{
	return parse_real(text, length, true, real);
}
