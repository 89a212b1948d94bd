/* test_span.c: what credis/span.h promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include <credis/span.h>

#include "vectors.h"

static struct outcome
look_at_span(const char *text, const json_t *expected)
{
	struct credis_error err;
	int64_t ms = -77;

	bool taken = credis_span_parse(text, &ms, &err);
	assert_true(taken || (ms == -77 && err.code == CREDIS_EINVAL && err.text[0] != '\0'));
	return (struct outcome){ taken,
		(double)ms == json_number_value(json_object_get(expected, "ms")) };
}

static void
spans_are_read_as_baseplate_reads_them_but_for_its_faults(void **state)
{
	(void)state;
	assert_int_equal(vectors_broken("timespan.json", 200, look_at_span), 0);
}

static void
large_milliseconds_stay_exact(void **state)
{
	int64_t ms;

	(void)state;
	assert_true(credis_span_parse("9007199254740993 milliseconds", &ms, NULL));
	assert_int_equal(ms, 9007199254740993);
	assert_true(credis_span_parse("9223372036854775807 milliseconds", &ms, NULL));
	assert_int_equal(ms, INT64_MAX);
	assert_false(credis_span_parse("9223372036854775808 milliseconds", &ms, NULL));
}

static void
a_refusal_names_the_text_the_fault_and_what_is_allowed(void **state)
{
	struct credis_error err;
	int64_t ms;

	(void)state;
	assert_false(credis_span_parse("1 week", &ms, &err));
	assert_string_equal(err.text,
	    "'1 week' is not a span, which is a whole number and millisecond, second, minute, hour "
	    "or day");
	assert_false(credis_span_parse("-5 seconds", &ms, &err));
	assert_string_equal(err.text, "'-5 seconds' is negative");
	assert_false(credis_span_parse_short("5 parsecs", &ms, &err));
	assert_string_equal(err.text,
	    "'5 parsecs' is not a span, such as 500ms 2s 5m 1h 1d, seconds, or a whole number and "
	    "millisecond, second, minute, hour or day");
	assert_false(credis_span_parse_short("0.0001", &ms, &err));
	assert_string_equal(err.text, "'0.0001' is finer than a millisecond");
	assert_false(credis_span_parse_short("99999999999999999999", &ms, &err));
	assert_string_equal(err.text,
	    "'99999999999999999999' is above the maximum of 64-bit milliseconds");
}

static void
short_forms_are_for_the_command_line(void **state)
{
	static const struct {
		const char *text;
		int64_t ms; /* -1: refused */
	} rows[] = {
		{ "500ms", 500 },
		{ "2s", 2000 },
		{ "5m", 300000 },
		{ "1h", 3600000 },
		{ "1d", 86400000 },
		{ "0", 0 },
		{ "3", 3000 },
		{ " 3 ", 3000 },
		{ "0.5", 500 },
		{ "0.001", 1 },
		{ "1.250000000", 1250 },
		{ "1.5s", 1500 },
		{ "0.5h", 1800000 },
		{ "2 seconds", 2000 },
		{ "9223372036854775.807", INT64_MAX },
		{ "9223372036854775.808", -1 },
		{ "106751991168d", -1 },
		{ "1.5ms", -1 },
		{ "0.5 seconds", -1 },
		{ "1 s", -1 },
		{ "1w", -1 },
		{ "1S", -1 },
		{ "1ss", -1 },
		{ ".5", -1 },
		{ "1.", -1 },
		{ "1.2.3", -1 },
		{ "1.0000000000", -1 },
		{ "1e3", -1 },
		{ "0x10", -1 },
		{ "-1", -1 },
		{ "+1", -1 },
		{ "", -1 },
		{ " ", -1 },
		{ "s", -1 },
		{ "1s2", -1 },
		{ "1s 2", -1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t ms = -1;
		bool taken = credis_span_parse_short(rows[i].text, &ms, NULL);
		if (taken != (rows[i].ms >= 0) || ms != rows[i].ms)
			fail_msg("'%s' gave %lld", rows[i].text, (long long)ms);
	}
}

static void
a_span_is_printed_in_the_largest_unit_that_keeps_it_whole(void **state)
{
	static const struct {
		int64_t ms;
		const char *text;
	} rows[] = {
		{ 0, "0 seconds" },
		{ 1, "1 millisecond" },
		{ 1500, "1500 milliseconds" },
		{ 1000, "1 second" },
		{ 90000, "90 seconds" },
		{ 60000, "1 minute" },
		{ 3600000, "1 hour" },
		{ 7200000, "2 hours" },
		{ 172800000, "2 days" },
		{ INT64_MAX, "9223372036854775807 milliseconds" },
	};
	char text[40];

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		int64_t ms = -1;
		assert_string_equal(credis_span_print(rows[i].ms, text), rows[i].text);
		assert_true(credis_span_parse(text, &ms, NULL));
		assert_int_equal(ms, rows[i].ms);
	}
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(spans_are_read_as_baseplate_reads_them_but_for_its_faults),
		cmocka_unit_test(large_milliseconds_stay_exact),
		cmocka_unit_test(a_refusal_names_the_text_the_fault_and_what_is_allowed),
		cmocka_unit_test(short_forms_are_for_the_command_line),
		cmocka_unit_test(a_span_is_printed_in_the_largest_unit_that_keeps_it_whole),
	};

	return cmocka_run_group_tests_name("span", tests, NULL, NULL);
}
