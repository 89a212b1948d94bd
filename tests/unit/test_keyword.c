/* test_keyword.c: names, what a keyword allows, and how its values look. */
#include "core/keyword.h"

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

/* A finished keyword; 'settings' are pairs, ended by NULL. */
static struct credis_keyword *
make(const char *name, enum credis_type type, const char *const *settings)
{
	struct credis_error err;
	struct credis_keyword *keyword = credis_keyword_new(name, type, &err);

	assert_non_null(keyword);
	for (; *settings != NULL; settings += 2)
		if (!credis_keyword_set(keyword, settings[0], settings[1], &err))
			fail_msg("%s", err.text);
	if (!credis_keyword_finish(keyword, NULL, &err))
		fail_msg("%s", err.text);
	return keyword;
}
#define MAKE(name, type, ...) make(name, type, (const char *const[]){ __VA_ARGS__, NULL })
#define PLAIN(name, type) make(name, type, (const char *const[]){ NULL })

static void
names_are_checked_and_put_in_their_case(void **state)
{
	char out[CREDIS_KEYWORD_MAX + 1], text[200];
	struct credis_error err;

	(void)state;
	assert_true(keyword_name_check("az_1.Ab", 7, out, &err));
	assert_string_equal(out, "AZ_1.AB");
	assert_true(service_name_check("Tele-Scope_2", 12, out, &err));
	assert_string_equal(out, "tele-scope_2");
	static const char *const wrong[] = { "", "1A", "_A", ".A", "A-B", "A B", "A*", "É", "A\n" };
	for (size_t n = 0; n < COUNT(wrong); n++)
		assert_false(keyword_name_check(wrong[n], strlen(wrong[n]), out, &err));
	assert_false(keyword_name_check("A\0", 2, out, &err));
	assert_false(service_name_check("a.b", 3, out, &err));
	assert_string_equal(err.text,
	    "'a.b' is not a name (a letter, then letters, digits and '_' '-')");
	assert_int_equal(err.code, CREDIS_EINVAL);

	memset(text, 'a', sizeof(text));
	assert_true(keyword_name_check(text, CREDIS_KEYWORD_MAX, out, &err));
	assert_false(keyword_name_check(text, CREDIS_KEYWORD_MAX + 1, out, &err));
	assert_true(service_name_check(text, CREDIS_SERVICE_MAX, out, &err));
	assert_false(service_name_check(text, CREDIS_SERVICE_MAX + 1, out, &err));
}

static void
a_new_keyword_stands_at_its_defaults(void **state)
{
	struct credis_error err;
	struct credis_keyword *keyword = credis_keyword_new("az", CREDIS_DOUBLE, &err);

	(void)state;
	assert_string_equal(credis_keyword_name(keyword), "AZ");
	assert_int_equal(credis_keyword_type(keyword), CREDIS_DOUBLE);
	assert_int_equal(credis_keyword_access(keyword), CREDIS_READ_WRITE);
	assert_string_equal(credis_keyword_help(keyword), "");
	assert_string_equal(credis_keyword_units(keyword), "");
	assert_null(credis_keyword_label(keyword, 0, NULL));
	assert_true(keyword_is_writable(keyword) && keyword_is_readable(keyword));
	assert_true(keyword->finite && keyword->persist && keyword->force);
	assert_int_equal(keyword->timeout_ms, KEYWORD_TIMEOUT_MS);
	credis_keyword_free(keyword);
	credis_keyword_free(NULL);
	assert_null(credis_keyword_new("a b", CREDIS_DOUBLE, &err));
	assert_null(credis_keyword_new("a", (enum credis_type)99, &err));
}

/* A million keywords share one process. */
static void
a_keyword_is_small(void **state)
{
	(void)state;
	assert_true(sizeof(struct credis_keyword) <= 200);
}

static const struct {
	enum credis_type type;
	const char *setting, *json;
	const char *text;
	enum credis_code code; /* CREDIS_OK: 'what' is the stored form, otherwise the reason */
	const char *what;
} limits[] = {
	{ CREDIS_DOUBLE, "range", "[0, 360]", "360", CREDIS_OK, "360" },
	{ CREDIS_DOUBLE, "range", "[0, 360]", "-0", CREDIS_OK, "-0" },
	{ CREDIS_DOUBLE, "range", "[0, 360]", "400", CREDIS_ERANGE,
	    "K: 400 is above the maximum 360" },
	{ CREDIS_DOUBLE, "range", "[0.5, null]", "0.1", CREDIS_ERANGE,
	    "K: 0.1 is below the minimum 0.5" },
	{ CREDIS_DOUBLE, "range", "[null, 1]", "-1e300", CREDIS_OK, "-1e+300" },
	{ CREDIS_FLOAT, "range", "[0, 0.1]", "0.1", CREDIS_OK, "0.1" },
	{ CREDIS_FLOAT, "range", "[0, 0.1]", "0.2", CREDIS_ERANGE,
	    "K: 0.2 is above the maximum 0.1" },
	{ CREDIS_INTEGER, "range", "[-1, 9007199254740992]", "9007199254740993", CREDIS_ERANGE,
	    "K: 9007199254740993 is above the maximum 9007199254740992" },
	{ CREDIS_INTEGER, "range", "[1e0, null]", "0", CREDIS_ERANGE,
	    "K: 0 is below the minimum 1" },
	{ CREDIS_DOUBLE_ARRAY, "range", "[0, 1]", "0.5, 2", CREDIS_ERANGE,
	    "K: element 2: 2 is above the maximum 1" },
	{ CREDIS_DOUBLE_ARRAY, "length", "2", "1, 2", CREDIS_OK, "[1, 2]" },
	{ CREDIS_DOUBLE_ARRAY, "length", "2", "1", CREDIS_ELENGTH,
	    "K: 1 element is less than the minimum 2" },
	{ CREDIS_DOUBLE_ARRAY, "length", "[0, 2]", "1, 2, 3", CREDIS_ELENGTH,
	    "K: more than 2 elements" },
	{ CREDIS_DOUBLE_ARRAY, "length", "[0, 2]", "", CREDIS_OK, "[]" },
	{ CREDIS_STRING, "max_length", "3", "abc", CREDIS_OK, "abc" },
	{ CREDIS_STRING, "max_length", "3", "abcd", CREDIS_ELENGTH,
	    "K: 4 bytes are more than the maximum 3" },
	{ CREDIS_STRING_ARRAY, "max_length", "3", "a, abcd", CREDIS_ELENGTH,
	    "K: element 2: 4 bytes are more than the maximum 3" },
	{ CREDIS_STRING, "pattern", "b|^$", "abc", CREDIS_OK, "abc" },
	{ CREDIS_STRING, "pattern", "^[A-Z]*$", "abc", CREDIS_EPATTERN,
	    "K: 'abc' does not match the pattern '^[A-Z]*$'" },
	{ CREDIS_STRING_ARRAY, "pattern", "^[a-z]*$", "abc, D", CREDIS_EPATTERN,
	    "K: element 2: 'D' does not match the pattern '^[a-z]*$'" },
	{ CREDIS_ENUMERATED, "values", "[\"open\", \"U\"]", "X", CREDIS_EVALUES,
	    "K: 'X' is none of open, U" },
	{ CREDIS_BOOLEAN, "values", "[\"in\", \"out\"]", "OUT", CREDIS_OK, "true" },
	{ CREDIS_DOUBLE, "finite", "false", "nan", CREDIS_OK, "nan" },
	{ CREDIS_DOUBLE, "units", "deg", "nan", CREDIS_ETYPE, "K: 'nan' is not a finite number" },
};

static void
values_are_held_to_their_limits(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(limits); n++) {
		struct credis_error err = { .code = CREDIS_OK };
		struct credis_keyword *keyword =
		    MAKE("K", limits[n].type, limits[n].setting, limits[n].json);
		struct credis_value *value =
		    credis_value_new(keyword, limits[n].text, strlen(limits[n].text), &err);

		assert_int_equal(err.code, limits[n].code);
		assert_string_equal(value != NULL ? credis_value_text(value, NULL) : err.text,
		    limits[n].what);
		assert_true(value == NULL || keyword_allows(keyword, value, &err));
		credis_value_free(value);
		credis_keyword_free(keyword);
	}
}

static void
nan_is_within_any_range_but_infinity_is_not(void **state)
{
	struct credis_keyword *keyword =
	    MAKE("K", CREDIS_DOUBLE, "finite", "false", "range", "[0, 1]");
	struct credis_error err;
	struct credis_value *value = credis_value_new(keyword, "nan", 3, &err);

	(void)state;
	assert_non_null(value);
	credis_value_free(value);
	assert_null(credis_value_new(keyword, "inf", 3, &err));
	assert_string_equal(err.text, "K: inf is above the maximum 1");
	credis_keyword_free(keyword);
}

static void
too_long_a_text_is_refused_before_it_is_read(void **state)
{
	struct credis_keyword *plain = PLAIN("K", CREDIS_STRING);
	struct credis_keyword *patterned = MAKE("K", CREDIS_STRING, "pattern", "^a*$");
	struct credis_error err;
	char *text = malloc(70000);
	struct credis_value *value;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', 70000);
	assert_null(credis_value_new(plain, text, 70000, &err));
	assert_string_equal(err.text, "K: 70000 bytes are more than the maximum 65536");
	value = credis_value_new(plain, text, KEYWORD_MAX_LENGTH, &err);
	assert_non_null(value);
	credis_value_free(value);
	assert_null(credis_value_new(patterned, text, PATTERN_TEXT_MAX + 1, &err));
	assert_string_equal(err.text, "K: 1025 bytes are more than the maximum 1024");
	free(text);
	credis_keyword_free(plain);
	credis_keyword_free(patterned);
}

static void
values_show_their_binary_form(void **state)
{
	struct credis_keyword *mask = MAKE("M", CREDIS_MASK, "values", "[\"a\", \"b\"]");
	struct credis_keyword *reals = PLAIN("R", CREDIS_DOUBLE_ARRAY);
	struct credis_keyword *texts = PLAIN("T", CREDIS_STRING_ARRAY);
	struct credis_value *value = credis_value_new(mask, "b", 1, NULL);
	int64_t integer = 0;
	double real = 0;
	size_t length;

	(void)state;
	assert_int_equal(credis_value_type(value), CREDIS_MASK);
	assert_true(credis_value_integer(value, &integer) && integer == 2);
	assert_true(credis_value_real(value, &real) && real == 2);
	assert_string_equal(credis_value_element_text(value, 0), "b");
	assert_int_equal(credis_value_count(value), 1);
	assert_false(credis_value_element_integer(value, 1, &integer));
	credis_value_free(value);

	value = credis_value_new(reals, "1.5, 2", 6, NULL);
	assert_string_equal(credis_value_text(value, &length), "[1.5, 2]");
	assert_int_equal(length, 8);
	assert_int_equal(credis_value_count(value), 2);
	assert_false(credis_value_integer(value, &integer) || credis_value_real(value, &real));
	assert_true(credis_value_element_real(value, 0, &real) && real == 1.5);
	assert_false(credis_value_element_integer(value, 0, &integer));
	assert_false(credis_value_element_real(value, 2, &real));
	assert_null(credis_value_element_text(value, 0));
	credis_value_free(value);

	value = credis_value_new(texts, "a, b", 4, NULL);
	assert_string_equal(credis_value_element_text(value, 1), "b");
	assert_null(credis_value_element_text(value, 2));
	assert_false(credis_value_element_real(value, 0, &real));
	credis_value_free(value);
	credis_value_free(NULL);

	credis_keyword_free(mask);
	credis_keyword_free(reals);
	credis_keyword_free(texts);
}

static void
labels_come_with_their_keys(void **state)
{
	struct credis_keyword *keyword =
	    MAKE("F", CREDIS_ENUMERATED, "values", "[[7, \"open\"], [3, \"U\"]]");
	struct credis_keyword *array =
	    MAKE("A", CREDIS_FLOAT_ARRAY, "length", "2", "labels", "[\"ra\", \"dec\"]");
	int64_t key;

	(void)state;
	assert_string_equal(credis_keyword_label(keyword, 0, &key), "open");
	assert_int_equal(key, 7);
	assert_string_equal(credis_keyword_label(keyword, 1, &key), "U");
	assert_int_equal(key, 3);
	assert_null(credis_keyword_label(keyword, 2, &key));
	assert_string_equal(credis_keyword_label(array, 1, &key), "dec");
	assert_int_equal(key, 1);
	credis_keyword_free(keyword);
	credis_keyword_free(array);
}

static void
check_faces(struct credis_keyword *keyword, const char *stored, const char *ascii, const char *bare,
    const char *binary)
{
	const struct {
		enum credis_form form;
		const char *expected;
	} rows[] = {
		{ CREDIS_STORED, stored },
		{ CREDIS_ASCII, ascii },
		{ CREDIS_ASCII_BARE, bare },
		{ CREDIS_BINARY, binary },
	};

	for (size_t n = 0; n < COUNT(rows); n++) {
		char *text = credis_keyword_present(keyword, stored, strlen(stored), rows[n].form);
		assert_string_equal(text, rows[n].expected);
		free(text);
	}
	credis_keyword_free(keyword);
}

static void
a_value_has_three_faces(void **state)
{
	(void)state;
	check_faces(MAKE("AZ", CREDIS_DOUBLE, "units", "deg", "format", "%.3f"), "12.5",
	    "12.500 deg", "12.500", "12.5");
	check_faces(MAKE("AZ", CREDIS_DOUBLE, "units", "deg"), "12.5", "12.5 deg", "12.5", "12.5");
	check_faces(PLAIN("D", CREDIS_BOOLEAN), "true", "true", "true", "1");
	check_faces(MAKE("D", CREDIS_BOOLEAN, "values", "[\"closed\", \"open\"]"), "true", "open",
	    "open", "1");
	check_faces(MAKE("D", CREDIS_BOOLEAN, "values", "[\"closed\", \"open\"]", "format", "<%s>"),
	    "false", "<closed>", "<closed>", "0");
	check_faces(MAKE("F", CREDIS_ENUMERATED, "values", "[\"open\", \"U\"]"), "U", "U", "U",
	    "1");
	check_faces(MAKE("L", CREDIS_MASK, "values", "[\"a\", \"b\"]"), "a,b", "a,b", "a,b", "3");
	check_faces(MAKE("O", CREDIS_DOUBLE_ARRAY, "format", "%.1f", "units", "arcsec"), "[1, 2]",
	    "[1.0, 2.0] arcsec", "[1.0, 2.0]", "[1, 2]");
	check_faces(PLAIN("S", CREDIS_STRING), "a b", "a b", "a b", "a b");
}

static void
what_does_not_parse_is_shown_as_it_is(void **state)
{
	(void)state;
	check_faces(MAKE("AZ", CREDIS_DOUBLE, "units", "deg", "format", "%.3f"), "strange",
	    "strange", "strange", "strange");
	check_faces(MAKE("AZ", CREDIS_DOUBLE, "units", "deg"), "", "", "", "");
	/* out of its present range, and all the same a number */
	check_faces(MAKE("AZ", CREDIS_DOUBLE, "range", "[0, 1]", "format", "%.1f"), "2", "2.0",
	    "2.0", "2");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_checked_and_put_in_their_case),
		cmocka_unit_test(a_new_keyword_stands_at_its_defaults),
		cmocka_unit_test(a_keyword_is_small),
		cmocka_unit_test(values_are_held_to_their_limits),
		cmocka_unit_test(nan_is_within_any_range_but_infinity_is_not),
		cmocka_unit_test(too_long_a_text_is_refused_before_it_is_read),
		cmocka_unit_test(values_show_their_binary_form),
		cmocka_unit_test(labels_come_with_their_keys),
		cmocka_unit_test(a_value_has_three_faces),
		cmocka_unit_test(what_does_not_parse_is_shown_as_it_is),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
