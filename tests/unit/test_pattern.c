/* test_pattern.c: patterns match as POSIX says, and cost little whatever they say. */
#include "core/pattern.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

static void
patterns_are_extended_and_found_anywhere(void **state)
{
	static const struct {
		const char *pattern, *text;
		bool matches;
	} rows[] = {
		{ "b+", "abbc", true },
		{ "^b+", "abbc", false },
		{ "^(ab|c){2}$", "abc", true },
		{ "^[]a[:digit:]]+$", "]a7", true },
		{ "^[^]]$", "]", false },
		{ "a\\{2}", "a{2}", true },
		{ "^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$",
		    "123e4567-e89b-12d3-a456-426614174000", true },
		{ "^([0-9]{1,3}\\.){3}[0-9]{1,3}$", "127.0.0.1", true },
		{ "^([0-9]{1,3}\\.){3}[0-9]{1,3}$", "127.0.0", false },
		{ "", "anything", true },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		struct credis_error err;
		struct pattern *pattern = pattern_new(rows[n].pattern, &err);
		if (pattern == NULL)
			fail_msg("%s: %s", rows[n].pattern, err.text);
		assert_string_equal(pattern_text(pattern), rows[n].pattern);
		if (pattern_matches(pattern, rows[n].text) != rows[n].matches)
			fail_msg("%s ~ %s", rows[n].text, rows[n].pattern);
		pattern_free(pattern);
	}
	pattern_free(NULL);
}

static void
what_would_cost_too_much_is_refused(void **state)
{
	static const struct {
		const char *pattern, *why;
	} rows[] = {
		{ "((a{1,255}){1,255}){1,255}",
		    "more than 256 characters with its repetitions written out" },
		{ "(((((((a{2}){9}){9}){9}){9}){9}){9}){9}",
		    "more than 256 characters with its repetitions written out" },
		{ "[[:alpha:]]{1,300}",
		    "more than 256 characters with its repetitions written out" },
		{ "a{99999999999999999999}",
		    "more than 256 characters with its repetitions written out" },
		{ "(a)\\1", "\\1 refers back, which is not supported" },
		{ "((((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))))",
		    "parentheses nest deeper than 32" },
	};
	struct credis_error err;
	char text[PATTERN_MAX + 2];

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		assert_null(pattern_new(rows[n].pattern, &err));
		assert_string_equal(err.text, rows[n].why);
		assert_int_equal(err.code, CREDIS_EINVAL);
	}
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_null(pattern_new(text, &err));
	assert_string_equal(err.text, "1025 bytes are more than the maximum 1024");
}

static void
what_does_not_compile_is_refused(void **state)
{
	static const char *const rows[] = { "a(", "[", "[a", "a\\", "*(", "[[:nothing:]]", "[[.",
		"a{2,1}" };

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		struct credis_error err = { .code = CREDIS_OK };
		struct pattern *pattern = pattern_new(rows[n], &err);
		if (pattern != NULL)
			fail_msg("'%s' was taken", rows[n]);
		assert_int_equal(err.code, CREDIS_EINVAL);
		assert_true(strlen(err.text) > 0);
	}
}

/* It is compiled anew now and then; the answers stay the same. */
static void
a_pattern_lasts_for_any_number_of_texts(void **state)
{
	struct pattern *pattern = pattern_new("^(a|b)*a(a|b){5}$", NULL);
	char text[17] = { 0 };

	(void)state;
	for (unsigned n = 0; n < 1u << 12; n++) {
		for (unsigned bit = 0; bit < 16; bit++)
			text[bit] = (n * 2654435761u >> bit & 1) != 0 ? 'a' : 'b';
		assert_int_equal(pattern_matches(pattern, text), text[10] == 'a');
	}
	pattern_free(pattern);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_are_extended_and_found_anywhere),
		cmocka_unit_test(what_would_cost_too_much_is_refused),
		cmocka_unit_test(what_does_not_compile_is_refused),
		cmocka_unit_test(a_pattern_lasts_for_any_number_of_texts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
