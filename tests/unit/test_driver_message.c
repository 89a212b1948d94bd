/* test_driver_message.c: the lines of drivers: every form that a value may have, and everything that a line
 * may be that is none. The file is compiled in, for programs show their inside to nobody. */
#include "daemon/driver_message.c"
#include "daemon/memory.c"
#include "daemon/refuse.c"

#include <event2/buffer.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void
values_come_in_a_form_that_types_accept(void **state)
{
	static const struct {
		const char *line, *value;
	} rows[] = {
		{ "{\"keyword\":\"X\",\"value\":12.5}", "12.5" },
		{ "{\"keyword\":\"X\",\"value\":-9223372036854775808}", "-9223372036854775808" },
		{ "{\"keyword\":\"X\",\"value\":0.1}", "0.10000000000000001" },
		{ "{\"keyword\":\"X\",\"value\":1e300}", "1.0000000000000001e+300" },
		{ "{\"keyword\":\"X\",\"value\":true}", "true" },
		{ " { \"value\" : \"a\\nb\" , \"keyword\" : \"X\" } ", "a\nb" },
		{ "{\"keyword\":\"X\",\"value\":\"\"}", "" },
		{ "{\"keyword\":\"X\",\"value\":[1,2.5,\"x\"]}", "[1,2.5,\"x\"]" },
		{ "{\"keyword\":\"X\",\"value\":[],\"newer\":{\"than\":\"we\"}}", "[]" },
	};
	struct driver_message message;
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(
		    driver_message_parse(&message, rows[i].line, strlen(rows[i].line), &err));
		assert_int_equal(message.kind, DRIVER_VALUE);
		assert_string_equal(message.keyword, "X");
		assert_string_equal(message.value, rows[i].value);
		assert_int_equal(message.length, strlen(rows[i].value));
		driver_message_clear(&message);
	}
}

static void
severity_reason_and_time_come_with_a_value_or_alone(void **state)
{
	static const char whole[] = "{\"keyword\":\"X\",\"value\":1,\"severity\":\"major\","
				    "\"reason\":\"hot\",\"time\":1700000000.25}";
	static const char alone[] = "{\"keyword\":\"X\",\"severity\":\"invalid\"}";
	struct driver_message message;
	struct credis_error err;

	(void)state;
	assert_true(driver_message_parse(&message, whole, strlen(whole), &err));
	assert_int_equal(message.severity, CREDIS_MAJOR);
	assert_string_equal(message.reason, "hot");
	assert_int_equal(message.time_us, 1700000000250000);
	driver_message_clear(&message);
	assert_true(driver_message_parse(&message, alone, strlen(alone), &err));
	assert_true(message.has_severity && message.severity == CREDIS_INVALID);
	assert_null(message.value);
	assert_null(message.reason);
	driver_message_clear(&message);
}

static void
answers_have_a_number_and_perhaps_an_error(void **state)
{
	static const char refused[] = "{\"id\":7,\"error\":\"limit switch\"}";
	static const char read[] = "{\"id\":8,\"value\":true,\"keyword\":\"X\"}";
	struct driver_message message;
	struct credis_error err;

	(void)state;
	assert_true(driver_message_parse(&message, refused, strlen(refused), &err));
	assert_int_equal(message.kind, DRIVER_ANSWER);
	assert_int_equal(message.id, 7);
	assert_string_equal(message.error, "limit switch");
	driver_message_clear(&message);
	assert_true(driver_message_parse(&message, read, strlen(read), &err));
	assert_int_equal(message.kind, DRIVER_ANSWER);
	assert_string_equal(message.value, "true");
	driver_message_clear(&message);
}

static void
what_is_no_message_is_told_in_words(void **state)
{
	static const struct {
		const char *line, *why;
	} rows[] = {
		{ "", "'[' or '{' expected near end of file: " },
		{ "[1]", "no JSON object: [1]" },
		{ "{}", "neither id, keyword nor log" },
		{ "{\"id\":\"7\"}", "id is not a whole number" },
		{ "{\"id\":7.5}", "id is not a whole number" },
		{ "{\"keyword\":7,\"value\":1}", "keyword is not text" },
		{ "{\"keyword\":\"X\"}", "X: neither value nor severity" },
		{ "{\"keyword\":\"X\",\"value\":null}",
		    "value is neither text, number, boolean nor array" },
		{ "{\"keyword\":\"X\",\"value\":{}}",
		    "value is neither text, number, boolean nor array" },
		{ "{\"keyword\":\"X\",\"value\":1,\"time\":\"now\"}",
		    "time is not in seconds since 1970" },
		{ "{\"keyword\":\"X\",\"value\":1,\"time\":-1}",
		    "time is not in seconds since 1970" },
		{ "{\"keyword\":\"X\",\"value\":1,\"time\":1e300}",
		    "time is not in seconds since 1970" },
		{ "{\"keyword\":\"X\",\"value\":1,\"severity\":\"bad\"}",
		    "severity is not none, minor, major or invalid" },
		{ "{\"keyword\":\"X\",\"value\":1,\"severity\":0}",
		    "severity is not none, minor, major or invalid" },
		{ "{\"log\":1}", "log is not text" },
		{ "{\"id\":1,\"error\":1}", "error is not text" },
	};
	struct driver_message message;
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_false(
		    driver_message_parse(&message, rows[i].line, strlen(rows[i].line), &err));
		assert_string_equal(err.text, rows[i].why);
	}
}

static void
requests_are_a_line_each_with_the_value_in_json(void **state)
{
	static const struct {
		enum credis_type type;
		const char *stored, *json;
	} rows[] = {
		{ CREDIS_DOUBLE, "12.5", "12.5" },
		{ CREDIS_DOUBLE, "inf", "\"inf\"" },
		{ CREDIS_DOUBLE, "nan", "\"nan\"" },
		{ CREDIS_INTEGER, "9223372036854775807", "9223372036854775807" },
		{ CREDIS_BOOLEAN, "true", "true" },
		{ CREDIS_STRING, "12.5", "\"12.5\"" },
		{ CREDIS_STRING, "a \"b\"\n", "\"a \\\"b\\\"\\n\"" },
		{ CREDIS_DOUBLE_ARRAY, "[1, 2.5]", "[1, 2.5]" },
		{ CREDIS_STRING_ARRAY, "[\"a\"]", "[\"a\"]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct credis_keyword *keyword = credis_keyword_new("az", rows[i].type, NULL);
		struct evbuffer *out = evbuffer_new();
		char *line, wanted[128];

		driver_message_put_write(out, 7, keyword, rows[i].stored, strlen(rows[i].stored));
		line = evbuffer_readln(out, NULL, EVBUFFER_EOL_LF);
		snprintf(wanted, sizeof wanted,
		    "{\"op\":\"write\",\"id\":7,\"keyword\":\"AZ\",\"value\":%s}", rows[i].json);
		assert_string_equal(line, wanted);
		assert_int_equal(evbuffer_get_length(out), 0);
		free(line);
		evbuffer_free(out);
		credis_keyword_free(keyword);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_come_in_a_form_that_types_accept),
		cmocka_unit_test(severity_reason_and_time_come_with_a_value_or_alone),
		cmocka_unit_test(answers_have_a_number_and_perhaps_an_error),
		cmocka_unit_test(what_is_no_message_is_told_in_words),
		cmocka_unit_test(requests_are_a_line_each_with_the_value_in_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
