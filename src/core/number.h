/* number.h: numbers in and out of text, exactly. Locale plays no part. */
#ifndef CORE_NUMBER_H
#define CORE_NUMBER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum number_fault {
	NUMBER_FINE,
	NUMBER_SYNTAX,    /* not a number */
	NUMBER_NOT_WHOLE, /* 4.1 where a whole number is wanted */
	NUMBER_TOO_LARGE, /* beyond 64 bits, or beyond the largest double or float */
};

/* Room for any number printed here, with its NUL. */
enum { NUMBER_TEXT = 32 };

/* Decimal, 0x…, or a whole number in float notation (1e3, 4.0), with blanks around it allowed;
 * the whole 64-bit range, exactly. */
enum number_fault number_parse_integer(const char *text, size_t length, int64_t *integer);

/* What C takes as floating point, inf and nan among it, with blanks around it allowed. Too small
 * becomes 0. */
enum number_fault number_parse_double(const char *text, size_t length, double *real);

/* The same, rounded once to a float. */
enum number_fault number_parse_float(const char *text, size_t length, double *real);

/* The shortest text that reads back equal: "0.1", "12.5", "1e+22", "-0", "inf", "nan". Returns its
 * length. */
size_t number_print_double(char *text, double real);
size_t number_print_float(char *text, double real);
size_t number_print_integer(char *text, int64_t integer);

#endif
