/* fuzz_message.c: any payload is read to its end, and what was read writes and reads as the same. */
#include "fuzz.h"

#include "core/message.h"

static int
same_slice(struct slice a, struct slice b)
{
	return a.length == b.length && (a.length == 0 || memcmp(a.bytes, b.bytes, a.length) == 0);
}

static int
same_message(const struct message *a, const struct message *b)
{
	return a->has == b->has && a->bare == b->bare && a->id == b->id &&
	    same_slice(a->to, b->to) && a->sent_us == b->sent_us &&
	    a->expires_us == b->expires_us && a->if_seq == b->if_seq &&
	    same_slice(a->from, b->from) && same_slice(a->key, b->key) && a->group == b->group &&
	    a->of == b->of && a->is == b->is && a->code == b->code && a->seq == b->seq &&
	    a->time_us == b->time_us && same_slice(a->body, b->body);
}

static void
check_round_trip(const struct message *message)
{
	struct buffer out = BUFFER_EMPTY;
	struct message_reader reader;
	struct message again;

	message_write(&out, message);
	PROMISE(!out.failed);
	message_reader_init(&reader, out.bytes, out.length);
	PROMISE(message_next(&reader, &again, NULL) == MESSAGE_READ);
	PROMISE(same_message(message, &again));
	PROMISE(message_next(&reader, &again, NULL) == MESSAGE_END);
	buffer_free(&out);
}

static void
check_malformed(const struct message *message, const struct credis_error *err)
{
	PROMISE(err->code == CREDIS_EMALFORMED && err->text[0] != '\0');
	PROMISE(message->body.length == 0);
	PROMISE(!(message->has & MESSAGE_TO) || message->to.length == NAMES_CLIENT);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct message_reader reader;
	struct message message;
	struct credis_error err;
	enum message_next next;
	size_t read = 0;

	message_reader_init(&reader, bytes, length);
	while ((next = message_next(&reader, &message, &err)) != MESSAGE_END) {
		PROMISE(++read <= length + 1);
		if (next == MESSAGE_READ)
			check_round_trip(&message);
		else
			check_malformed(&message, &err);
	}
	PROMISE(read > 0 && reader.left == 0);
	return 0;
}
