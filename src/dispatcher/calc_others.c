/* calc_others.c: a monitor for each keyword of another dispatcher that calculations need. One each: a monitor
 * fails as a whole, and a keyword that is not there yet must not take others along. */
#include "dispatcher/calc_others.h"

#include "core/error.h"
#include "core/keyword.h"
#include "dispatcher/calc.h"
#include "dispatcher/post.h"

#include <credis/monitor.h>

#include <event2/event.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	RETRY_MS = 1000,
	PATIENCE_MS = 60000, /* thousands that start at once take their time */
};

struct others {
	struct post *post;
	struct calcs *calcs;
	struct credis_client *client; /* NULL before the first is needed */
	struct other *table;
	struct event *retry;
};

static void on_retry(evutil_socket_t fd, short what, void *arg);

struct others *
others_new(struct post *post, struct calcs *calcs)
{
	struct others *others = calloc(1, sizeof(*others));

	if (others == NULL)
		return NULL;
	others->post = post;
	others->calcs = calcs;
	others->retry = event_new(post->base, -1, 0, on_retry, others);
	if (others->retry != NULL)
		return others;
	free(others);
	return NULL;
}

static void
other_free(struct other *other)
{
	HASH_DEL(other->others->table, other);
	credis_monitor_free(other->monitor);
	if (other->description != NULL)
		value_clear(&other->value);
	credis_keyword_free(other->description);
	free(other->followers);
	free(other);
}

void
others_free(struct others *others)
{
	struct other *other, *next;

	if (others == NULL)
		return;
	HASH_ITER(hh, others->table, other, next)
	{
		/* cppcheck-suppress uninitvar ; the table's own walk sets it */
		other_free(other);
	}
	credis_client_free(others->client);
	event_free(others->retry);
	free(others);
}

const struct credis_value *
other_value(const struct other *other)
{
	return other->known && !other->lost && !other->unserved ? &other->value : NULL;
}

const char *
other_reason(const struct other *other)
{
	if (other->lost)
		return "the store is lost";
	return other->unserved ? "nobody serves it" : other->reason;
}

/* Whoever could not be parsed for want of a description may be now, or has another reason. */
static void
changed(struct other *other)
{
	if (other->follower_count > 0)
		calc_touch_all(other->followers, other->follower_count);
	else if (other->description == NULL)
		calcs_renew(other->others->calcs);
}

static void
unknow(struct other *other, const char *reason)
{
	if (!other->known && strcmp(other->reason, reason) == 0)
		return;
	other->known = false;
	snprintf(other->reason, sizeof(other->reason), "%s", reason);
	changed(other);
}

/* Expressions refer to the old one: they are given up first. */
static bool
describe(struct other *other, const struct credis_keyword *description)
{
	char *json;

	if (other->description != NULL && keyword_equal(other->description, description))
		return true;
	calcs_renew(other->others->calcs);
	if (other->description != NULL)
		value_clear(&other->value);
	other->known = false;
	credis_keyword_free(other->description);
	json = credis_keyword_to_json(description);
	other->description = json != NULL ? credis_keyword_from_json(json, NULL) : NULL;
	free(json);
	if (other->description == NULL)
		return false;
	value_init(&other->value, (enum credis_type)other->description->type);
	return true;
}

static void
take(struct other *other, const struct credis_reading *reading)
{
	struct credis_value value;
	struct credis_error err;

	if (reading->description == NULL || !describe(other, reading->description))
		return;
	if (reading->seq == 0) {
		unknow(other, "it has no value yet");
	} else if (reading->severity == CREDIS_INVALID) {
		unknow(other, reading->reason);
	} else if (!keyword_parse_value(other->description, &value, reading->text, reading->length,
		       &err)) {
		unknow(other, err.text);
	} else {
		value_take(&other->value, &value);
		other->known = true;
		changed(other);
	}
}

static void
try_later(struct others *others)
{
	static const struct timeval later = { RETRY_MS / 1000, RETRY_MS % 1000 * 1000 };

	if (!event_pending(others->retry, EV_TIMEOUT, NULL))
		event_add(others->retry, &later);
}

static void
on_monitor(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	struct other *other = arg;

	switch (event) {
	case CREDIS_MONITOR_VALUE: take(other, reading); return;
	case CREDIS_MONITOR_PRIMED: return;
	case CREDIS_MONITOR_GAP:
	case CREDIS_MONITOR_RESTORED:
		other->lost = event == CREDIS_MONITOR_GAP;
		changed(other);
		return;
	case CREDIS_MONITOR_UNSERVED:
	case CREDIS_MONITOR_SERVED:
		other->unserved = event == CREDIS_MONITOR_UNSERVED;
		changed(other);
		return;
	case CREDIS_MONITOR_GONE: unknow(other, "it exists no more"); return;
	case CREDIS_MONITOR_FAILED:
		credis_monitor_free(other->monitor);
		other->monitor = NULL;
		other->unserved = false;
		unknow(other, err->text);
		try_later(other->others);
		return;
	}
}

static bool
open_client(struct others *others, struct credis_error *err)
{
	struct post *post = others->post;

	if (others->client != NULL)
		return true;
	others->client = credis_client_new(post->base, post->url, err);
	if (others->client == NULL)
		return false;
	credis_client_set_timeout(others->client, PATIENCE_MS);
	return credis_client_set_namespace(others->client, post->store.ns, err);
}

static void
start(struct other *other)
{
	struct others *others = other->others;
	const char *name = other->name;
	struct credis_error err;

	if (open_client(others, &err))
		other->monitor =
		    credis_monitor_new(others->client, &name, 1, on_monitor, other, &err);
	if (other->monitor != NULL)
		return;
	snprintf(other->reason, sizeof(other->reason), "%s", err.text);
	try_later(others);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	struct others *others = arg;

	(void)fd;
	(void)what;
	for (struct other *other = others->table; other != NULL; other = other->hh.next) {
		if (other->monitor == NULL)
			start(other);
	}
}

void
others_begin(struct others *others)
{
	for (struct other *other = others->table; other != NULL; other = other->hh.next) {
		free(other->followers);
		other->followers = NULL;
		other->follower_count = 0;
		other->used = false;
	}
}

struct other *
others_find(struct others *others, const char *service, const char *keyword)
{
	char name[sizeof(((struct other *)NULL)->name)];
	struct other *other;

	snprintf(name, sizeof(name), "%s.%s", service, keyword);
	HASH_FIND_STR(others->table, name, other);
	if (other == NULL)
		other = calloc(1, sizeof(*other));
	if (other == NULL || other->used)
		return other;
	other->used = true;
	if (other->others != NULL)
		return other;
	other->others = others;
	strcpy(other->name, name);
	snprintf(other->reason, sizeof(other->reason), "%s: is not known yet", name);
	HASH_ADD_STR(others->table, name, other);
	if (other->hh.tbl == NULL) {
		free(other);
		return NULL;
	}
	start(other);
	return other;
}

void
others_end(struct others *others)
{
	struct other *other, *next;

	HASH_ITER(hh, others->table, other, next)
	{
		/* cppcheck-suppress uninitvar ; the table's own walk sets it */
		if (!other->used)
			other_free(other);
	}
}
