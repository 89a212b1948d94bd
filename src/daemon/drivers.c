/* drivers.c: a list of drivers, and a look at it every now and then: a driver runs where its service is
 * ours to serve, for two of them at one instrument would be one too many. */
#include "drivers.h"

#include "driver.h"
#include "memory.h"

#include <event2/event.h>
#include <jansson.h>

#include <stdio.h>
#include <string.h>

enum { LOOK_MS = 100 };

struct row {
	struct driver *driver;
	bool seen;    /* in the configuration that is followed */
	bool removed; /* let go once it has stopped */
};

struct drivers {
	struct driver_host host; /* first: drivers know us by it */
	struct row *rows;
	size_t count;
	struct event *look;
	void (*stopped)(void *arg); /* NULL unless all are to end */
	void *arg;
};

static bool
all_stopped(const struct drivers *drivers)
{
	for (size_t i = 0; i < drivers->count; i++) {
		if (!driver_is_stopped(drivers->rows[i].driver))
			return false;
	}
	return true;
}

static void
on_stopped(struct driver_host *host)
{
	struct drivers *drivers = (struct drivers *)host;
	void (*stopped)(void *arg) = drivers->stopped;

	if (stopped == NULL || !all_stopped(drivers))
		return;
	drivers->stopped = NULL;
	stopped(drivers->arg);
}

/* Forgets those that are gone. */
static void
sweep(struct drivers *drivers)
{
	size_t kept = 0;

	for (size_t i = 0; i < drivers->count; i++) {
		struct row *row = &drivers->rows[i];

		if (row->removed && driver_is_stopped(row->driver))
			driver_release(row->driver);
		else
			drivers->rows[kept++] = *row;
	}
	drivers->count = kept;
}

static void
want(struct drivers *drivers, const struct row *row)
{
	const char *service = driver_definition(row->driver)->service;

	if (row->removed)
		driver_want(row->driver, false, "it is not configured any more");
	else
		driver_want(row->driver, credis_dispatcher_holds(drivers->host.dispatcher, service),
		    "its service is not ours to serve");
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct drivers *drivers = arg;

	(void)fd;
	(void)what;
	for (size_t i = 0; i < drivers->count; i++)
		want(drivers, &drivers->rows[i]);
	sweep(drivers);
}

struct drivers *
drivers_new(struct event_base *base, struct credis_dispatcher *dispatcher)
{
	const struct timeval period = { .tv_usec = LOOK_MS * 1000 };
	struct drivers *drivers = must(calloc(1, sizeof *drivers));

	drivers->host =
	    (struct driver_host){ .base = base, .dispatcher = dispatcher, .stopped = on_stopped };
	drivers->look = must(event_new(base, -1, EV_PERSIST, on_look, drivers));
	event_add(drivers->look, &period);
	return drivers;
}

static struct row *
find(struct drivers *drivers, const char *service, const char *name)
{
	for (size_t i = 0; i < drivers->count; i++) {
		struct row *row = &drivers->rows[i];
		const struct conf_driver *definition = driver_definition(row->driver);

		if (!row->removed && strcmp(definition->name, name) == 0 &&
		    strcmp(definition->service, service) == 0)
			return row;
	}
	return NULL;
}

static void
follow_definition(struct drivers *drivers, struct conf_driver **definition)
{
	struct row *row = find(drivers, (*definition)->service, (*definition)->name);

	if (row == NULL) {
		drivers->rows =
		    must(reallocarray(drivers->rows, drivers->count + 1, sizeof *drivers->rows));
		row = &drivers->rows[drivers->count++];
		*row = (struct row){ .driver = driver_new(&drivers->host, *definition) };
		*definition = NULL;
	} else if (!conf_driver_equal(driver_definition(row->driver), *definition)) {
		driver_redefine(row->driver, *definition);
		*definition = NULL;
	}
	row->seen = true;
}

static void
follow_keyword(struct drivers *drivers, struct credis_service *service,
    const struct credis_keyword *keyword)
{
	char *text = credis_keyword_get(keyword, "driver");
	const struct row *row;
	json_t *name;

	if (text == NULL)
		return;
	name = must(json_loads(text, JSON_DECODE_ANY, NULL));
	row = find(drivers, credis_service_name(service), json_string_value(name));
	must(row != NULL && driver_take_keyword(row->driver, service, keyword, NULL) ? drivers
										     : NULL);
	json_decref(name);
	free(text);
}

static void
follow_service(struct drivers *drivers, struct credis_service *service)
{
	const struct credis_keyword *keyword;

	for (size_t n = 0; (keyword = credis_service_keyword(service, n)) != NULL; n++)
		follow_keyword(drivers, service, keyword);
}

void
drivers_follow(struct drivers *drivers, struct conf *conf)
{
	for (size_t i = 0; i < drivers->count; i++) {
		drivers->rows[i].seen = false;
		driver_begin_keywords(drivers->rows[i].driver);
	}
	for (size_t i = 0; i < conf->driver_count; i++)
		follow_definition(drivers, &conf->drivers[i]);
	for (size_t i = 0; i < conf->service_count; i++)
		follow_service(drivers, conf->services[i]);
}

/* What one has lost, another may have got: first all that is lost. */
void
drivers_settle(struct drivers *drivers)
{
	for (size_t i = 0; i < drivers->count; i++) {
		drivers->rows[i].removed |= !drivers->rows[i].seen;
		driver_drop_keywords(drivers->rows[i].driver);
	}
	for (size_t i = 0; i < drivers->count; i++)
		driver_end_keywords(drivers->rows[i].driver);
}

void
drivers_look(struct drivers *drivers)
{
	event_active(drivers->look, EV_TIMEOUT, 1);
}

void
drivers_let_go(struct drivers *drivers)
{
	drivers->host.dispatcher = NULL;
	event_del(drivers->look);
}

void
drivers_stop(struct drivers *drivers, void (*stopped)(void *arg), void *arg)
{
	drivers->stopped = stopped;
	drivers->arg = arg;
	for (size_t i = 0; i < drivers->count; i++)
		driver_want(drivers->rows[i].driver, false, "credisd stops");
	on_stopped(&drivers->host);
}

void
drivers_free(struct drivers *drivers)
{
	if (drivers == NULL)
		return;
	for (size_t i = 0; i < drivers->count; i++) {
		driver_kill(drivers->rows[i].driver);
		driver_release(drivers->rows[i].driver);
	}
	event_free(drivers->look);
	free(drivers->rows);
	free(drivers);
}

void
drivers_count(const struct drivers *drivers, struct drivers_figures *figures)
{
	*figures = (struct drivers_figures){ .starts = drivers->host.starts,
		.lines = drivers->host.lines,
		.garbage = drivers->host.garbage };
	for (size_t i = 0; i < drivers->count; i++)
		figures->running += driver_is_running(drivers->rows[i].driver);
}
