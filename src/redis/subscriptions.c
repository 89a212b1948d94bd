/* subscriptions.c: channels with callbacks, on a link of their own.
 * Knows who wants which channel and what the server has confirmed; one SUBSCRIBE a channel, so that
 * each is answered by itself. What messages mean is their takers'. */
#include "redis/subscriptions.h"

#include "core/error.h"
#include "core/table.h"
#include "redis/command.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INVALIDATE "__redis__:invalidate" /* where Redis tells of tracked keys */

enum {
	PING_MS = 5000,
	REFUSED_MS = 5000, /* an access list may be mended: asked again after so long */
};

struct subscription {
	struct subscription *next;
	struct channel *channel;
	struct subscription_events events;
	void *arg;
	bool live;    /* and told so */
	bool again;   /* it has been live before */
	bool removed; /* to be freed when nobody walks the list */
};

struct channel {
	struct subscriptions *owner;
	struct subscription *first, **end;
	struct channel *next_touched;
	bool touched;   /* in the list of those to be looked at */
	bool live;      /* confirmed by the server */
	bool refused;   /* and told so; until confirmed, lost, or wanted by more */
	uint64_t asked; /* which of the connection's commands; 0: none */
	UT_hash_handle hh;
	size_t length;
	char name[];
};

struct subscriptions {
	struct link *link;
	struct channel *channels; /* by name */
	struct channel *touched;  /* with subscriptions removed, or new on a live channel */
	struct event *turn;       /* looks at the touched ones */
	struct event *retry;      /* asks again for what was refused */
	uint64_t sent;            /* commands on this connection, and how many of them */
	uint64_t answered;        /* the server has answered: it does so in order */
	bool patterns;            /* channels are patterns */
	bool keys;                /* the only channel is a prefix of keys */
	unsigned busy;            /* walks under way: nothing is freed */
	bool freed;
	void (*on_failed)(void *arg); /* may be NULL */
	void *arg;
};

static void on_up(struct link *link, void *arg);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg);
static void on_push(struct link *link, const struct reply *push, void *arg);
static void on_turn(evutil_socket_t fd, short what, void *arg);
static void on_retry(evutil_socket_t fd, short what, void *arg);
static void subscriptions_release(struct subscriptions *subscriptions);

struct subscriptions *
subscriptions_new(struct event_base *base, const struct link_options *options,
    struct credis_error *err)
{
	static const struct link_events events = { on_up, on_down, on_push };
	struct subscriptions *subscriptions = calloc(1, sizeof *subscriptions);
	struct link_options ours = *options;

	if (subscriptions == NULL) {
		error_no_memory(err);
		return NULL;
	}
	ours.pubsub = true;
	if (ours.ping_ms == 0)
		ours.ping_ms = PING_MS;
	subscriptions->link = link_new(base, &ours, &events, subscriptions, err);
	if (subscriptions->link == NULL)
		goto failed;
	subscriptions->turn = event_new(base, -1, 0, on_turn, subscriptions);
	subscriptions->retry = event_new(base, -1, 0, on_retry, subscriptions);
	if (subscriptions->turn != NULL && subscriptions->retry != NULL)
		return subscriptions;
	error_no_memory(err);
failed:
	subscriptions_free(subscriptions);
	return NULL;
}

static void
channel_free(struct channel *channel)
{
	struct subscription *subscription;

	while ((subscription = channel->first) != NULL) {
		channel->first = subscription->next;
		free(subscription);
	}
	HASH_DEL(channel->owner->channels, channel);
	free(channel);
}

void
subscriptions_free(struct subscriptions *subscriptions)
{
	if (subscriptions == NULL || subscriptions->freed)
		return;
	subscriptions->freed = true;
	link_free(subscriptions->link);
	if (subscriptions->turn != NULL)
		event_free(subscriptions->turn);
	if (subscriptions->retry != NULL)
		event_free(subscriptions->retry);
	subscriptions->busy++;
	subscriptions_release(subscriptions);
}

void
subscriptions_tell_failed(struct subscriptions *subscriptions, void (*on_failed)(void *arg),
    void *arg)
{
	subscriptions->on_failed = on_failed;
	subscriptions->arg = arg;
}

void
subscriptions_take_patterns(struct subscriptions *subscriptions)
{
	subscriptions->patterns = true;
}

void
subscriptions_take_keys(struct subscriptions *subscriptions)
{
	subscriptions->keys = true;
}

struct link *
subscriptions_link(struct subscriptions *subscriptions)
{
	return subscriptions->link;
}

/* Talking to the server. */

/* Returns the command's number, or 0 when the link is down: on_up() will ask. */
static uint64_t
say(struct subscriptions *subscriptions, int argc, const char *const *words, const char *last,
    size_t length)
{
	struct credis_error err;
	struct buffer *out;

	if (!link_is_up(subscriptions->link))
		return 0;
	out = link_subscribe_command(subscriptions->link, &err);
	if (out == NULL) {
		link_reset(subscriptions->link, &err);
		return 0;
	}
	command_begin(out, argc + 1);
	for (int n = 0; n < argc; n++)
		command_text(out, words[n]);
	command_word(out, last, length);
	return ++subscriptions->sent;
}

/* Redirected to the connection itself, tracking ends with it, and needs no RESP3. */
static uint64_t
say_track(const struct channel *channel)
{
	char id[24];
	const char *words[] = { "CLIENT", "TRACKING", "ON", "REDIRECT", id, "BCAST", "PREFIX" };

	snprintf(id, sizeof id, "%" PRId64, link_connection_id(channel->owner->link));
	return say(channel->owner, 7, words, channel->name, channel->length);
}

static void
channel_ask(struct channel *channel)
{
	const char *verb = channel->owner->patterns ? "PSUBSCRIBE" : "SUBSCRIBE";

	channel->asked = channel->owner->keys
	    ? say_track(channel)
	    : say(channel->owner, 1, &verb, channel->name, channel->length);
}

static void
channel_unask(struct channel *channel)
{
	const char *verb = channel->owner->patterns ? "PUNSUBSCRIBE" : "UNSUBSCRIBE";

	if (channel->asked != 0 && !channel->owner->keys)
		say(channel->owner, 1, &verb, channel->name, channel->length);
}

/* Subscriptions come and go. */

static struct channel *
channel_find(const struct subscriptions *subscriptions, const char *name, size_t length)
{
	struct channel *channel;

	HASH_FIND(hh, subscriptions->channels, name, length, channel);
	return channel;
}

static struct channel *
channel_add(struct subscriptions *subscriptions, const char *name)
{
	size_t length = strlen(name);
	struct channel *channel = channel_find(subscriptions, name, length);

	if (channel != NULL)
		return channel;
	channel = calloc(1, sizeof *channel + length + 1);
	if (channel == NULL)
		return NULL;
	channel->owner = subscriptions;
	channel->end = &channel->first;
	channel->length = length;
	memcpy(channel->name, name, length + 1);
	HASH_ADD(hh, subscriptions->channels, name, length, channel);
	if (channel->hh.tbl == NULL) {
		free(channel);
		return NULL;
	}
	channel_ask(channel);
	return channel;
}

static void
channel_touch(struct channel *channel)
{
	struct subscriptions *subscriptions = channel->owner;

	if (channel->touched)
		return;
	channel->touched = true;
	channel->next_touched = subscriptions->touched;
	subscriptions->touched = channel;
	if (!subscriptions->freed)
		event_active(subscriptions->turn, EV_TIMEOUT, 0);
}

struct subscription *
subscriptions_add(struct subscriptions *subscriptions, const char *name,
    const struct subscription_events *events, void *arg, struct credis_error *err)
{
	struct subscription *subscription = calloc(1, sizeof *subscription);
	struct channel *channel = subscription != NULL ? channel_add(subscriptions, name) : NULL;

	if (channel == NULL) {
		free(subscription);
		error_no_memory(err);
		return NULL;
	}
	subscription->channel = channel;
	subscription->events = *events;
	subscription->arg = arg;
	*channel->end = subscription;
	channel->end = &subscription->next;
	if (channel->live)
		channel_touch(channel);
	if (channel->refused && channel->asked == 0)
		channel_ask(channel);
	channel->refused = false;
	link_start(subscriptions->link);
	return subscription;
}

/* What is left of it goes at the end of the turn: a callback may be walking the list. */
void
subscriptions_remove(struct subscriptions *subscriptions, struct subscription *subscription)
{
	(void)subscriptions;
	if (subscription == NULL || subscription->removed)
		return;
	subscription->removed = true;
	subscription->live = false;
	channel_touch(subscription->channel);
}

bool
subscription_is_live(const struct subscription *subscription)
{
	return subscription->live;
}

/* Telling. While 'busy' nothing is freed, and what is added comes last in its list. */

static void
channel_tell_live(struct channel *channel)
{
	for (struct subscription *each = channel->first; each != NULL; each = each->next) {
		bool again = each->again;

		if (each->live || each->removed || !channel->live || channel->owner->freed)
			continue;
		each->live = each->again = true;
		if (each->events.on_live != NULL)
			each->events.on_live(each->arg, again);
	}
}

static void
channel_tell_lost(struct channel *channel, const struct credis_error *why, bool all)
{
	channel->live = false;
	for (struct subscription *each = channel->first; each != NULL; each = each->next) {
		if (each->removed || (!each->live && !all) || channel->owner->freed)
			continue;
		each->live = false;
		if (each->events.on_lost != NULL)
			each->events.on_lost(each->arg, why);
	}
}

static void
channel_tell_message(struct channel *channel, const char *name, const struct reply *payload)
{
	const char *text = payload->kind == REPLY_NIL ? NULL : payload->text;

	for (struct subscription *each = channel->first; each != NULL; each = each->next) {
		if (each->live && !channel->owner->freed)
			each->events.on_message(each->arg, name, text, payload->length);
	}
}

/* Frees what was removed; gives the channel up when nobody is left. */
static void
channel_sweep(struct channel *channel)
{
	struct subscription **at = &channel->first;

	while (*at != NULL) {
		struct subscription *subscription = *at;

		if (subscription->removed) {
			*at = subscription->next;
			free(subscription);
		} else {
			at = &subscription->next;
		}
	}
	channel->end = at;
	if (channel->first != NULL)
		return;
	channel_unask(channel);
	channel_free(channel);
}

static void
subscriptions_hold(struct subscriptions *subscriptions)
{
	subscriptions->busy++;
}

static void
subscriptions_release(struct subscriptions *subscriptions)
{
	if (--subscriptions->busy > 0 || !subscriptions->freed)
		return;
	while (subscriptions->channels != NULL)
		channel_free(subscriptions->channels);
	free(subscriptions);
}

/* The first to touch a channel again is looked at in another turn. */
static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct subscriptions *subscriptions = arg;
	struct channel *touched = subscriptions->touched;

	(void)fd, (void)what;
	subscriptions->touched = NULL;
	subscriptions_hold(subscriptions);
	while (touched != NULL && !subscriptions->freed) {
		struct channel *channel = touched;

		touched = channel->next_touched;
		channel->touched = false;
		channel_tell_live(channel);
		if (!channel->touched && !subscriptions->freed)
			channel_sweep(channel);
	}
	subscriptions_release(subscriptions);
}

/* From the link. */

static void
on_up(struct link *link, void *arg)
{
	struct subscriptions *subscriptions = arg;
	struct channel *channel;

	(void)link;
	for (channel = subscriptions->channels; channel != NULL; channel = channel->hh.next)
		channel_ask(channel);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct subscriptions *subscriptions = arg;
	struct channel *channel;

	(void)link;
	if (!was_up && subscriptions->on_failed != NULL)
		subscriptions->on_failed(subscriptions->arg);
	if (!was_up)
		return;
	subscriptions_hold(subscriptions);
	subscriptions->sent = subscriptions->answered = 0;
	for (channel = subscriptions->channels; channel != NULL; channel = channel->hh.next) {
		channel->asked = 0;
		channel->refused = false;
		channel_tell_lost(channel, why, false);
	}
	subscriptions_release(subscriptions);
}

/* Of the command that the server has answered now. */
static struct channel *
channel_answered(const struct subscriptions *subscriptions)
{
	struct channel *channel = subscriptions->channels;

	while (channel != NULL && channel->asked != subscriptions->answered)
		channel = channel->hh.next;
	return channel;
}

/* Keys are tracked from now on; they are told once that is subscribed to. */
static void
on_tracked(struct subscriptions *subscriptions)
{
	static const char *const verb = "SUBSCRIBE";
	struct channel *channel = channel_answered(subscriptions);

	if (channel != NULL && subscriptions->keys)
		channel->asked = say(subscriptions, 1, &verb, INVALIDATE, strlen(INVALIDATE));
}

/* An earlier command's confirmation is no news: the channel was given up and wanted again since. */
static void
on_confirmed(struct subscriptions *subscriptions, const struct reply *name)
{
	struct channel *channel = NULL;

	if (subscriptions->keys)
		channel = subscriptions->channels;
	else if (name->kind == REPLY_TEXT)
		channel = channel_find(subscriptions, name->text, name->length);
	if (channel == NULL || channel->asked != subscriptions->answered)
		return;
	channel->live = true;
	channel->refused = false;
	channel_tell_live(channel);
}

static void
on_refused(struct subscriptions *subscriptions, const struct reply *reply)
{
	struct channel *channel = channel_answered(subscriptions);
	struct credis_error why;

	if (channel == NULL)
		return;
	event_add(subscriptions->retry, &(struct timeval){ .tv_sec = REFUSED_MS / 1000 });
	channel->asked = 0;
	if (channel->refused)
		return;
	channel->refused = true;
	reply_explain(reply, &why);
	error_prefix(&why, channel->name);
	channel_tell_lost(channel, &why, true);
}

/* message CHANNEL PAYLOAD; pmessage PATTERN CHANNEL PAYLOAD. */
static void
on_message(struct subscriptions *subscriptions, const struct reply *push)
{
	const struct reply *key = reply_item(push, 1);
	const struct reply *name = reply_item(push, subscriptions->patterns ? 2 : 1);
	const struct reply *payload = reply_item(push, subscriptions->patterns ? 3 : 2);
	struct channel *channel;

	if (key->kind != REPLY_TEXT || name->kind != REPLY_TEXT || payload->kind != REPLY_TEXT)
		return;
	channel = channel_find(subscriptions, key->text, key->length);
	if (channel != NULL)
		channel_tell_message(channel, name->text, payload);
}

/* message CHANNEL [KEY …], or nil for all keys. */
static void
on_keys(struct subscriptions *subscriptions, const struct reply *push)
{
	const struct reply *keys = reply_item(push, 2);
	struct channel *channel = subscriptions->channels;

	if (channel == NULL)
		return;
	if (keys->kind == REPLY_NIL)
		channel_tell_message(channel, channel->name, keys);
	for (size_t n = 0; n < keys->count; n++) {
		if (reply_item(keys, n)->kind == REPLY_TEXT)
			channel_tell_message(channel, channel->name, reply_item(keys, n));
	}
}

static void
on_push(struct link *link, const struct reply *push, void *arg)
{
	struct subscriptions *subscriptions = arg;
	const struct reply *head = reply_item(push, 0);

	(void)link;
	subscriptions_hold(subscriptions);
	if (reply_text_is(head, subscriptions->patterns ? "pmessage" : "message")) {
		if (subscriptions->keys)
			on_keys(subscriptions, push);
		else
			on_message(subscriptions, push);
	} else {
		subscriptions->answered++;
		if (reply_text_is(head, subscriptions->patterns ? "psubscribe" : "subscribe"))
			on_confirmed(subscriptions, reply_item(push, 1));
		else if (reply_is_error(push, NULL))
			on_refused(subscriptions, push);
		else if (push->kind == REPLY_STATUS)
			on_tracked(subscriptions);
	}
	subscriptions_release(subscriptions);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct subscriptions *subscriptions = arg;
	struct channel *channel;

	(void)fd, (void)what;
	for (channel = subscriptions->channels; channel != NULL; channel = channel->hh.next) {
		if (channel->refused && channel->asked == 0)
			channel_ask(channel);
	}
}
