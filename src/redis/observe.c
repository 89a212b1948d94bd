/* observe.c: tells observers of a store's calls, and counts them for Prometheus.
 * Knows names, time and buckets; nothing of how calls are made. Names are those of baseplate.py. */
#include "redis/observe.h"

#include <credis/observer.h>

#include "core/buffer.h"
#include "core/error.h"
#include "redis/store_inside.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	NAME_MAX_BYTES = 96,
	COMMANDS_MAX = 256, /* whose names are kept apart */
	BUCKETS = 15,
};

static const char *const bounds[BUCKETS] = { "0.0001", "0.0005", "0.001", "0.0025", "0.005", "0.01",
	"0.025", "0.05", "0.1", "0.25", "0.5", "1.0", "5.0", "15.0", "30.0" };
static const int64_t bounds_us[BUCKETS] = { 100, 500, 1000, 2500, 5000, 10000, 25000, 50000, 100000,
	250000, 500000, 1000000, 5000000, 15000000, 30000000 };

struct outcome {
	uint64_t count;
	uint64_t sum_us;
	uint64_t buckets[BUCKETS]; /* each with those of the smaller ones */
};

struct metric {
	struct metric *next;
	struct outcome outcomes[2]; /* failed, succeeded */
	uint64_t active;
	char command[NAME_MAX_BYTES];
};

struct watcher {
	struct watcher *next;
	struct credis_observer observer;
	void *arg;
};

struct observers {
	struct watcher *watchers;
	struct metric *metrics;
	size_t metric_count;
	bool counts;
	char name[];
};

struct observed {
	struct credis_store *store;
	credis_reply_cb *cb;
	void *arg;
	int64_t began_us;
	struct metric *metric; /* NULL: not counted */
	char name[];
};

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

struct observers *
observers_new(const char *name, bool metrics)
{
	struct observers *observers = calloc(1, sizeof *observers + strlen(name) + 1);

	if (observers == NULL)
		return NULL;
	observers->counts = metrics;
	strcpy(observers->name, name);
	return observers;
}

void
observers_free(struct observers *observers)
{
	struct watcher *watcher;
	struct metric *metric;

	if (observers == NULL)
		return;
	while ((watcher = observers->watchers) != NULL) {
		observers->watchers = watcher->next;
		free(watcher);
	}
	while ((metric = observers->metrics) != NULL) {
		observers->metrics = metric->next;
		free(metric);
	}
	free(observers);
}

bool
credis_store_observe(struct credis_store *store, const struct credis_observer *observer, void *arg,
    struct credis_error *err)
{
	struct watcher *watcher = malloc(sizeof *watcher);
	struct watcher **at = &store->observers->watchers;

	if (watcher == NULL)
		return error_no_memory(err);
	*watcher = (struct watcher){ .observer = *observer, .arg = arg };
	while (*at != NULL)
		at = &(*at)->next;
	*at = watcher;
	return true;
}

/* A call's beginning and end. */

/* A command in capitals, a batch as it is called behind 'before'; fit for a label. */
static void
put_name(char out[NAME_MAX_BYTES], const char *before, const char *name, size_t length)
{
	size_t at = (size_t)snprintf(out, NAME_MAX_BYTES, "%s", before);
	bool command = before[0] == '\0';

	for (size_t n = 0; n < length && at + 1 < NAME_MAX_BYTES; n++) {
		unsigned char c = (unsigned char)name[n];

		if (!isalnum(c) && strchr("._-", c) == NULL)
			c = '?';
		out[at++] = (char)(command ? toupper(c) : c);
	}
	out[at] = '\0';
}

static struct metric *
find_metric(const struct observers *observers, const char *command)
{
	struct metric *metric = observers->metrics;

	while (metric != NULL && strcmp(metric->command, command) != 0)
		metric = metric->next;
	return metric;
}

/* NULL when out of memory. */
static struct metric *
add_metric(struct observers *observers, const char *command)
{
	struct metric *metric = calloc(1, sizeof *metric);

	if (metric == NULL)
		return NULL;
	snprintf(metric->command, sizeof metric->command, "%s", command);
	metric->next = observers->metrics;
	observers->metrics = metric;
	observers->metric_count++;
	return metric;
}

/* New ones count as "other" once there are many. NULL when out of memory. */
static struct metric *
metric_of(struct observers *observers, const char *command)
{
	struct metric *metric = find_metric(observers, command);

	if (metric == NULL && observers->metric_count >= COMMANDS_MAX) {
		command = "other";
		metric = find_metric(observers, command);
	}
	return metric != NULL ? metric : add_metric(observers, command);
}

static void
count(struct metric *metric, int64_t elapsed_us, bool success)
{
	struct outcome *outcome = &metric->outcomes[success];

	metric->active--;
	outcome->count++;
	outcome->sum_us += (uint64_t)elapsed_us;
	for (int n = 0; n < BUCKETS; n++)
		outcome->buckets[n] += elapsed_us <= bounds_us[n];
}

static void
observed_end(struct observed *observed, const struct credis_error *err)
{
	int64_t elapsed_us = now_us() - observed->began_us;
	const struct watcher *watcher = observed->store->observers->watchers;

	if (observed->metric != NULL)
		count(observed->metric, elapsed_us, err->code == CREDIS_OK);
	for (; watcher != NULL; watcher = watcher->next)
		if (watcher->observer.after != NULL)
			watcher->observer.after(watcher->arg, observed->name, elapsed_us, err);
	free(observed);
}

static void
on_observed(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct observed *observed = arg;
	credis_reply_cb *cb = observed->cb;
	void *cb_arg = observed->arg;

	observed_end(observed, err);
	if (cb != NULL)
		cb(cb_arg, reply, err);
}

bool
observe_begin(struct credis_store *store, const char *before, const char *name, size_t length,
    credis_reply_cb **cb, void **arg, struct observed **out, struct credis_error *err)
{
	struct observers *observers = store->observers;
	const struct watcher *watcher = observers->watchers;
	char command[NAME_MAX_BYTES];
	size_t room = strlen(observers->name) + 1 + NAME_MAX_BYTES;
	struct observed *observed;

	*out = NULL;
	if (watcher == NULL && !observers->counts)
		return true;
	put_name(command, before, name, length);
	observed = calloc(1, sizeof *observed + room);
	if (observed == NULL)
		return error_no_memory(err);
	observed->store = store;
	observed->cb = *cb;
	observed->arg = *arg;
	snprintf(observed->name, room, "%s.%s", observers->name, command);
	if (observers->counts)
		observed->metric = metric_of(observers, command);
	if (observed->metric != NULL)
		observed->metric->active++;
	for (; watcher != NULL; watcher = watcher->next)
		if (watcher->observer.before != NULL)
			watcher->observer.before(watcher->arg, observed->name);
	observed->began_us = now_us();
	*cb = on_observed;
	*arg = observed;
	*out = observed;
	return true;
}

bool
observe_sent(struct observed *observed, bool sent, const struct credis_error *err)
{
	if (!sent && observed != NULL)
		observed_end(observed, err);
	return sent;
}

/* Prometheus. */

static void
print_label(struct buffer *out, const char *name, const char *value)
{
	buffer_printf(out, "%s=\"", name);
	for (; *value != '\0'; value++) {
		if (*value == '\\' || *value == '"')
			buffer_text(out, "\\");
		buffer_printf(out, "%c", *value == '\n' ? ' ' : *value);
	}
	buffer_text(out, "\"");
}

/* Those of every line; the brace stays open. */
static void
print_labels(struct buffer *out, const struct credis_store *store, const char *name,
    const struct metric *metric)
{
	buffer_printf(out, "%s{", name);
	print_label(out, "redis_client_name", store->observers->name);
	buffer_printf(out, ",redis_database=\"%d\",redis_type=\"%s\"", store_database(store),
	    store->ring != NULL ? "shards" : "standalone");
	if (metric == NULL)
		return;
	buffer_text(out, ",");
	print_label(out, "redis_command", metric->command);
}

static void
print_title(struct buffer *out, const char *name, const char *type, const char *help)
{
	buffer_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void
print_latency(struct buffer *out, const struct credis_store *store, const struct metric *metric,
    int success)
{
	const struct outcome *outcome = &metric->outcomes[success];
	const char *word = success ? "true" : "false";

	for (int n = 0; n <= BUCKETS; n++) {
		print_labels(out, store, "redis_client_latency_seconds_bucket", metric);
		buffer_printf(out, ",redis_success=\"%s\",le=\"%s\"} %" PRIu64 "\n", word,
		    n < BUCKETS ? bounds[n] : "+Inf",
		    n < BUCKETS ? outcome->buckets[n] : outcome->count);
	}
	print_labels(out, store, "redis_client_latency_seconds_sum", metric);
	buffer_printf(out, ",redis_success=\"%s\"} %.6f\n", word, (double)outcome->sum_us / 1e6);
	print_labels(out, store, "redis_client_latency_seconds_count", metric);
	buffer_printf(out, ",redis_success=\"%s\"} %" PRIu64 "\n", word, outcome->count);
}

static void
print_calls(struct buffer *out, const struct credis_store *store)
{
	const struct metric *metrics = store->observers->metrics, *metric;

	print_title(out, "redis_client_latency_seconds", "histogram", "Time from call to answer.");
	for (metric = metrics; metric != NULL; metric = metric->next)
		for (int n = 0; n < 2; n++)
			if (metric->outcomes[n].count > 0)
				print_latency(out, store, metric, n);
	print_title(out, "redis_client_requests_total", "counter", "Calls that have ended.");
	for (metric = metrics; metric != NULL; metric = metric->next)
		for (int n = 0; n < 2; n++) {
			print_labels(out, store, "redis_client_requests_total", metric);
			buffer_printf(out, ",redis_success=\"%s\"} %" PRIu64 "\n",
			    n ? "true" : "false", metric->outcomes[n].count);
		}
	print_title(out, "redis_client_active_requests", "gauge", "Calls under way.");
	for (metric = metrics; metric != NULL; metric = metric->next) {
		print_labels(out, store, "redis_client_active_requests", metric);
		buffer_printf(out, "} %" PRIu64 "\n", metric->active);
	}
}

static void
print_gauge(struct buffer *out, const struct credis_store *store, const char *name,
    const char *help, size_t value)
{
	print_title(out, name, "gauge", help);
	print_labels(out, store, name, NULL);
	buffer_printf(out, "} %zu\n", value);
}

char *
credis_store_metrics(const struct credis_store *store)
{
	struct buffer out = BUFFER_EMPTY;
	struct credis_pool_gauges pool;

	credis_store_pool(store, &pool);
	print_calls(&out, store);
	print_gauge(&out, store, "redis_client_pool_max_size",
	    "Connections that the pools may have.", pool.max);
	print_gauge(&out, store, "redis_client_pool_idle_connections",
	    "Connections of the pools that wait for a call.", pool.idle);
	print_gauge(&out, store, "redis_client_pool_active_connections",
	    "Connections of the pools that calls have.", pool.in_use);
	return buffer_give(&out);
}
