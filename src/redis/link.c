/* link.c: one connection to a Redis server that comes back by itself.
 * Knows states, deadlines and the order of answers; bytes are stream.c's, first words greeting.c's,
 * replies reply.c's, patience backoff.c's. */
#include "redis/link.h"

#include "core/error.h"
#include "redis/backoff.h"
#include "redis/clock.h"
#include "redis/command.h"
#include "redis/greeting.h"
#include "redis/outbox.h"
#include "redis/pending.h"
#include "redis/sentinel.h"
#include "redis/settings.h"
#include "redis/stream.h"

#include <credis/span.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	BACKOFF_CAP_MS = 10000,
	STEADY_MS = 1000,               /* up for so long it may come back at once when lost */
	COMMANDS_MAX = 4 * 1024 * 1024, /* under way, for a server that takes and never answers */
	FLUSH_AT = 2048,                /* bytes: the server begins while we go on … */
};

enum link_state {
	LINK_IDLE,    /* not started */
	LINK_WAITING, /* for its next try */
	LINK_OPENING, /* resolving, connecting, TLS */
	LINK_GREETING,
	LINK_UP,
};

struct link {
	struct event_base *base;
	struct settings settings;
	struct link_events events;
	void *arg;

	enum link_state state;
	struct sentinel *sentinel;   /* NULL: the URL itself says where the server is */
	bool located;                /* by the sentinel, for this try */
	struct stream *stream;       /* from LINK_OPENING on */
	struct reply_reader *reader; /* likewise */
	struct greeting greeting;
	struct pending pending;
	struct backoff backoff;
	unsigned tries;

	struct outbox outbox;
	size_t flush_at;    /* … the next time in this turn at twice as many */
	struct event *turn; /* active: to be flushed, or lost, at the end of this turn */
	bool turn_is_due;

	struct event *timer; /* by state: next try, connect deadline, answer or PING */
	int64_t timer_ms;    /* when it fires; 0: not armed */
	bool heard;          /* a whole reply, in this on_bytes() */
	bool awaiting;       /* commands were written and not all are answered */
	int64_t since_ms;    /* since when, or the last sign of life */
	int64_t up_ms;
	struct credis_error last;   /* why it was lost, or a try failed */
	struct credis_error doom;   /* it is to be lost at the end of this turn; or CREDIS_OK */
	struct credis_error logged; /* what the log has been told, until it is up */

	unsigned busy; /* calls from the event loop that still need its memory */
	bool freed;
};

static void on_turn(evutil_socket_t fd, short what, void *arg);
static void on_timer(evutil_socket_t fd, short what, void *arg);
static void link_open(struct link *link);
static void link_lose(struct link *link, const struct credis_error *why);
static void link_answer_all(struct link *link, const struct credis_error *why);
static void link_watch(struct link *link);
static void on_primary(void *arg, const char *host, int port);

/* A few milliseconds' error is no matter, and the coarse clock costs a quarter. */
static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Life and death. */

static bool
link_set_up(struct link *link, const struct link_options *options, struct credis_error *err)
{
	if (!settings_copy(&link->settings, options, err))
		return false;
	link->turn = event_new(link->base, -1, 0, on_turn, link);
	link->timer = event_new(link->base, -1, 0, on_timer, link);
	if (link->turn == NULL || link->timer == NULL)
		return error_no_memory(err);
	if (link->settings.url.sentinels == NULL)
		return true;
	link->sentinel = sentinel_new(link->base, &link->settings.url, link->settings.options.log,
	    on_primary, link);
	return link->sentinel != NULL || error_no_memory(err);
}

struct link *
link_new(struct event_base *base, const struct link_options *options,
    const struct link_events *events, void *arg, struct credis_error *err)
{
	struct link *link = calloc(1, sizeof *link);

	if (link == NULL) {
		error_no_memory(err);
		return NULL;
	}
	link->base = base;
	link->events = *events;
	link->backoff.cap_ms = BACKOFF_CAP_MS;
	link->arg = arg;
	link->flush_at = FLUSH_AT;
	if (!link_set_up(link, options, err)) {
		link_free(link);
		return NULL;
	}
	return link;
}

static void
free_event(struct event *event)
{
	if (event != NULL)
		event_free(event);
}

static void
link_hold(struct link *link)
{
	link->busy++;
}

/* The last to need a freed link takes its memory away. */
static void
link_release(struct link *link)
{
	if (--link->busy > 0 || !link->freed)
		return;
	reply_reader_free(link->reader);
	pending_clear(&link->pending);
	outbox_clear(&link->outbox);
	settings_clear(&link->settings);
	free(link);
}

void
link_free(struct link *link)
{
	struct credis_error why;

	if (link == NULL || link->freed)
		return;
	link_hold(link);
	link->freed = true;
	link->state = LINK_IDLE;
	stream_free(link->stream);
	link->stream = NULL;
	sentinel_free(link->sentinel);
	link->sentinel = NULL;
	free_event(link->turn);
	free_event(link->timer);
	error_set(&why, CREDIS_ELOST, "%s: the connection is being closed",
	    link->settings.where != NULL ? link->settings.where : "");
	link_answer_all(link, &why);
	link_release(link);
}

/* States. */

static void
link_arm(struct link *link, int64_t delay_ms)
{
	struct timeval delay = { .tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000 };

	link->timer_ms = now_ms() + delay_ms;
	event_add(link->timer, &delay);
}

static void
link_enter(struct link *link, enum link_state state)
{
	link->state = state;
	switch (state) {
	case LINK_IDLE: break;
	case LINK_WAITING: link_arm(link, backoff_next_ms(&link->backoff)); break;
	case LINK_OPENING:
		link->tries++;
		link_arm(link, link->settings.options.connect_timeout_ms);
		break;
	case LINK_GREETING: break; /* under the same deadline */
	case LINK_UP:
		log_event(link->settings.options.log, CREDIS_LOG_INFO, "+link", "%s %s after %u %s",
		    link->settings.role, link->settings.where, link->tries,
		    link->tries == 1 ? "try" : "tries");
		link->logged.text[0] = '\0';
		link->tries = 0;
		link->up_ms = link->since_ms = now_ms();
		event_del(link->timer);
		link->timer_ms = 0;
		link_watch(link);
		break;
	}
}

static void
link_log_loss(struct link *link)
{
	if (strcmp(link->logged.text, link->last.text) == 0)
		return;
	link->logged = link->last;
	if (link->tries == 0)
		log_event(link->settings.options.log, CREDIS_LOG_WARNING, "-link", "%s %s",
		    link->settings.role, link->last.text);
	else
		log_event(link->settings.options.log, CREDIS_LOG_WARNING, "-link", "%s %s (try %u)",
		    link->settings.role, link->last.text, link->tries);
}

static void
link_close(struct link *link)
{
	stream_free(link->stream);
	link->stream = NULL;
	reply_reader_free(link->reader);
	link->reader = NULL;
	outbox_clear(&link->outbox);
	link->awaiting = false;
	link->doom.code = CREDIS_OK;
}

/* Answers in order. Each callback may do anything, freeing the link included. */
static void
link_answer_all(struct link *link, const struct credis_error *why)
{
	struct pending_command command;

	while (pending_pop(&link->pending, &command)) {
		if (command.answer != NULL)
			command.answer(command.arg, command.id, NULL, why);
	}
}

/* Only from the event loop or link_wait(), and never while a reply is lent to somebody. */
static void
link_lose(struct link *link, const struct credis_error *why)
{
	bool was_up = link->state == LINK_UP;
	struct credis_error told = *why;

	link_hold(link);
	error_prefix(&told, link->settings.where);
	link->last = told;
	if (was_up && now_ms() - link->up_ms >= STEADY_MS)
		backoff_reset(&link->backoff);
	link_close(link);
	link_enter(link, LINK_WAITING);
	link_log_loss(link);

	told.code = why->code == CREDIS_ENOMEM ? CREDIS_ENOMEM : CREDIS_ELOST;
	link_answer_all(link, &told);
	told.code = link->last.code;
	if (!link->freed && link->events.on_down != NULL)
		link->events.on_down(link, was_up, &told, link->arg);
	link_release(link);
}

static void
link_lose_because(struct link *link, enum credis_code code, const char *why)
{
	struct credis_error err;

	error_set(&err, code, "%s", why);
	link_lose(link, &err);
}

/* At the end of this turn of the event loop on_turn() will come. */
static void
link_want_turn(struct link *link)
{
	if (link->turn_is_due)
		return;
	link->turn_is_due = true;
	event_active(link->turn, EV_TIMEOUT, 0);
}

void
link_start(struct link *link)
{
	if (link->state == LINK_IDLE && !link->freed)
		link_enter(link, LINK_WAITING);
}

void
link_set_backoff(struct link *link, int64_t cap_ms)
{
	link->backoff.cap_ms = cap_ms;
}

void
link_retry_now(struct link *link)
{
	if (link->state == LINK_WAITING)
		link_arm(link, 0);
}

void
link_reset(struct link *link, const struct credis_error *why)
{
	if (link->state == LINK_IDLE || link->state == LINK_WAITING)
		return;
	link->doom = *why;
	if (link->doom.code == CREDIS_OK)
		link->doom.code = CREDIS_ELOST;
	link_want_turn(link);
}

bool
link_is_up(const struct link *link)
{
	return link->state == LINK_UP && link->doom.code == CREDIS_OK;
}

void
link_verify(struct link *link, int64_t silent_ms)
{
	struct credis_error why;

	if (!link_is_up(link) || link->pending.count > 0 || now_ms() - link->since_ms < silent_ms ||
	    stream_is_quiet(link->stream))
		return;
	error_set(&why, CREDIS_ELOST, "the server closed the connection");
	link_reset(link, &why);
}

const struct credis_error *
link_last_error(const struct link *link)
{
	return &link->last;
}

/* Coming up. */

static void
on_greeted(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct link *link = arg;
	struct credis_error why;

	(void)id, (void)err;
	if (reply == NULL || link->state != LINK_GREETING)
		return;
	switch (greeting_answer(&link->greeting, reply, link->settings.options.log, &why)) {
	case GREETING_MORE: break;
	case GREETING_FAILED: link_reset(link, &why); break;
	case GREETING_DONE:
		link_enter(link, LINK_UP);
		if (link->events.on_up != NULL)
			link->events.on_up(link, link->arg);
		break;
	}
}

static void
on_open(void *arg)
{
	struct link *link = arg;
	struct pending_command command = { .answer = on_greeted, .arg = link };
	size_t count = greeting_begin(&link->greeting, &link->settings.url, link->settings.name,
	    &link->outbox.bytes);

	if (!pending_reserve(&link->pending, count)) {
		link_lose_because(link, CREDIS_ENOMEM, "out of memory");
		return;
	}
	while (count-- > 0)
		pending_push(&link->pending, command);
	link_enter(link, LINK_GREETING);
	link_want_turn(link);
}

static void
on_closed(void *arg, const struct credis_error *why)
{
	struct link *link = arg;
	struct credis_error doom = link->doom;

	link_lose(link, doom.code != CREDIS_OK ? &doom : why);
}

/* Replies. */

static bool
link_listens(const struct link *link)
{
	return !link->freed && link->doom.code == CREDIS_OK;
}

static bool
is_push(const struct reply *reply)
{
	static const char *const heads[] = { "message", "pmessage", "subscribe", "unsubscribe",
		"psubscribe", "punsubscribe" };
	const struct reply *head = reply_item(reply, 0);

	if (reply->kind == REPLY_ERROR)
		return true;
	if (reply->kind == REPLY_STATUS && strcmp(reply->text, "OK") == 0)
		return true; /* a PING has another answer */
	for (size_t n = 0; head->kind == REPLY_TEXT && n < sizeof heads / sizeof heads[0]; n++) {
		if (strcmp(head->text, heads[n]) == 0)
			return true;
	}
	return false;
}

/* A server says so when it throws us out. */
static void
link_unasked(struct link *link, const struct reply *reply)
{
	struct credis_error why;

	if (reply_is_error(reply, NULL))
		reply_explain(reply, &why);
	else
		error_set(&why, CREDIS_EPROTOCOL, "an answer came that nobody had asked for");
	link_reset(link, &why);
}

static void
link_take(struct link *link, const struct reply *reply)
{
	struct pending_command command;

	if (link->settings.options.pubsub && link->state == LINK_UP && is_push(reply)) {
		if (link->events.on_push != NULL)
			link->events.on_push(link, reply, link->arg);
	} else if (!pending_pop(&link->pending, &command)) {
		link_unasked(link, reply);
	} else if (command.answer != NULL) {
		command.answer(command.arg, command.id, reply, NULL);
	}
}

static bool
link_read(struct link *link, const char *bytes, size_t length, struct credis_error *err)
{
	const struct reply *reply;
	int got = 0;

	if (!reply_reader_feed(link->reader, bytes, length, err))
		return false;
	while (link_listens(link) && (got = reply_reader_next(link->reader, &reply, err)) > 0) {
		link->heard = true;
		link_take(link, reply);
	}
	return got >= 0;
}

static void
on_bytes(void *arg, const char *bytes, size_t length)
{
	struct link *link = arg;
	struct credis_error why;
	bool understood;

	link_hold(link);
	link->heard = false;
	understood = !link_listens(link) || link_read(link, bytes, length, &why);
	/* Half a reply is no sign of life: it may never be whole. */
	if (link->heard)
		link->since_ms = now_ms();
	link->awaiting = link->awaiting && link->pending.count > 0;
	if (!understood && link_listens(link))
		link_lose(link, &why);
	link_release(link);
}

/* Commands. */

/* From here on answers are due, also where the server does not even take the commands. */
static void
link_await(struct link *link)
{
	if (link->awaiting || link->pending.count == 0)
		return;
	link->awaiting = true;
	link->since_ms = now_ms();
	link_watch(link);
}

static void
link_flush(struct link *link)
{
	link->flush_at = FLUSH_AT;
	if (outbox_flush(&link->outbox, link->stream))
		link_await(link);
	else
		link_lose_because(link, CREDIS_ENOMEM, "out of memory");
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;
	struct credis_error doom = link->doom;

	(void)fd, (void)what;
	link->turn_is_due = false;
	if (doom.code != CREDIS_OK)
		link_lose(link, &doom);
	else if (link->state == LINK_OPENING && link->stream == NULL)
		link_open(link);
	else if (link->stream != NULL && !link->outbox.blocked)
		link_flush(link);
}

/* The turn that was due would find nothing left to do. */
static void
link_skip_turn(struct link *link)
{
	event_del(link->turn);
	link->turn_is_due = false;
}

bool
link_wait(struct link *link)
{
	bool came = false;

	if (!link_is_up(link) || link->outbox.blocked)
		return false;
	link_hold(link);
	link_flush(link);
	if (link_is_up(link)) {
		link_skip_turn(link);
		came = !link->outbox.blocked && stream_wait(link->stream);
	}
	link_release(link);
	return came;
}

/* A server that goes on taking a flood of bytes is alive, though it may not have answered yet. */
static void
on_writable(void *arg)
{
	struct link *link = arg;

	if (link->outbox.blocked)
		link->since_ms = now_ms();
	link->outbox.blocked = false;
	if (link->doom.code == CREDIS_OK)
		link_flush(link);
}

static bool
link_takes(const struct link *link, struct credis_error *err)
{
	if (!link_is_up(link) && link->last.code != CREDIS_OK)
		return error_set(err, CREDIS_ELOST, "%s", link->last.text);
	if (!link_is_up(link))
		return error_set(err, CREDIS_ELOST, "%s: not connected yet", link->settings.where);
	if (link_output_length(link) > link->settings.options.max_output)
		return error_set(err, CREDIS_EBUSY, "%s: %zu bytes wait to be written already",
		    link->settings.where, link_output_length(link));
	if (link->pending.count > COMMANDS_MAX)
		return error_set(err, CREDIS_EBUSY, "%s: %zu commands are under way already",
		    link->settings.where, link->pending.count);
	return true;
}

/* Where the caller is to format what link_takes() allowed. What was asked for before is whole by now. */
static struct buffer *
link_ask(struct link *link)
{
	if (!link->outbox.blocked && link_output_length(link) >= link->flush_at) {
		outbox_flush(&link->outbox, link->stream);
		link->flush_at *= 2;
	}
	if (link->outbox.blocked)
		link_await(link);
	else
		link_want_turn(link);
	return outbox_ask(&link->outbox);
}

struct buffer *
link_batch(struct link *link, size_t count, link_answer *each, link_answer *last, void *arg,
    uint64_t id, struct credis_error *err)
{
	if (!link_takes(link, err))
		return NULL;
	if (!pending_reserve(&link->pending, count)) {
		error_no_memory(err);
		return NULL;
	}
	for (size_t n = 1; n <= count; n++)
		pending_push(&link->pending,
		    (struct pending_command){ n < count ? each : last, arg, id });
	return link_ask(link);
}

struct buffer *
link_command(struct link *link, link_answer *answer, void *arg, uint64_t id,
    struct credis_error *err)
{
	return link_batch(link, 1, NULL, answer, arg, id, err);
}

struct buffer *
link_subscribe_command(struct link *link, struct credis_error *err)
{
	return link_takes(link, err) ? link_ask(link) : NULL;
}

/* Time. */

static void
link_try(struct link *link)
{
	link_enter(link, LINK_OPENING);
	link->located = link->sentinel == NULL;
	if (link->located)
		link_open(link);
	else
		sentinel_ask(link->sentinel);
}

/* A sentinel says where the primary is: what we waited for, or that we are in the wrong place. */
static void
on_primary(void *arg, const char *host, int port)
{
	struct link *link = arg;
	struct url *url = &link->settings.url;
	bool moved = url->host == NULL || strcmp(url->host, host) != 0 || url->port != port;
	struct credis_error why;

	if (link->stream != NULL) {
		error_set(&why, CREDIS_ELOST, "the primary is at %s:%d now", host, port);
		if (moved)
			link_reset(link, &why);
		return;
	}
	if (link->state != LINK_OPENING)
		return;
	free(url->host);
	url->host = strdup(host);
	url->port = port;
	link->located = url->host != NULL;
	link_want_turn(link);
}

static void
link_open(struct link *link)
{
	static const struct stream_events events = { on_open, on_bytes, on_writable, on_closed };

	if (!link->located)
		return;
	link->reader = reply_reader_new();
	if (link->reader != NULL)
		link->stream = stream_open(link->base, &link->settings.url, link->settings.tls,
		    link->tries - 1, &events, link);
	if (link->stream == NULL)
		link_lose_because(link, CREDIS_ENOMEM, "out of memory");
}

static void
link_give_up(struct link *link, int64_t after_ms, enum credis_code code, const char *doing)
{
	char span[40];
	struct credis_error why;

	error_set(&why, code, "no answer within %s %s", credis_span_print(after_ms, span), doing);
	link_lose(link, &why);
}

/* When an answer is overdue, or a PING is due; 0: never. */
static int64_t
link_due_ms(const struct link *link)
{
	if (link->awaiting)
		return link->since_ms + link->settings.options.command_timeout_ms;
	return link->settings.options.ping_ms > 0 ? link->since_ms + link->settings.options.ping_ms
						  : 0;
}

/* A timer that comes too early is cheaper than one moved with every command. */
static void
link_watch(struct link *link)
{
	int64_t due_ms = link_due_ms(link);

	if (link->state == LINK_UP && due_ms != 0 &&
	    (link->timer_ms == 0 || due_ms < link->timer_ms))
		link_arm(link, due_ms - now_ms());
}

static void
link_ping(struct link *link)
{
	struct buffer *out = link_command(link, NULL, NULL, 0, NULL);

	if (out != NULL)
		command_texts(out, "PING", NULL);
	link->since_ms = now_ms();
	link_watch(link);
}

static void
link_check(struct link *link)
{
	int64_t due_ms = link_due_ms(link);

	if (due_ms == 0 || now_ms() < due_ms) {
		link_watch(link);
	} else if (link->awaiting) {
		link_give_up(link, link->settings.options.command_timeout_ms, CREDIS_ELOST,
		    "to a command");
	} else {
		link_ping(link);
	}
}

static const char *
link_asking(const struct link *link)
{
	const char *fault = sentinel_fault(link->sentinel);

	return fault[0] != '\0' ? fault : "from the sentinels";
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct link *link = arg;

	(void)fd, (void)what;
	link->timer_ms = 0;
	switch (link->state) {
	case LINK_IDLE: break;
	case LINK_WAITING: link_try(link); break;
	case LINK_OPENING:
		link_give_up(link, link->settings.options.connect_timeout_ms, CREDIS_EUNREACHABLE,
		    link->stream != NULL ? stream_doing(link->stream) : link_asking(link));
		break;
	case LINK_GREETING:
		link_give_up(link, link->settings.options.connect_timeout_ms, CREDIS_EUNREACHABLE,
		    "to the greeting");
		break;
	case LINK_UP: link_check(link); break;
	}
}

/* Questions. */

size_t
link_output_length(const struct link *link)
{
	return outbox_length(&link->outbox);
}

size_t
link_commands_under_way(const struct link *link)
{
	return link->pending.count;
}

int64_t
link_command_timeout_ms(const struct link *link)
{
	return link->settings.options.command_timeout_ms;
}

int64_t
link_clock_offset_us(const struct link *link)
{
	return link->greeting.clock_offset_us != 0 ? link->greeting.clock_offset_us
						   : clock_own_offset_us();
}

int64_t
link_connection_id(const struct link *link)
{
	return link->greeting.connection_id;
}

const char *
link_where(const struct link *link)
{
	return link->settings.where;
}

unsigned
link_tries(const struct link *link)
{
	return link->tries;
}
