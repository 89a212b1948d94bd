/* notifications.c: CONFIG GET, compare, CONFIG SET.
 * Knows which classes the broadcasts need: K (keyspace channels), h (hash commands); and $ (strings) where a
 * service has a mirror. */
#include "dispatcher/notifications.h"

#include "core/error.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <string.h>

enum { CLASSES = 3 }; /* most that are needed */

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
complain(struct post *post, const char *why)
{
	struct credis_error fault;

	error_set(&fault, CREDIS_ESTORE,
	    "set %s to at least %s on the store, or clients are told of no"
	    " change (%s)",
	    setting, needed(post), why);
	for (struct served *s = post->served; s != NULL; s = s->next)
		served_report(s, fault.text);
}

static void
on_set(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct post *post = arg;
	struct credis_error why;

	(void)id;
	(void)err;
	if (reply == NULL || reply->kind != REPLY_ERROR)
		return;
	reply_explain(reply, &why);
	complain(post, why.text);
}

/* A stands for every class that keys have events of. */
static bool
covers(const char *flags, char class)
{
	return strchr(flags, class) != NULL ||
	    (class != 'K' && class != 'E' && strchr(flags, 'A') != NULL);
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
	log_event(post->log, CREDIS_LOG_INFO, "+events", "%s is now '%s', was '%s'", setting,
	    wanted, flags);
}

static void
on_get(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct post *post = arg;
	struct credis_error why;

	(void)id;
	(void)err;
	if (reply == NULL)
		return;
	if (reply->kind == REPLY_ERROR) {
		if (post->events_unknown)
			return;
		post->events_unknown = true;
		reply_explain(reply, &why);
		complain(post, why.text);
		return;
	}
	if (reply_item(reply, 1)->kind == REPLY_TEXT)
		add_classes(post, reply_item(reply, 1)->text);
}

void
notifications_check(struct post *post)
{
	struct buffer *out;

	if (post->events_unknown)
		return;
	out = link_command(post->store.link, on_get, post, 0, NULL);
	if (out != NULL)
		command_texts(out, "CONFIG", "GET", setting, NULL);
}
