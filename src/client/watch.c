/* watch.c: one keyword of a monitor: subscribed first and read then, read again at each event, shown when
 * newer. However many events there are, one fetch of a keyword is under way at a time. */
#include "client/catalog.h"
#include "client/monitor_inside.h"
#include "client/stored.h"
#include "core/error.h"
#include "core/message.h"
#include "redis/link.h"
#include "redis/subscriptions.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	FETCHES_MAX = 1000, /* under way at a time, of one monitor */
	RETRY_MS = 100,
	PATIENCE_MS = 50, /* with a value that should come by itself */
	VALUE_MAX = 4096, /* bytes of one that does */
};

static void on_message(void *arg, const char *channel, const char *payload, size_t length);
static void on_live(void *arg, bool again);
static void on_lost(void *arg, const struct credis_error *why);

static bool
subscribe(struct watch *watch, struct credis_error *err)
{
	static const struct subscription_events events = { on_message, on_live, on_lost };
	struct credis_client *client = watch->scope->monitor->client;
	struct name channel;

	names_event(&channel, client->db, client->ns, watch->scope->service, watch->name);
	watch->subscription =
	    subscriptions_add(client->subscriptions, channel.text, &events, watch, err);
	return watch->subscription != NULL;
}

struct watch *
watch_new(struct scope *scope, const char *name, struct credis_error *err)
{
	struct credis_monitor *monitor = scope->monitor;
	size_t length = strlen(name);
	struct watch *watch = calloc(1, sizeof(*watch) + length + 1);

	if (watch == NULL) {
		error_no_memory(err);
		return NULL;
	}
	memcpy(watch->name, name, length + 1);
	watch->scope = scope;
	watch->serial = ++monitor->last_watch;
	HASH_ADD(hh, monitor->watches, serial, sizeof(watch->serial), watch);
	if (watch->hh.tbl == NULL) {
		free(watch);
		error_no_memory(err);
		return NULL;
	}
	if (subscribe(watch, err)) {
		monitor_unsettle(monitor, &watch->stale);
		return watch;
	}
	watch_free(watch);
	return NULL;
}

void
watch_free(struct watch *watch)
{
	struct credis_monitor *monitor = watch->scope->monitor;

	if (watch->state == WATCH_DUE)
		TAILQ_REMOVE(&monitor->due, watch, due);
	moment_unset(&monitor->patience, &watch->patience);
	if (watch->subscription != NULL)
		subscriptions_remove(monitor->client->subscriptions, watch->subscription);
	HASH_DEL(monitor->watches, watch);
	free(watch);
}

struct names_pair
watch_name(const struct watch *watch)
{
	struct names_pair name;

	/* Once for each value: printing would be a quarter of its cost. */
	memccpy(name.service, watch->scope->service, '\0', sizeof(name.service));
	memccpy(name.keyword, watch->name, '\0', sizeof(name.keyword));
	return name;
}

static void
make_due(struct watch *watch)
{
	watch->awaited = 0; /* the fetch sees them all */
	moment_unset(&watch->scope->monitor->patience, &watch->patience);
	watch->state = WATCH_DUE;
	TAILQ_INSERT_TAIL(&watch->scope->monitor->due, watch, due);
}

void
watch_want(struct watch *watch)
{
	if (watch->state == WATCH_FETCHING)
		watch->again = true;
	if (watch->state != WATCH_IDLE)
		return;
	make_due(watch);
	watches_fetch(watch->scope->monitor);
}

/* The value did not come by itself. */
void
watch_lose_patience(struct moment *patience)
{
	struct watch *watch = (struct watch *)((char *)patience - offsetof(struct watch, patience));

	watch->flows = false;
	watch_want(watch);
}

/* Each write makes one event, and a value may follow it: each value takes back one event, so that any
 * whose value does not come is left over, and fetched for. */
static void
await(struct watch *watch)
{
	if (watch->awaited++ == 0)
		moment_set(&watch->scope->monitor->patience, &watch->patience, PATIENCE_MS);
}

static void
take_back(struct watch *watch)
{
	struct moments *patience = &watch->scope->monitor->patience;

	if (watch->state != WATCH_IDLE || watch->awaited == 0)
		return; /* of an event that a fetch has seen to */
	if (--watch->awaited == 0)
		moment_unset(patience, &watch->patience);
	else
		moment_set(patience, &watch->patience, PATIENCE_MS);
}

/* What is more than a write may mean that the keyword is gone. */
static void
on_message(void *arg, const char *channel, const char *payload, size_t length)
{
	struct watch *watch = arg;

	(void)channel;
	(void)length;
	if (payload[0] != 'h')
		scope_ask(watch->scope);
	if (payload[0] == 'h' && watch->flows && watch->state == WATCH_IDLE)
		await(watch);
	else
		watch_want(watch);
}

static void
on_live(void *arg, bool again)
{
	struct watch *watch = arg;

	(void)again;
	watch->live = true;
	watch_want(watch);
}

static void
on_lost(void *arg, const struct credis_error *why)
{
	struct watch *watch = arg;
	struct credis_monitor *monitor = watch->scope->monitor;

	watch->live = watch->asked_live = watch->flows = false;
	monitor_unsettle(monitor, &watch->stale);
	monitor_lost(monitor, why);
}

/* A sequence begins anew where the store has lost its history; time does not. */
static bool
is_newer(const struct watch *watch, const struct credis_reading *reading)
{
	return reading->seq > 0 &&
	    (!watch->shown || reading->seq > watch->seq || reading->time_us > watch->time_us);
}

/* The description is lent to a callback that may free the monitor. */
static bool
show_if_newer(struct watch *watch, struct credis_reading *reading)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	struct credis_monitor *monitor = watch->scope->monitor;
	struct catalog *catalog;
	bool alive;

	if (!is_newer(watch, reading))
		return true;
	watch->shown = true;
	watch->seq = reading->seq;
	watch->time_us = reading->time_us;
	catalog = catalog_hold(watch->scope->catalog);
	reading->description = catalog_find(catalog, watch->name);
	alive = monitor_tell(monitor, CREDIS_MONITOR_VALUE, reading, &fine);
	catalog_release(catalog);
	return alive;
}

bool
watch_take_value(struct watch *watch, const struct message *message)
{
	struct names_pair name = watch_name(watch);
	char text[VALUE_MAX + 1];
	struct credis_reading reading = {
		.service = name.service,
		.keyword = name.keyword,
		.text = text,
		.length = message->body.length,
		.seq = message->seq,
		.time_us = message->time_us,
		.severity = CREDIS_NONE,
		.reason = "",
	};

	if (!watch->shown || !watch->live || reading.length > VALUE_MAX ||
	    !is_newer(watch, &reading))
		return true;
	if (reading.length > 0)
		memcpy(text, message->body.bytes, reading.length);
	text[reading.length] = '\0';
	watch->flows = true;
	take_back(watch);
	return show_if_newer(watch, &reading);
}

/* While it starts, what cannot be read is a reason not to; later it may mend. */
static bool
take_refusal(struct watch *watch, const struct reply *reply)
{
	struct credis_monitor *monitor = watch->scope->monitor;
	char name[CREDIS_SERVICE_MAX + CREDIS_KEYWORD_MAX + 2];
	struct credis_error err;

	if (!reply_is_error(reply, NULL))
		return true;
	reply_explain(reply, &err);
	snprintf(name, sizeof(name), "%s.%s", watch->scope->service, watch->name);
	error_prefix(&err, name);
	log_event(&monitor->client->log, CREDIS_LOG_WARNING, "monitor", "%s", err.text);
	if (monitor->state == MONITOR_STARTING && !reply_is_error(reply, "WRONGTYPE"))
		return monitor_fail(monitor, &err);
	return true;
}

static void
take(struct watch *watch, const struct reply *reply)
{
	struct credis_monitor *monitor = watch->scope->monitor;
	struct names_pair name = watch_name(watch);
	bool settles = watch->asked_live; /* be there ever so many changes since */
	struct credis_reading reading;

	stored_read(&reading, &name, reply);
	if (!take_refusal(watch, reply) || monitor->state == MONITOR_FAILED ||
	    !show_if_newer(watch, &reading))
		return;
	if (watch->again)
		watch_want(watch);
	if (settles)
		monitor_settle(monitor, &watch->stale);
}

static struct credis_monitor *
find_monitor(const struct credis_client *client, uint32_t serial)
{
	struct credis_monitor *monitor;

	HASH_FIND(hh, client->monitors, &serial, sizeof(serial), monitor);
	return monitor;
}

static void
on_fetched(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct credis_monitor *monitor = find_monitor(client, (uint32_t)(id >> 32));
	uint32_t serial = (uint32_t)id;
	struct watch *watch;

	(void)lost;
	if (monitor == NULL)
		return;
	monitor->fetching--;
	HASH_FIND(hh, monitor->watches, &serial, sizeof(serial), watch);
	if (watch != NULL && reply == NULL) {
		make_due(watch);
	} else if (watch != NULL) {
		watch->state = WATCH_IDLE;
		take(watch, reply);
	}
	if (reply != NULL && (monitor = find_monitor(client, (uint32_t)(id >> 32))) != NULL)
		watches_fetch(monitor);
}

static bool
fetch(struct watch *watch)
{
	struct credis_monitor *monitor = watch->scope->monitor;
	struct credis_client *client = monitor->client;
	struct names_pair name = watch_name(watch);
	struct credis_error err;
	struct buffer *out = link_command(client->commands, on_fetched, client,
	    (uint64_t)monitor->serial << 32 | watch->serial, &err);

	if (out == NULL) {
		if (err.code != CREDIS_ELOST && monitor->fetching == 0)
			event_add(monitor->retry, &(struct timeval){ 0, RETRY_MS * 1000 });
		return false;
	}
	stored_ask(out, client->ns, &name);
	return true;
}

void
watches_fetch(struct credis_monitor *monitor)
{
	struct watch *watch;

	while (monitor->state != MONITOR_FAILED && monitor->fetching < FETCHES_MAX &&
	    (watch = TAILQ_FIRST(&monitor->due)) != NULL && fetch(watch)) {
		TAILQ_REMOVE(&monitor->due, watch, due);
		watch->state = WATCH_FETCHING;
		watch->again = false;
		watch->asked_live = watch->live;
		monitor->fetching++;
	}
}
