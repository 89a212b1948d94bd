/* test_message.c: what core/message.h promises: the wire, byte by byte. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/message.h"

#include <string.h>

#define TO "00112233445566778899aabbccddeeff"
#define MODIFY \
	"@id=17 to=" TO " sent=1795208169.120 expires=1795208199.120 from=jane@obs1:4711\n12.5"

static enum message_next
read_bytes(const char *bytes, size_t length, struct message *message, struct credis_error *err)
{
	struct message_reader reader;

	message_reader_init(&reader, bytes, length);
	return message_next(&reader, message, err);
}

static enum message_next
read_text(const char *text, struct message *message, struct credis_error *err)
{
	return read_bytes(text, strlen(text), message, err);
}

static void
assert_slice(struct slice slice, const char *text)
{
	assert_int_equal(slice.length, strlen(text));
	assert_memory_equal(slice.bytes, text, slice.length);
}

static void
assert_same(const struct message *a, const struct message *b)
{
	assert_int_equal(a->has, b->has);
	assert_int_equal(a->bare, b->bare);
	assert_int_equal(a->id, b->id);
	assert_int_equal(a->sent_us, b->sent_us);
	assert_int_equal(a->expires_us, b->expires_us);
	assert_int_equal(a->if_seq, b->if_seq);
	assert_int_equal(a->group, b->group);
	assert_int_equal(a->of, b->of);
	assert_int_equal(a->is, b->is);
	assert_int_equal(a->code, b->code);
	assert_int_equal(a->seq, b->seq);
	assert_int_equal(a->time_us, b->time_us);
	const struct slice *const ours[] = { &a->to, &a->from, &a->key, &a->body };
	const struct slice *const theirs[] = { &b->to, &b->from, &b->key, &b->body };
	for (size_t i = 0; i < sizeof ours / sizeof *ours; i++) {
		assert_int_equal(ours[i]->length, theirs[i]->length);
		if (ours[i]->length > 0)
			assert_memory_equal(ours[i]->bytes, theirs[i]->bytes, ours[i]->length);
	}
}

static void
a_request_is_read_whole(void **state)
{
	struct message message;

	(void)state;
	assert_int_equal(read_text(MODIFY, &message, NULL), MESSAGE_READ);
	assert_int_equal(message.has,
	    MESSAGE_ID | MESSAGE_TO | MESSAGE_SENT | MESSAGE_EXPIRES | MESSAGE_FROM);
	assert_false(message.bare);
	assert_int_equal(message.id, 17);
	assert_slice(message.to, TO);
	assert_int_equal(message.sent_us, 1795208169120000);
	assert_int_equal(message.expires_us, 1795208199120000);
	assert_slice(message.from, "jane@obs1:4711");
	assert_slice(message.body, "12.5");
}

static void
several_answers_are_read_from_one_payload(void **state)
{
	static const char text[] = "@id=17 is=accepted len=0\n"
				   "@id=17 is=done seq=42 time=1795208169.123456 len=4\n12.5"
				   "@id=18 is=refused code=range seq=41 len=12\nAZ: too much";
	struct message_reader reader;
	struct message message;

	(void)state;
	message_reader_init(&reader, text, strlen(text));
	assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_READ);
	assert_int_equal(message.is, MESSAGE_IS_ACCEPTED);
	assert_int_equal(message.body.length, 0);
	assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_READ);
	assert_int_equal(message.is, MESSAGE_IS_DONE);
	assert_int_equal(message.seq, 42);
	assert_int_equal(message.time_us, 1795208169123456);
	assert_slice(message.body, "12.5");
	assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_READ);
	assert_int_equal(message.has, MESSAGE_ID | MESSAGE_IS | MESSAGE_CODE | MESSAGE_SEQ);
	assert_int_equal(message.is, MESSAGE_IS_REFUSED);
	assert_int_equal(message.code, CREDIS_ERANGE);
	assert_slice(message.body, "AZ: too much");
	assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_END);
}

static void
a_payload_without_header_is_one_bare_value(void **state)
{
	static const char *const texts[] = { "12.5", "", " @id=1\n", "two\nlines", "x@id=1\n" };
	struct message_reader reader;
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		message_reader_init(&reader, texts[i], strlen(texts[i]));
		assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_READ);
		assert_true(message.bare);
		assert_int_equal(message.has, 0);
		assert_slice(message.body, texts[i]);
		assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_END);
	}
}

static void
a_body_may_hold_any_byte(void **state)
{
	static const char text[] = "@len=8\na\0@\n\r\xff z@id=2\n";
	struct message_reader reader;
	struct message message;

	(void)state;
	message_reader_init(&reader, text, sizeof text - 1);
	assert_int_equal(message_next(&reader, &message, NULL), MESSAGE_READ);
	assert_int_equal(message.body.length, 8);
	assert_memory_equal(message.body.bytes, "a\0@\n\r\xff z", 8);
}

static void
what_is_good_is_taken(void **state)
{
	static const char *const texts[] = {
		"@\n12.5",
		"@ id=1  to=" TO " \n",
		"@from=x id=1\n",
		"@id=18446744073709551615\n",
		"@id=007\n",
		"@sent=0\n",
		"@sent=1.123456789\n",
		"@sent=253402300799.999999999\n",
		"@newer=thing id=1 other=\n",
		"@newer=1 newer=2\n",
		"@key=AZ==\n",
		"@from=j\xc3\xa4ne@obs\n",
		"@is=done\n",
		"@code=never-heard-of\n",
		"@len=0\n",
		"@len=00\n",
	};
	struct message message;
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
		if (read_text(texts[i], &message, &err) != MESSAGE_READ)
			fail_msg("'%s': %s", texts[i], err.text);
}

static void
what_is_malformed_is_refused_with_the_reason(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
		{ "@id=1", "header: '@id=1' has no end of line" },
		{ "@", "header: '@' has no end of line" },
		{ "@id=1 id=2\n", "header: 'id=2' stands there twice" },
		{ "@id=1 id=1\n", "header: 'id=1' stands there twice" },
		{ "@id=\n", "header: 'id=' is not an unsigned decimal number of 64 bits" },
		{ "@id=-1\n", "header: 'id=-1' is not an unsigned decimal number of 64 bits" },
		{ "@id=+1\n", "header: 'id=+1' is not an unsigned decimal number of 64 bits" },
		{ "@id=0x1\n", "header: 'id=0x1' is not an unsigned decimal number of 64 bits" },
		{ "@seq=18446744073709551616\n",
		    "header: 'seq=18446744073709551616' is not an unsigned decimal number of 64 "
		    "bits" },
		{ "@to=00\n", "header: 'to=00' is not 32 lower-case hexadecimal digits" },
		{ "@to=" TO "0\n", "header: 'to=" TO "0' is not 32 lower-case hexadecimal digits" },
		{ "@to=00112233445566778899AABBCCDDEEFF\n",
		    "header: 'to=00112233445566778899AABBCCDDEEFF' is not 32 lower-case "
		    "hexadecimal "
		    "digits" },
		{ "@sent=1.\n",
		    "header: 'sent=1.' is not seconds before the year 10000 with at most "
		    "nine decimals" },
		{ "@sent=1.1234567890\n",
		    "header: 'sent=1.1234567890' is not seconds before the year "
		    "10000 with at most nine decimals" },
		{ "@sent=.5\n",
		    "header: 'sent=.5' is not seconds before the year 10000 with at most "
		    "nine decimals" },
		{ "@time=253402300800\n",
		    "header: 'time=253402300800' is not seconds before the year "
		    "10000 with at most nine decimals" },
		{ "@time=1e9\n",
		    "header: 'time=1e9' is not seconds before the year 10000 with at most "
		    "nine decimals" },
		{ "@is=perhaps\n",
		    "header: 'is=perhaps' is not accepted, done, refused, failed, "
		    "expired or unknown" },
		{ "@is=\n",
		    "header: 'is=' is not accepted, done, refused, failed, expired or unknown" },
		{ "@code=\n", "header: 'code=' is not a word of 1 to 31 bytes" },
		{ "@key=\n", "header: 'key=' is not 1 to 256 bytes without control bytes" },
		{ "@from=a\tb\n",
		    "header: 'from=a?b' is not 1 to 256 bytes without control bytes" },
		{ "@from=a\x7f\n",
		    "header: 'from=a?' is not 1 to 256 bytes without control bytes" },
		{ "@id=1\r\n", "header: 'id=1?' is not an unsigned decimal number of 64 bits" },
		{ "@id=1\tseq=2\n",
		    "header: 'id=1?seq=2' is not an unsigned decimal number of 64 bits" },
		{ "@newer=\x01\n", "header: 'newer=?' holds a control byte" },
		{ "@id\n", "header: 'id' is not name=value" },
		{ "@=1\n", "header: '=1' is not name=value" },
		{ "@ID 1\n", "header: 'ID' is not name=value" },
		{ "@len=5\n12.5",
		    "header: len=5, but 4 bytes follow and no other message after it" },
		{ "@len=2\n12.5",
		    "header: len=2, but 4 bytes follow and no other message after it" },
		{ "@len=99999999999999999999\n",
		    "header: 'len=99999999999999999999' is not an unsigned decimal number of 64 "
		    "bits" },
		{ "@len=18446744073709551615\nx",
		    "header: len=18446744073709551615, but 1 bytes "
		    "follow and no other message after it" },
		{ "@len=1 len=1\nx", "header: 'len=1' stands there twice" },
	};
	struct message_reader reader;
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct credis_error err = { 0 };
		message_reader_init(&reader, rows[i].text, strlen(rows[i].text));
		assert_int_equal(message_next(&reader, &message, &err), MESSAGE_MALFORMED);
		assert_string_equal(err.text, rows[i].reason);
		assert_int_equal(err.code, CREDIS_EMALFORMED);
		assert_int_equal(message.body.length, 0);
		assert_int_equal(message_next(&reader, &message, &err), MESSAGE_END);
	}
}

static void
what_was_understood_of_the_malformed_can_be_answered(void **state)
{
	static const char *const texts[] = {
		"@id=17 sent=soon to=" TO "\n12.5",
		"@sent=soon id=17 to=" TO "\n12.5",
		"@to=" TO " id=17 len=9\n12.5",
		"@to=" TO " id=17 junk\n12.5",
		"@to=" TO " id=17",
	};
	struct message message;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		assert_int_equal(read_text(texts[i], &message, NULL), MESSAGE_MALFORMED);
		assert_int_equal(message.has & (MESSAGE_ID | MESSAGE_TO), MESSAGE_ID | MESSAGE_TO);
		assert_int_equal(message.id, 17);
		assert_slice(message.to, TO);
	}
	assert_int_equal(read_text("@id=17x\n", &message, NULL), MESSAGE_MALFORMED);
	assert_int_equal(message.has, 0);
}

static void
a_header_line_is_bounded(void **state)
{
	char bytes[MESSAGE_HEADER_MAX + 100];
	struct message message;
	struct credis_error err;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	memcpy(bytes, "@id=7 a=", 8);
	bytes[MESSAGE_HEADER_MAX - 1] = '\n';
	assert_int_equal(read_bytes(bytes, sizeof bytes, &message, &err), MESSAGE_READ);
	assert_int_equal(message.body.length, 100);

	bytes[MESSAGE_HEADER_MAX - 1] = 'x';
	bytes[MESSAGE_HEADER_MAX] = '\n';
	assert_int_equal(read_bytes(bytes, sizeof bytes, &message, &err), MESSAGE_MALFORMED);
	assert_non_null(strstr(err.text, "is longer than 4096 bytes"));
	assert_int_equal(message.id, 7);
}

static void
the_word_that_the_limit_cuts_counts_as_not_there(void **state)
{
	char bytes[MESSAGE_HEADER_MAX + 2];
	struct message message;

	(void)state;
	memset(bytes, ' ', sizeof bytes);
	bytes[0] = '@';
	memcpy(bytes + MESSAGE_HEADER_MAX - 4, "id=123", 6);
	assert_int_equal(read_bytes(bytes, sizeof bytes, &message, NULL), MESSAGE_MALFORMED);
	assert_int_equal(message.has, 0);
}

static void
words_have_a_limit(void **state)
{
	char text[MESSAGE_FROM_MAX + 32] = "@from=";
	struct message message;

	(void)state;
	memset(text + 6, 'f', MESSAGE_FROM_MAX);
	strcpy(text + 6 + MESSAGE_FROM_MAX, "\n");
	assert_int_equal(read_text(text, &message, NULL), MESSAGE_READ);
	strcpy(text + 6 + MESSAGE_FROM_MAX, "f\n");
	assert_int_equal(read_text(text, &message, NULL), MESSAGE_MALFORMED);
}

static void
everything_written_reads_as_the_same(void **state)
{
	struct buffer out = BUFFER_EMPTY;
	struct message read;
	struct message message = {
		.has = (MESSAGE_TIME << 1) - 1,
		.id = UINT64_MAX,
		.to = { TO, NAMES_CLIENT },
		.sent_us = 1795208169123456,
		.expires_us = 253402300799999999,
		.if_seq = 0,
		.from = { "jane@obs1:4711", 14 },
		.key = { "AZ", 2 },
		.group = 3,
		.of = 10000000000000000000u,
		.is = MESSAGE_IS_REFUSED,
		.code = CREDIS_EREADONLY,
		.seq = 42,
		.time_us = 1,
		.body = { "AZ may not be\n@written\0", 23 },
	};

	(void)state;
	message_write(&out, &message);
	assert_int_equal(read_bytes(out.bytes, out.length, &read, NULL), MESSAGE_READ);
	assert_same(&read, &message);
	buffer_free(&out);
}

static void
what_is_written_is_what_the_protocol_shows(void **state)
{
	struct buffer out = BUFFER_EMPTY;
	struct message message = {
		.has = MESSAGE_ID | MESSAGE_IS | MESSAGE_SEQ | MESSAGE_TIME,
		.id = 17,
		.is = MESSAGE_IS_DONE,
		.seq = 42,
		.time_us = 1795208169123456,
		.body = { "12.5", 4 },
	};

	(void)state;
	message_write(&out, &message);
	message.is = MESSAGE_IS_ACCEPTED;
	message.has = MESSAGE_ID | MESSAGE_IS;
	message.body.length = 0;
	message_write(&out, &message);
	message.has = 0;
	message_write(&out, &message);
	assert_int_equal(out.length, strlen(out.bytes));
	assert_string_equal(out.bytes,
	    "@id=17 is=done seq=42 time=1795208169.123456 len=4\n12.5"
	    "@id=17 is=accepted len=0\n"
	    "@len=0\n");
	buffer_free(&out);
}

static void
a_bare_value_stays_bare(void **state)
{
	struct buffer out = BUFFER_EMPTY;
	struct message message;

	(void)state;
	assert_int_equal(read_text("12.5", &message, NULL), MESSAGE_READ);
	message_write(&out, &message);
	assert_string_equal(out.bytes, "12.5");
	buffer_free(&out);
}

static void
times_are_printed_with_six_decimals_and_read_with_up_to_nine(void **state)
{
	char text[32];
	int64_t us = -1;

	(void)state;
	assert_int_equal(message_print_time(text, 1795208169123456), 17);
	assert_string_equal(text, "1795208169.123456");
	message_print_time(text, 7);
	assert_string_equal(text, "0.000007");
	assert_true(message_parse_time("12", 2, &us));
	assert_int_equal(us, 12000000);
	assert_true(message_parse_time("1.5", 3, &us));
	assert_int_equal(us, 1500000);
	assert_true(message_parse_time("1.000001999", 11, &us));
	assert_int_equal(us, 1000001);
	us = -1;
	assert_false(message_parse_time("", 0, &us));
	assert_false(message_parse_time("1.5 ", 4, &us));
	assert_false(message_parse_time("-1", 2, &us));
	assert_false(message_parse_time("18446744073709551615", 20, &us));
	assert_int_equal(us, -1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_request_is_read_whole),
		cmocka_unit_test(several_answers_are_read_from_one_payload),
		cmocka_unit_test(a_payload_without_header_is_one_bare_value),
		cmocka_unit_test(a_body_may_hold_any_byte),
		cmocka_unit_test(what_is_good_is_taken),
		cmocka_unit_test(what_is_malformed_is_refused_with_the_reason),
		cmocka_unit_test(what_was_understood_of_the_malformed_can_be_answered),
		cmocka_unit_test(a_header_line_is_bounded),
		cmocka_unit_test(the_word_that_the_limit_cuts_counts_as_not_there),
		cmocka_unit_test(words_have_a_limit),
		cmocka_unit_test(everything_written_reads_as_the_same),
		cmocka_unit_test(what_is_written_is_what_the_protocol_shows),
		cmocka_unit_test(a_bare_value_stays_bare),
		cmocka_unit_test(times_are_printed_with_six_decimals_and_read_with_up_to_nine),
	};

	return cmocka_run_group_tests_name("message", tests, NULL, NULL);
}
