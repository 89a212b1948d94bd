/* sentinel.c: SENTINEL GET-MASTER-ADDR-BY-NAME on one link, +switch-master on another.
 * What a link does with the answer is the link's. */
#include "redis/sentinel.h"

#include "core/error.h"
#include "core/text.h"
#include "redis/command.h"
#include "redis/link.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	ASK_MS = 1000,      /* how often the one that is asked is asked again */
	PATIENCE_MS = 1000, /* for each sentinel to connect and answer */
	ROUND_MS = 500,     /* after the last of them, before the first is asked again */
};

struct sentinel {
	struct event_base *base;
	const struct url *url;
	const struct log *log;
	sentinel_primary *on_primary;
	void *arg;
	const char *next; /* in url->sentinels: whose turn is next */
	struct link *asks;
	struct link *hears;
	struct event *timer; /* the next question */
	bool wanted;         /* sentinel_ask() waits for an answer */
	char host[256];      /* the primary last named; "" before */
	int port;
	char fault[CREDIS_ERROR_TEXT];
};

static void turn_to_next(struct sentinel *sentinel);
static void on_timer(evutil_socket_t fd, short what, void *arg);

struct sentinel *
sentinel_new(struct event_base *base, const struct url *url, const struct log *log,
    sentinel_primary *on_primary, void *arg)
{
	struct sentinel *sentinel = calloc(1, sizeof *sentinel);

	if (sentinel == NULL)
		return NULL;
	*sentinel = (struct sentinel){ .base = base,
		.url = url,
		.log = log,
		.on_primary = on_primary,
		.arg = arg,
		.next = url->sentinels };
	sentinel->timer = event_new(base, -1, 0, on_timer, sentinel);
	if (sentinel->timer != NULL)
		return sentinel;
	free(sentinel);
	return NULL;
}

void
sentinel_free(struct sentinel *sentinel)
{
	if (sentinel == NULL)
		return;
	link_free(sentinel->asks);
	link_free(sentinel->hears);
	event_free(sentinel->timer);
	free(sentinel);
}

const char *
sentinel_fault(const struct sentinel *sentinel)
{
	return sentinel->fault;
}

static void
arm(struct sentinel *sentinel, int ms)
{
	struct timeval after = { ms / 1000, ms % 1000 * 1000 };

	event_add(sentinel->timer, &after);
}

/* The one that was asked is of no use: the next at once, and after the last of them a pause. */
static void
turn_away(struct sentinel *sentinel)
{
	struct link *asked = sentinel->asks;

	sentinel->asks = NULL;
	link_free(asked);
	arm(sentinel, sentinel->next == sentinel->url->sentinels ? ROUND_MS : 0);
}

/* What somebody says of where the primary is. */
static void
hear_of(struct sentinel *sentinel, const char *host, int port)
{
	bool news = sentinel->port != port || strcmp(sentinel->host, host) != 0;

	if (strlen(host) >= sizeof sentinel->host)
		return;
	strcpy(sentinel->host, host);
	sentinel->port = port;
	sentinel->fault[0] = '\0';
	if (!news && !sentinel->wanted)
		return;
	sentinel->wanted = false;
	if (news)
		log_event(sentinel->log, CREDIS_LOG_INFO, "primary", "%s is at %s:%d",
		    sentinel->url->primary, host, port);
	sentinel->on_primary(sentinel->arg, sentinel->host, port);
}

static void
on_address(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct sentinel *sentinel = arg;
	const struct reply *host, *port;
	int64_t number;

	(void)id, (void)err;
	if (reply == NULL)
		return; /* on_down() says why, or it was we who hung up */
	host = reply_item(reply, 0);
	port = reply_item(reply, 1);
	if (host->kind == REPLY_TEXT && reply_integer(port, &number) && number > 0 &&
	    number <= 65535) {
		hear_of(sentinel, host->text, (int)number);
		arm(sentinel, ASK_MS);
		return;
	}
	snprintf(sentinel->fault, sizeof sentinel->fault, "%.300s knows no primary '%.100s'",
	    link_where(sentinel->asks), sentinel->url->primary);
	turn_away(sentinel);
}

static void
ask(struct sentinel *sentinel)
{
	struct buffer *out = link_command(sentinel->asks, on_address, sentinel, 0, NULL);

	if (out != NULL)
		command_texts(out, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", sentinel->url->primary,
		    NULL);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct sentinel *sentinel = arg;

	(void)fd, (void)what;
	if (sentinel->asks != NULL && link_is_up(sentinel->asks))
		ask(sentinel);
	else
		turn_to_next(sentinel);
}

static void
on_asks_up(struct link *link, void *arg)
{
	(void)link;
	ask(arg);
}

static void
on_hears_up(struct link *link, void *arg)
{
	struct buffer *out = link_subscribe_command(link, NULL);

	(void)arg;
	if (out != NULL)
		command_texts(out, "SUBSCRIBE", "+switch-master", NULL);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct sentinel *sentinel = arg;

	(void)was_up;
	if (link != sentinel->asks)
		return;
	text_quote(sentinel->fault, why->text, strlen(why->text), sizeof sentinel->fault - 4);
	turn_away(sentinel);
}

/* "primary old-host old-port new-host new-port" */
static void
on_push(struct link *link, const struct reply *push, void *arg)
{
	struct sentinel *sentinel = arg;
	const struct reply *text = reply_item(push, 2);
	char name[256], host[256];
	int port;

	(void)link;
	if (reply_text_is(reply_item(push, 0), "message") && text->kind == REPLY_TEXT &&
	    sscanf(text->text, "%255s %*s %*d %255s %d", name, host, &port) == 3 &&
	    strcmp(name, sentinel->url->primary) == 0)
		hear_of(sentinel, host, port);
}

static char *
copy(const char *text)
{
	return text != NULL ? strdup(text) : NULL;
}

/* What goes for the primary's connections goes for those to its sentinels, the credentials excepted. */
static void
copy_manners(struct url *url, const struct url *from)
{
	url->user = copy(from->sentinel_user);
	url->password = copy(from->sentinel_password);
	url->tls = from->tls;
	url->ca = copy(from->ca);
	url->certificate = copy(from->certificate);
	url->key = copy(from->key);
	url->check_host = from->check_host;
	url->verify = from->verify;
}

/* One sentinel's own URL. */
static bool
url_of(struct sentinel *sentinel, struct url *url)
{
	const char *from = sentinel->next;
	size_t length = strcspn(from, ",");
	char text[300];

	sentinel->next = from[length] == ',' ? from + length + 1 : sentinel->url->sentinels;
	snprintf(text, sizeof text, "redis://%.*s", (int)length, from);
	if (!url_parse(url, text, NULL))
		return false;
	copy_manners(url, sentinel->url);
	return true;
}

static struct link *
open_link(struct sentinel *sentinel, const struct url *url, bool pubsub)
{
	struct link_events events = { pubsub ? on_hears_up : on_asks_up, on_down, on_push };
	struct link_options options = {
		.url = url,
		.role = "sentinel",
		.pubsub = pubsub,
		.connect_timeout_ms = PATIENCE_MS,
		.command_timeout_ms = PATIENCE_MS,
		.ping_ms = PATIENCE_MS,
	};
	struct link *link = link_new(sentinel->base, &options, &events, sentinel, NULL);

	if (link != NULL)
		link_start(link);
	return link;
}

static void
turn_to_next(struct sentinel *sentinel)
{
	struct link *asked = sentinel->asks, *heard = sentinel->hears;
	struct url url;

	sentinel->asks = sentinel->hears = NULL;
	link_free(asked);
	link_free(heard);
	if (url_of(sentinel, &url)) {
		sentinel->asks = open_link(sentinel, &url, false);
		sentinel->hears = open_link(sentinel, &url, true);
		url_clear(&url);
	}
	/* Should even its timeouts fail us. */
	arm(sentinel, 2 * PATIENCE_MS);
}

void
sentinel_ask(struct sentinel *sentinel)
{
	sentinel->wanted = true;
	if (sentinel->asks == NULL)
		turn_to_next(sentinel);
	else if (link_is_up(sentinel->asks))
		ask(sentinel);
}
