/* scope.c: what a monitor watches of one service: the keywords that match, now and after each change of the
 * service's generation. */
#include "client/catalog.h"
#include "client/diagnose.h"
#include "client/monitor_inside.h"
#include "client/presence.h"
#include "core/error.h"
#include "core/keyword.h"
#include "core/message.h"
#include "core/text.h"
#include "redis/subscriptions.h"

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What seems gone may be on its way back: a dispatcher heals an emptied store within two seconds. */
enum { DOUBT_MS = 3000 };

/* Beyond so many values, of which so many times more are of keywords that nobody here watches, their short
 * way is a longer one. */
enum { VALUES_TRIED = 1000, VALUES_OTHERS = 8 };

static void on_doubt(evutil_socket_t fd, short what, void *arg);
static void on_about(void *arg, const char *channel, const char *payload, size_t length);
static void on_about_live(void *arg, bool again);
static void on_about_lost(void *arg, const struct credis_error *why);

bool
scope_init(struct scope *scope, struct credis_monitor *monitor, const char *service,
    struct credis_error *err)
{
	scope->monitor = monitor;
	snprintf(scope->service, sizeof(scope->service), "%s", service);
	scope->doubt = evtimer_new(monitor->client->base, on_doubt, scope);
	return scope->doubt != NULL || error_no_memory(err);
}

bool
scope_add_pattern(struct scope *scope, const char *pattern, struct credis_error *err)
{
	size_t room = (scope->pattern_count + 1) * sizeof(*scope->patterns);
	char **patterns;

	for (size_t n = 0; n < scope->pattern_count; n++) {
		if (strcmp(scope->patterns[n], pattern) == 0)
			return true;
	}
	patterns = realloc(scope->patterns, room);
	if (patterns == NULL)
		return error_no_memory(err);
	scope->patterns = patterns;
	patterns[scope->pattern_count] = text_copy(pattern, strlen(pattern));
	if (patterns[scope->pattern_count] == NULL)
		return error_no_memory(err);
	scope->pattern_count++;
	scope->globs = scope->globs || text_is_glob(pattern);
	return true;
}

/* The first look does not wait for the subscription: it finds out soonest whether there is a store and
 * such a service. The second, when that is in force, is the one that counts. */
bool
scope_start(struct scope *scope, struct credis_error *err)
{
	static const struct subscription_events events = { on_about, on_about_live, on_about_lost };
	struct credis_client *client = scope->monitor->client;
	struct name channel;

	names_service_event(&channel, client->db, client->ns, scope->service, NAMES_ABOUT);
	scope->about = subscriptions_add(client->subscriptions, channel.text, &events, scope, err);
	if (scope->about == NULL || !presence_join(scope, err))
		return false;
	monitor_unsettle(scope->monitor, &scope->stale);
	scope_ask(scope);
	return true;
}

static void
drop_all(struct watch **watches, size_t count)
{
	for (size_t n = 0; n < count; n++)
		watch_free(watches[n]);
	free(watches);
}

static void
drop_values(struct scope *scope)
{
	if (scope->values != NULL)
		subscriptions_remove(scope->monitor->client->subscriptions, scope->values);
	scope->values = NULL;
}

void
scope_clear(struct scope *scope)
{
	struct credis_client *client = scope->monitor->client;

	credis_client_cancel(client, scope->asking);
	presence_leave(scope);
	if (scope->about != NULL)
		subscriptions_remove(client->subscriptions, scope->about);
	drop_values(scope);
	if (scope->doubt != NULL)
		event_free(scope->doubt);
	drop_all(scope->watches, scope->count);
	drop_all(scope->dropped, scope->dropped_count);
	for (size_t n = 0; n < scope->pattern_count; n++)
		free(scope->patterns[n]);
	free(scope->patterns);
	catalog_release(scope->catalog);
}

static void on_catalog(void *arg, const struct credis_error *err, struct catalog *catalog);

void
scope_ask(struct scope *scope)
{
	struct credis_error err;

	scope->ask_again = scope->asking != 0;
	if (scope->asking != 0 || scope->monitor->state == MONITOR_FAILED)
		return;
	scope->asked_live = scope->about_live;
	scope->asking = catalog_ask(scope->monitor->client, scope->service,
	    scope->globs ? NULL : (const char *const *)scope->patterns, scope->pattern_count,
	    on_catalog, scope, &err);
	if (scope->asking == 0)
		event_add(scope->doubt, &(struct timeval){ .tv_sec = DOUBT_MS / 1000 });
}

static void
on_doubt(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	scope_ask(arg);
}

/* A dispatcher also writes it when it finds that the store has told nobody of changes. */
static void
on_about(void *arg, const char *channel, const char *payload, size_t length)
{
	struct scope *scope = arg;

	(void)channel;
	(void)payload;
	(void)length;
	for (size_t n = 0; n < scope->count; n++)
		watch_want(scope->watches[n]);
	scope_ask(scope);
}

static void
on_about_live(void *arg, bool again)
{
	struct scope *scope = arg;

	(void)again;
	scope->about_live = true;
	scope_ask(scope);
}

static void
on_about_lost(void *arg, const struct credis_error *why)
{
	struct scope *scope = arg;

	scope->about_live = scope->asked_live = false;
	monitor_unsettle(scope->monitor, &scope->stale);
	monitor_lost(scope->monitor, why);
}

static bool
is_wanted(const struct scope *scope, const struct credis_keyword *keyword)
{
	for (size_t n = 0; keyword_is_readable(keyword) && n < scope->pattern_count; n++) {
		if (text_matches_glob(credis_keyword_name(keyword), scope->patterns[n]))
			return true;
	}
	return false;
}

/* Whether it was watched before: then '*old' is moved past it, and what comes before it is dropped. */
static struct watch *
take_old(struct scope *scope, size_t *old, const char *name)
{
	while (*old < scope->count) {
		struct watch *watch = scope->watches[*old];
		int order = strcmp(watch->name, name);

		if (order > 0)
			return NULL;
		++*old;
		if (order == 0)
			return watch;
		scope->dropped[scope->dropped_count++] = watch;
	}
	return NULL;
}

/* Old watches and new descriptions are both in the order of their names. False when out of memory: some
 * are then missing. */
static bool
merge(struct scope *scope, const struct catalog *catalog, struct watch **watches,
    struct credis_error *err)
{
	size_t count = 0, old = 0;
	bool well = true;

	for (size_t n = 0; well && n < catalog->count; n++) {
		const char *name = credis_keyword_name(catalog->keywords[n]);
		struct watch *watch;

		if (!is_wanted(scope, catalog->keywords[n]))
			continue;
		watch = take_old(scope, &old, name);
		if (watch == NULL)
			watch = watch_new(scope, name, err);
		if (watch != NULL)
			watches[count++] = watch;
		well = watch != NULL;
	}
	while (old < scope->count)
		scope->dropped[scope->dropped_count++] = scope->watches[old++];
	free(scope->watches);
	scope->watches = watches;
	scope->count = count;
	return well;
}

static bool
report_gone(struct scope *scope)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	struct credis_monitor *monitor = scope->monitor;

	while (scope->dropped_count > 0) {
		struct watch *watch = scope->dropped[--scope->dropped_count];
		struct names_pair name = watch_name(watch);
		struct credis_reading reading = {
			.service = name.service,
			.keyword = name.keyword,
			.text = "",
			.reason = "",
		};
		bool stale = watch->stale;

		watch_free(watch);
		if (!monitor_settle(monitor, &stale) ||
		    !monitor_tell(monitor, CREDIS_MONITOR_GONE, &reading, &fine))
			return false;
	}
	free(scope->dropped);
	scope->dropped = NULL;
	return true;
}

static int
compare_name(const void *key, const void *watch)
{
	const struct slice *name = key;
	const char *other = (*(struct watch *const *)watch)->name;
	int order = strncmp(name->bytes, other, name->length);

	return order != 0 ? order : -(other[name->length] != '\0');
}

static struct watch *
find_watch(const struct scope *scope, struct slice name)
{
	struct watch **found = scope->count > 0
	    ? bsearch(&name, scope->watches, scope->count, sizeof(*scope->watches), compare_name)
	    : NULL;

	return found != NULL ? *found : NULL;
}

/* A value may end the monitor. */
static void
on_values(void *arg, const char *channel, const char *payload, size_t length)
{
	const unsigned needed = MESSAGE_KEY | MESSAGE_SEQ | MESSAGE_TIME;
	struct scope *scope = arg;
	struct message_reader reader;
	struct message message;
	struct credis_error err;

	(void)channel;
	message_reader_init(&reader, payload, length);
	while (message_next(&reader, &message, &err) == MESSAGE_READ) {
		bool whole = (message.has & needed) == needed;
		struct watch *watch = whole ? find_watch(scope, message.key) : NULL;

		scope->values_all++;
		scope->values_ours += watch != NULL;
		if (watch != NULL && !watch_take_value(watch, &message))
			return;
	}
	if (scope->values_all > VALUES_TRIED &&
	    scope->values_all > VALUES_OTHERS * scope->values_ours)
		drop_values(scope);
}

/* Where they may not be heard, events do. */
static void
want_values(struct scope *scope)
{
	static const struct subscription_events events = { on_values, NULL, NULL };
	struct credis_client *client = scope->monitor->client;
	struct name channel;
	struct credis_error err;

	scope->values_all = scope->values_ours = 0;
	if (scope->values != NULL)
		return;
	names_service(&channel, client->ns, scope->service, NAMES_VALUES);
	scope->values =
	    subscriptions_add(client->subscriptions, channel.text, &events, scope, &err);
}

static bool
apply(struct scope *scope, struct catalog *catalog)
{
	struct catalog *before = scope->catalog;
	struct watch **watches = calloc(catalog->count + 1, sizeof(struct watch *));
	struct credis_error err;
	bool well = false;

	scope->dropped = calloc(scope->count + 1, sizeof(struct watch *));
	if (watches != NULL && scope->dropped != NULL) {
		scope->catalog = catalog_hold(catalog);
		well = merge(scope, catalog, watches, &err);
		catalog_release(before);
	} else {
		free(watches);
		error_no_memory(&err);
	}
	if (well)
		want_values(scope);
	return well ? report_gone(scope) : monitor_fail(scope->monitor, &err);
}

/* A pattern that nothing matches; NULL when there is none. */
static const char *
find_unmatched(const struct scope *scope, const struct catalog *catalog)
{
	for (size_t n = 0; n < scope->pattern_count; n++) {
		size_t k = 0;

		while (k < catalog->count &&
		    !text_matches_glob(credis_keyword_name(catalog->keywords[k]),
			scope->patterns[n]))
			k++;
		if (k == catalog->count)
			return scope->patterns[n];
	}
	return NULL;
}

static void
on_diagnosed(void *arg, const struct credis_error *why)
{
	struct scope *scope = arg;
	struct credis_error err = *why;

	scope->asking = 0;
	if (why->code == CREDIS_OK)
		error_set(&err, CREDIS_ENOKEYWORD, "%s: no keyword matches", scope->service);
	monitor_fail(scope->monitor, &err);
}

static bool
refuse_to_start(struct scope *scope, enum credis_code code, const char *pattern, const char *why)
{
	struct credis_error err;

	error_set(&err, code, "%s.%s: %s", scope->service, pattern, why);
	monitor_fail(scope->monitor, &err);
	return false;
}

/* Something must match each pattern; 'pattern' is one that nothing does. */
static bool
find_out_why(struct scope *scope, const char *pattern, bool empty)
{
	bool glob = text_is_glob(pattern);
	struct credis_error err;

	if (glob && !empty)
		return refuse_to_start(scope, CREDIS_ENOKEYWORD, pattern, "no keyword matches");
	scope->asking = diagnose(scope->monitor->client, scope->service, glob ? NULL : pattern,
	    on_diagnosed, scope, &err);
	if (scope->asking == 0)
		monitor_fail(scope->monitor, &err);
	return false;
}

/* The first look decides whether there is anything to watch. */
static bool
is_startable(struct scope *scope, const struct catalog *catalog)
{
	const char *unmatched = find_unmatched(scope, catalog);

	if (unmatched != NULL)
		return find_out_why(scope, unmatched, catalog->count == 0);
	for (size_t n = 0; n < scope->pattern_count; n++) {
		const struct credis_keyword *keyword = catalog_find(catalog, scope->patterns[n]);

		if (keyword != NULL && !keyword_is_readable(keyword))
			return refuse_to_start(scope, CREDIS_EWRITEONLY, scope->patterns[n],
			    "may only be written");
	}
	return true;
}

/* Without a generation, what the store holds is not all there is, or the service is gone. */
static bool
is_doubtful(struct scope *scope, const struct catalog *catalog)
{
	bool doubtful = scope->catalog != NULL && catalog->generation[0] == '\0' && !scope->doubted;

	scope->doubted = doubtful;
	if (doubtful)
		event_add(scope->doubt, &(struct timeval){ .tv_sec = DOUBT_MS / 1000 });
	else
		event_del(scope->doubt);
	return doubtful;
}

static bool
is_known(const struct scope *scope, const struct catalog *catalog)
{
	return scope->catalog != NULL && catalog->generation[0] != '\0' &&
	    strcmp(scope->catalog->generation, catalog->generation) == 0;
}

/* A monitor that runs asks again when it hears from the store. */
static void
take_failure(struct scope *scope, const struct credis_error *err)
{
	struct credis_monitor *monitor = scope->monitor;

	if (monitor->state == MONITOR_STARTING && !monitor->client->patient)
		monitor_fail(monitor, err);
	else if (monitor->state == MONITOR_STARTING || scope->about_live)
		event_add(scope->doubt, &(struct timeval){ .tv_sec = DOUBT_MS / 1000 });
}

static void
on_catalog(void *arg, const struct credis_error *err, struct catalog *catalog)
{
	struct scope *scope = arg;

	scope->asking = 0;
	if (err->code != CREDIS_OK) {
		take_failure(scope, err);
		return;
	}
	if (scope->catalog == NULL && !is_startable(scope, catalog))
		return;
	if (!is_doubtful(scope, catalog) && !is_known(scope, catalog) && !apply(scope, catalog))
		return;
	if (scope->ask_again)
		scope_ask(scope);
	else if (scope->asked_live)
		monitor_settle(scope->monitor, &scope->stale);
}
