/* values.c: stored values of one turn of the event loop in one PUBLISH, for those who listen.
 * Knows how many make it worth while; what cannot be sent is left out, as each listener has the event. */
#include "dispatcher/values.h"

#include "core/message.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <event2/event.h>
#include <string.h>

enum {
	MANY = 4,          /* listeners from which one PUBLISH is cheaper than their fetches */
	LENGTH_MAX = 4096, /* of a value: most listeners watch others */
	OUTBOX_MAX = 1024 * 1024, /* bytes of one turn */
};

void
values_clear(struct values *values)
{
	if (values->flush != NULL)
		event_free(values->flush);
	buffer_free(&values->outbox);
	*values = (struct values){ 0 };
}

static struct buffer *
begin(struct served *served, size_t words, link_answer *answer, struct name *channel)
{
	struct post *post = served->post;
	struct buffer *out =
	    link_command(post->store.link, answer, post, post_ticket(served->serial, 0), NULL);

	names_service(channel, post->store.ns, served_name(served), NAMES_VALUES);
	if (out != NULL)
		command_begin(out, words);
	return out;
}

/* PUBLISH says how many received it. */
static void
on_published(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	int64_t count = 0;

	(void)err;
	if (served != NULL)
		served->values.listeners = reply_integer(reply, &count) ? (size_t)count : 0;
}

/* PUBSUB NUMSUB says channel and count. */
static void
on_counted(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	on_published(arg, ticket, reply_item(reply, 1), err);
}

static void
on_flush(evutil_socket_t fd, short what, void *arg)
{
	struct served *served = arg;
	struct buffer *outbox = &served->values.outbox;
	struct name channel;
	struct buffer *out;

	(void)fd;
	(void)what;
	out = outbox->failed ? NULL : begin(served, 3, on_published, &channel);
	if (out != NULL) {
		command_text(out, "PUBLISH");
		command_word(out, channel.text, channel.length);
		command_word(out, outbox->bytes, outbox->length);
	}
	buffer_clear(outbox);
}

void
values_tick(struct served *served)
{
	struct values *values = &served->values;
	struct name channel;
	struct buffer *out;

	if (values->flush == NULL)
		values->flush = event_new(served->post->base, -1, 0, on_flush, served);
	out = values->flush != NULL ? begin(served, 3, on_counted, &channel) : NULL;
	if (out == NULL)
		return;
	command_text(out, "PUBSUB");
	command_text(out, "NUMSUB");
	command_word(out, channel.text, channel.length);
}

/* One with a severity has a reason, which only the hash holds. */
static bool
is_for_all(const struct entry *entry)
{
	return keyword_is_readable(entry->keyword) && entry_severity(entry) == CREDIS_NONE &&
	    entry->value.length <= LENGTH_MAX;
}

void
values_stored(struct served *served, const struct entry *entry)
{
	struct values *values = &served->values;
	struct message message = { .has = MESSAGE_KEY | MESSAGE_SEQ | MESSAGE_TIME };

	if (values->listeners < MANY || values->flush == NULL ||
	    values->outbox.length > OUTBOX_MAX || !is_for_all(entry))
		return;
	message.key = (struct slice){ entry->keyword->name, strlen(entry->keyword->name) };
	message.seq = entry->seq;
	message.time_us = entry->time_us;
	message.body = (struct slice){ value_text(&entry->value), entry->value.length };
	message_write(&values->outbox, &message);
	event_active(values->flush, EV_TIMEOUT, 0);
}
