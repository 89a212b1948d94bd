/* test_cauldron_value.c: what core/cauldron_value.h promises, in both directions. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/cauldron_value.h"

#include <string.h>

struct there {
	const char *theirs; /* what a client writes */
	const char *back;   /* what clients then read; NULL: it is refused */
};

static struct credis_keyword *
keyword_new(enum credis_type type)
{
	struct credis_keyword *keyword = credis_keyword_new("K", type, NULL);
	const char *labels = type == CREDIS_MASK
	    ? "[\"A\", \"B\", \"C\"]"
	    : "[\"open\", \"U\", {\"key\": 7, \"label\": \"0\"}]";

	assert_non_null(keyword);
	if (type == CREDIS_ENUMERATED || type == CREDIS_MASK)
		assert_true(credis_keyword_set(keyword, "values", labels, NULL));
	if (type == CREDIS_BOOLEAN)
		assert_true(credis_keyword_set(keyword, "values", "[\"closed\", \"open\"]", NULL));
	if (type == CREDIS_DOUBLE)
		assert_true(credis_keyword_set(keyword, "finite", "false", NULL));
	assert_true(credis_keyword_finish(keyword, NULL, NULL));
	return keyword;
}

static void
there_and_back(enum credis_type type, const struct there *rows, size_t count)
{
	struct credis_keyword *keyword = keyword_new(type);

	for (size_t n = 0; n < count; n++) {
		struct buffer ours = BUFFER_EMPTY, theirs = BUFFER_EMPTY;
		struct credis_error err = { CREDIS_OK, "" };
		struct credis_value value;
		const char *text = rows[n].theirs;
		bool taken = cauldron_value_read(keyword, text, strlen(text), &ours, &err) &&
		    keyword_parse_value(keyword, &value, ours.length > 0 ? ours.bytes : "",
			ours.length, &err);

		if (taken != (rows[n].back != NULL))
			fail_msg("'%s': %s", text, taken ? "taken" : err.text);
		if (taken) {
			cauldron_value_print(&value, &theirs);
			assert_string_equal(theirs.length > 0 ? theirs.bytes : "", rows[n].back);
			value_clear(&value);
		} else {
			assert_memory_equal(err.text, "K: ", 3);
		}
		buffer_free(&ours);
		buffer_free(&theirs);
	}
	credis_keyword_free(keyword);
}

#define THERE_AND_BACK(type, rows) there_and_back(type, rows, sizeof(rows) / sizeof((rows)[0]))

static void
whole_numbers_are_cut_off_after_the_point_and_have_all_32_bits(void **state)
{
	static const struct there rows[] = { { "4", "4" }, { "4.1", "4" }, { "-4.9", "-4" },
		{ "1e3", "1000" }, { " 7 ", "7" }, { "0.5", "0" }, { "2147483647", "2147483647" },
		{ "-2147483648", "-2147483648" }, { "2147483647.9", "2147483647" },
		{ "2147483648", NULL }, { "-2147483649", NULL }, { "1e400", NULL }, { "inf", NULL },
		{ "nan", NULL }, { "four", NULL }, { "", NULL }, { "4 5", NULL } };

	(void)state;
	THERE_AND_BACK(CREDIS_INTEGER, rows);
}

static void
real_numbers_read_as_python_prints_them(void **state)
{
	static const struct there rows[] = { { "1", "1.0" }, { "1e16", "1e+16" },
		{ "1e15", "1000000000000000.0" }, { "9999999999999998", "9999999999999998.0" },
		{ "0.1", "0.1" }, { "1e-5", "1e-05" }, { "0.0001", "0.0001" }, { "-0", "-0.0" },
		{ "123456789012345678", "1.2345678901234568e+17" }, { "inf", "inf" },
		{ "-inf", "-inf" }, { "nan", "nan" }, { "1e100", "1e+100" }, { "1e400", NULL },
		{ "one", NULL }, { "", NULL } };
	static const struct there narrow[] = { { "0.1", "0.1" }, { "3", "3.0" }, { "1e39", NULL } };

	(void)state;
	THERE_AND_BACK(CREDIS_DOUBLE, rows);
	THERE_AND_BACK(CREDIS_FLOAT, narrow);
}

static void
labels_read_as_their_numbers(void **state)
{
	static const struct there enumerated[] = { { "open", "0" }, { "u", "1" }, { "0", "0" },
		{ "1", "1" }, { "7", "7" }, { "2", NULL }, { "shut", NULL }, { "", NULL } };
	static const struct there boolean[] = { { "1", "1" }, { "0", "0" }, { "open", "1" },
		{ "true", "1" }, { "off", "0" }, { "2", NULL }, { "", NULL } };
	static const struct there mask[] = { { "5", "5" }, { "A, C", "5" }, { "0", "0" },
		{ "8", NULL }, { "D", NULL } };

	(void)state;
	THERE_AND_BACK(CREDIS_ENUMERATED, enumerated);
	THERE_AND_BACK(CREDIS_BOOLEAN, boolean);
	THERE_AND_BACK(CREDIS_MASK, mask);
}

static void
strings_are_the_same_bytes(void **state)
{
	static const struct there rows[] = { { "", "" }, { " a  b ", " a  b " }, { "1e3", "1e3" },
		{ "\xc3\xa9\n", "\xc3\xa9\n" }, { "\xff", NULL } };

	(void)state;
	THERE_AND_BACK(CREDIS_STRING, rows);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(whole_numbers_are_cut_off_after_the_point_and_have_all_32_bits),
		cmocka_unit_test(real_numbers_read_as_python_prints_them),
		cmocka_unit_test(labels_read_as_their_numbers),
		cmocka_unit_test(strings_are_the_same_bytes),
	};

	return cmocka_run_group_tests_name("cauldron_value", tests, NULL, NULL);
}
