/* test_command.c: commands as bytes. */
#include "redis/command.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define CHECK(out, expected) \
	do { \
		assert_int_equal((out).length, sizeof(expected) - 1); \
		assert_memory_equal((out).bytes, expected, sizeof(expected) - 1); \
		buffer_free(&(out)); \
	} while (0)

static void
a_command_is_an_array_of_bulk_strings(void **state)
{
	struct buffer out = BUFFER_EMPTY;

	(void)state;
	command_texts(&out, "SET", "key", "value", NULL);
	CHECK(out, "*3\r\n$3\r\nSET\r\n$3\r\nkey\r\n$5\r\nvalue\r\n");
}

static void
words_may_hold_any_bytes_and_none(void **state)
{
	struct buffer out = BUFFER_EMPTY;

	(void)state;
	command_begin(&out, 3);
	command_word(&out, "a\0\r\n$", 5);
	command_word(&out, "", 0);
	command_word(&out, NULL, 0);
	CHECK(out, "*3\r\n$5\r\na\0\r\n$\r\n$0\r\n\r\n$0\r\n\r\n");
}

static void
lengths_of_two_and_three_digits_are_written_whole(void **state)
{
	struct buffer out = BUFFER_EMPTY;
	char word[120];

	(void)state;
	memset(word, 'x', sizeof word);
	command_begin(&out, 12);
	command_word(&out, word, 10);
	CHECK(out, "*12\r\n$10\r\nxxxxxxxxxx\r\n");
	command_word(&out, word, sizeof word);
	assert_memory_equal(out.bytes, "$120\r\nxxx", 9);
	assert_int_equal(out.length, 6 + sizeof word + 2);
	buffer_free(&out);
}

static void
integers_are_written_to_both_ends_of_their_range(void **state)
{
	struct buffer out = BUFFER_EMPTY;

	(void)state;
	command_integer(&out, 0);
	command_integer(&out, -7);
	command_integer(&out, INT64_MAX);
	command_integer(&out, INT64_MIN);
	CHECK(out,
	    "$1\r\n0\r\n$2\r\n-7\r\n$19\r\n9223372036854775807\r\n$20\r\n-9223372036854775808\r\n");
}

static void
a_word_that_cannot_be_held_fails_the_buffer(void **state)
{
	struct buffer out = BUFFER_EMPTY;

	(void)state;
	command_word(&out, "x", SIZE_MAX - 3);
	assert_true(out.failed);
	buffer_free(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_command_is_an_array_of_bulk_strings),
		cmocka_unit_test(words_may_hold_any_bytes_and_none),
		cmocka_unit_test(lengths_of_two_and_three_digits_are_written_whole),
		cmocka_unit_test(integers_are_written_to_both_ends_of_their_range),
		cmocka_unit_test(a_word_that_cannot_be_held_fails_the_buffer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
