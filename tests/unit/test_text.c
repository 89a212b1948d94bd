/* test_text.c: UTF-8, cutting, globs, quoting; growing bytes; words of errors. */
#include "core/buffer.h"
#include "core/error.h"
#include "core/json_text.h"
#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))
#define REPEAT_8(text) text text text text text text text text

static void
utf8_is_what_unicode_calls_well_formed(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		bool fine;
	} rows[] = {
		{ "", 0, true },
		{ "a\0b", 3, true },
		{ "12345678", 8, true },
		{ "1234567\xc3\xa9", 9, true },
		{ "\xc2\x80\xdf\xbf", 4, true },
		{ "\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xef\xbf\xbf", 12, true },
		{ "\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8, true },
		{ "\x80", 1, false },
		{ "12345678\x80", 9, false },
		{ "\xc3", 1, false },
		{ "\xc3(", 2, false },
		{ "\xc0\xaf", 2, false },
		{ "\xc1\xbf", 2, false },
		{ "\xe0\x9f\xbf", 3, false },
		{ "\xe2\x82", 2, false },
		{ "\xe2\x82(", 3, false },
		{ "\xed\xa0\x80", 3, false },
		{ "\xf0\x8f\xbf\xbf", 4, false },
		{ "\xf0\x9f\x98", 3, false },
		{ "\xf4\x90\x80\x80", 4, false },
		{ "\xf5\x80\x80\x80", 4, false },
		{ "\xff", 1, false },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++)
		if (text_is_utf8(rows[n].text, rows[n].length) != rows[n].fine)
			fail_msg("row %zu", n);
}

static void
no_character_is_cut_in_two(void **state)
{
	(void)state;
	assert_int_equal(text_cut("abc", 3, 5), 3);
	assert_int_equal(text_cut("abcdef", 6, 4), 4);
	assert_int_equal(text_cut("ab\xe2\x82\xac", 5, 4), 2);
	assert_int_equal(text_cut("ab\xe2\x82\xac", 5, 3), 2);
	assert_int_equal(text_cut("ab\xe2\x82\xac", 5, 5), 5);
	assert_int_equal(text_cut("\x80\x80\x80\x80\x80\x80", 6, 5), 5);
}

static void
globs_know_runs_and_single_bytes_and_no_case(void **state)
{
	static const struct {
		const char *text, *glob;
		bool matches;
	} rows[] = {
		{ "AZ", "az", true },
		{ "AZ", "A?", true },
		{ "AZ", "?", false },
		{ "AZ", "*", true },
		{ "", "*", true },
		{ "", "", true },
		{ "AZ", "", false },
		{ "AZ", "%z", true },
		{ "abcabd", "*abd", true },
		{ "abcabd", "a*c*d", true },
		{ "abcabd", "a*c*e", false },
		{ "a", "a**%", true },
		{ "telescope.AZ", "tele*.a*", true },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++)
		if (text_matches_glob(rows[n].text, rows[n].glob) != rows[n].matches)
			fail_msg("%s ~ %s", rows[n].text, rows[n].glob);
	assert_true(text_is_glob("A*") && text_is_glob("?") && text_is_glob("a%"));
	assert_false(text_is_glob("telescope.AZ"));
}

static void
a_glob_of_many_runs_takes_no_time(void **state)
{
	char text[4096];

	(void)state;
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	assert_false(text_matches_glob(text, REPEAT_8("*a*a*a*a") "*b"));
}

static void
quoted_text_is_short_and_harmless(void **state)
{
	char out[44];

	(void)state;
	assert_string_equal(text_quote(out, "abc", 3, 40), "abc");
	assert_string_equal(text_quote(out, "a\x1b[1m\n\x7f", 7, 40), "a?[1m??");
	assert_string_equal(text_quote(out, "\xff\xc3", 2, 40), "??");
	assert_string_equal(text_quote(out, "\xc2\x9bz", 3, 40), "?z");
	assert_string_equal(text_quote(out, "a\0b", 3, 40), "a?b");
	assert_string_equal(text_quote(out, "abcdef", 6, 4), "abcd…");
	assert_string_equal(text_quote(out, "abc\xe2\x82\xac", 6, 4), "abc…");
}

static void
blanks_and_case_are_those_of_ascii(void **state)
{
	const char *text = " \t\n a b \r\v\f";
	size_t length = strlen(text);

	(void)state;
	text_trim(&text, &length);
	assert_int_equal(length, 3);
	assert_memory_equal(text, "a b", 3);
	assert_true(text_equal_nocase("OpEn", 4, "oPeN", 4));
	assert_false(text_equal_nocase("open", 4, "opens", 5));
	assert_false(text_equal_nocase("[", 1, "{", 1));
	assert_true(text_is_printable("Ångström", strlen("Ångström")));
	assert_false(text_is_printable("a\nb", 3));
	assert_false(text_is_printable("\xff", 1));
}

static void
bytes_grow_and_are_terminated(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	char *bytes;

	(void)state;
	for (int n = 0; n < 1000; n++)
		buffer_printf(&buffer, "%d,", n % 10);
	buffer_append(&buffer, "\0x", 2);
	assert_false(buffer.failed);
	assert_int_equal(buffer.length, 2002);
	assert_int_equal(buffer.bytes[2002], '\0');
	buffer_clear(&buffer);
	buffer_text(&buffer, "again");
	assert_string_equal(buffer.bytes, "again");
	bytes = buffer_give(&buffer);
	assert_string_equal(bytes, "again");
	assert_null(buffer.bytes);
	free(bytes);
	bytes = buffer_give(&buffer);
	assert_string_equal(bytes, "");
	free(bytes);
}

static void
a_failed_allocation_is_remembered(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;

	(void)state;
	buffer_text(&buffer, "some");
	assert_null(buffer_reserve(&buffer, SIZE_MAX - 8));
	buffer_text(&buffer, "more");
	assert_true(buffer.failed);
	assert_int_equal(buffer.length, 4);
	assert_null(buffer_give(&buffer));
	assert_false(buffer.failed);
}

static void
json_texts_are_escaped(void **state)
{
	struct buffer buffer = BUFFER_EMPTY;
	const char *text = "a\"b\\c\b\f\n\r\t\x01\x7f/é";

	(void)state;
	json_text_append(&buffer, text, strlen(text));
	assert_string_equal(buffer.bytes, "\"a\\\"b\\\\c\\b\\f\\n\\r\\t\\u0001\\u007f/é\"");
	buffer_free(&buffer);
}

static void
json_texts_are_read_as_the_rfc_says(void **state)
{
	static const struct {
		const char *json, *text;
	} rows[] = {
		{ "", "" },
		{ "plain é", "plain é" },
		{ "\\\"\\\\\\/\\b\\f\\n\\r\\t", "\"\\/\b\f\n\r\t" },
		{ "\\u0041\\u00e9\\u20AC", "Aé€" },
		{ "\\ud83d\\ude00\\uFFFF", "\xf0\x9f\x98\x80\xef\xbf\xbf" },
		{ "\\u0000", NULL },
		{ "\\ud83d", NULL },
		{ "\\ud83d\\u0041", NULL },
		{ "\\ude00", NULL },
		{ "\\u12", NULL },
		{ "\\u12g4", NULL },
		{ "\\U0041", NULL },
		{ "\\x", NULL },
		{ "\\", NULL },
		{ "a\"b", NULL },
		{ "a\nb", NULL },
		{ "\xff", NULL },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		struct credis_error err = { .code = CREDIS_OK };
		size_t room = strlen(rows[n].json), length = 0;
		char *out = malloc(room + 1);

		assert_non_null(out);
		if (json_text_read(out, &length, rows[n].json, room, &err) !=
		    (rows[n].text != NULL))
			fail_msg("'%s': %s", rows[n].json, err.text);
		if (rows[n].text != NULL) {
			assert_int_equal(length, strlen(rows[n].text));
			assert_memory_equal(out, rows[n].text, length);
		} else {
			assert_int_equal(err.code, CREDIS_ETYPE);
		}
		free(out);
	}
}

static void
every_code_has_a_word_of_its_own(void **state)
{
	(void)state;
	for (int code = 0; code < CREDIS_CODES; code++)
		assert_int_equal(credis_code_find(credis_code_word((enum credis_code)code)), code);
	assert_string_equal(credis_code_word(CREDIS_EREADONLY), "read-only");
	assert_string_equal(credis_code_word(CREDIS_ENOKEYWORD), "unknown-keyword");
	assert_int_equal(credis_code_find("nobody knows"), CREDIS_EPROTOCOL);
	assert_non_null(credis_code_word((enum credis_code)1000));
}

static void
a_sentence_is_cut_at_a_character(void **state)
{
	struct credis_error err;
	char text[600];

	(void)state;
	memset(text, 'x', sizeof(text));
	strcpy(text + CREDIS_ERROR_TEXT - 3, "€€");
	assert_false(error_set(&err, CREDIS_ERANGE, "%s", text));
	assert_int_equal(err.code, CREDIS_ERANGE);
	assert_int_equal(strlen(err.text), CREDIS_ERROR_TEXT - 3);
	assert_false(error_prefix(&err, "AZ"));
	assert_memory_equal(err.text, "AZ: xxx", 7);
	assert_false(error_set(NULL, CREDIS_ERANGE, "nobody listens"));
}

static void
the_nearest_name_is_suggested_if_it_is_near(void **state)
{
	static const char *const names[] = { "range", "values", "units", "persist", "period",
		NULL };

	(void)state;
	assert_string_equal(error_nearest("rnage", names), "range");
	assert_string_equal(error_nearest("unit", names), "units");
	assert_string_equal(error_nearest("perods", names), "period");
	assert_null(error_nearest("zzzzz", names));
	assert_null(error_nearest("", names));
	assert_null(error_nearest(REPEAT_8("range"), names));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(utf8_is_what_unicode_calls_well_formed),
		cmocka_unit_test(no_character_is_cut_in_two),
		cmocka_unit_test(globs_know_runs_and_single_bytes_and_no_case),
		cmocka_unit_test(a_glob_of_many_runs_takes_no_time),
		cmocka_unit_test(quoted_text_is_short_and_harmless),
		cmocka_unit_test(blanks_and_case_are_those_of_ascii),
		cmocka_unit_test(bytes_grow_and_are_terminated),
		cmocka_unit_test(a_failed_allocation_is_remembered),
		cmocka_unit_test(json_texts_are_escaped),
		cmocka_unit_test(json_texts_are_read_as_the_rfc_says),
		cmocka_unit_test(every_code_has_a_word_of_its_own),
		cmocka_unit_test(a_sentence_is_cut_at_a_character),
		cmocka_unit_test(the_nearest_name_is_suggested_if_it_is_near),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
