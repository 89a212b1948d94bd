/* driver.c: the life of a driver: waiting → running → ending → waiting …, or stopped while it is not wanted.
 * What is said between it and us is driver_talk.c's. */
#include "driver_inside.h"

#include "clock.h"
#include "journal.h"
#include "memory.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	RESTART_MS = 100,       /* before it is started again; doubles … */
	RESTART_MAX_MS = 10000, /* … up to this … */
	SETTLED_MS = 10000,     /* … until it ran for so long */
	STOP_MS = 2000,         /* from being asked to end until it is told */
	GRACE_MS = 1000,        /* from being told until it is killed */
	DEAF_MS = 100,          /* from the end of its output until it is ended itself */
	LOG_LINE_MAX = 4096,    /* bytes of a line for the log */
};

static void
arm(struct driver *driver, int64_t ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(driver->timer, &after);
}

static void
enter(struct driver *driver, enum driver_stage stage)
{
	driver->stage = stage;
	evtimer_del(driver->timer);
}

/* From now on its keywords are not to be trusted. */
static void
go_down(struct driver *driver, const char *why)
{
	snprintf(driver->why, sizeof driver->why, "%s", why);
	driver_talk_down(driver);
}

static void
close_pipes(struct driver *driver)
{
	driver_talk_close_input(driver);
	lines_free(driver->out);
	lines_free(driver->err);
	driver->out = driver->err = NULL;
}

static void
wait_to_start(struct driver *driver)
{
	if (clock_ms() - driver->started_ms > SETTLED_MS)
		driver->backoff_ms = 0;
	enter(driver, DRIVER_WAITING);
	driver->backoff_ms = driver->backoff_ms == 0 ? RESTART_MS : 2 * driver->backoff_ms;
	if (driver->backoff_ms > RESTART_MAX_MS)
		driver->backoff_ms = RESTART_MAX_MS;
	arm(driver, driver->backoff_ms);
}

static void
on_ended(void *arg, int status, const char *how)
{
	struct driver *driver = arg;
	const char *name = driver->definition->name;
	char why[512];

	(void)status;
	lines_finish(driver->out);
	lines_finish(driver->err);
	snprintf(why, sizeof why, "%s%s%s", how, driver->last_words[0] != '\0' ? ": " : "",
	    driver->last_words);
	close_pipes(driver);
	process_free(driver->process);
	driver->process = NULL;
	if (driver->stage == DRIVER_RUNNING) {
		journal_event(CREDIS_LOG_ERROR, "-driver", "%s.%s: %s", driver->definition->service,
		    name, why);
		driver_report(driver, why);
		enter(driver, DRIVER_ENDING);
		go_down(driver, why);
	} else {
		journal_event(CREDIS_LOG_INFO, "-driver", "%s.%s: %s", driver->definition->service,
		    name, why);
	}
	if (driver->next != NULL) {
		conf_driver_free(driver->definition);
		driver->definition = driver->next;
		driver->next = NULL;
		driver->backoff_ms = 0;
	}
	if (driver->wanted) {
		wait_to_start(driver);
		return;
	}
	enter(driver, DRIVER_STOPPED);
	driver->host->stopped(driver->host);
}

/* It is of no use any more: ends it, and starts it again. */
void
driver_break(struct driver *driver, const char *why)
{
	if (driver->stage != DRIVER_RUNNING)
		return;
	journal_event(CREDIS_LOG_ERROR, "-driver", "%s.%s: %s; it is ended and started again",
	    driver->definition->service, driver->definition->name, why);
	driver_report(driver, why);
	enter(driver, DRIVER_ENDING);
	go_down(driver, why);
	process_end(driver->process, GRACE_MS);
}

/* Its output may have ended because it has; then that is what there is to say. */
static void
on_out_end(void *arg)
{
	struct driver *driver = arg;

	if (driver->stage == DRIVER_RUNNING)
		arm(driver, DEAF_MS);
}

static void
on_err_line(void *arg, char *line, size_t length)
{
	struct driver *driver = arg;

	(void)length;
	if (line == NULL || line[0] == '\0')
		return;
	snprintf(driver->last_words, sizeof driver->last_words, "%s", line);
	driver_log(driver, CREDIS_LOG_WARNING, line);
}

static void
on_err_end(void *arg)
{
	(void)arg;
}

static const char **
make_environment(const struct conf_driver *definition)
{
	char *service = must_print("CREDIS_SERVICE=%s", definition->service);
	char *name = must_print("CREDIS_DRIVER=%s", definition->name);
	const char **more, **environment;
	size_t count = 0;

	while (definition->environment != NULL && definition->environment[count] != NULL)
		count++;
	more = must(calloc(count + 3, sizeof *more));
	more[0] = service;
	more[1] = name;
	for (size_t i = 0; i < count; i++)
		more[2 + i] = definition->environment[i];
	environment = process_environment(more);
	free(more);
	free(service);
	free(name);
	return environment;
}

static bool
start_process(struct driver *driver, struct process_ends *ends, struct credis_error *err)
{
	const struct conf_driver *definition = driver->definition;
	const char **environment = make_environment(definition);
	const struct process_spec spec = { .argv = (const char *const *)definition->command,
		.environment = environment,
		.directory = definition->directory,
		.user = definition->user };

	driver->process = process_start(driver->host->base, &spec, ends, on_ended, driver, err);
	process_environment_free(environment);
	return driver->process != NULL;
}

static void
start(struct driver *driver)
{
	struct process_ends ends;
	struct credis_error err;

	driver->started_ms = clock_ms();
	driver->last_words[0] = '\0';
	if (!start_process(driver, &ends, &err)) {
		if (strcmp(driver->why, err.text) != 0) {
			journal_event(CREDIS_LOG_ERROR, "-driver", "%s.%s: %s",
			    driver->definition->service, driver->definition->name, err.text);
			driver_report(driver, err.text);
			go_down(driver, err.text);
		}
		wait_to_start(driver);
		return;
	}
	driver->host->starts++;
	journal_event(CREDIS_LOG_INFO, "+driver", "%s.%s: pid %d", driver->definition->service,
	    driver->definition->name, (int)process_pid(driver->process));
	enter(driver, DRIVER_RUNNING);
	driver->out = lines_new(driver->host->base, ends.out, DRIVER_LINE_MAX, driver_talk_on_line,
	    on_out_end, driver);
	driver->err =
	    lines_new(driver->host->base, ends.err, LOG_LINE_MAX, on_err_line, on_err_end, driver);
	driver_talk_up(driver, ends.in);
}

static void
stop(struct driver *driver, const char *why)
{
	enter(driver, DRIVER_STOPPING);
	go_down(driver, why);
	driver_talk_stop(driver);
	arm(driver, STOP_MS);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct driver *driver = arg;

	(void)fd;
	(void)what;
	switch (driver->stage) {
	case DRIVER_WAITING: start(driver); break;
	case DRIVER_RUNNING: driver_break(driver, "it closed its standard output"); break;
	case DRIVER_STOPPING: process_end(driver->process, GRACE_MS); break;
	case DRIVER_ENDING:
	case DRIVER_STOPPED: break;
	}
}

struct driver *
driver_new(struct driver_host *host, struct conf_driver *definition)
{
	struct driver *driver = must(calloc(1, sizeof *driver));

	driver->host = host;
	driver->definition = definition;
	driver->references = 1;
	driver->stage = DRIVER_STOPPED;
	driver->timer = must(evtimer_new(host->base, on_timer, driver));
	snprintf(driver->why, sizeof driver->why, "it has not been started yet");
	driver_talk_init(driver);
	return driver;
}

void
driver_release(struct driver *driver)
{
	if (driver == NULL || --driver->references > 0)
		return;
	driver_kill(driver);
	driver_talk_free(driver);
	event_free(driver->timer);
	conf_driver_free(driver->definition);
	conf_driver_free(driver->next);
	free(driver);
}

const struct conf_driver *
driver_definition(const struct driver *driver)
{
	return driver->next != NULL ? driver->next : driver->definition;
}

void
driver_redefine(struct driver *driver, struct conf_driver *definition)
{
	if (driver->process == NULL) {
		conf_driver_free(driver->definition);
		driver->definition = definition;
		driver->backoff_ms = 0;
		return;
	}
	conf_driver_free(driver->next);
	driver->next = definition;
	if (driver->stage == DRIVER_RUNNING)
		stop(driver, "its configuration has changed");
}

void
driver_want(struct driver *driver, bool wanted, const char *why)
{
	if (wanted == driver->wanted)
		return;
	driver->wanted = wanted;
	if (wanted && driver->stage == DRIVER_STOPPED) {
		driver->backoff_ms = 0;
		start(driver);
	} else if (!wanted && driver->stage == DRIVER_RUNNING) {
		stop(driver, why);
	} else if (!wanted && driver->stage == DRIVER_WAITING) {
		enter(driver, DRIVER_STOPPED);
		go_down(driver, why);
		driver->host->stopped(driver->host);
	}
}

bool
driver_is_stopped(const struct driver *driver)
{
	return driver->stage == DRIVER_STOPPED;
}

bool
driver_is_running(const struct driver *driver)
{
	return driver->stage == DRIVER_RUNNING;
}

void
driver_kill(struct driver *driver)
{
	process_free(driver->process);
	driver->process = NULL;
	close_pipes(driver);
	enter(driver, DRIVER_STOPPED);
}
