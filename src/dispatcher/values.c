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
values_add(struct served *served, const struct credis_keyword *keyword,
    const struct store_write *write)
{
	struct values *values = &served->values;
	struct message message = { .has = MESSAGE_KEY | MESSAGE_SEQ | MESSAGE_TIME };

	if (values->lent)
		buffer_clear(&values->outbox);
	values->lent = false;
	if (values->listeners < MANY || values->outbox.length > OUTBOX_MAX ||
	    !is_for_all(keyword, write))
		return;
	message.key = (struct slice){ write->keyword, strlen(write->keyword) };
	message.seq = write->seq;
	message.time_us = write->time_us;
	message.body = (struct slice){ write->text, write->length };
	message_write(&values->outbox, &message);
}

static bool
has_something(const struct values *values)
{
	return values->outbox.length > 0 && !values->outbox.failed && !values->lent;
}

void
values_announce(struct served *served, struct store_write *write)
{
	struct values *values = &served->values;

	if (has_something(values))
		write->announced = (struct slice){ values->outbox.bytes, values->outbox.length };
	values->lent = true;
}

void
values_publish(struct served *served)
{
	struct values *values = &served->values;
	struct post *post = served->post;
	struct buffer *out =
	    has_something(values) ? link_command(post->store.link, NULL, NULL, 0, NULL) : NULL;
	struct name channel;

	values->lent = true;
	if (out == NULL)
		return;
	names_service(&channel, post->store.ns, served_name(served), NAMES_VALUES);
	command_begin(out, 3);
	command_text(out, "PUBLISH");
	command_word(out, channel.text, channel.length);
	command_word(out, values->outbox.bytes, values->outbox.length);
}
