/* fuzz_reply.c: any bytes make the same replies and the same refusal, in one piece or in many. */
#include "fuzz.h"

#include "core/buffer.h"
#include "redis/reply.h"

/* Writes all of a reply, reading every byte it offers. */
static void
describe(struct buffer *out, const struct reply *reply)
{
	struct credis_error err;
	int64_t integer = 0;

	buffer_printf(out, "%d %lld ", (int)reply->kind, (long long)reply->integer);
	if (reply->text != NULL) {
		PROMISE(reply->text[reply->length] == '\0');
		buffer_append(out, reply->text, reply->length);
	}
	if (reply_integer(reply, &integer))
		buffer_printf(out, " = %lld", (long long)integer);
	if (reply_is_error(reply, NULL)) {
		reply_explain(reply, &err);
		PROMISE(err.code != CREDIS_OK && err.text[0] != '\0');
		buffer_text(out, err.text);
	}
	buffer_text(out, "[");
	for (size_t n = 0; n < reply->count; n++) {
		PROMISE(reply_item(reply, n) != NULL);
		describe(out, reply_item(reply, n));
	}
	buffer_text(out, "]");
}

static void
read_all(struct buffer *out, const uint8_t *bytes, size_t length, size_t piece)
{
	struct reply_reader *reader = reply_reader_new();
	const struct reply *reply;
	struct credis_error err;
	int got = 0;

	PROMISE(reader != NULL);
	for (size_t at = 0; got >= 0 && at < length; at += piece) {
		size_t left = length - at;

		PROMISE(reply_reader_feed(reader, bytes + at, left < piece ? left : piece, &err));
		while ((got = reply_reader_next(reader, &reply, &err)) > 0)
			describe(out, reply);
	}
	if (got < 0) {
		PROMISE(err.code == CREDIS_EPROTOCOL);
		buffer_text(out, err.text);
	}
	reply_reader_free(reader);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct buffer whole = BUFFER_EMPTY, pieces = BUFFER_EMPTY;
	size_t piece = length > 0 ? 1 + bytes[length - 1] % 7 : 1;

	read_all(&whole, bytes, length, length > 0 ? length : 1);
	read_all(&pieces, bytes, length, piece);
	PROMISE(whole.length == pieces.length);
	PROMISE(whole.length == 0 || memcmp(whole.bytes, pieces.bytes, whole.length) == 0);
	buffer_free(&whole);
	buffer_free(&pieces);
	return 0;
}
