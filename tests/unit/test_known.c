/* test_known.c: the table of Redis' commands is in order, and says no more of a name than it should. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/known.c"

static void
each_row_is_found_in_capitals_and_not(void **state)
{
	char name[32];
	size_t n;

	(void)state;
	for (size_t row = 0; row < sizeof table / sizeof table[0]; row++) {
		for (n = 0; table[row].name[n] != '\0'; n++)
			name[n] = (char)tolower((unsigned char)table[row].name[n]);
		assert_ptr_equal(known_find(table[row].name, n), &table[row]);
		assert_ptr_equal(known_find(name, n), &table[row]);
	}
}

static void
what_is_no_name_of_a_row_is_not_known(void **state)
{
	static const struct slice words[] = { { "", 0 }, { "GE", 2 }, { "GETX", 4 }, { "ZZZ", 3 },
		{ "GET\0", 4 }, { "GET\0aaaaaaaaaaaaaaaaaaaaaaaaaaaa", 32 }, { "\xff", 1 } };

	(void)state;
	for (size_t n = 0; n < sizeof words / sizeof words[0]; n++)
		assert_string_equal(known_find(words[n].bytes, words[n].length)->name, "");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_is_found_in_capitals_and_not),
		cmocka_unit_test(what_is_no_name_of_a_row_is_not_known),
	};

	return cmocka_run_group_tests_name("known", tests, NULL, NULL);
}
