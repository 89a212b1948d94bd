/* monitor.c: prints values as they change, until told to end. */
#include "fault.h"
#include "find.h"
#include "memory.h"
#include "output.h"
#include "session.h"
#include "target.h"
#include "unserved.h"
#include "verbs.h"

#include <credis/monitor.h>

#include <event2/event.h>

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

struct watch {
	struct session *session;
	struct style style;
	int64_t lines;
	struct event *events[4]; /* that end it: two signals, a closed pipe, the deadline */
};

static void
print_change(struct watch *watch, const struct credis_reading *reading)
{
	struct session *session = watch->session;
	FILE *out = session_out(session);

	session->output->change(out, &watch->style, reading);
	/* each line at once: the next program in the pipe waits for it */
	if (fflush(out) != 0 || ++watch->lines == session->options->count)
		session_stop(session);
}

static void
print_event(struct watch *watch, const char *event, const struct credis_reading *reading,
    const char *text)
{
	struct session *session = watch->session;

	if (session->options->quiet && !session->options->json)
		return;
	session->output->event(event, reading != NULL ? reading->service : NULL,
	    reading != NULL && *reading->keyword != '\0' ? reading->keyword : NULL, text);
	fflush(stdout);
}

static void
on_monitor(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	struct watch *watch = arg;
	struct session *session = watch->session;
	char text[CREDIS_ERROR_TEXT];

	if (session->stopping)
		return;
	switch (event) {
	case CREDIS_MONITOR_VALUE: print_change(watch, reading); return;
	case CREDIS_MONITOR_PRIMED: return;
	case CREDIS_MONITOR_GAP:
		snprintf(text, sizeof text, "the store is lost, trying again: %.450s", err->text);
		print_event(watch, "gap", NULL, text);
		return;
	case CREDIS_MONITOR_RESTORED:
		print_event(watch, "restored", NULL, "the store is back");
		return;
	case CREDIS_MONITOR_GONE:
		snprintf(text, sizeof text, "%s.%s: the keyword exists no more", reading->service,
		    reading->keyword);
		print_event(watch, "gone", reading, text);
		return;
	case CREDIS_MONITOR_UNSERVED:
		snprintf(text, sizeof text, UNSERVED, reading->service);
		print_event(watch, "unserved", reading, text);
		return;
	case CREDIS_MONITOR_SERVED:
		snprintf(text, sizeof text, "%s: it is served again", reading->service);
		print_event(watch, "served", reading, text);
		return;
	case CREDIS_MONITOR_FAILED:
		session_fail(session, NULL, NULL, err);
		session_stop(session);
		return;
	}
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	struct session *session = arg;
	struct credis_error err;

	(void)fd;
	if ((what & EV_TIMEOUT) && session->options->count > 0) {
		fault(&err, CREDIS_EDEADLINE, "fewer than %lld lines within the deadline",
		    (long long)session->options->count);
		session_fail(session, NULL, NULL, &err);
	}
	session_stop(session);
}

static void
add(struct event *event, const struct timeval *timeout)
{
	event_add(must(event), timeout);
}

static void
arm(struct watch *watch)
{
	struct session *session = watch->session;
	struct event_base *base = session->base;
	int64_t ms = session->options->timeout_ms;
	struct timeval deadline = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };
	struct stat out;

	add(watch->events[0] = evsignal_new(base, SIGINT, on_end, session), NULL);
	add(watch->events[1] = evsignal_new(base, SIGTERM, on_end, session), NULL);
	/* A pipe that only we write to becomes "readable" when its reader is gone. */
	if (fstat(STDOUT_FILENO, &out) == 0 && S_ISFIFO(out.st_mode))
		add(watch->events[2] = event_new(base, STDOUT_FILENO, EV_READ, on_end, session),
		    NULL);
	if (ms > 0)
		add(watch->events[3] = evtimer_new(base, on_end, session), &deadline);
}

static void
disarm(struct watch *watch)
{
	for (size_t i = 0; i < sizeof watch->events / sizeof *watch->events; i++) {
		if (watch->events[i] != NULL)
			event_free(watch->events[i]);
	}
}

static void
run_watch(struct watch *watch, const char *const *names, size_t count)
{
	struct session *session = watch->session;
	struct credis_error err;
	struct credis_monitor *monitor;

	arm(watch);
	monitor = credis_monitor_new(session->client, names, count, on_monitor, watch, &err);
	if (monitor == NULL) {
		session_fail(session, NULL, NULL, &err);
	} else {
		session_began(session);
		session_run(session);
	}
	credis_monitor_free(monitor);
	disarm(watch);
}

void
run_monitor(struct session *session, char **words, int count)
{
	struct watch watch = { .session = session,
		.style = {
		    .form = session->options->binary ? CREDIS_BINARY : CREDIS_ASCII,
		} };
	size_t good, exact;
	struct target *asked = targets_parse(session, words, count, &good);
	struct target *targets = find_readable(session, asked, good, true, &exact);
	const char **names = must(calloc(exact + 1, sizeof *names));

	for (size_t i = 0; i < exact; i++)
		names[i] = targets[i].both;
	/* a monitor goes on for long: what is wrong with a part of it is better said at once */
	if (session->status == EXIT_DONE)
		run_watch(&watch, names, exact);
	free(names);
	free(targets);
	free(asked);
}
