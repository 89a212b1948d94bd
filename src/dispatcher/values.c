/* values.c: what writes publish for those who listen to values.
 * Knows how many make it worth while; what cannot be sent is left out, as each listener has the event. */
#include "dispatcher/values.h"

#include "core/message.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <string.h>

enum {
	MANY = 4,          /* listeners from which one PUBLISH is cheaper than their fetches */
	LENGTH_MAX = 4096, /* of a value: most listeners watch others */
	OUTBOX_MAX = 1024 * 1024, /* bytes of one message */
};

void
values_clear(struct values *values)
{
	buffer_free(&values->outbox);
	*values = (struct values){ 0 };
}

/* PUBSUB NUMSUB says channel and count. */
static void
on_counted(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	int64_t count = 0;

	(void)err;
	if (served != NULL)
		served->values.listeners =
		    reply_integer(reply_item(reply, 1), &count) ? (size_t)count : 0;
}

void
values_tick(struct served *served)
{
	struct post *post = served->post;
	struct buffer *out =
	    link_command(post->store.link, on_counted, post, post_ticket(served->serial, 0), NULL);
	struct name channel;

	if (out == NULL)
		return;
	names_service(&channel, post->store.ns, served_name(served), NAMES_VALUES);
	command_texts(out, "PUBSUB", "NUMSUB", channel.text, NULL);
}

/* One with a severity has a reason, which only the hash holds. */
static bool
is_for_all(const struct credis_keyword *keyword, const struct store_write *write)
{
	return keyword_is_readable(keyword) && write->severity == CREDIS_NONE &&
	    write->length <= LENGTH_MAX;
}

void
values_add(struct served *served, struct buffer *out, const struct credis_keyword *keyword,
    const struct store_write *write)
{
	struct message message;

	if (served->values.listeners < MANY || out->length > OUTBOX_MAX ||
	    !is_for_all(keyword, write))
		return;
	message = (struct message){
		.has = MESSAGE_KEY | MESSAGE_SEQ | MESSAGE_TIME,
		.key = { write->keyword, strlen(write->keyword) },
		.seq = write->seq,
		.time_us = write->time_us,
		.body = { write->text, write->length },
	};
	message_write(out, &message);
}

void
values_announce(struct served *served, const struct credis_keyword *keyword,
    struct store_write *write)
{
	struct buffer *outbox = &served->values.outbox;

	buffer_clear(outbox);
	values_add(served, outbox, keyword, write);
	if (!outbox->failed)
		write->announced = (struct slice){ outbox->bytes, outbox->length };
}

void
values_publish(struct served *served, const struct buffer *out)
{
	struct post *post = served->post;
	struct buffer *command = out->length > 0 && !out->failed
	    ? link_command(post->store.link, NULL, NULL, 0, NULL)
	    : NULL;
	struct name channel;

	if (command == NULL)
		return;
	names_service(&channel, post->store.ns, served_name(served), NAMES_VALUES);
	command_begin(command, 3);
	command_text(command, "PUBLISH");
	command_word(command, channel.text, channel.length);
	command_word(command, out->bytes, out->length);
}
