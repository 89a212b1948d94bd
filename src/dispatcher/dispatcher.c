/* dispatcher.c: the dispatcher as a whole: its settings, its two connections, its services.
 * What happens to a service is served.c's; this file adds them up. */
#include "core/error.h"
#include "core/url.h"
#include "dispatcher/calc.h"
#include "dispatcher/clock.h"
#include "dispatcher/durability.h"
#include "dispatcher/intake.h"
#include "dispatcher/metrics.h"
#include "dispatcher/notifications.h"
#include "dispatcher/peers.h"
#include "dispatcher/requests.h"
#include "dispatcher/served.h"
#include "dispatcher/steps.h"
#include "redis/clock.h"
#include "redis/command.h"

#include <credis/dispatcher.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

enum {
	TICK_MS = 1000,
	STOP_POLL_MS = 10,
	STOP_LIMIT_MS = 2000,
	STOP_SAY_MS = 250, /* beyond it, to say what became of the rest */
	PING_MS = 1000,
};

struct credis_dispatcher {
	struct post post;
	struct url url;
	char ns[NAMES_NAMESPACE_MAX + 1];
	int64_t connect_ms, command_ms;
	struct log log;
	credis_dispatcher_state_cb *on_state;
	void *on_state_arg;
	enum credis_dispatcher_state state;
	char why[CREDIS_ERROR_TEXT + CREDIS_SERVICE_MAX + 2];
	bool started;
	bool informed; /* the server said what it is, on this connection */
	struct event *tick;
	struct event *stop;
	int64_t stop_by_ms; /* monotonic */
};

static const char *const state_names[] = {
	[CREDIS_STARTING] = "starting",
	[CREDIS_READY] = "ready",
	[CREDIS_DEGRADED] = "degraded",
	[CREDIS_STOPPING] = "stopping",
	[CREDIS_STOPPED] = "stopped",
};

const char *
credis_dispatcher_state_name(enum credis_dispatcher_state state)
{
	return state_names[state];
}

struct served *
post_find(const struct post *post, uint64_t ticket)
{
	uint32_t number = (uint32_t)(ticket >> 32);

	for (struct served *s = post->served; s != NULL; s = s->next) {
		if (s->serial == number || s->round == number)
			return s;
	}
	return NULL;
}

static struct served *
find_named(const struct post *post, const char *name, size_t length, bool doomed)
{
	for (struct served *s = post->served; s != NULL; s = s->next) {
		if (s->doomed == doomed && strncmp(served_name(s), name, length) == 0 &&
		    served_name(s)[length] == '\0')
			return s;
	}
	return NULL;
}

struct served *
post_find_name(const struct post *post, const char *name, size_t length)
{
	return find_named(post, name, length, false);
}

struct served *
post_find_doomed(const struct post *post, const char *name, size_t length)
{
	return find_named(post, name, length, true);
}

static void
enter(struct credis_dispatcher *dispatcher, enum credis_dispatcher_state state, const char *why)
{
	if (dispatcher->state == state && strcmp(dispatcher->why, why) == 0)
		return;
	dispatcher->state = state;
	if (why != dispatcher->why)
		snprintf(dispatcher->why, sizeof(dispatcher->why), "%s", why);
	if (dispatcher->on_state != NULL)
		dispatcher->on_state(dispatcher->on_state_arg, state, dispatcher->why);
}

/* The state of the whole is that of the worst served. */
static void
add_up(void *arg)
{
	struct credis_dispatcher *dispatcher = arg;
	const struct served *worst = NULL;
	char why[sizeof(dispatcher->why)] = "";

	if (dispatcher->state >= CREDIS_STOPPING)
		return;
	for (const struct served *s = dispatcher->post.served; s != NULL && worst == NULL;
	     s = s->next) {
		if (s->state != SERVED_READY && !s->doomed)
			worst = s;
	}
	if (worst == NULL) {
		if (dispatcher->informed)
			enter(dispatcher, CREDIS_READY, "");
		return;
	}
	if (worst->why[0] != '\0')
		snprintf(why, sizeof(why), "%s: %s", served_name(worst), worst->why);
	if (worst->why[0] != '\0' || dispatcher->state != CREDIS_STARTING)
		enter(dispatcher, CREDIS_DEGRADED, why);
}

/* Whether one of the same name has yet to take its keys out of the store. */
static bool
must_wait(const struct post *post, const struct served *served)
{
	const char *name = served_name(served);

	return post_find_doomed(post, name, strlen(name)) != NULL;
}

/* Services start when both connections are there and the server has said what it is. */
static void
begin_if_up(void *arg)
{
	struct credis_dispatcher *dispatcher = arg;
	struct post *post = &dispatcher->post;

	if (!dispatcher->informed || !link_is_up(post->store.link) || !intake_is_up(post->intake))
		return;
	for (struct served *s = post->served; s != NULL; s = s->next) {
		if (s->state == SERVED_AWAY && !must_wait(post, s))
			served_store_up(s);
	}
	add_up(dispatcher);
}

/* "name:value" of a line of INFO. */
static void
info_field(const struct reply *info, const char *name, char *out, size_t room)
{
	const char *at = info->kind == REPLY_TEXT ? strstr(info->text, name) : NULL;
	size_t length;

	out[0] = '\0';
	if (at == NULL)
		return;
	at += strlen(name);
	length = strcspn(at, "\r\n");
	if (length < room) {
		memcpy(out, at, length);
		out[length] = '\0';
	}
}

static void
on_info(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct credis_dispatcher *dispatcher = arg;
	struct post *post = &dispatcher->post;
	char version[32];

	(void)id;
	(void)err;
	if (reply == NULL)
		return;
	info_field(reply, "redis_version:", version, sizeof(version));
	info_field(reply, "run_id:", post->run_id, sizeof(post->run_id));
	snprintf(post->server, sizeof(post->server), "redis%s%s at %s",
	    version[0] != '\0' ? " " : "", version, link_where(post->store.link));
	dispatcher->informed = true;
	begin_if_up(dispatcher);
}

static void
on_up(struct link *link, void *arg)
{
	struct credis_dispatcher *dispatcher = arg;
	struct post *post = &dispatcher->post;
	struct buffer *out = link_command(link, on_info, dispatcher, 0, NULL);

	post->store.offset_us = link_clock_offset_us(link);
	post->store.own_offset_us = clock_own_offset_us();
	if (out != NULL)
		command_texts(out, "INFO", "server", NULL);
	notifications_check(post);
	peers_store_up(post->peers);
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct credis_dispatcher *dispatcher = arg;

	(void)link;
	dispatcher->informed = false;
	dispatcher->post.times_lost += was_up;
	for (struct served *s = dispatcher->post.served; s != NULL; s = s->next)
		served_store_down(s, why->text);
}

static void
unlink_served(struct post *post, struct served *served)
{
	struct served **at = &post->served;

	while (*at != served)
		at = &(*at)->next;
	*at = served->next;
	served_free(served);
}

/* Services taken out of the configuration go when their last request is answered. */
static void
reap_doomed(struct credis_dispatcher *dispatcher)
{
	struct served *next;

	for (struct served *s = dispatcher->post.served; s != NULL; s = next) {
		next = s->next;
		if (!s->doomed)
			continue;
		served_stop_if_idle(s, false);
		if (s->state == SERVED_STOPPED && s->under_way == 0) {
			unlink_served(&dispatcher->post, s);
			begin_if_up(dispatcher); /* one of its name */
		}
	}
}

/* A store that does not say goes by our clock. */
static void
on_time(void *arg, uint64_t asked_us, const struct reply *reply, const struct credis_error *lost)
{
	struct store *store = arg;

	(void)lost;
	if (reply != NULL && !clock_learn(&store->offset_us, (int64_t)asked_us, reply))
		store->offset_us = clock_own_offset_us();
}

static void
check_clock(struct store *store)
{
	struct buffer *out = NULL;

	if (clock_was_set(&store->own_offset_us))
		out = link_command(store->link, on_time, store, (uint64_t)clock_steady_us(), NULL);
	if (out != NULL)
		command_texts(out, "TIME", NULL);
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	struct credis_dispatcher *dispatcher = arg;

	(void)fd;
	(void)what;
	reap_doomed(dispatcher);
	steps_tick(dispatcher->post.steps);
	intake_tick(dispatcher->post.intake);
	if (!link_is_up(dispatcher->post.store.link))
		return;
	check_clock(&dispatcher->post.store);
	if (!dispatcher->post.events_unknown)
		notifications_check(&dispatcher->post);
	for (struct served *s = dispatcher->post.served; s != NULL; s = s->next)
		served_tick(s);
}

/* Whether every service has let go; helps those that are ready to. */
static bool
all_stopped(struct credis_dispatcher *dispatcher, bool now)
{
	bool stopped = true;

	for (struct served *s = dispatcher->post.served; s != NULL; s = s->next) {
		served_stop_if_idle(s, now);
		stopped = stopped && s->state == SERVED_STOPPED;
	}
	return stopped;
}

/* Answers and leases given up have reached the store. */
static bool
has_said_all(const struct post *post)
{
	return !link_is_up(post->store.link) ||
	    (peers_idle(post->peers) && link_commands_under_way(post->store.link) == 0);
}

static void
on_stop_poll(evutil_socket_t fd, short what, void *arg)
{
	struct credis_dispatcher *dispatcher = arg;
	bool overdue = clock_monotonic_ms() >= dispatcher->stop_by_ms;

	(void)fd;
	(void)what;
	if (!all_stopped(dispatcher, overdue))
		return;
	if (!has_said_all(&dispatcher->post) &&
	    clock_monotonic_ms() < dispatcher->stop_by_ms + STOP_SAY_MS)
		return;
	event_del(dispatcher->stop);
	event_del(dispatcher->tick);
	enter(dispatcher, CREDIS_STOPPED, "");
}

static void
make_id(char *id)
{
	unsigned char bits[16];

	if (getrandom(bits, sizeof(bits), 0) != (ssize_t)sizeof(bits))
		memset(bits, (int)getpid(), sizeof(bits));
	for (size_t n = 0; n < sizeof(bits); n++)
		snprintf(id + 2 * n, 3, "%02x", bits[n]);
}

static bool
set_up(struct credis_dispatcher *dispatcher, struct event_base *base, const char *url,
    struct credis_error *err)
{
	struct post *post = &dispatcher->post;

	if (!url_parse(&dispatcher->url, url, err))
		return false;
	strcpy(dispatcher->ns, "credis");
	post->base = base;
	post->log = post->store.log = &dispatcher->log;
	post->store.ns = dispatcher->ns;
	post->store.db = dispatcher->url.db;
	post->on_change = add_up;
	post->arg = dispatcher;
	make_id(post->id);
	gethostname(post->host, sizeof(post->host) - 1);
	post->store.offset_us = clock_own_offset_us();
	post->started_us = store_now_us(&post->store);
	post->url = strdup(url);
	post->calcs = calcs_new(post);
	post->peers = peers_new(base, &post->store, &(struct peers_limits){ 0 });
	dispatcher->tick = event_new(base, -1, EV_PERSIST, on_tick, dispatcher);
	dispatcher->stop = event_new(base, -1, EV_PERSIST, on_stop_poll, dispatcher);
	if (post->url == NULL || post->calcs == NULL || post->peers == NULL ||
	    dispatcher->tick == NULL || dispatcher->stop == NULL)
		return error_no_memory(err);
	post->requests =
	    requests_new(base, post->peers, &post->store, &(struct requests_limits){ 0 });
	post->steps = steps_new(post);
	return (post->requests != NULL && post->steps != NULL) || error_no_memory(err);
}

/* The links are made late, when the timeouts are known; certificates are tried here already. */
static bool
make_links(struct credis_dispatcher *dispatcher, struct credis_error *err)
{
	static const struct link_events events = { on_up, on_down, NULL };
	struct post *post = &dispatcher->post;
	struct link_options options = {
		.url = &dispatcher->url,
		.name = "credisd",
		.role = "commands",
		.connect_timeout_ms = dispatcher->connect_ms,
		.command_timeout_ms = dispatcher->command_ms,
		.ping_ms = PING_MS,
		.log = &dispatcher->log,
	};

	intake_free(post->intake);
	link_free(post->store.link);
	post->intake = NULL;
	post->store.link = link_new(post->base, &options, &events, dispatcher, err);
	if (post->store.link == NULL)
		return false;
	link_set_backoff(post->store.link, POST_BACKOFF_MS);
	options.role = "requests";
	options.pubsub = true;
	post->intake = intake_new(post, &options, begin_if_up, err);
	return post->intake != NULL;
}

struct credis_dispatcher *
credis_dispatcher_new(struct event_base *base, const char *url, struct credis_error *err)
{
	struct credis_dispatcher *dispatcher = calloc(1, sizeof(*dispatcher));

	if (dispatcher == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (set_up(dispatcher, base, url, err) && make_links(dispatcher, err))
		return dispatcher;
	credis_dispatcher_free(dispatcher);
	return NULL;
}

void
credis_dispatcher_free(struct credis_dispatcher *dispatcher)
{
	struct post *post;

	if (dispatcher == NULL)
		return;
	post = &dispatcher->post;
	dispatcher->on_state = NULL;
	steps_close(post->steps);
	intake_free(post->intake);
	post->intake = NULL;
	link_free(post->store.link);
	durability_free(post->durability);
	requests_free(post->requests);
	calcs_free(post->calcs);
	while (post->served != NULL)
		unlink_served(post, post->served);
	steps_free(post->steps);
	peers_free(post->peers);
	if (dispatcher->tick != NULL)
		event_free(dispatcher->tick);
	if (dispatcher->stop != NULL)
		event_free(dispatcher->stop);
	url_clear(&dispatcher->url);
	free(post->url);
	free(dispatcher);
}

bool
credis_dispatcher_set_namespace(struct credis_dispatcher *dispatcher, const char *ns,
    struct credis_error *err)
{
	if (!names_namespace_check(ns, err))
		return false;
	snprintf(dispatcher->ns, sizeof(dispatcher->ns), "%s", ns);
	return true;
}

void
credis_dispatcher_set_timeouts(struct credis_dispatcher *dispatcher, int64_t connect_ms,
    int64_t command_ms)
{
	dispatcher->connect_ms = connect_ms;
	dispatcher->command_ms = command_ms;
}

bool
credis_dispatcher_set_replicas(struct credis_dispatcher *dispatcher, unsigned replicas,
    struct credis_error *err)
{
	struct post *post = &dispatcher->post;

	durability_free(post->durability);
	post->durability = replicas > 0 ? durability_new(post, replicas) : NULL;
	return replicas == 0 || post->durability != NULL || error_no_memory(err);
}

bool
credis_dispatcher_set_limits(struct credis_dispatcher *dispatcher, size_t clients,
    size_t answer_bytes, size_t requests, size_t request_bytes, struct credis_error *err)
{
	struct post *post = &dispatcher->post;
	struct peers *peers =
	    peers_new(post->base, &post->store, &(struct peers_limits){ clients, answer_bytes, 0 });
	struct requests *table = peers == NULL
	    ? NULL
	    : requests_new(post->base, peers, &post->store,
		  &(struct requests_limits){ requests, request_bytes });

	if (table == NULL) {
		peers_free(peers);
		return error_no_memory(err);
	}
	requests_free(post->requests);
	peers_free(post->peers);
	post->requests = table;
	post->peers = peers;
	return true;
}

void
credis_dispatcher_set_log(struct credis_dispatcher *dispatcher, credis_log_sink *sink, void *arg)
{
	dispatcher->log.sink = sink;
	dispatcher->log.arg = arg;
}

void
credis_dispatcher_set_debug(struct credis_dispatcher *dispatcher, bool debug)
{
	dispatcher->log.debug = debug;
}

void
credis_dispatcher_set_state_cb(struct credis_dispatcher *dispatcher, credis_dispatcher_state_cb *cb,
    void *arg)
{
	dispatcher->on_state = cb;
	dispatcher->on_state_arg = arg;
}

static void
append_served(struct post *post, struct served *served)
{
	struct served **at = &post->served;

	while (*at != NULL)
		at = &(*at)->next;
	*at = served;
}

static bool
serve(struct credis_dispatcher *dispatcher, struct credis_service *service,
    struct credis_error *err)
{
	struct post *post = &dispatcher->post;
	struct served *served = post_find_name(post, service->name, strlen(service->name));

	if (served != NULL)
		return served_follow(served, service, err);
	served = served_new(post, service, err);
	if (served == NULL)
		return false;
	append_served(post, served);
	begin_if_up(dispatcher);
	return true;
}

bool
credis_dispatcher_take_service(struct credis_dispatcher *dispatcher, struct credis_service *service,
    struct credis_error *err)
{
	calcs_change(dispatcher->post.calcs);
	if (!serve(dispatcher, service, err))
		return false;
	service_forget_names(service);
	return true;
}

bool
credis_dispatcher_remove_service(struct credis_dispatcher *dispatcher, const char *name)
{
	struct served *served = post_find_name(&dispatcher->post, name, strlen(name));

	if (served == NULL)
		return false;
	served_stop(served, true);
	calcs_change(dispatcher->post.calcs);
	add_up(dispatcher);
	return true;
}

const struct credis_service *
credis_dispatcher_service(const struct credis_dispatcher *dispatcher, size_t n)
{
	for (const struct served *s = dispatcher->post.served; s != NULL; s = s->next) {
		if (!s->doomed && n-- == 0)
			return s->definition;
	}
	return NULL;
}

const struct credis_service *
credis_dispatcher_find(const struct credis_dispatcher *dispatcher, const char *name)
{
	const struct served *served = post_find_name(&dispatcher->post, name, strlen(name));

	return served != NULL ? served->definition : NULL;
}

void
credis_dispatcher_start(struct credis_dispatcher *dispatcher)
{
	static const struct timeval tick = { TICK_MS / 1000, TICK_MS % 1000 * 1000 };
	struct credis_error err;

	if (dispatcher->started)
		return;
	dispatcher->started = true;
	if (!make_links(dispatcher, &err)) {
		enter(dispatcher, CREDIS_DEGRADED, err.text);
		return;
	}
	event_add(dispatcher->tick, &tick);
	link_start(dispatcher->post.store.link);
	intake_start(dispatcher->post.intake);
}

void
credis_dispatcher_stop(struct credis_dispatcher *dispatcher)
{
	static const struct timeval poll = { 0, STOP_POLL_MS * 1000 };

	if (dispatcher->state >= CREDIS_STOPPING)
		return;
	enter(dispatcher, CREDIS_STOPPING, "");
	dispatcher->stop_by_ms = clock_monotonic_ms() + STOP_LIMIT_MS;
	for (struct served *s = dispatcher->post.served; s != NULL; s = s->next)
		served_stop(s, s->doomed);
	event_add(dispatcher->stop, &poll);
}

enum credis_dispatcher_state
credis_dispatcher_state(const struct credis_dispatcher *dispatcher)
{
	return dispatcher->state;
}

static bool
find_keyword(struct credis_dispatcher *dispatcher, const char *service, const char *keyword,
    struct served **served, struct entry **entry, struct credis_error *err)
{
	char name[CREDIS_KEYWORD_MAX + 1];

	*served = post_find_name(&dispatcher->post, service, strlen(service));
	if (*served == NULL)
		return error_set(err, CREDIS_ENOSERVICE, "%s: no such service", service);
	if (!keyword_name_check(keyword, strlen(keyword), name, err))
		return false;
	*entry = registry_find(&(*served)->registry, name, strlen(name));
	return *entry != NULL ||
	    error_set(err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword", service, name);
}

bool
credis_dispatcher_set_reading(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, const struct credis_sample *reading, struct credis_error *err)
{
	struct served *served;
	struct entry *entry;

	return find_keyword(dispatcher, service, keyword, &served, &entry, err) &&
	    served_set_reading(served, entry, reading, err);
}

bool
credis_dispatcher_set(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, const char *text, size_t length, struct credis_error *err)
{
	struct credis_sample reading = { .text = text, .length = length };

	return credis_dispatcher_set_reading(dispatcher, service, keyword, &reading, err);
}

bool
credis_dispatcher_set_severity(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, enum credis_severity severity, const char *reason,
    struct credis_error *err)
{
	struct served *served;
	struct entry *entry;

	if (!find_keyword(dispatcher, service, keyword, &served, &entry, err))
		return false;
	served_set_severity(served, entry, severity, reason);
	return true;
}

bool
credis_dispatcher_finish(struct credis_dispatcher *dispatcher, uint64_t step,
    const struct credis_error *err)
{
	return steps_finish(dispatcher->post.steps, step, err);
}

bool
credis_dispatcher_finish_read(struct credis_dispatcher *dispatcher, uint64_t step, const char *text,
    size_t length, const struct credis_error *err)
{
	return steps_finish_read(dispatcher->post.steps, step, text, length, err);
}

bool
credis_dispatcher_holds(const struct credis_dispatcher *dispatcher, const char *service)
{
	const struct served *served = post_find_name(&dispatcher->post, service, strlen(service));

	return served != NULL && served->ours;
}

void
credis_dispatcher_report_fault(struct credis_dispatcher *dispatcher, const char *service,
    const char *text)
{
	for (struct served *s = dispatcher->post.served; s != NULL; s = s->next) {
		if (service == NULL || strcmp(served_name(s), service) == 0)
			served_report(s, text);
	}
}

bool
credis_dispatcher_metric(const struct credis_dispatcher *dispatcher, size_t row,
    struct credis_metric *metric)
{
	return metrics_row(&dispatcher->post, row, metric);
}
