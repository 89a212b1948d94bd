/* intake.c: SUBSCRIBE in portions, and where a message on a channel belongs.
 * What a message means is dispatch.c's. */
#include "dispatcher/intake.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/notifications.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <stdlib.h>
#include <string.h>

enum {
	PORTION = 512,       /* keywords in one SUBSCRIBE */
	AHEAD = 4 * PORTION, /* keywords subscribed before the server is waited for */
};

struct intake {
	struct post *post;
	struct link *link;
	void (*on_up)(void *arg);
};

static void on_up(struct link *link, void *arg);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg);
static void on_push(struct link *link, const struct reply *push, void *arg);

struct intake *
intake_new(struct post *post, const struct link_options *options, void (*up)(void *arg),
    struct credis_error *err)
{
	static const struct link_events events = { on_up, on_down, on_push };
	struct intake *intake = calloc(1, sizeof(*intake));

	if (intake == NULL) {
		error_no_memory(err);
		return NULL;
	}
	intake->post = post;
	intake->on_up = up;
	intake->link = link_new(post->base, options, &events, intake, err);
	if (intake->link == NULL) {
		free(intake);
		return NULL;
	}
	link_set_backoff(intake->link, POST_BACKOFF_MS);
	return intake;
}

void
intake_free(struct intake *intake)
{
	if (intake == NULL)
		return;
	link_free(intake->link);
	free(intake);
}

void
intake_start(struct intake *intake)
{
	link_start(intake->link);
}

bool
intake_is_up(const struct intake *intake)
{
	return link_is_up(intake->link);
}

int64_t
intake_connection_id(const struct intake *intake)
{
	return link_connection_id(intake->link);
}

struct buffer *
intake_command(struct intake *intake)
{
	return link_is_up(intake->link) ? link_subscribe_command(intake->link, NULL) : NULL;
}

static void
add_channels(struct buffer *out, const struct post *post, const char *service, const char *keyword)
{
	struct name channel;

	names_keyword(&channel, post->store.ns, service, keyword, NAMES_MODIFY);
	command_word(out, channel.text, channel.length);
	names_keyword(&channel, post->store.ns, service, keyword, NAMES_READ);
	command_word(out, channel.text, channel.length);
}

static void
send_one(struct intake *intake, const char *verb, const char *service)
{
	struct buffer *out = link_subscribe_command(intake->link, NULL);
	struct name channel;

	if (out == NULL)
		return;
	names_service(&channel, intake->post->store.ns, service, NAMES_GROUP_MODIFY);
	command_texts(out, verb, channel.text, NULL);
}

static void subscribe_portion(struct intake *intake, struct served *served, size_t from);

static void
on_drained(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct intake *intake = arg;
	struct served *served = post_find(intake->post, ticket);

	(void)reply;
	(void)err;
	if (served != NULL)
		served->drained = true;
}

bool
intake_after(struct intake *intake, link_answer *answer, void *arg, uint64_t ticket)
{
	struct buffer *out = link_command(intake->link, answer, arg, ticket, NULL);

	if (out == NULL)
		return false;
	command_texts(out, "PING", NULL);
	return true;
}

void
intake_drain(struct intake *intake, struct served *served)
{
	served->drained = !intake_after(intake, on_drained, intake, post_ticket(served->serial, 0));
}

/* The answer to the PING behind a portion: all before it is in force, and those after it are on their way. */
static void
on_portion(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct intake *intake = arg;
	struct served *served = post_find(intake->post, ticket);

	(void)err;
	if (served == NULL || reply == NULL ||
	    (served->state != SERVED_SUBSCRIBING && served->state != SERVED_READY))
		return;
	if ((uint32_t)ticket == served->registry.count)
		served_on_subscribed(served);
	else
		subscribe_portion(intake, served, (size_t)(uint32_t)ticket + AHEAD - PORTION);
}

static void
subscribe_portion(struct intake *intake, struct served *served, size_t from)
{
	size_t count = served->registry.count;
	struct buffer *out = from < count ? link_subscribe_command(intake->link, NULL) : NULL;

	if (out == NULL)
		return;
	count = count - from < PORTION ? count - from : PORTION;
	command_begin(out, 1 + 2 * count);
	command_text(out, "SUBSCRIBE");
	for (size_t n = from; n < from + count; n++)
		add_channels(out, intake->post, served_name(served),
		    served->registry.entries[n]->keyword->name);
	if (served->mirror != NULL)
		mirror_subscribe(served, from, count);
	out = link_command(intake->link, on_portion, intake,
	    post_ticket(served->round, (uint32_t)(from + count)), NULL);
	if (out != NULL)
		command_texts(out, "PING", NULL);
}

void
intake_subscribe(struct intake *intake, struct served *served)
{
	if (!link_is_up(intake->link))
		return;
	served->on_channels = true;
	send_one(intake, "SUBSCRIBE", served_name(served));
	notifications_listen(served, "SUBSCRIBE");
	for (size_t from = 0; from < AHEAD; from += PORTION)
		subscribe_portion(intake, served, from);
}

void
intake_unsubscribe(struct intake *intake, struct served *served, const struct registry *registry,
    const struct registry *kept)
{
	const char *service = served_name(served);

	if (!link_is_up(intake->link))
		return;
	if (kept == NULL) {
		send_one(intake, "UNSUBSCRIBE", service);
		notifications_listen(served, "UNSUBSCRIBE");
	}
	for (size_t n = 0; n < registry->count; n++) {
		const char *name = registry->entries[n]->keyword->name;
		struct buffer *out;

		if (kept != NULL && registry_find(kept, name, strlen(name)) != NULL)
			continue;
		out = link_subscribe_command(intake->link, NULL);
		if (out == NULL)
			return;
		command_begin(out, 3);
		command_text(out, "UNSUBSCRIBE");
		add_channels(out, intake->post, service, name);
	}
}

/* One that is being removed still turns away what comes. */
static struct served *
find_served(const struct post *post, const struct slice *name)
{
	struct served *served = post_find_name(post, name->bytes, name->length);

	for (struct served *s = post->served; s != NULL && served == NULL; s = s->next) {
		if (s->doomed && strlen(served_name(s)) == name->length &&
		    memcmp(served_name(s), name->bytes, name->length) == 0)
			served = s;
	}
	return served;
}

static void
on_message(struct intake *intake, const struct reply *channel, const struct reply *payload)
{
	struct names_channel parts;
	struct served *served;

	if (!names_parse_channel(&parts, intake->post->store.ns, channel->text, channel->length)) {
		if (!notifications_hear(intake->post, channel->text, payload->text))
			mirror_take(intake->post, channel->text, channel->length, payload->text,
			    payload->length);
		return;
	}
	served = find_served(intake->post, &parts.service);
	if (served != NULL)
		served_take(served, &parts.keyword,
		    parts.verb == NAMES_READ ? DISPATCH_READ : DISPATCH_MODIFY, payload->text,
		    payload->length);
}

static void
on_push(struct link *link, const struct reply *push, void *arg)
{
	struct intake *intake = arg;
	struct credis_error why;

	(void)link;
	if (push->kind == REPLY_ERROR) {
		reply_explain(push, &why);
		log_event(intake->post->log, CREDIS_LOG_ERROR, "-subscribe", "%s", why.text);
		for (struct served *s = intake->post->served; s != NULL; s = s->next)
			served_report(s, why.text);
		return;
	}
	if (reply_text_is(reply_item(push, 0), "message"))
		on_message(intake, reply_item(push, 1), reply_item(push, 2));
}

static void
on_up(struct link *link, void *arg)
{
	struct intake *intake = arg;

	(void)link;
	for (struct served *s = intake->post->served; s != NULL; s = s->next) {
		if (s->state == SERVED_SUBSCRIBING)
			intake_subscribe(intake, s);
	}
	intake->on_up(intake->post->arg);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct intake *intake = arg;

	(void)link;
	(void)was_up;
	for (struct served *s = intake->post->served; s != NULL; s = s->next)
		served_intake_down(s, why->text);
}
