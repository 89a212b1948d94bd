/* notifications.c: CONFIG GET, compare, CONFIG SET; where that is forbidden, listens for an event of our own.
 * Knows which classes the broadcasts need: K (keyspace channels), h (hash commands); and $ (strings) where a
 * service has a mirror. */
#include "dispatcher/notifications.h"

#include "core/error.h"
#include "dispatcher/intake.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <stdio.h>
#include <string.h>

enum {
	CLASSES = 3, /* most that are needed */
	UNHEARD = 3, /* of our writes, one a second, until nobody is taken to hear of any */
};

static const char setting[] = "notify-keyspace-events";

static const char *
needed(const struct post *post)
{
	for (const struct served *s = post->served; s != NULL; s = s->next) {
		if (s->mirror != NULL)
			return "Kh$";
	}
	return "Kh";
}

static void
complain(struct served *served, const char *why)
{
	char fault[CREDIS_ERROR_TEXT];

	snprintf(fault, sizeof(fault),
	    "set %s to at least %s on the store, or clients are told of no change (%s)", setting,
	    needed(served->post), why);
	served_report(served, fault);
}

/* Monitors are right as soon as they are told of changes again. */
static void
on_set(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct post *post = arg;
	struct credis_error why;

	(void)id;
	(void)err;
	if (reply == NULL)
		return;
	reply_explain(reply, &why);
	for (struct served *s = post->served; s != NULL; s = s->next) {
		if (reply->kind == REPLY_ERROR)
			complain(s, why.text);
		else if (s->state == SERVED_READY)
			registration_remind(s);
	}
}

/* A stands for every class that keys have events of. */
static bool
covers(const char *flags, char class)
{
	return strchr(flags, class) != NULL ||
	    (class != 'K' && class != 'E' && strchr(flags, 'A') != NULL);
}

static bool
is_anybody_ready(const struct post *post)
{
	const struct served *s = post->served;

	while (s != NULL && s->state != SERVED_READY)
		s = s->next;
	return s != NULL;
}

static void
add_classes(struct post *post, const char *flags)
{
	struct buffer *out;
	char wanted[64];
	size_t length = strlen(flags);
	bool enough = true;

	if (length + CLASSES >= sizeof(wanted))
		return;
	memcpy(wanted, flags, length + 1);
	for (const char *class = needed(post); *class != '\0'; class ++) {
		if (covers(flags, *class))
			continue;
		enough = false;
		wanted[length++] = *class;
		wanted[length] = '\0';
	}
	if (enough)
		return;
	out = link_command(post->store.link, on_set, post, 0, NULL);
	if (out == NULL)
		return;
	command_texts(out, "CONFIG", "SET", setting, wanted, NULL);
	log_event(post->log, is_anybody_ready(post) ? CREDIS_LOG_WARNING : CREDIS_LOG_INFO,
	    "+events", "%s is now '%s', was '%s'", setting, wanted, flags);
}

static void
on_get(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct post *post = arg;
	bool forbidden = reply != NULL && reply->kind == REPLY_ERROR;
	bool news = forbidden && !post->events_unknown;

	(void)id;
	(void)err;
	if (reply == NULL)
		return;
	post->events_unknown = forbidden;
	for (struct served *s = news ? post->served : NULL; s != NULL; s = s->next) {
		if (s->on_channels)
			notifications_listen(s, "SUBSCRIBE");
	}
	if (reply_item(reply, 1)->kind == REPLY_TEXT)
		add_classes(post, reply_item(reply, 1)->text);
}

void
notifications_check(struct post *post)
{
	struct buffer *out = link_command(post->store.link, on_get, post, 0, NULL);

	if (out != NULL)
		command_texts(out, "CONFIG", "GET", setting, NULL);
}

static void
name_event(struct name *channel, const struct served *served)
{
	const struct store *store = &served->post->store;

	names_service_event(channel, store->db, store->ns, served_name(served), NAMES_STATISTICS);
}

void
notifications_listen(struct served *served, const char *verb)
{
	struct buffer *out =
	    served->post->events_unknown ? intake_command(served->post->intake) : NULL;
	struct name channel;

	if (out == NULL)
		return;
	name_event(&channel, served);
	command_texts(out, verb, channel.text, NULL);
	served->unheard = 0;
}

void
notifications_expect(struct served *served)
{
	if (!served->post->events_unknown || served->unheard > UNHEARD ||
	    served->unheard++ < UNHEARD)
		return;
	served_set_own(served, OWN_STATE, "degraded");
	complain(served, "CONFIG is forbidden here, and it tells of none of our own writes");
}

bool
notifications_hear(struct post *post, const char *channel, const char *event)
{
	struct name name;

	for (struct served *s = post->events_unknown ? post->served : NULL; s != NULL;
	     s = s->next) {
		name_event(&name, s);
		if (strcmp(name.text, channel) != 0)
			continue;
		if (strcmp(event, "hset") != 0)
			return true; /* of another class */
		if (s->unheard > UNHEARD && s->state == SERVED_READY) {
			served_set_own(s, OWN_STATE, "ready");
			registration_remind(s);
		}
		s->unheard = 0;
		return true;
	}
	return false;
}
