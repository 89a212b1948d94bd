/* monitor.c: a monitor as its user knows it: what it is told, and in which order.
 * Which keywords there are is scope.c's business, the reading of each watch.c's. */
#include "client/monitor.h"

#include "client/catalog.h"
#include "client/monitor_inside.h"
#include "core/error.h"
#include "core/text.h"
#include "redis/link.h"
#include "redis/subscriptions.h"

#include <credis/span.h>

#include <event2/event.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Whoever watches wants to go on soon after the store is back. */
enum { BACKOFF_MS = 1000 };

static void
enter(struct credis_monitor *monitor, enum monitor_state state)
{
	static const char *const words[] = {
		[MONITOR_STARTING] = "starting",
		[MONITOR_RUNNING] = "running",
		[MONITOR_LOST] = "lost",
		[MONITOR_FAILED] = "failed",
	};

	log_event(&monitor->client->log, CREDIS_LOG_INFO, "monitor", "%s", words[state]);
	monitor->state = state;
	if (state == MONITOR_FAILED || state == MONITOR_RUNNING)
		event_del(monitor->deadline);
}

bool
monitor_tell(struct credis_monitor *monitor, enum credis_monitor_event event,
    const struct credis_reading *reading, const struct credis_error *err)
{
	monitor->telling++;
	monitor->cb(monitor->arg, event, reading, err);
	monitor->telling--;
	if (!monitor->freed)
		return true;
	if (monitor->telling == 0)
		free(monitor);
	return false;
}

bool
monitor_fail(struct credis_monitor *monitor, const struct credis_error *err)
{
	if (monitor->state == MONITOR_FAILED)
		return true;
	enter(monitor, MONITOR_FAILED);
	return monitor_tell(monitor, CREDIS_MONITOR_FAILED, NULL, err);
}

/* A link that is up means that the server refused the subscription. */
bool
monitor_lost(struct credis_monitor *monitor, const struct credis_error *why)
{
	switch (monitor->state) {
	case MONITOR_STARTING:
		if (!link_is_up(subscriptions_link(monitor->client->subscriptions)))
			return true;
		return monitor_fail(monitor, why);
	case MONITOR_RUNNING:
		enter(monitor, MONITOR_LOST);
		return monitor_tell(monitor, CREDIS_MONITOR_GAP, NULL, why);
	case MONITOR_LOST:
	case MONITOR_FAILED: break;
	}
	return true;
}

void
monitor_unsettle(struct credis_monitor *monitor, bool *stale)
{
	if (!*stale)
		monitor->stale++;
	*stale = true;
}

bool
monitor_settle(struct credis_monitor *monitor, bool *stale)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	enum monitor_state state = monitor->state;

	if (!*stale)
		return true;
	*stale = false;
	if (--monitor->stale > 0 || (state != MONITOR_STARTING && state != MONITOR_LOST))
		return true;
	enter(monitor, MONITOR_RUNNING);
	return monitor_tell(monitor,
	    state == MONITOR_STARTING ? CREDIS_MONITOR_PRIMED : CREDIS_MONITOR_RESTORED, NULL,
	    &fine);
}

void
monitors_store_up(struct credis_client *client)
{
	struct credis_monitor *monitor;

	for (monitor = client->monitors; monitor != NULL; monitor = monitor->hh.next)
		watches_fetch(monitor);
}

static void
on_retry(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	watches_fetch(arg);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	struct credis_monitor *monitor = arg;
	struct credis_client *client = monitor->client;
	char span[40];
	struct credis_error err;

	(void)fd;
	(void)what;
	if (session_is_up(client) && link_is_up(subscriptions_link(client->subscriptions)))
		error_set(&err, CREDIS_EDEADLINE,
		    "the store at %s did not give all values within %s",
		    credis_client_where(client), credis_span_print(monitor->start_ms, span));
	else
		session_unreachable(client, monitor->start_ms, &err);
	monitor_fail(monitor, &err);
}

static struct scope *
find_scope(const struct credis_monitor *monitor, const char *service)
{
	for (size_t n = 0; n < monitor->scope_count; n++) {
		if (strcmp(monitor->scopes[n].service, service) == 0)
			return &monitor->scopes[n];
	}
	return NULL;
}

static bool
add_keyword(struct credis_monitor *monitor, const char *keyword, struct credis_error *err)
{
	struct names_pair name;
	struct scope *scope;

	if (!names_split(keyword, NULL, true, &name, err))
		return false;
	if (text_is_glob(name.service))
		return error_set(err, CREDIS_EINVAL, "%s.%s: a service to watch must be named",
		    name.service, name.keyword);
	scope = find_scope(monitor, name.service);
	if (scope == NULL) {
		scope = &monitor->scopes[monitor->scope_count++];
		if (!scope_init(scope, monitor, name.service, err))
			return false;
	}
	return scope_add_pattern(scope, name.keyword, err);
}

static bool
set_up(struct credis_monitor *monitor, const char *const *keywords, size_t count,
    struct credis_error *err)
{
	struct event_base *base = monitor->client->base;

	monitor->retry = evtimer_new(base, on_retry, monitor);
	monitor->deadline = evtimer_new(base, on_deadline, monitor);
	monitor->scopes = calloc(count + 1, sizeof(*monitor->scopes));
	if (!moments_init(&monitor->patience, base, watch_lose_patience) ||
	    monitor->retry == NULL || monitor->deadline == NULL || monitor->scopes == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < count; n++) {
		if (!add_keyword(monitor, keywords[n], err))
			return false;
	}
	for (size_t n = 0; n < monitor->scope_count; n++) {
		if (!scope_start(&monitor->scopes[n], err))
			return false;
	}
	return true;
}

static void
arm_deadline(struct credis_monitor *monitor, int64_t ms)
{
	monitor->start_ms = ms;
	if (ms > 0)
		event_add(monitor->deadline, &(struct timeval){ ms / 1000, ms % 1000 * 1000 });
}

struct credis_monitor *
monitor_new(struct credis_client *client, const char *const *keywords, size_t count,
    int64_t start_ms, credis_monitor_cb *cb, void *arg, struct credis_error *err)
{
	struct credis_monitor *monitor;

	if (count == 0) {
		error_set(err, CREDIS_EINVAL, "nothing to watch");
		return NULL;
	}
	monitor = calloc(1, sizeof(*monitor));
	if (monitor == NULL) {
		error_no_memory(err);
		return NULL;
	}
	monitor->client = client;
	monitor->serial = ++client->last_monitor;
	monitor->cb = cb;
	monitor->arg = arg;
	TAILQ_INIT(&monitor->due);
	HASH_ADD(hh, client->monitors, serial, sizeof(monitor->serial), monitor);
	if (monitor->hh.tbl == NULL) {
		free(monitor);
		error_no_memory(err);
		return NULL;
	}
	if (!set_up(monitor, keywords, count, err)) {
		credis_monitor_free(monitor);
		return NULL;
	}
	link_set_backoff(client->commands, BACKOFF_MS);
	link_set_backoff(subscriptions_link(client->subscriptions), BACKOFF_MS);
	arm_deadline(monitor, start_ms);
	return monitor;
}

struct credis_monitor *
credis_monitor_new(struct credis_client *client, const char *const *keywords, size_t count,
    credis_monitor_cb *cb, void *arg, struct credis_error *err)
{
	return monitor_new(client, keywords, count, client->timeout_ms, cb, arg, err);
}

/* In a callback, what called it still looks whether the monitor is there. */
void
credis_monitor_free(struct credis_monitor *monitor)
{
	if (monitor == NULL)
		return;
	assert(!monitor->freed);
	monitor->freed = true;
	HASH_DEL(monitor->client->monitors, monitor);
	for (size_t n = 0; n < monitor->scope_count; n++)
		scope_clear(&monitor->scopes[n]);
	free(monitor->scopes);
	moments_clear(&monitor->patience);
	if (monitor->retry != NULL)
		event_free(monitor->retry);
	if (monitor->deadline != NULL)
		event_free(monitor->deadline);
	if (monitor->telling == 0)
		free(monitor);
}

struct catalog *
monitor_catalog(const struct credis_monitor *monitor, const char *service)
{
	const struct scope *scope = find_scope(monitor, service);

	return scope != NULL ? scope->catalog : NULL;
}
