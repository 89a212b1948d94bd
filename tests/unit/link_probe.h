/* link_probe.h: a link that notes down what happens to it. */
#ifndef TEST_LINK_PROBE_H
#define TEST_LINK_PROBE_H

#include "redis/command.h"
#include "redis/link.h"

#include "loop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct probe {
	struct event_base *base;
	struct link *link;
	struct log log;
	unsigned ups, downs, pushes, answers, lost, refused;
	bool was_up;               /* of the last on_down */
	struct credis_error why;   /* likewise */
	char last_answer[64];      /* its text, or its integer */
	uint64_t order[4096];      /* ids as they were answered */
	char pushed[16][64];       /* the first two items of each, or the error */
	char logged[4096];         /* "word text\n" of each event */
	int64_t up_ms, longest_ms; /* up since, and for so long at most */
	const char *free_at;       /* the link is freed in the callback of that name */
	bool ask_again;            /* in every answer */
};

static void
probe_event(struct probe *probe, const char *what)
{
	if (probe->free_at == NULL || strcmp(probe->free_at, what) != 0)
		return;
	probe->free_at = NULL;
	link_free(probe->link);
	probe->link = NULL;
}

static bool probe_ask(struct probe *probe, uint64_t id);

static void
probe_up(struct link *link, void *arg)
{
	struct probe *probe = arg;

	(void)link;
	probe->ups++;
	probe->up_ms = loop_now_ms();
	probe_event(probe, "up");
}

static void
probe_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct probe *probe = arg;

	(void)link;
	probe->downs++;
	probe->was_up = was_up;
	if (was_up && loop_now_ms() - probe->up_ms > probe->longest_ms)
		probe->longest_ms = loop_now_ms() - probe->up_ms;
	probe->why = *why;
	probe_event(probe, "down");
}

static void
probe_push(struct link *link, const struct reply *push, void *arg)
{
	struct probe *probe = arg;
	const char *head = reply_is_error(push, NULL) ? push->text : reply_item(push, 0)->text;
	const char *next = reply_item(push, 1)->text;

	(void)link;
	snprintf(probe->pushed[probe->pushes++ % 16], sizeof probe->pushed[0], "%s %s", head,
	    next != NULL ? next : "");
	probe_event(probe, "push");
}

static void __attribute__((unused))
probe_answer(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct probe *probe = arg;

	probe->order[probe->answers++ % 4096] = id;
	if (reply == NULL) {
		probe->lost++;
		probe->why = *err;
		snprintf(probe->last_answer, sizeof probe->last_answer, "(lost)");
	} else if (reply->text != NULL) {
		snprintf(probe->last_answer, sizeof probe->last_answer, "%s", reply->text);
	} else {
		snprintf(probe->last_answer, sizeof probe->last_answer, "%lld",
		    (long long)reply->integer);
	}
	if (probe->ask_again)
		probe->refused += !probe_ask(probe, probe->answers);
	probe_event(probe, "answer");
}

static void
probe_log(void *arg, enum credis_log_level level, const char *word, const char *text)
{
	struct probe *probe = arg;
	size_t length = strlen(probe->logged);

	(void)level;
	snprintf(probe->logged + length, sizeof probe->logged - length, "%s %s\n", word, text);
}

/* A link to 'url' by 'options' (their URL and log are filled in), not started; NULL with the reason
 * in probe->why. */
static struct link *__attribute__((unused)) probe_open(struct probe *probe, struct event_base *base,
    const char *text, struct link_options options)
{
	static const struct link_events events = { probe_up, probe_down, probe_push };
	struct url url;

	*probe = (struct probe){ .base = base };
	probe->log.sink = probe_log;
	probe->log.arg = probe;
	if (!url_parse(&url, text, &probe->why))
		return NULL;
	options.url = &url;
	options.log = &probe->log;
	probe->link = link_new(base, &options, &events, probe, &probe->why);
	url_clear(&url);
	return probe->link;
}

/* Says PING with an argument that comes back; false when the link does not take it. */
static bool __attribute__((unused)) probe_ask(struct probe *probe, uint64_t id)
{
	struct buffer *out = link_command(probe->link, probe_answer, probe, id, &probe->why);

	if (out == NULL)
		return false;
	command_begin(out, 2);
	command_text(out, "PING");
	command_integer(out, (int64_t)id);
	return true;
}

#endif
