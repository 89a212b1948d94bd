/* driver_talk.c: what is said between a driver and us: requests out, answers and values in.
 * Every step of the dispatcher's that comes in goes out once: answered, failed, or cancelled by it. */
#include "driver_inside.h"

#include "clock.h"
#include "driver_message.h"
#include "journal.h"
#include "memory.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum {
	OUTPUT_MAX = 1 << 20, /* bytes that may wait for it */
	PROBE_MS = 2000,      /* for it to show that it is alive */
	ASKED_MAX = 64,       /* first readings asked for at a time */
	QUOTA_MS = 10000,     /* of the log: so many lines in such a time */
	QUOTA_SAID = 100,
	QUOTA_COMPLAINED = 20,
};

/* A request that is not answered. */
struct driver_pending {
	int64_t id;
	uint64_t step; /* 0: we asked for ourselves */
	bool read;
	bool first; /* after the start */
	char keyword[CREDIS_KEYWORD_MAX + 1];
	UT_hash_handle hh, hh_step;
};

struct driver_keyword {
	char name[CREDIS_KEYWORD_MAX + 1];
	bool readable;
	bool known;   /* it has said a value since it was started */
	bool kept;    /* while keywords are named anew */
	bool settled; /* the dispatcher knows how good it is */
	UT_hash_handle hh;
};

static bool
quota_take(struct driver_quota *quota, unsigned most, unsigned long *dropped)
{
	int64_t now = clock_ms();

	*dropped = 0;
	if (quota->since_ms == 0 || now - quota->since_ms > QUOTA_MS) {
		*dropped = quota->dropped;
		*quota = (struct driver_quota){ .since_ms = now };
	}
	if (quota->shown++ < most)
		return true;
	quota->dropped++;
	return false;
}

static void
say(struct driver *driver, struct driver_quota *quota, unsigned most, enum credis_log_level level,
    const char *text)
{
	const struct conf_driver *definition = driver->definition;
	unsigned long dropped;

	if (!quota_take(quota, most, &dropped))
		return;
	if (dropped > 0)
		journal_event(CREDIS_LOG_WARNING, "driver", "%s.%s: %lu more lines are not shown",
		    definition->service, definition->name, dropped);
	journal_event(level, "driver", "%s.%s: %.1000s", definition->service, definition->name,
	    text);
}

void
driver_log(struct driver *driver, enum credis_log_level level, const char *line)
{
	say(driver, &driver->said, QUOTA_SAID, level, line);
}

static void complain(struct driver *driver, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* Of a line that nothing can become of. */
static void
complain(struct driver *driver, const char *format, ...)
{
	va_list list;
	char *text;

	driver->host->garbage++;
	va_start(list, format);
	text = must_vprint(format, list);
	va_end(list);
	say(driver, &driver->complained, QUOTA_COMPLAINED, CREDIS_LOG_WARNING, text);
	free(text);
}

void
driver_report(struct driver *driver, const char *what)
{
	char text[640];

	if (driver->host->dispatcher == NULL)
		return;
	snprintf(text, sizeof text, "driver %s: %s", driver->definition->name, what);
	credis_dispatcher_report_fault(driver->host->dispatcher, driver->definition->service, text);
}

/* How good a keyword is, as far as that is ours to say. */
static void
judge(struct driver *driver, struct driver_keyword *keyword, enum credis_severity severity,
    const char *reason)
{
	keyword->known = severity != CREDIS_INVALID;
	keyword->settled = true;
	if (driver->host->dispatcher != NULL)
		credis_dispatcher_set_severity(driver->host->dispatcher,
		    driver->definition->service, keyword->name, severity, reason, NULL);
}

/* "driver mount is not running: it ended with signal 9 (Killed)" */
static void
say_why_down(const struct driver *driver, char *text, size_t room)
{
	const char *name = driver->definition->name;

	if (driver->stage == DRIVER_RUNNING)
		snprintf(text, room, "driver %s has not said its value yet", name);
	else
		snprintf(text, room, "driver %s is not running: %s", name, driver->why);
}

static void
doubt(struct driver *driver, struct driver_keyword *keyword)
{
	char why[640];

	say_why_down(driver, why, sizeof why);
	judge(driver, keyword, CREDIS_INVALID, why);
}

static struct driver_keyword *
find_keyword(const struct driver *driver, const char *name)
{
	struct driver_keyword *keyword;
	char upper[CREDIS_KEYWORD_MAX + 1];
	size_t length;

	HASH_FIND_STR(driver->keywords, name, keyword);
	if (keyword != NULL)
		return keyword;
	for (length = 0; length < CREDIS_KEYWORD_MAX && name[length] != '\0'; length++)
		upper[length] = (char)toupper((unsigned char)name[length]);
	upper[length] = '\0';
	HASH_FIND_STR(driver->keywords, upper, keyword);
	return keyword;
}

static struct driver_pending *
add_pending(struct driver *driver, const char *keyword, uint64_t step, bool read)
{
	struct driver_pending *pending = must(calloc(1, sizeof *pending));

	pending->id = driver->next_id++;
	pending->step = step;
	pending->read = read;
	snprintf(pending->keyword, sizeof pending->keyword, "%s", keyword);
	HASH_ADD(hh, driver->by_id, id, sizeof pending->id, pending);
	if (step != 0)
		HASH_ADD(hh_step, driver->by_step, step, sizeof pending->step, pending);
	return pending;
}

static void
remove_pending(struct driver *driver, struct driver_pending *pending)
{
	HASH_DELETE(hh, driver->by_id, pending);
	if (pending->step != 0)
		HASH_DELETE(hh_step, driver->by_step, pending);
	driver->asked_open -= pending->first;
	free(pending);
}

static void
fail(struct driver *driver, uint64_t step, bool read, const char *why)
{
	struct credis_error err = { .code = CREDIS_EDRIVER };

	if (driver->host->dispatcher == NULL)
		return;
	snprintf(err.text, sizeof err.text, "%s", why);
	if (read)
		credis_dispatcher_finish_read(driver->host->dispatcher, step, NULL, 0, &err);
	else
		credis_dispatcher_finish(driver->host->dispatcher, step, &err);
}

static void
write_more(struct driver *driver)
{
	int fd = event_get_fd(driver->writable);

	while (evbuffer_get_length(driver->output) > 0) {
		if (evbuffer_write(driver->output, fd) > 0)
			continue;
		if (errno == EAGAIN || errno == EINTR) {
			event_add(driver->writable, NULL);
			return;
		}
		driver_talk_close_input(driver);
		driver_break(driver, "it closed its standard input");
		return;
	}
	if (driver->stop_asked)
		driver_talk_close_input(driver);
}

static void
on_writable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	write_more(arg);
}

/* Written when we come back to the event loop: what comes together goes together. */
static void
write_soon(struct driver *driver)
{
	event_add(driver->writable, NULL);
}

/* Why nothing can be asked of it; false, and 'why' untouched, when it can. */
static bool
is_deaf(const struct driver *driver, char *why, size_t room)
{
	size_t waiting = evbuffer_get_length(driver->output);

	if (driver->stage != DRIVER_RUNNING || driver->writable == NULL)
		say_why_down(driver, why, room);
	else if (waiting >= OUTPUT_MAX)
		snprintf(why, room, "driver %s does not read its requests: %zu bytes are waiting",
		    driver->definition->name, waiting);
	else
		return false;
	return true;
}

static void
on_step(struct driver *driver, const struct credis_step *step, bool read)
{
	const char *name = credis_keyword_name(step->keyword);
	struct driver_pending *pending;
	char why[640];

	/* What is asked is ours to serve, whether drivers_look() has seen it yet or not. */
	if (driver->stage == DRIVER_STOPPED && driver->started_ms == 0)
		driver_want(driver, true, NULL);
	if (is_deaf(driver, why, sizeof why)) {
		fail(driver, step->number, read, why);
		return;
	}
	pending = add_pending(driver, name, step->number, read);
	if (read)
		driver_message_put_read(driver->output, pending->id, name);
	else
		driver_message_put_write(driver->output, pending->id, step->keyword, step->text,
		    step->length);
	write_soon(driver);
}

static void
on_write(void *arg, const struct credis_step *step)
{
	on_step(arg, step, false);
}

static void
on_read(void *arg, const struct credis_step *step)
{
	on_step(arg, step, true);
}

/* It may have stalled: whatever it answers within the time shows that it has not. */
static void
probe(struct driver *driver, const char *keyword)
{
	const struct timeval patience = { .tv_sec = PROBE_MS / 1000,
		.tv_usec = PROBE_MS % 1000 * 1000 };
	struct driver_pending *pending;
	char why[640];

	if (driver->stage != DRIVER_RUNNING || evtimer_pending(driver->probe, NULL))
		return;
	evtimer_add(driver->probe, &patience);
	if (is_deaf(driver, why, sizeof why))
		return;
	/* An earlier one may have got no answer, where others have. */
	HASH_FIND(hh, driver->by_id, &driver->probe_id, sizeof driver->probe_id, pending);
	if (pending != NULL)
		remove_pending(driver, pending);
	driver->probe_id = add_pending(driver, keyword, 0, true)->id;
	driver_message_put_read(driver->output, driver->probe_id, keyword);
	write_soon(driver);
}

static void
on_probe_over(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	driver_break(arg, "it does not answer");
}

static void
on_cancel(void *arg, uint64_t step)
{
	struct driver *driver = arg;
	struct driver_pending *pending;
	char keyword[CREDIS_KEYWORD_MAX + 1];

	HASH_FIND(hh_step, driver->by_step, &step, sizeof step, pending);
	if (pending == NULL)
		return;
	memcpy(keyword, pending->keyword, sizeof keyword);
	remove_pending(driver, pending);
	probe(driver, keyword);
}

static void
on_release(void *arg)
{
	driver_release(arg);
}

static const struct credis_callbacks
    both = { .write = on_write, .read = on_read, .cancel = on_cancel, .release = on_release },
    only_write = { .write = on_write, .cancel = on_cancel, .release = on_release },
    only_read = { .read = on_read, .cancel = on_cancel, .release = on_release };

/* Asks for the values of the keywords that it has said none of, so many at a time. */
static void
ask_more(struct driver *driver)
{
	char why[640];

	while (driver->asked < driver->count && driver->asked_open < ASKED_MAX &&
	    !is_deaf(driver, why, sizeof why)) {
		const struct driver_keyword *keyword = driver->order[driver->asked++];
		struct driver_pending *pending;

		if (!keyword->readable || keyword->known)
			continue;
		pending = add_pending(driver, keyword->name, 0, true);
		pending->first = true;
		driver->asked_open++;
		driver_message_put_read(driver->output, pending->id, keyword->name);
		write_soon(driver);
	}
}

/* The first line shows that it is up: what cannot be read is as good as ever. */
static void
note_speech(struct driver *driver)
{
	struct driver_keyword *keyword = NULL, *next;

	if (driver->has_spoken)
		return;
	driver->has_spoken = true;
	HASH_ITER(hh, driver->keywords, keyword, next)
	{
		if (!keyword->readable)
			judge(driver, keyword, CREDIS_NONE, NULL);
	}
}

static bool
set_reading(struct driver *driver, struct driver_keyword *keyword,
    const struct driver_message *message, struct credis_error *err)
{
	const struct credis_sample reading = { .text = message->value,
		.length = message->length,
		.time_us = message->time_us,
		.severity = message->severity,
		.reason = message->reason };

	if (credis_dispatcher_set_reading(driver->host->dispatcher, driver->definition->service,
		keyword->name, &reading, err)) {
		keyword->known = keyword->settled = true;
		return true;
	}
	complain(driver, "%s", err->text);
	return false;
}

static void
take_reading(struct driver *driver, struct driver_keyword *keyword,
    const struct driver_message *message)
{
	struct credis_error err;

	if (!set_reading(driver, keyword, message, &err))
		judge(driver, keyword, CREDIS_INVALID, err.text);
}

static void
take_value(struct driver *driver, const struct driver_message *message)
{
	struct driver_keyword *keyword = find_keyword(driver, message->keyword);

	if (keyword == NULL)
		complain(driver, "%.128s: no keyword of this driver", message->keyword);
	else if (message->value != NULL)
		take_reading(driver, keyword, message);
	else
		judge(driver, keyword, message->severity, message->reason);
}

/* A first reading, or a sign of life. */
static void
take_own_reading(struct driver *driver, const char *name, const struct driver_message *message)
{
	struct driver_keyword *keyword = find_keyword(driver, name);

	if (message->error == NULL && message->value == NULL)
		complain(driver, "%s was read, and the answer holds no value", name);
	else if (keyword != NULL && message->error != NULL)
		judge(driver, keyword, CREDIS_INVALID, message->error);
	else if (keyword != NULL)
		take_reading(driver, keyword, message);
}

/* Whoever has asked says how good the value is, until there is one again. */
static void
fail_reading(struct driver *driver, struct driver_keyword *keyword, uint64_t step, const char *why)
{
	keyword->known = false;
	keyword->settled = true;
	fail(driver, step, true, why);
}

static void
take_asked_reading(struct driver *driver, uint64_t step, const char *name,
    const struct driver_message *message)
{
	struct driver_keyword *keyword = find_keyword(driver, name);
	struct credis_error err;

	if (message->error == NULL && message->value == NULL)
		complain(driver, "%s was read, and the answer holds no value", name);
	if (keyword == NULL)
		fail(driver, step, true, "it was taken from the driver meanwhile");
	else if (message->error != NULL)
		fail_reading(driver, keyword, step, message->error);
	else if (message->value == NULL)
		fail_reading(driver, keyword, step, "the driver's answer holds no value");
	else if (!set_reading(driver, keyword, message, &err))
		fail_reading(driver, keyword, step, err.text);
	else
		credis_dispatcher_finish_read(driver->host->dispatcher, step, NULL, 0, NULL);
}

static void
take_done(struct driver *driver, uint64_t step, const char *name)
{
	struct driver_keyword *keyword = find_keyword(driver, name);

	credis_dispatcher_finish(driver->host->dispatcher, step, NULL);
	if (keyword != NULL && !keyword->known)
		judge(driver, keyword, CREDIS_NONE, NULL);
}

static void
take_answer(struct driver *driver, const struct driver_message *message)
{
	struct driver_pending *pending, asked;

	HASH_FIND(hh, driver->by_id, &message->id, sizeof message->id, pending);
	if (pending == NULL) {
		complain(driver,
		    message->id > 0 && message->id < driver->next_id
			? "request %" PRId64 " was answered twice, or too late"
			: "request %" PRId64 " was answered and never made",
		    message->id);
		return;
	}
	evtimer_del(driver->probe);
	asked = *pending;
	remove_pending(driver, pending);
	if (asked.step == 0)
		take_own_reading(driver, asked.keyword, message);
	else if (asked.read)
		take_asked_reading(driver, asked.step, asked.keyword, message);
	else if (message->error != NULL)
		fail(driver, asked.step, false, message->error);
	else
		take_done(driver, asked.step, asked.keyword);
	ask_more(driver);
}

void
driver_talk_on_line(void *arg, char *line, size_t length)
{
	struct driver *driver = arg;
	struct driver_message message;
	struct credis_error err;

	driver->host->lines++;
	if (driver->stage != DRIVER_RUNNING || driver->host->dispatcher == NULL)
		return;
	if (line == NULL) {
		complain(driver, "a line is longer than %d bytes", DRIVER_LINE_MAX);
		return;
	}
	if (!driver_message_parse(&message, line, length, &err)) {
		complain(driver, "%s", err.text);
		return;
	}
	note_speech(driver);
	switch (message.kind) {
	case DRIVER_ANSWER: take_answer(driver, &message); break;
	case DRIVER_VALUE: take_value(driver, &message); break;
	case DRIVER_LOG: driver_log(driver, CREDIS_LOG_INFO, message.log); break;
	}
	driver_message_clear(&message);
}

void
driver_talk_init(struct driver *driver)
{
	driver->output = must(evbuffer_new());
	driver->probe = must(evtimer_new(driver->host->base, on_probe_over, driver));
	driver->next_id = 1;
}

void
driver_talk_up(struct driver *driver, int fd)
{
	driver->writable = must(event_new(driver->host->base, fd, EV_WRITE, on_writable, driver));
	driver->stop_asked = driver->has_spoken = false;
	driver->asked = driver->asked_open = 0;
	ask_more(driver);
}

void
driver_talk_down(struct driver *driver)
{
	struct driver_keyword *keyword = NULL, *after;
	char why[640];

	evtimer_del(driver->probe);
	evbuffer_drain(driver->output, evbuffer_get_length(driver->output));
	HASH_ITER(hh, driver->keywords, keyword, after)
	{
		doubt(driver, keyword);
	}
	say_why_down(driver, why, sizeof why);
	/* One at a time: the dispatcher may cancel others over it. */
	while (driver->by_id != NULL) {
		struct driver_pending asked = *driver->by_id;

		remove_pending(driver, driver->by_id);
		if (asked.step != 0)
			fail(driver, asked.step, asked.read, why);
	}
}

void
driver_talk_stop(struct driver *driver)
{
	driver->stop_asked = true;
	if (driver->writable == NULL)
		return;
	driver_message_put_stop(driver->output);
	write_more(driver);
}

void
driver_talk_close_input(struct driver *driver)
{
	if (driver->writable == NULL)
		return;
	close(event_get_fd(driver->writable));
	event_free(driver->writable);
	driver->writable = NULL;
	evbuffer_drain(driver->output, evbuffer_get_length(driver->output));
}

void
driver_begin_keywords(struct driver *driver)
{
	struct driver_keyword *keyword = NULL, *next;

	HASH_ITER(hh, driver->keywords, keyword, next)
	{
		keyword->kept = false;
	}
	driver->count = driver->asked = 0;
}

bool
driver_take_keyword(struct driver *driver, struct credis_service *service,
    const struct credis_keyword *described, struct credis_error *err)
{
	const char *name = credis_keyword_name(described);
	enum credis_access access = credis_keyword_access(described);
	struct driver_keyword *keyword = find_keyword(driver, name);
	char *momentary = credis_keyword_get(described, "command");
	bool readable = access != CREDIS_WRITE && momentary == NULL;

	free(momentary);
	if (!credis_service_set_callbacks(service, name,
		access == CREDIS_READ ? &only_read
		    : readable        ? &both
				      : &only_write,
		driver, err))
		return false;
	driver->references++;
	if (keyword == NULL) {
		keyword = must(calloc(1, sizeof *keyword));
		strcpy(keyword->name, name);
		HASH_ADD_STR(driver->keywords, name, keyword);
	}
	keyword->readable = readable;
	keyword->kept = true;
	driver->order = must(reallocarray(driver->order, driver->count + 1, sizeof *driver->order));
	driver->order[driver->count++] = keyword;
	return true;
}

void
driver_drop_keywords(struct driver *driver)
{
	struct driver_keyword *keyword = NULL, *next;

	HASH_ITER(hh, driver->keywords, keyword, next)
	{
		if (keyword->kept)
			continue;
		HASH_DEL(driver->keywords, keyword);
		judge(driver, keyword, CREDIS_NONE, NULL);
		free(keyword);
	}
}

void
driver_end_keywords(struct driver *driver)
{
	struct driver_keyword *keyword = NULL, *next;

	HASH_ITER(hh, driver->keywords, keyword, next)
	{
		if (!keyword->settled)
			doubt(driver, keyword);
	}
	ask_more(driver);
}

void
driver_talk_free(struct driver *driver)
{
	struct driver_pending *pending = NULL, *after;
	struct driver_keyword *keyword = NULL, *next;

	HASH_ITER(hh, driver->by_id, pending, after)
	{
		remove_pending(driver, pending);
	}
	HASH_ITER(hh, driver->keywords, keyword, next)
	{
		HASH_DEL(driver->keywords, keyword);
		free(keyword);
	}
	free(driver->order);
	driver_talk_close_input(driver);
	evbuffer_free(driver->output);
	event_free(driver->probe);
}
