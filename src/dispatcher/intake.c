/* intake.c: SUBSCRIBE and UNSUBSCRIBE in portions, and where a message on a channel belongs.
 * What a message means is dispatch.c's. */
#include "dispatcher/intake.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/notifications.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORTION = 512,       /* keywords in one SUBSCRIBE */
	AHEAD = 4 * PORTION, /* keywords subscribed before the server is waited for */
};

/* Channels to be left, one such after the other. */
struct leaving {
	TAILQ_ENTRY(leaving) link;
	uint32_t serial; /* of the service */
	char service[CREDIS_SERVICE_MAX + 1];
	char prefix[NAMES_PREFIX_MAX + 1]; /* of its mirror; "": it has none */
	bool mirror_only;
	size_t count;
	size_t left;             /* of the entries, in commands that were sent … */
	size_t answered;         /* … and have been answered */
	struct entry *entries[]; /* held */
};

struct intake {
	struct post *post;
	struct link *link;
	void (*on_up)(void *arg);
	TAILQ_HEAD(, leaving) leaving;
};

static void on_up(struct link *link, void *arg);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg);
static void on_push(struct link *link, const struct reply *push, void *arg);
static void finish_all(struct intake *intake);

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
	TAILQ_INIT(&intake->leaving);
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
	finish_all(intake);
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

bool
intake_after(struct intake *intake, link_answer *answer, void *arg, uint64_t ticket)
{
	struct buffer *out = link_command(intake->link, answer, arg, ticket, NULL);

	if (out == NULL)
		return false;
	command_texts(out, "PING", NULL);
	return true;
}

static void subscribe_portion(struct intake *intake, struct served *served, size_t from);

/* The answer to the PING behind a portion: all before it is in force, and those after it are on their way. */
static void
on_portion(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct intake *intake = arg;
	struct served *served = post_find(intake->post, ticket);

	(void)err;
	if (served == NULL || reply == NULL || !served_is_serving(served))
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
	intake_after(intake, on_portion, intake,
	    post_ticket(served->round, (uint32_t)(from + count)));
}

void
intake_subscribe(struct intake *intake, struct served *served)
{
	if (!link_is_up(intake->link))
		return;
	served->on_channels = served->subscribing = true;
	send_one(intake, "SUBSCRIBE", served_name(served));
	notifications_listen(served, "SUBSCRIBE");
	for (size_t from = 0; from < AHEAD; from += PORTION)
		subscribe_portion(intake, served, from);
}

static struct served *
find_leaver(const struct intake *intake, const struct leaving *leaving)
{
	return post_find(intake->post, post_ticket(leaving->serial, 0));
}

/* Whether the service listens for this one, by now. */
static bool
is_wanted(const struct intake *intake, const struct leaving *leaving, const struct entry *entry)
{
	const struct served *served = find_leaver(intake, leaving);

	return served != NULL && served->on_channels &&
	    (!leaving->mirror_only || strcmp(served->definition->prefix, leaving->prefix) == 0) &&
	    registry_find(&served->registry, entry->name, strlen(entry->name)) != NULL;
}

static bool
is_leaving(const struct intake *intake, const struct served *served)
{
	const struct leaving *leaving = TAILQ_FIRST(&intake->leaving);

	while (leaving != NULL && leaving->serial != served->serial)
		leaving = TAILQ_NEXT(leaving, link);
	return leaving != NULL;
}

static void
finish_first(struct intake *intake)
{
	struct leaving *leaving = TAILQ_FIRST(&intake->leaving);
	struct served *served = find_leaver(intake, leaving);

	TAILQ_REMOVE(&intake->leaving, leaving, link);
	for (size_t n = 0; n < leaving->count; n++)
		entry_release(leaving->entries[n]);
	free(leaving);
	if (served != NULL && !is_leaving(intake, served))
		served->drained = true;
}

static void
finish_all(struct intake *intake)
{
	while (!TAILQ_EMPTY(&intake->leaving))
		finish_first(intake);
}

static void leave_some(struct intake *intake);

/* The answer to the PING behind a portion. */
static void
on_left(void *arg, uint64_t count, const struct reply *reply, const struct credis_error *err)
{
	struct intake *intake = arg;
	struct leaving *leaving = TAILQ_FIRST(&intake->leaving);

	(void)err;
	if (reply == NULL || leaving == NULL)
		return; /* lost, and all channels with it */
	leaving->answered = count;
	if (leaving->answered == leaving->count)
		finish_first(intake);
	leave_some(intake);
}

static void
add_left(struct buffer *out, const struct post *post, const struct leaving *leaving,
    const struct entry *entry)
{
	struct name channel;

	if (!leaving->mirror_only)
		add_channels(out, post, leaving->service, entry->name);
	if (leaving->prefix[0] == '\0')
		return;
	names_cauldron(&channel, leaving->prefix, leaving->service, entry->name,
	    NAMES_CAULDRON_VALUE);
	command_word(out, channel.text, channel.length);
}

static bool
leave_portion(struct intake *intake, struct leaving *leaving)
{
	size_t each = (leaving->mirror_only ? 0 : 2) + (leaving->prefix[0] != '\0');
	struct entry *some[PORTION];
	size_t count = 0, left = leaving->left;
	struct buffer *out;

	for (; left < leaving->count && count < PORTION; left++) {
		if (!is_wanted(intake, leaving, leaving->entries[left]))
			some[count++] = leaving->entries[left];
	}
	out = count > 0 ? link_subscribe_command(intake->link, NULL) : NULL;
	if (out != NULL) { /* with no name it would leave all */
		command_begin(out, 1 + each * count);
		command_text(out, "UNSUBSCRIBE");
		for (size_t n = 0; n < count; n++)
			add_left(out, intake->post, leaving, some[n]);
	}
	if ((count > 0 && out == NULL) || !intake_after(intake, on_left, intake, left))
		return false;
	leaving->left = left;
	return true;
}

static void
leave_some(struct intake *intake)
{
	struct leaving *leaving = TAILQ_FIRST(&intake->leaving);

	while (leaving != NULL && leaving->left < leaving->count &&
	    leaving->left - leaving->answered < AHEAD && leave_portion(intake, leaving))
		;
}

/* Begins when all that was to be left before is. */
static bool
leave(struct intake *intake, const struct served *served, const struct registry *registry,
    const char *prefix, bool mirror_only)
{
	bool is_first = TAILQ_EMPTY(&intake->leaving);
	struct leaving *leaving;

	if (!link_is_up(intake->link))
		return false;
	leaving = calloc(1, sizeof(*leaving) + registry->count * sizeof(leaving->entries[0]));
	if (leaving == NULL)
		return false;
	leaving->serial = served->serial;
	leaving->mirror_only = mirror_only;
	snprintf(leaving->service, sizeof(leaving->service), "%s", served_name(served));
	snprintf(leaving->prefix, sizeof(leaving->prefix), "%s", prefix);
	for (size_t n = 0; n < registry->count; n++) {
		if (!is_wanted(intake, leaving, registry->entries[n]))
			leaving->entries[leaving->count++] = entry_hold(registry->entries[n]);
	}
	if (leaving->count == 0) {
		free(leaving);
		return false;
	}
	TAILQ_INSERT_TAIL(&intake->leaving, leaving, link);
	if (is_first)
		leave_some(intake);
	return true;
}

bool
intake_unsubscribe(struct intake *intake, struct served *served, const struct registry *registry)
{
	if (!served->on_channels && link_is_up(intake->link)) {
		send_one(intake, "UNSUBSCRIBE", served_name(served));
		notifications_listen(served, "UNSUBSCRIBE");
	}
	return leave(intake, served, registry,
	    served->mirror != NULL ? served->definition->prefix : "", false);
}

void
intake_leave_mirror(struct intake *intake, const struct served *served,
    const struct registry *registry, const char *prefix)
{
	leave(intake, served, registry, prefix, true);
}

void
intake_tick(struct intake *intake)
{
	struct post *post = intake->post;

	if (!link_is_up(intake->link) || link_commands_under_way(intake->link) > 0)
		return;
	for (struct served *s = post->served; s != NULL; s = s->next) {
		if (s->subscribing && !s->registration.under_way && served_is_serving(s))
			intake_subscribe(intake, s);
	}
	leave_some(intake);
}

/* One that is being removed still turns away what comes. */
static struct served *
find_served(const struct post *post, const struct slice *name)
{
	struct served *served = post_find_name(post, name->bytes, name->length);

	return served != NULL ? served : post_find_doomed(post, name->bytes, name->length);
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
	finish_all(intake);
	for (struct served *s = intake->post->served; s != NULL; s = s->next)
		served_intake_down(s, why->text);
}
