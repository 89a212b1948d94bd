/* session.c: a client of the store: its settings, its two links, and who is told that they are up.
 * Connects at the first call. */
#include "client/session.h"

#include "client/calls.h"
#include "client/catalog.h"
#include "client/errand.h"
#include "client/monitor.h"
#include "core/error.h"
#include "core/text.h"
#include "core/url.h"
#include "redis/clock.h"
#include "redis/link.h"
#include "redis/subscriptions.h"

#include <credis/span.h>

#include <event2/event.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TIMEOUT_MS = 10000 };

static void on_up(struct link *link, void *client);
static void on_down(struct link *link, bool was_up, const struct credis_error *why, void *client);
static void on_deaf(void *client);

static bool
is_blank(char byte)
{
	return (unsigned char)byte <= ' ' || byte == 0x7f;
}

/* "user@host:pid": what identifies a program for the people who read the dispatcher's log. */
static void
name_oneself(struct credis_client *client)
{
	struct passwd user, *found = NULL;
	char host[64], room[4096];

	if (gethostname(host, sizeof(host)) != 0)
		strcpy(host, "?");
	host[sizeof(host) - 1] = '\0';
	getpwuid_r(getuid(), &user, room, sizeof(room), &found);
	snprintf(client->from, sizeof(client->from), "%.64s@%.64s:%ld",
	    found != NULL ? user.pw_name : "?", host, (long)getpid());
	for (char *byte = client->from; *byte != '\0'; byte++) {
		if (is_blank(*byte))
			*byte = '_';
	}
}

static bool
open_links(struct credis_client *client, const struct url *url, struct credis_error *err)
{
	static const struct link_events events = { .on_up = on_up, .on_down = on_down };
	struct link_options options = {
		.url = url,
		.name = "credis",
		.role = "commands",
		.log = &client->log,
	};

	client->db = url->db;
	client->commands = link_new(client->base, &options, &events, client, err);
	options.role = "subscriptions";
	if (client->commands != NULL)
		client->subscriptions = subscriptions_new(client->base, &options, err);
	if (client->subscriptions == NULL)
		return false;
	subscriptions_tell_failed(client->subscriptions, on_deaf, client);
	return true;
}

static bool
open_rooms(struct credis_client *client, struct credis_error *err)
{
	client->calls = calls_new(client);
	client->catalogs = catalogs_new();
	client->errands = errands_new(client);
	if (client->calls != NULL && client->catalogs != NULL && client->errands != NULL)
		return true;
	return error_no_memory(err);
}

static struct credis_client *
client_new(struct event_base *base, struct credis_error *err)
{
	struct credis_client *client = calloc(1, sizeof(*client));

	if (client == NULL) {
		error_no_memory(err);
		return NULL;
	}
	client->own_base = base == NULL;
	client->base = base != NULL ? base : event_base_new();
	client->timeout_ms = TIMEOUT_MS;
	strcpy(client->ns, "credis");
	name_oneself(client);
	if (client->base != NULL)
		return client;
	free(client);
	error_no_memory(err);
	return NULL;
}

struct credis_client *
credis_client_new(struct event_base *base, const char *text, struct credis_error *err)
{
	struct credis_client *client;
	struct url url;

	if (!url_parse(&url, text, err))
		return NULL;
	client = client_new(base, err);
	if (client != NULL && (!open_links(client, &url, err) || !open_rooms(client, err))) {
		credis_client_free(client);
		client = NULL;
	}
	url_clear(&url);
	return client;
}

void
credis_client_free(struct credis_client *client)
{
	if (client == NULL)
		return;
	/* What the links answer while they are freed finds nobody any more. */
	if (client->calls != NULL)
		calls_give_up(client->calls);
	link_free(client->commands);
	errands_free(client->errands);
	subscriptions_free(client->subscriptions);
	catalogs_free(client->catalogs);
	calls_free(client->calls);
	if (client->own_base)
		event_base_free(client->base);
	free(client);
}

bool
credis_client_set_namespace(struct credis_client *client, const char *ns, struct credis_error *err)
{
	if (!names_namespace_check(ns, err))
		return false;
	strcpy(client->ns, ns);
	return true;
}

bool
credis_client_set_from(struct credis_client *client, const char *from, struct credis_error *err)
{
	size_t length = strlen(from);
	char quoted[64 + 4];

	for (size_t n = 0; n < length; n++) {
		if (is_blank(from[n]))
			length = 0;
	}
	if (length == 0 || length >= sizeof(client->from) || !text_is_utf8(from, length))
		return error_set(err, CREDIS_EINVAL,
		    "'%s' cannot say who asks, which is 1 to %zu bytes of text without blanks",
		    text_quote(quoted, from, strlen(from), 64), sizeof(client->from) - 1);
	strcpy(client->from, from);
	return true;
}

void
credis_client_set_log(struct credis_client *client, credis_log_sink *sink, void *arg)
{
	client->log = (struct log){ .sink = sink, .arg = arg };
}

void
credis_client_set_timeout(struct credis_client *client, int64_t ms)
{
	client->timeout_ms = ms;
}

void
credis_client_set_patient(struct credis_client *client, bool patient)
{
	client->patient = patient;
}

const char *
credis_client_where(const struct credis_client *client)
{
	return link_where(client->commands);
}

int64_t
credis_client_now_us(const struct credis_client *client)
{
	return clock_steady_us() + link_clock_offset_us(client->commands);
}

void
session_wake(struct credis_client *client)
{
	if (!client->started)
		link_start(client->commands);
	client->started = true;
	link_retry_now(client->commands);
	link_retry_now(subscriptions_link(client->subscriptions));
}

bool
session_is_up(const struct credis_client *client)
{
	return link_is_up(client->commands);
}

void
session_check_clock(struct credis_client *client)
{
	struct credis_error why;

	if (!session_is_up(client) || !clock_was_set(&client->own_offset_us))
		return;
	error_set(&why, CREDIS_ELOST, "this machine's clock was set");
	link_reset(client->commands, &why);
}

bool
session_unreachable(const struct credis_client *client, int64_t tried_ms, struct credis_error *err)
{
	const struct link *link = client->commands;
	const char *why;
	char span[40], tried[56] = "";

	if (link_is_up(link))
		link = subscriptions_link(client->subscriptions);
	why = link_last_error(link)->code != CREDIS_OK ? link_last_error(link)->text
						       : link_where(link);
	if (tried_ms >= 0)
		snprintf(tried, sizeof(tried), " (tried for %s)",
		    credis_span_print(tried_ms, span));
	return error_set(err, CREDIS_EUNREACHABLE, "cannot reach the store at %s%s", why, tried);
}

static void
on_up(struct link *link, void *arg)
{
	struct credis_client *client = arg;

	(void)link;
	client->own_offset_us = clock_own_offset_us();
	calls_look(client);
	monitors_store_up(client);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	(void)link;
	(void)why;
	if (!was_up)
		calls_fail_waiting(arg);
}

/* Those who still wait while commands could be sent wait for answers. */
static void
on_deaf(void *arg)
{
	if (session_is_up(arg))
		calls_fail_waiting(arg);
}
