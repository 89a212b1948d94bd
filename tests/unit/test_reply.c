/* test_reply.c: replies out of bytes, in whatever pieces, and what errors mean. */
#include "redis/reply.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct credis_error err;

static int
open_reader(void **state)
{
	*state = reply_reader_new();
	return *state == NULL;
}

static int
close_reader(void **state)
{
	reply_reader_free(*state);
	return 0;
}

static void
feed(struct reply_reader *reader, const char *text)
{
	assert_true(reply_reader_feed(reader, text, strlen(text), &err));
}

/* The one reply that 'text' makes. */
static const struct reply *
read_one(struct reply_reader *reader, const char *text)
{
	const struct reply *reply = NULL;

	feed(reader, text);
	assert_int_equal(reply_reader_next(reader, &reply, &err), 1);
	return reply;
}

static void
expect_refusal(struct reply_reader *reader, const char *words)
{
	const struct reply *reply;

	assert_int_equal(reply_reader_next(reader, &reply, &err), -1);
	assert_int_equal(err.code, CREDIS_EPROTOCOL);
	assert_non_null(strstr(err.text, words));
	assert_int_equal(reply_reader_next(reader, &reply, &err), -1);
}

static void
every_kind_of_reply_is_read(void **state)
{
	const struct reply *reply = read_one(*state, "+OK\r\n");

	assert_int_equal(reply->kind, REPLY_STATUS);
	assert_string_equal(reply->text, "OK");
	reply = read_one(*state, "-ERR no\r\n");
	assert_int_equal(reply->kind, REPLY_ERROR);
	assert_string_equal(reply->text, "ERR no");
	reply = read_one(*state, ":-42\r\n");
	assert_int_equal(reply->kind, REPLY_INTEGER);
	assert_int_equal(reply->integer, -42);
	reply = read_one(*state, "$-1\r\n");
	assert_int_equal(reply->kind, REPLY_NIL);
	reply = read_one(*state, "*-1\r\n");
	assert_int_equal(reply->kind, REPLY_NIL);
	reply = read_one(*state, "$0\r\n\r\n");
	assert_int_equal(reply->kind, REPLY_TEXT);
	assert_int_equal(reply->length, 0);
	assert_string_equal(reply->text, "");
	reply = read_one(*state, "*0\r\n");
	assert_int_equal(reply->kind, REPLY_ARRAY);
	assert_int_equal(reply->count, 0);
}

static void
text_may_hold_any_bytes_and_is_terminated(void **state)
{
	static const char bytes[] = "$5\r\na\0\r\nb\r\n";
	const struct reply *reply;

	assert_true(reply_reader_feed(*state, bytes, sizeof bytes - 1, &err));
	assert_int_equal(reply_reader_next(*state, &reply, &err), 1);
	assert_int_equal(reply->length, 5);
	assert_memory_equal(reply->text, "a\0\r\nb", 6);
}

static void
arrays_nest_and_a_missing_item_is_nil(void **state)
{
	const struct reply *reply =
	    read_one(*state, "*3\r\n$1\r\na\r\n*2\r\n:1\r\n$-1\r\n-ERR x\r\n");

	assert_int_equal(reply->count, 3);
	assert_true(reply_text_is(reply_item(reply, 0), "A"));
	assert_int_equal(reply_item(reply_item(reply, 1), 0)->integer, 1);
	assert_int_equal(reply_item(reply_item(reply, 1), 1)->kind, REPLY_NIL);
	assert_true(reply_is_error(reply_item(reply, 2), "ERR"));
	assert_int_equal(reply_item(reply, 3)->kind, REPLY_NIL);
	assert_int_equal(reply_item(reply_item(reply, 0), 0)->kind, REPLY_NIL);
	assert_int_equal(reply_item(NULL, 0)->kind, REPLY_NIL);
}

static void
pieces_of_one_byte_make_the_same_replies(void **state)
{
	static const char bytes[] = "*2\r\n$5\r\nhello\r\n:12\r\n+PONG\r\n";
	const struct reply *reply;
	size_t seen = 0;

	for (size_t n = 0; n < sizeof bytes - 1; n++) {
		assert_true(reply_reader_feed(*state, bytes + n, 1, &err));
		while (reply_reader_next(*state, &reply, &err) == 1) {
			if (seen++ == 0)
				assert_string_equal(reply_item(reply, 0)->text, "hello");
			else
				assert_true(reply_text_is(reply, "pong"));
		}
	}
	assert_int_equal(seen, 2);
}

/* Short ones are read directly, what is cut off or out of the ordinary by hiredis; none is lost where
 * they meet. */
static void
replies_cut_anywhere_are_the_same(void **state)
{
	static const char bytes[] =
	    ":7\r\n*3\r\n$7\r\nmessage\r\n$1\r\nc\r\n$4\r\na\r\nb\r\n+OK\r\n:-8\r\n*2\r\n:1"
	    "\r\n*1\r\n$0\r\n\r\n$-1\r\n*0\r\n$3\r\nend\r\n";
	const size_t length = sizeof bytes - 1;
	const struct reply *reply;
	const char *parts[3] = { bytes };
	char seen[128];

	for (size_t cut = 0; cut < length * length; cut++) {
		size_t sizes[] = { cut / length, cut % length, 0 };

		sizes[2] = sizes[0] + sizes[1] <= length ? length - sizes[0] - sizes[1] : 0;
		if (sizes[0] + sizes[1] > length)
			continue;
		*seen = '\0';
		for (size_t n = 0; n < 3; n++) {
			parts[n] = n == 0 ? bytes : parts[n - 1] + sizes[n - 1];
			assert_true(reply_reader_feed(*state, parts[n], sizes[n], &err));
			while (reply_reader_next(*state, &reply, &err) == 1)
				sprintf(seen + strlen(seen), "%d:%d:%d:%s ", (int)reply->kind,
				    (int)reply->integer, (int)reply->count,
				    reply->text != NULL ? reply->text
					: reply_item(reply, 2)->kind == REPLY_TEXT
					? reply_item(reply, 2)->text
					: "");
		}
		assert_string_equal(seen,
		    "3:7:0: 5:0:3:a\r\nb 1:0:0:OK 3:-8:0: 5:0:2: 0:0:0: 5:0:0: 4:0:0:end ");
	}
}

static void
a_large_array_is_read_whole(void **state)
{
	enum { COUNT = 100000 };
	const struct reply *reply;
	char item[32];

	snprintf(item, sizeof item, "*%d\r\n", COUNT);
	feed(*state, item);
	for (int n = 0; n < COUNT; n++) {
		assert_int_equal(reply_reader_next(*state, &reply, &err), 0);
		snprintf(item, sizeof item, "$5\r\n%05d\r\n", n);
		feed(*state, item);
	}
	assert_int_equal(reply_reader_next(*state, &reply, &err), 1);
	assert_int_equal(reply->count, COUNT);
	for (size_t n = 0; n < COUNT; n++)
		assert_int_equal(strtol(reply_item(reply, n)->text, NULL, 10), n);
}

static void
what_is_not_the_protocol_is_refused_for_good(void **state)
{
	feed(*state, "HTTP/1.1 400 Bad Request\r\n\r\n");
	expect_refusal(*state, "got \"H\" as reply type byte");
}

static void
a_type_of_resp3_is_refused(void **state)
{
	feed(*state, "%1\r\n+a\r\n:1\r\n");
	expect_refusal(*state, "a reply cannot be understood");
}

static void
a_double_of_resp3_is_refused(void **state)
{
	feed(*state, ",1.5\r\n");
	expect_refusal(*state, "a reply cannot be understood");
}

static void
an_array_too_large_for_memory_is_refused_before_it_is_built(void **state)
{
	feed(*state, "*2000000000\r\n");
	expect_refusal(*state, "larger than 64 MiB");
}

static void
many_arrays_each_of_modest_size_are_refused_together(void **state)
{
	feed(*state, "*1000000\r\n*4000000\r\n");
	for (int n = 0; n < 2; n++)
		feed(*state, "*4000000\r\n");
	expect_refusal(*state, "larger than 64 MiB");
}

static void
arrays_nested_without_end_are_refused(void **state)
{
	for (int n = 0; n < 1000; n++)
		feed(*state, "*1\r\n");
	expect_refusal(*state, "nested more than 7 deep");
}

static void
a_bulk_without_end_is_refused_at_64_mebibytes(void **state)
{
	enum { PIECE = 1024 * 1024 };
	char *piece = calloc(1, PIECE);
	const struct reply *reply;
	int fed = 0, got = 0;

	feed(*state, "$500000000\r\n");
	for (; got == 0 && fed < 80; fed++) {
		assert_true(reply_reader_feed(*state, piece, PIECE, &err));
		got = reply_reader_next(*state, &reply, &err);
	}
	free(piece);
	assert_int_equal(got, -1);
	assert_int_equal(fed, 64);
	assert_non_null(strstr(err.text, "larger than 64 MiB"));
}

static void
a_line_without_end_is_refused_at_64_kibibytes(void **state)
{
	const struct reply *reply;
	int fed = 0, got = 0;

	feed(*state, "+");
	for (; got == 0 && fed < 80000; fed++) {
		feed(*state, "x");
		got = reply_reader_next(*state, &reply, &err);
	}
	assert_int_equal(got, -1);
	assert_in_range(fed, 64 * 1024, 64 * 1024 + 1);
	assert_non_null(strstr(err.text, "a line of more than 64 KiB"));
}

static void
whole_numbers_are_read_from_integers_and_text_alike(void **state)
{
	int64_t integer = 0;

	assert_true(reply_integer(read_one(*state, ":9223372036854775807\r\n"), &integer));
	assert_true(integer == INT64_MAX);
	assert_true(reply_integer(read_one(*state, "$2\r\n17\r\n"), &integer));
	assert_int_equal(integer, 17);
	assert_false(reply_integer(read_one(*state, "$2\r\nx7\r\n"), &integer));
	assert_false(reply_integer(read_one(*state, "$-1\r\n"), &integer));
	assert_false(reply_integer(NULL, &integer));
	assert_int_equal(integer, 17);
}

static void
a_number_with_a_zero_before_it_is_refused_however_it_comes(void **state)
{
	const struct reply *reply;
	const char *pieces[][2] = { { ":07\r\n", "" }, { ":0", "7\r\n" } };

	for (size_t n = 0; n < 2; n++) {
		struct reply_reader *reader = reply_reader_new();

		assert_non_null(reader);
		feed(reader, pieces[n][0]);
		feed(reader, pieces[n][1]);
		assert_int_equal(reply_reader_next(reader, &reply, &err), -1);
		reply_reader_free(reader);
	}
	assert_int_equal(read_one(*state, ":0\r\n")->integer, 0);
}

static void
an_error_is_known_by_its_whole_first_word(void **state)
{
	const struct reply *reply = read_one(*state, "-OOM command not allowed\r\n");

	assert_true(reply_is_error(reply, NULL));
	assert_true(reply_is_error(reply, "OOM"));
	assert_false(reply_is_error(reply, "OO"));
	assert_false(reply_is_error(reply, "OOM command not allowed at all"));
	assert_false(reply_is_error(read_one(*state, "+OOM\r\n"), NULL));
	assert_false(reply_is_error(NULL, NULL));
}

static void
error_replies_are_explained(void **state)
{
	static const struct {
		const char *reply;
		enum credis_code code;
		const char *words;
	} cases[] = {
		{ "-OOM command not allowed when used memory > 'maxmemory'.\r\n", CREDIS_ESTORE,
		    "the store is out of memory (maxmemory)" },
		{ "-READONLY You can't write against a read only replica.\r\n", CREDIS_ESTORE,
		    "the store is a replica and takes no writes" },
		{ "-MISCONF Redis is configured to save RDB snapshots\r\n", CREDIS_ESTORE,
		    "cannot save to its disk" },
		{ "-LOADING Redis is loading the dataset in memory\r\n", CREDIS_EUNREACHABLE,
		    "still loading" },
		{ "-NOAUTH Authentication required.\r\n", CREDIS_EUNREACHABLE, "wants a password" },
		{ "-WRONGPASS invalid username-password pair\r\n", CREDIS_EUNREACHABLE,
		    "refuses this user and password" },
		{ "-NOPERM this user has no permissions to run the 'set' command\r\n",
		    CREDIS_ESTORE, "run the 'set' command" },
		{ "-ERR max number of clients reached\r\n", CREDIS_EUNREACHABLE, "maxclients" },
		{ "-ERR DB index is out of range\r\n", CREDIS_EUNREACHABLE, "databases" },
		{ "-ERR something new\r\n", CREDIS_ESTORE, "the store says: ERR something new" },
		{ "-BUSY Redis is busy running a script.\r\n", CREDIS_EUNREACHABLE, "script" },
		{ "-BUSYGROUP Consumer Group name already exists\r\n", CREDIS_ESTORE,
		    "the store says: BUSYGROUP" },
		{ "+OK\r\n", CREDIS_EPROTOCOL, "not of the kind expected" },
	};

	for (size_t n = 0; n < sizeof cases / sizeof cases[0]; n++) {
		reply_explain(read_one(*state, cases[n].reply), &err);
		assert_int_equal(err.code, cases[n].code);
		assert_non_null(strstr(err.text, cases[n].words));
	}
}

static void
control_bytes_of_a_server_do_not_reach_the_sentence(void **state)
{
	reply_explain(read_one(*state, "-ERR \x1b[31m bad\tthing\r\n"), &err);
	assert_null(strchr(err.text, '\x1b'));
	assert_null(strchr(err.text, '\t'));
}

#define READER_TEST(name) cmocka_unit_test_setup_teardown(name, open_reader, close_reader)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		READER_TEST(every_kind_of_reply_is_read),
		READER_TEST(text_may_hold_any_bytes_and_is_terminated),
		READER_TEST(arrays_nest_and_a_missing_item_is_nil),
		READER_TEST(pieces_of_one_byte_make_the_same_replies),
		READER_TEST(replies_cut_anywhere_are_the_same),
		READER_TEST(a_large_array_is_read_whole),
		READER_TEST(what_is_not_the_protocol_is_refused_for_good),
		READER_TEST(a_type_of_resp3_is_refused),
		READER_TEST(a_double_of_resp3_is_refused),
		READER_TEST(an_array_too_large_for_memory_is_refused_before_it_is_built),
		READER_TEST(many_arrays_each_of_modest_size_are_refused_together),
		READER_TEST(arrays_nested_without_end_are_refused),
		READER_TEST(a_bulk_without_end_is_refused_at_64_mebibytes),
		READER_TEST(a_line_without_end_is_refused_at_64_kibibytes),
		READER_TEST(whole_numbers_are_read_from_integers_and_text_alike),
		READER_TEST(a_number_with_a_zero_before_it_is_refused_however_it_comes),
		READER_TEST(an_error_is_known_by_its_whole_first_word),
		READER_TEST(error_replies_are_explained),
		READER_TEST(control_bytes_of_a_server_do_not_reach_the_sentence),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
