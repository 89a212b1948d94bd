/* daemon.c: puts the parts together and takes them apart: the dispatcher, the store if it is ours, signals,
 * the service manager, the metrics page. Each transition is one word in the log. */
#include "daemon.h"

#include "clock.h"
#include "commands.h"
#include "drivers.h"
#include "embedded.h"
#include "journal.h"
#include "memory.h"
#include "metrics.h"
#include "notify.h"
#include "refuse.h"

#include <credis/version.h>

#include <event2/event.h>

#include <ctype.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE_S = 5,      /* after which we are up, if only to say that the store is not */
	FAULTS_LOGGED = 100, /* of a configuration refused at a reload */
	ONCE_MS = 100,       /* signals to stop that come so close together are one */
};

/* What wakes us up, apart from the parts themselves. */
enum event_number {
	ON_SIGTERM,
	ON_SIGINT,
	ON_SIGHUP,
	PATIENCE_OVER,
	WATCHDOG,
	SERVED_OUT, /* the dispatcher has stopped, and may be freed */
	EVENTS
};

struct daemon {
	struct conf *conf; /* as it was at the start; services are the dispatcher's */
	const char *path;
	bool verbose;
	struct event_base *base;
	struct credis_dispatcher *dispatcher;
	enum credis_dispatcher_state state;
	bool started; /* the dispatcher was */
	bool ready;   /* the service manager was told so */
	bool stopping;
	int64_t stopping_ms; /* monotonic: since when */
	struct drivers *drivers;
	struct commands *commands;
	struct embedded *embedded;
	struct metrics *metrics;
	struct metrics_daemon figures;
	struct event *events[EVENTS];
};

static void
cannot_run(const struct credis_error *err)
{
	journal_event(CREDIS_LOG_ERROR, "-start", "%s", err->text);
}

static void
set_level(const struct daemon *daemon, const struct conf *conf)
{
	enum credis_log_level level = CREDIS_LOG_INFO;

	journal_level_find(conf->log_level, &level);
	if (daemon->verbose)
		level = CREDIS_LOG_DEBUG;
	journal_set_level(level);
	credis_dispatcher_set_debug(daemon->dispatcher, level == CREDIS_LOG_DEBUG);
}

/* Tells the service manager, once, that we are up. */
static void
tell_ready(struct daemon *daemon)
{
	if (!daemon->ready && !daemon->stopping)
		notify_ready();
	daemon->ready = true;
}

static void
on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	tell_ready(arg);
}

static void
on_watchdog(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	(void)arg;
	notify_alive();
}

/* "2 services, 25 keywords" */
static const char *
print_counts(const struct daemon *daemon, char text[64])
{
	const struct credis_service *service;
	size_t services, keywords = 0;

	for (services = 0;
	     (service = credis_dispatcher_service(daemon->dispatcher, services)) != NULL;
	     services++) {
		for (size_t n = 0; credis_service_keyword(service, n) != NULL; n++)
			keywords++;
	}
	snprintf(text, 64, "%zu service%s, %zu keyword%s", services, services == 1 ? "" : "s",
	    keywords, keywords == 1 ? "" : "s");
	return text;
}

/* "ready: 2 services, 25 keywords", or why not. */
static void
tell_status(const struct daemon *daemon, const char *state, const char *why)
{
	char status[640], counts[64];

	snprintf(status, sizeof status, "%s: %s", state,
	    why[0] != '\0' ? why : print_counts(daemon, counts));
	notify_status(status);
}

static void
free_dispatcher(struct daemon *daemon)
{
	if (daemon->dispatcher == NULL)
		return;
	drivers_let_go(daemon->drivers);
	commands_let_go(daemon->commands);
	credis_dispatcher_free(daemon->dispatcher);
	daemon->dispatcher = NULL;
}

/* The store comes last, and then we may end. */
static void
on_drivers_stopped(void *arg)
{
	struct daemon *daemon = arg;

	if (daemon->embedded != NULL)
		embedded_stop(daemon->embedded);
	else
		event_base_loopexit(daemon->base, NULL);
}

/* The dispatcher lets go of the store before that ends. */
static void
on_served_out(evutil_socket_t fd, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)fd;
	(void)what;
	metrics_free(daemon->metrics);
	daemon->metrics = NULL;
	free_dispatcher(daemon);
	drivers_stop(daemon->drivers, on_drivers_stopped, daemon);
}

static void
on_state(void *arg, enum credis_dispatcher_state state, const char *why)
{
	struct daemon *daemon = arg;

	/* It has no more to say than before. */
	if (state == daemon->state && why[0] == '\0')
		return;
	daemon->state = state;
	tell_status(daemon, credis_dispatcher_state_name(state), why);
	switch (state) {
	case CREDIS_READY:
		drivers_look(daemon->drivers);
		journal_event(CREDIS_LOG_INFO, "+ready", "%s", why);
		tell_ready(daemon);
		break;
	case CREDIS_DEGRADED:
		journal_event(CREDIS_LOG_WARNING, "-ready", "%s",
		    why[0] != '\0' ? why : "not all services are served yet");
		break;
	case CREDIS_STARTING:
	case CREDIS_STOPPING: break;
	case CREDIS_STOPPED: event_active(daemon->events[SERVED_OUT], 0, 0); break;
	}
}

static void
start_dispatcher(struct daemon *daemon)
{
	daemon->started = true;
	credis_dispatcher_start(daemon->dispatcher);
}

static void
on_store(void *arg, enum embedded_state state, const char *why)
{
	struct daemon *daemon = arg;

	switch (state) {
	case EMBEDDED_UP:
		daemon->figures.store_starts++;
		journal_event(CREDIS_LOG_INFO, "+store", "redis-server answers");
		if (!daemon->started && !daemon->stopping)
			start_dispatcher(daemon);
		break;
	case EMBEDDED_DOWN:
		journal_event(CREDIS_LOG_ERROR, "-store", "%s", why);
		notify_status(why);
		break;
	case EMBEDDED_STOPPED:
		journal_event(CREDIS_LOG_INFO, "-store", "redis-server was stopped");
		event_base_loopexit(daemon->base, NULL);
		break;
	}
}

/* Hands a configuration's services over. */
static void
give_services(struct daemon *daemon, struct conf *conf)
{
	drivers_follow(daemon->drivers, conf);
	commands_follow(daemon->commands, conf);
	for (size_t i = 0; i < conf->service_count; i++) {
		must(credis_dispatcher_take_service(daemon->dispatcher, conf->services[i], NULL)
			? daemon
			: NULL);
		conf->services[i] = NULL;
	}
	drivers_settle(daemon->drivers);
	/* Reading a configuration takes more than keeping it. */
	malloc_trim(0);
}

static bool
has_service(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->service_count; i++) {
		if (strcmp(credis_service_name(conf->services[i]), name) == 0)
			return true;
	}
	return false;
}

static void
remove_service(struct daemon *daemon, const char *name)
{
	journal_event(CREDIS_LOG_WARNING, "-service", "%s: in the configuration no more%s", name,
	    credis_dispatcher_holds(daemon->dispatcher, name)
		? "; its values and histories are removed from the store"
		: "");
	credis_dispatcher_remove_service(daemon->dispatcher, name);
}

static void
remove_others(struct daemon *daemon, const struct conf *conf)
{
	const struct credis_service *service;

	for (size_t n = 0; (service = credis_dispatcher_service(daemon->dispatcher, n)) != NULL;) {
		const char *name = credis_service_name(service);

		/* The next one takes the place of one that is removed. */
		if (has_service(conf, name))
			n++;
		else
			remove_service(daemon, name);
	}
}

static void
warn_of_restart(const char *setting)
{
	journal_event(CREDIS_LOG_WARNING, "restart", "%s changed, which takes effect at a restart",
	    setting);
}

static void
apply(struct daemon *daemon, struct conf *conf)
{
	char counts[64];

	daemon->figures.reloads++;
	set_level(daemon, conf);
	settings_need_restart(&conf_settings, daemon->conf, conf, warn_of_restart);
	remove_others(daemon, conf);
	give_services(daemon, conf);
	journal_event(CREDIS_LOG_INFO, "+reload", "%s", print_counts(daemon, counts));
	tell_status(daemon,
	    credis_dispatcher_state_name(credis_dispatcher_state(daemon->dispatcher)), "");
}

/* Nothing changes; the faults are told where people look. */
static void
refuse_reload(struct daemon *daemon, struct faults *faults)
{
	size_t count = faults_count(faults);
	char report[640];

	daemon->figures.refused_reloads++;
	for (size_t n = 0; n < count && n < FAULTS_LOGGED; n++)
		journal_event(CREDIS_LOG_ERROR, "-reload", "%s", faults_text(faults, n));
	journal_event(CREDIS_LOG_ERROR, "-reload", "%zu fault%s: the configuration stays as it was",
	    count, count == 1 ? "" : "s");
	snprintf(report, sizeof report, "configuration not reloaded: %s", faults_text(faults, 0));
	credis_dispatcher_report_fault(daemon->dispatcher, NULL, report);
}

static void
reload(struct daemon *daemon)
{
	struct faults *faults = faults_new();
	struct conf *conf;

	notify_reloading();
	notify_alive();
	conf = conf_read(daemon->path, faults);
	if (conf != NULL)
		apply(daemon, conf);
	else
		refuse_reload(daemon, faults);
	conf_free(conf);
	faults_free(faults);
	daemon->ready = true;
	notify_ready();
}

/* Twice in a moment is once: timeout(1), for one, signals a process and then its group. */
static void
stop_at_once(struct daemon *daemon)
{
	if (clock_ms() - daemon->stopping_ms > ONCE_MS)
		event_base_loopbreak(daemon->base);
}

static void
stop(struct daemon *daemon, const char *signal_name)
{
	journal_event(CREDIS_LOG_INFO, "stopping", "SIG%s", signal_name);
	daemon->stopping = true;
	daemon->stopping_ms = clock_ms();
	notify_stopping();
	if (daemon->started)
		credis_dispatcher_stop(daemon->dispatcher);
	else
		event_active(daemon->events[SERVED_OUT], 0, 0);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct daemon *daemon = arg;

	(void)what;
	if (number == SIGHUP && !daemon->stopping)
		reload(daemon);
	else if (number != SIGHUP && daemon->stopping)
		stop_at_once(daemon);
	else if (number != SIGHUP)
		stop(daemon, sigabbrev_np((int)number));
}

static const int numbers[] = { [ON_SIGTERM] = SIGTERM, [ON_SIGINT] = SIGINT, [ON_SIGHUP] = SIGHUP };

static void
mask_signals(int how)
{
	sigset_t set;

	sigemptyset(&set);
	for (int i = ON_SIGTERM; i <= ON_SIGHUP; i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(how, &set, NULL);
}

void
daemon_hold_signals(void)
{
	mask_signals(SIG_BLOCK);
}

static void
watch_signals(struct daemon *daemon)
{
	for (int i = ON_SIGTERM; i <= ON_SIGHUP; i++) {
		daemon->events[i] = must(evsignal_new(daemon->base, numbers[i], on_signal, daemon));
		evsignal_add(daemon->events[i], NULL);
	}
	mask_signals(SIG_UNBLOCK);
}

static void
watch_time(struct daemon *daemon)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	int64_t half_us = notify_watchdog_us() / 2;
	const struct timeval half = { .tv_sec = half_us / 1000000, .tv_usec = half_us % 1000000 };

	daemon->events[PATIENCE_OVER] = must(evtimer_new(daemon->base, on_patience_over, daemon));
	evtimer_add(daemon->events[PATIENCE_OVER], &patience);
	daemon->events[WATCHDOG] =
	    must(event_new(daemon->base, -1, EV_PERSIST, on_watchdog, daemon));
	if (half_us > 0)
		event_add(daemon->events[WATCHDOG], &half);
	daemon->events[SERVED_OUT] = must(evtimer_new(daemon->base, on_served_out, daemon));
}

/* The URL of a socket: its path, with what has a meaning in URLs spelled out. To free(). */
static char *
url_of_socket(const char *path)
{
	char *url = must(malloc(strlen("unix://") + 3 * strlen(path) + 1)), *end;

	for (end = url + sprintf(url, "unix://"); *path != '\0'; path++) {
		bool plain = isalnum((unsigned char)*path) || strchr("/._-", *path) != NULL;

		end += sprintf(end, plain ? "%c" : "%%%02X", (unsigned char)*path);
	}
	return url;
}

static bool
make_dispatcher(struct daemon *daemon, struct credis_error *err)
{
	const struct conf *conf = daemon->conf;
	char *socket = conf_socket(conf), *url;

	url = conf_is_embedded(conf) ? url_of_socket(socket) : must(strdup(conf->store_url));
	daemon->dispatcher = credis_dispatcher_new(daemon->base, url, err);
	free(url);
	free(socket);
	if (daemon->dispatcher == NULL)
		return false;
	daemon->drivers = drivers_new(daemon->base, daemon->dispatcher);
	daemon->commands = commands_new(daemon->base, daemon->dispatcher);
	if (!credis_dispatcher_set_namespace(daemon->dispatcher, conf->store_namespace, err))
		return false;
	credis_dispatcher_set_timeouts(daemon->dispatcher, conf->connect_timeout_ms,
	    conf->command_timeout_ms);
	if (!credis_dispatcher_set_replicas(daemon->dispatcher, conf_replicas(conf), err) ||
	    !credis_dispatcher_set_limits(daemon->dispatcher, (size_t)conf->limit_clients,
		(size_t)conf->limit_answers, (size_t)conf->limit_requests,
		(size_t)conf->limit_bytes, err))
		return false;
	credis_dispatcher_set_log(daemon->dispatcher, journal_sink, NULL);
	credis_dispatcher_set_state_cb(daemon->dispatcher, on_state, daemon);
	set_level(daemon, conf);
	return true;
}

static bool
make_store(struct daemon *daemon, struct credis_error *err)
{
	struct credis_error why;
	char *socket;

	if (!conf_is_embedded(daemon->conf))
		return true;
	socket = conf_socket(daemon->conf);
	daemon->embedded =
	    embedded_new(daemon->base, daemon->conf->state_dir, socket, on_store, daemon, &why);
	free(socket);
	return daemon->embedded != NULL || refuse(err, "the embedded store: %.400s", why.text);
}

static bool
make_metrics(struct daemon *daemon, struct credis_error *err)
{
	if (daemon->conf->metrics_listen == NULL)
		return true;
	daemon->metrics = metrics_new(daemon->base, daemon->conf->metrics_listen,
	    &(struct metrics_sources){ daemon->dispatcher, &daemon->figures, daemon->drivers,
		daemon->commands },
	    err);
	return daemon->metrics != NULL;
}

static void
take_apart(struct daemon *daemon)
{
	metrics_free(daemon->metrics);
	free_dispatcher(daemon);
	drivers_free(daemon->drivers);
	commands_free(daemon->commands);
	embedded_free(daemon->embedded);
	for (int i = 0; i < EVENTS; i++) {
		if (daemon->events[i] != NULL)
			event_free(daemon->events[i]);
	}
	event_base_free(daemon->base);
	conf_free(daemon->conf);
}

static void
serve(struct daemon *daemon)
{
	char counts[64];

	watch_signals(daemon);
	watch_time(daemon);
	give_services(daemon, daemon->conf);
	journal_event(CREDIS_LOG_INFO, "+start", "credisd %s, pid %d: %s", credis_version(),
	    (int)getpid(), print_counts(daemon, counts));
	if (daemon->embedded == NULL)
		start_dispatcher(daemon);
	event_base_dispatch(daemon->base);
	/* It ends as it is; nobody must kill it on the way. */
	mask_signals(SIG_BLOCK);
	journal_event(CREDIS_LOG_INFO, "stopped", "pid %d", (int)getpid());
}

enum status
daemon_run(struct conf *conf, const char *path, bool verbose)
{
	struct daemon daemon = { .conf = conf, .path = path, .verbose = verbose };
	enum status status = STATUS_CANNOT_RUN;
	struct credis_error err;

	signal(SIGPIPE, SIG_IGN);
	notify_open();
	daemon.base = must(event_base_new());
	if (make_dispatcher(&daemon, &err) && make_metrics(&daemon, &err) &&
	    make_store(&daemon, &err)) {
		serve(&daemon);
		status = STATUS_DONE;
	} else {
		cannot_run(&err);
	}
	take_apart(&daemon);
	notify_close();
	return status;
}
