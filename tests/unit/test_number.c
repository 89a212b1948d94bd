/* test_number.c: numbers in and out of text, exactly, in any locale. */
#include "core/number.h"

#include <float.h>
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "vectors.h"

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void
whole_numbers_are_exact_over_all_64_bits(void **state)
{
	static const struct {
		const char *text;
		enum number_fault fault;
		int64_t integer;
	} rows[] = {
		{ "0", NUMBER_FINE, 0 },
		{ "-0", NUMBER_FINE, 0 },
		{ "+5", NUMBER_FINE, 5 },
		{ " \t12\n", NUMBER_FINE, 12 },
		{ "00012", NUMBER_FINE, 12 },
		{ "0x10", NUMBER_FINE, 16 },
		{ "-0XfF", NUMBER_FINE, -255 },
		{ "1e3", NUMBER_FINE, 1000 },
		{ "1E+3", NUMBER_FINE, 1000 },
		{ "4.0", NUMBER_FINE, 4 },
		{ "4.", NUMBER_FINE, 4 },
		{ "0.5e1", NUMBER_FINE, 5 },
		{ "1200e-2", NUMBER_FINE, 12 },
		{ "0e999999999999999999999", NUMBER_FINE, 0 },
		{ "0x1p4", NUMBER_FINE, 16 },
		{ "0x18p-3", NUMBER_FINE, 3 },
		{ "9007199254740993.0", NUMBER_FINE, INT64_C(9007199254740993) },
		{ "9223372036854775807", NUMBER_FINE, INT64_MAX },
		{ "9.223372036854775807e18", NUMBER_FINE, INT64_MAX },
		{ "-9223372036854775808", NUMBER_FINE, INT64_MIN },
		{ "0x7fffffffffffffff", NUMBER_FINE, INT64_MAX },
		{ "9223372036854775808", NUMBER_TOO_LARGE, 0 },
		{ "-9223372036854775809", NUMBER_TOO_LARGE, 0 },
		{ "0x8000000000000000", NUMBER_TOO_LARGE, 0 },
		{ "0x10000000000000000", NUMBER_TOO_LARGE, 0 },
		{ "18446744073709551617", NUMBER_TOO_LARGE, 0 },
		{ "99999999999999999999999999", NUMBER_TOO_LARGE, 0 },
		{ "1e19", NUMBER_TOO_LARGE, 0 },
		{ "1e400", NUMBER_TOO_LARGE, 0 },
		{ "1e99999999999999999999", NUMBER_TOO_LARGE, 0 },
		{ "0x1p64", NUMBER_TOO_LARGE, 0 },
		{ "4.1", NUMBER_NOT_WHOLE, 0 },
		{ "1e-1", NUMBER_NOT_WHOLE, 0 },
		{ "1e-99999999999999999999", NUMBER_NOT_WHOLE, 0 },
		{ "0x1p-1", NUMBER_NOT_WHOLE, 0 },
		{ "inf", NUMBER_NOT_WHOLE, 0 },
		{ "nan", NUMBER_NOT_WHOLE, 0 },
		{ "", NUMBER_SYNTAX, 0 },
		{ " ", NUMBER_SYNTAX, 0 },
		{ ".", NUMBER_SYNTAX, 0 },
		{ "-", NUMBER_SYNTAX, 0 },
		{ "--5", NUMBER_SYNTAX, 0 },
		{ "0x", NUMBER_SYNTAX, 0 },
		{ "1e", NUMBER_SYNTAX, 0 },
		{ "1e+", NUMBER_SYNTAX, 0 },
		{ "1.2.3", NUMBER_SYNTAX, 0 },
		{ "1 2", NUMBER_SYNTAX, 0 },
		{ "12a", NUMBER_SYNTAX, 0 },
		{ "1,5", NUMBER_SYNTAX, 0 },
		{ "abc", NUMBER_SYNTAX, 0 },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		int64_t integer = 0;
		enum number_fault fault =
		    number_parse_integer(rows[n].text, strlen(rows[n].text), &integer);
		if (fault != rows[n].fault || integer != rows[n].integer)
			fail_msg("'%s': fault %d, %lld", rows[n].text, fault, (long long)integer);
	}
}

static void
real_numbers_print_shortest(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{ "0", "0" },
		{ "-0.0", "-0" },
		{ "12.5", "12.5" },
		{ "0.1", "0.1" },
		{ "1e22", "1e+22" },
		{ "1e23", "1e+23" },
		{ "1e-5", "1e-05" },
		{ "1e-4", "0.0001" },
		{ "1e15", "1000000000000000" },
		{ "1e16", "1e+16" },
		{ "-1.50", "-1.5" },
		{ "0x1.8p1", "3" },
		{ ".5", "0.5" },
		{ "5.", "5" },
		{ "inf", "inf" },
		{ "-Infinity", "-inf" },
		{ "NaN", "nan" },
		{ "5e-324", "5e-324" },
		{ "2.2250738585072014e-308", "2.2250738585072014e-308" },
		{ "1.7976931348623157e308", "1.7976931348623157e+308" },
		{ "0.30000000000000004", "0.30000000000000004" },
		{ "9007199254740993", "9007199254740992" },
		{ "1e-400", "0" },
		/* rounded down to 16 digits it would read back as another number */
		{ "7.120236347223045e-307", "7.120236347223045e-307" },
	};
	char printed[NUMBER_TEXT];
	double real;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		assert_int_equal(number_parse_double(rows[n].text, strlen(rows[n].text), &real),
		    NUMBER_FINE);
		size_t length = number_print_double(printed, real);
		assert_int_equal(length, strlen(printed));
		assert_string_equal(printed, rows[n].printed);
	}
}

static void
floats_are_rounded_once_and_print_shortest(void **state)
{
	static const struct {
		const char *text, *printed;
	} rows[] = {
		{ "0.1", "0.1" },
		{ "16777217", "16777216" },
		{ "3.4028235e38", "3.4028235e+38" },
		{ "1e-45", "1e-45" },
		{ "1.17549435e-38", "1.1754944e-38" },
		{ "0.3", "0.3" },
		{ "123456.789", "123456.79" },
		{ "-0", "-0" },
		{ "inf", "inf" },
		/* by way of a double it would round to even, down */
		{ "1.00000005960464477540", "1.0000001" },
	};
	char printed[NUMBER_TEXT];
	double real;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		assert_int_equal(number_parse_float(rows[n].text, strlen(rows[n].text), &real),
		    NUMBER_FINE);
		number_print_float(printed, real);
		assert_string_equal(printed, rows[n].printed);
	}
	assert_int_equal(number_parse_float("1e39", 4, &real), NUMBER_TOO_LARGE);
}

static void
what_is_no_real_number_is_refused(void **state)
{
	static const char *const rows[] = { "", " ", ".", "e5", "1e", "1.5x", "0x", "0x.p1", "0x1p",
		"infin", "nan(1)", "- 1", "1_000", "1,5" };
	double real = 7;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++)
		if (number_parse_double(rows[n], strlen(rows[n]), &real) != NUMBER_SYNTAX)
			fail_msg("'%s' was taken", rows[n]);
	assert_int_equal(number_parse_double("1e400", 5, &real), NUMBER_TOO_LARGE);
	assert_int_equal(number_parse_double("-0x1p1024", 9, &real), NUMBER_TOO_LARGE);
	assert_true(real == 7);
}

static void
a_million_digits_are_read_exactly(void **state)
{
	size_t length = 1000000;
	char *text = malloc(length);
	double real;

	(void)state;
	assert_non_null(text);
	memset(text, '0', length);
	memcpy(text, "1.", 2);
	text[length - 1] = '1';
	assert_int_equal(number_parse_double(text, length, &real), NUMBER_FINE);
	assert_true(real == 1);
	/* half way between 1 and the next double, and one digit more a million places on */
	memcpy(text, "1.00000000000000011102230246251565404236316680908203125", 55);
	assert_int_equal(number_parse_double(text, length, &real), NUMBER_FINE);
	assert_true(real == 1 + DBL_EPSILON);
	text[length - 1] = '0';
	assert_int_equal(number_parse_double(text, length, &real), NUMBER_FINE);
	assert_true(real == 1);
	memset(text, '9', length);
	assert_int_equal(number_parse_double(text, length, &real), NUMBER_TOO_LARGE);
	free(text);
}

static struct outcome
look_at_float(const char *text, const json_t *expected)
{
	const char *python = json_string_value(expected);
	char wanted[64], printed[NUMBER_TEXT];
	struct outcome outcome = { false, false };
	double real;

	if (python == NULL || number_parse_double(text, strlen(text), &real) != NUMBER_FINE)
		return outcome;
	snprintf(wanted, sizeof(wanted), "%s", python);
	size_t length = strlen(wanted);
	if (length > 2 && strcmp(wanted + length - 2, ".0") == 0)
		wanted[length - 2] = '\0';
	number_print_double(printed, real);
	return (struct outcome){ true, strcmp(printed, wanted) == 0 };
}

/* But for its ".0", which would tell a whole number from an integer. */
static void
doubles_print_as_python_prints_them(void **state)
{
	(void)state;
	assert_int_equal(vectors_broken("python_floats.json", 30, look_at_float), 0);
}

static uint64_t
next_random(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

static void
check_round_trip(double real)
{
	char text[NUMBER_TEXT];
	double back;

	assert_in_range(number_print_double(text, real), 1, NUMBER_TEXT - 1);
	assert_int_equal(number_parse_double(text, strlen(text), &back), NUMBER_FINE);
	if (memcmp(&back, &real, sizeof(real)) != 0)
		fail_msg("%s is not %.17g", text, real);
	if (fabs(real) > (double)FLT_MAX)
		return;
	float single = (float)real;
	number_print_float(text, (double)single);
	assert_int_equal(number_parse_float(text, strlen(text), &back), NUMBER_FINE);
	if ((float)back != single)
		fail_msg("%s is not %.9g", text, (double)single);
}

static void
what_is_printed_reads_back_equal(void **state)
{
	uint64_t seed = 88172645463325252;

	(void)state;
	for (int n = 0; n < 20000; n++) {
		uint64_t bits = next_random(&seed);
		double real;
		memcpy(&real, &bits, sizeof(real));
		if (isfinite(real))
			check_round_trip(real);
		check_round_trip((double)(int64_t)(bits >> 30) / pow(10, (double)(bits % 12)));
	}
	for (int exponent = -1074; exponent < 1024; exponent++)
		check_round_trip(ldexp(1, exponent));
}

static void
integers_print_and_read_back(void **state)
{
	static const int64_t rows[] = { 0, 1, -1, 10, INT64_MAX, INT64_MIN, 1000000007 };
	char text[NUMBER_TEXT], wanted[NUMBER_TEXT];
	int64_t back;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		size_t length = number_print_integer(text, rows[n]);
		snprintf(wanted, sizeof(wanted), "%lld", (long long)rows[n]);
		assert_string_equal(text, wanted);
		assert_int_equal(number_parse_integer(text, length, &back), NUMBER_FINE);
		assert_true(back == rows[n]);
	}
}

static void
the_locale_plays_no_part(void **state)
{
	static const char *const comma[] = { "de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE",
		NULL };
	bool found = false;

	(void)state;
	for (size_t n = 0; comma[n] != NULL && !found; n++)
		found = setlocale(LC_NUMERIC, comma[n]) != NULL;
	if (!found)
		skip();
	what_is_printed_reads_back_equal(state);
	real_numbers_print_shortest(state);
	setlocale(LC_NUMERIC, "C");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_exact_over_all_64_bits),
		cmocka_unit_test(real_numbers_print_shortest),
		cmocka_unit_test(floats_are_rounded_once_and_print_shortest),
		cmocka_unit_test(what_is_no_real_number_is_refused),
		cmocka_unit_test(a_million_digits_are_read_exactly),
		cmocka_unit_test(doubles_print_as_python_prints_them),
		cmocka_unit_test(what_is_printed_reads_back_equal),
		cmocka_unit_test(integers_print_and_read_back),
		cmocka_unit_test(the_locale_plays_no_part),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
