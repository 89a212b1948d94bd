/* bench.c: how fast this installation is: writes of keywords, and plain SETs of the same store beside them.
 * Serves a scratch service of its own from this very process, and removes it however it ends; no
 * service of the installation is touched. */
#include "fault.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"
#include "verbs.h"
#include "where.h"

#include <credis/dispatcher.h>
#include <credis/store.h>

#include <event2/event.h>

#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	KEYWORDS = 10,
	PASS_MS = 1000,
	PASS_MAX = 1000000, /* requests */
	START_MS = 10000,
	END_MS = 5000,
	RUN_MAX_S = 120, /* by far */
	SIGNALS = 3,
	NAME = 40,
};

static const char help[] = "Scratch of credis bench";

static const int widths[] = { 1, 16, 64, 256 };

static const struct column columns[] = {
	{ "IN FLIGHT", "in_flight" },
	{ "MODIFY/s", "modify_per_second" },
	{ "p50", "modify_p50_us" },
	{ "p99", "modify_p99_us" },
	{ "max", "modify_max_us" },
	{ "SET/s", "set_per_second" },
	{ "p50", "set_p50_us" },
	{ "p99", "set_p99_us" },
	{ "max", "set_max_us" },
};

struct bench {
	struct session *session;
	struct credis_dispatcher *dispatcher;
	char service[NAME];
	char names[KEYWORDS][2 * NAME];
	bool timed_out;
	bool measuring;
	size_t deleting;             /* keys */
	char why[CREDIS_ERROR_TEXT]; /* it cannot be served; "" while it is */
	struct event *timer;
	struct event *signals[SIGNALS];

	/* a pass */
	bool (*ask)(struct bench *bench, void *request, struct credis_error *err);
	int64_t *began_us, *took_us; /* of each request */
	size_t asked, done;
	int64_t start_us;
};

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct bench *bench = arg;

	(void)what;
	session_interrupt(bench->session, (int)fd);
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	struct bench *bench = arg;

	(void)fd, (void)what;
	bench->timed_out = true;
}

static void
arm(struct bench *bench, int64_t ms)
{
	bench->timed_out = false;
	event_add(bench->timer, &(struct timeval){ ms / 1000, ms % 1000 * 1000 });
}

/* Requests. */

static void
fail(struct bench *bench, const struct credis_error *err)
{
	if (!bench->session->stopping)
		session_fail(bench->session, NULL, NULL, err);
	session_stop(bench->session);
}

/* Whoever measures is not told after its deadline that the store is away. */
static void
on_state(void *arg, enum credis_dispatcher_state state, const char *why)
{
	struct bench *bench = arg;
	struct credis_error err;

	if (state == CREDIS_STOPPING || state == CREDIS_STOPPED)
		return;
	snprintf(bench->why, sizeof bench->why, "%s", why);
	if (why[0] == '\0' || !bench->measuring)
		return;
	fault(&err, CREDIS_EUNREACHABLE, "the scratch service is not served any more: %.400s", why);
	fail(bench, &err);
}

/* 'request' is the place of its beginning. */
static void
ask_one(struct bench *bench)
{
	struct credis_error err;

	bench->began_us[bench->asked] = now_us();
	if (bench->ask(bench, &bench->began_us[bench->asked++], &err))
		session_began(bench->session);
	else
		fail(bench, &err);
}

static bool
wants_more(const struct bench *bench)
{
	return !bench->timed_out && !bench->session->stopping && bench->asked < PASS_MAX;
}

static void
answered(struct bench *bench, const int64_t *began_us, const struct credis_error *err)
{
	bench->took_us[began_us - bench->began_us] = now_us() - *began_us;
	bench->done++;
	if (err->code != CREDIS_OK)
		fail(bench, err);
	else if (wants_more(bench))
		ask_one(bench);
	session_ended(bench->session);
}

/* One pass is under way at a time, so that its requests need not know it. */
static struct bench *running;

static void
on_modified(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	(void)n, (void)reading;
	if (progress == CREDIS_FINAL)
		answered(running, arg, err);
}

static bool
ask_modify(struct bench *bench, void *request, struct credis_error *err)
{
	char text[24];
	struct credis_modify write = { .keyword = bench->names[bench->asked % KEYWORDS],
		.text = text };

	write.length = (size_t)sprintf(text, "%zu", bench->asked % 1000);
	return credis_client_modify(bench->session->client, &write, 1, false, on_modified, request,
		   err) != 0;
}

static void
on_set(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	(void)reply;
	answered(running, arg, err);
}

static bool
ask_set(struct bench *bench, void *request, struct credis_error *err)
{
	char text[24];
	const char *const words[] = { "SET", bench->service, text };

	sprintf(text, "%zu", bench->asked % 1000);
	return credis_store_command(bench->session->store, 3, words, NULL, 0, 0, on_set, request,
	    err);
}

/* Passes. */

static int
compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void
add_cells(const struct bench *bench, struct table *table)
{
	double seconds = (double)(now_us() - bench->start_us) / 1e6;

	if (bench->done == 0) {
		table_nothing(table, 4);
		return;
	}
	qsort(bench->took_us, bench->done, sizeof *bench->took_us, compare);
	table_integer(table, (int64_t)((double)bench->done / seconds));
	table_integer(table, bench->took_us[bench->done / 2]);
	table_integer(table, bench->took_us[bench->done * 99 / 100]);
	table_integer(table, bench->took_us[bench->done - 1]);
}

static void
pass(struct bench *bench, struct table *table, int width,
    bool (*ask)(struct bench *, void *, struct credis_error *))
{
	bench->ask = ask;
	bench->asked = bench->done = 0;
	arm(bench, PASS_MS);
	bench->start_us = now_us();
	for (int n = 0; n < width && wants_more(bench); n++)
		ask_one(bench);
	session_run(bench->session);
	if (!bench->session->stopping)
		add_cells(bench, table);
}

static void
run(struct bench *bench)
{
	struct session *session = bench->session;
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);

	bench->measuring = true;
	for (size_t n = 0; n < sizeof widths / sizeof *widths && !session->stopping; n++) {
		progress_say(session->progress, bench->service);
		table_integer(table, widths[n]);
		pass(bench, table, widths[n], ask_modify);
		pass(bench, table, widths[n], ask_set);
	}
	bench->measuring = false;
	if (!session->stopping)
		session->output->table(session_out(session), table, !session->options->quiet);
	table_free(table);
}

/* The scratch service. */

static bool
add_keyword(struct bench *bench, struct credis_service *service, int n, struct credis_error *err)
{
	char name[16];
	struct credis_keyword *keyword;

	sprintf(name, "K%d", n);
	sprintf(bench->names[n], "%s.%s", bench->service, name);
	keyword = credis_keyword_new(name, CREDIS_DOUBLE, err);
	if (keyword == NULL)
		return false;
	if (credis_keyword_set(keyword, "range", "[0, 1000]", err) &&
	    credis_keyword_finish(keyword, NULL, err) &&
	    credis_service_take_keyword(service, keyword, err))
		return true;
	credis_keyword_free(keyword);
	return false;
}

static void
print_name(char name[NAME], long pid, unsigned long began_s)
{
	snprintf(name, NAME, "bench-%ld-%lx", pid, began_s);
}

static bool
serve(struct bench *bench, struct credis_error *err)
{
	struct credis_service *service;

	print_name(bench->service, (long)getpid(), (unsigned long)time(NULL));
	service = credis_service_new(bench->service, help, "", err);
	if (service == NULL)
		return false;
	for (int n = 0; n < KEYWORDS; n++) {
		if (!add_keyword(bench, service, n, err))
			goto failed;
	}
	if (!credis_dispatcher_take_service(bench->dispatcher, service, err))
		goto failed;
	return true;
failed:
	credis_service_free(service);
	return false;
}

/* Until it is in this state; false when it does not get there in time. */
static bool
await(struct bench *bench, enum credis_dispatcher_state state, int64_t ms)
{
	arm(bench, ms);
	while (credis_dispatcher_state(bench->dispatcher) != state) {
		if (bench->timed_out || (state == CREDIS_READY && bench->session->stopping))
			return false;
		event_base_loop(bench->session->base, EVLOOP_ONCE);
	}
	return true;
}

static void
on_deleted(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct bench *bench = arg;

	(void)reply, (void)err;
	bench->deleting--;
}

/* The service, and the key that was SET. */
static void
remove_service(struct bench *bench, const char *name)
{
	const char *const words[] = { "DEL", name };
	struct credis_error err;

	if (credis_store_command(bench->session->store, 2, words, NULL, 0, END_MS, on_deleted,
		bench, &err))
		bench->deleting++;
	credis_dispatcher_remove_service(bench->dispatcher, name);
}

static void
clean_up(struct bench *bench)
{
	struct credis_error err;

	remove_service(bench, bench->service);
	credis_dispatcher_stop(bench->dispatcher);
	if (!await(bench, CREDIS_STOPPED, END_MS)) {
		fault(&err, CREDIS_EUNREACHABLE,
		    "the service %s could not be removed again: the next credis bench will do it",
		    bench->service);
		session_fail(bench->session, bench->service, NULL, &err);
	}
	while (bench->deleting > 0)
		event_base_loop(bench->session->base, EVLOOP_ONCE);
}

/* What earlier runs left. */

/* Named and described as a scratch service is, of a run that must be over, and served by nobody. */
static bool
is_leftover(const struct credis_service_info *service)
{
	char name[NAME];
	long pid;
	unsigned long began_s;

	if (service->served || strcmp(service->help, help) != 0 ||
	    sscanf(service->name, "bench-%ld-%lx", &pid, &began_s) != 2)
		return false;
	print_name(name, pid, began_s);
	return strcmp(service->name, name) == 0 && began_s < (unsigned long)time(NULL) - RUN_MAX_S;
}

/* Served without keywords: those it had go. */
static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct bench *bench = arg;
	struct credis_service *service;
	struct credis_error why;

	for (size_t n = 0; err->code == CREDIS_OK && n < count; n++) {
		if (!is_leftover(&services[n]))
			continue;
		service = credis_service_new(services[n].name, help, "", &why);
		if (service == NULL ||
		    !credis_dispatcher_take_service(bench->dispatcher, service, &why))
			credis_service_free(service);
	}
	session_ended(bench->session);
}

static void
remove_leftovers(struct bench *bench)
{
	const struct credis_service *service;
	struct credis_error err;
	size_t n = 0;

	session_began(bench->session);
	if (credis_client_services(bench->session->client, NULL, on_services, bench, &err) == 0)
		session_ended(bench->session);
	session_run(bench->session);
	await(bench, CREDIS_READY, END_MS);
	while ((service = credis_dispatcher_service(bench->dispatcher, n)) != NULL) {
		char name[CREDIS_SERVICE_MAX + 1];

		snprintf(name, sizeof name, "%s", credis_service_name(service));
		if (strcmp(name, bench->service) == 0)
			n++;
		else
			remove_service(bench, name);
	}
}

static bool
open_all(struct bench *bench, struct credis_error *err)
{
	struct session *session = bench->session;
	struct where where;
	bool ok = where_find(&where, session->options->url, err);

	if (ok) {
		session->store = credis_store_new(session->base, where.url, NULL, err);
		bench->dispatcher = credis_dispatcher_new(session->base, where.url, err);
		ok = session->store != NULL && bench->dispatcher != NULL &&
		    (where.name_space == NULL ||
			credis_dispatcher_set_namespace(bench->dispatcher, where.name_space, err));
	}
	where_clear(&where);
	if (!ok || !serve(bench, err))
		return false;
	credis_dispatcher_set_state_cb(bench->dispatcher, on_state, bench);
	credis_dispatcher_start(bench->dispatcher);
	return true;
}

static void
run_served(struct bench *bench)
{
	struct credis_error err;
	int64_t start_ms = bench->session->options->timeout_ms;

	if (await(bench, CREDIS_READY, start_ms > 0 ? start_ms : START_MS)) {
		remove_leftovers(bench);
		run(bench);
	} else if (!bench->session->stopping) {
		fault(&err, CREDIS_EUNREACHABLE,
		    "no scratch service could be served in time: %.400s",
		    bench->why[0] != '\0' ? bench->why
					  : credis_client_where(bench->session->client));
		session_fail(bench->session, NULL, NULL, &err);
	}
	clean_up(bench);
}

void
run_bench(struct session *session, char **words, int count)
{
	static const int numbers[SIGNALS] = { SIGINT, SIGTERM, SIGHUP };
	struct bench bench = { .session = session };
	struct credis_error err;

	(void)words, (void)count;
	running = &bench;
	bench.began_us = must(calloc(PASS_MAX, sizeof *bench.began_us));
	bench.took_us = must(calloc(PASS_MAX, sizeof *bench.took_us));
	bench.timer = must(evtimer_new(session->base, on_time, &bench));
	for (int n = 0; n < SIGNALS; n++) {
		bench.signals[n] = must(evsignal_new(session->base, numbers[n], on_signal, &bench));
		evsignal_add(bench.signals[n], NULL);
	}
	if (open_all(&bench, &err))
		run_served(&bench);
	else
		session_fail(session, NULL, NULL, &err);
	credis_dispatcher_free(bench.dispatcher);
	credis_store_free(session->store); /* what it has not answered, it ends now */
	session->store = NULL;
	for (int n = 0; n < SIGNALS; n++)
		event_free(bench.signals[n]);
	event_free(bench.timer);
	free(bench.began_us);
	free(bench.took_us);
}
