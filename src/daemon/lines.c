/* lines.c: reads a pipe into one buffer and hands lines out of it in place. */
#include "lines.h"

#include "clock.h"
#include "memory.h"

#include <event2/event.h>

#include <errno.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

enum {
	CHUNK = 16384, /* bytes read at a time */
	LAST_WORDS_MAX =
	    1 << 17,       /* bytes taken from a program that has ended: more than a pipe holds */
	SLICE_MS = 10,     /* in so much time … */
	SLICE_LINES = 500, /* … so many lines are taken … */
	SLICE_BYTES = 1 << 20, /* … of so many bytes together */
};

struct lines {
	struct event *readable;
	struct event *resume;
	int64_t slice_ms; /* when it began */
	size_t slice_lines, slice_bytes;
	lines_cb *cb;
	lines_end_cb *end;
	void *arg;
	char *bytes; /* of a line that is not complete */
	size_t length, room;
	size_t most;
	bool skipping; /* the rest of a line that is too long */
};

/* Hands one line out, which ends at 'end': there is room for the NUL. */
static void
give(struct lines *lines, char *line, char *end)
{
	size_t length = (size_t)(end - line);

	lines->slice_lines++;
	if (lines->skipping) {
		lines->skipping = false;
		return;
	}
	if (length > 0 && line[length - 1] == '\r')
		length--;
	line[length] = '\0';
	lines->cb(lines->arg, length <= lines->most ? line : NULL, length);
}

/* Gives what is complete, and keeps the rest. */
static void
split(struct lines *lines, size_t scanned)
{
	char *line = lines->bytes, *end = lines->bytes + lines->length;
	char *from = lines->bytes + scanned, *mark;

	while ((mark = memchr(from, '\n', (size_t)(end - from))) != NULL) {
		give(lines, line, mark);
		line = from = mark + 1;
	}
	lines->length = (size_t)(end - line);
	if (lines->length > lines->most && !lines->skipping) {
		lines->skipping = true;
		lines->cb(lines->arg, NULL, lines->length);
	}
	if (lines->skipping)
		lines->length = 0;
	memmove(lines->bytes, line, lines->length);
}

/* As read(2): what came, 0 at the end, -1 when there is nothing now. */
static ssize_t
take(struct lines *lines)
{
	size_t scanned = lines->length;
	ssize_t got;

	/* The NUL after a last line without an end must fit as well. */
	while (lines->room < lines->length + CHUNK + 1) {
		lines->room = lines->room > 0 ? 2 * lines->room : 2 * CHUNK;
		lines->bytes = must(realloc(lines->bytes, lines->room));
	}
	got = read(event_get_fd(lines->readable), lines->bytes + lines->length, CHUNK);
	if (got <= 0)
		return got == -1 && errno != EAGAIN && errno != EINTR ? 0 : got;
	lines->length += (size_t)got;
	lines->slice_bytes += (size_t)got;
	split(lines, scanned);
	return got;
}

/* Whoever says more than its share is not listened to for a while, and will have to wait with its words. */
static void
pause_if_loud(struct lines *lines)
{
	size_t share = 1 + lines->slice_lines / SLICE_LINES;
	struct timeval pause = { .tv_sec = (time_t)(share * SLICE_MS / 1000),
		.tv_usec = (suseconds_t)(share * SLICE_MS % 1000 * 1000) };

	if (lines->slice_lines < SLICE_LINES && lines->slice_bytes < SLICE_BYTES)
		return;
	event_del(lines->readable);
	evtimer_add(lines->resume, &pause);
}

static void
begin_slice(struct lines *lines)
{
	lines->slice_ms = clock_ms();
	lines->slice_lines = lines->slice_bytes = 0;
}

static void
on_resume(evutil_socket_t fd, short what, void *arg)
{
	struct lines *lines = arg;

	(void)fd;
	(void)what;
	begin_slice(lines);
	event_add(lines->readable, NULL);
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct lines *lines = arg;

	(void)fd;
	(void)what;
	if (clock_ms() - lines->slice_ms >= SLICE_MS)
		begin_slice(lines);
	if (take(lines) != 0) {
		pause_if_loud(lines);
		return;
	}
	lines_finish(lines);
	event_del(lines->readable);
	lines->end(lines->arg);
}

struct lines *
lines_new(struct event_base *base, int fd, size_t most, lines_cb *cb, lines_end_cb *end, void *arg)
{
	struct lines *lines = must(calloc(1, sizeof *lines));

	*lines = (struct lines){ .most = most, .cb = cb, .end = end, .arg = arg };
	lines->readable = must(event_new(base, fd, EV_READ | EV_PERSIST, on_readable, lines));
	lines->resume = must(evtimer_new(base, on_resume, lines));
	event_add(lines->readable, NULL);
	return lines;
}

void
lines_finish(struct lines *lines)
{
	size_t taken = 0;
	ssize_t got;

	while (taken < LAST_WORDS_MAX && (got = take(lines)) > 0)
		taken += (size_t)got;
	if (lines->length > 0 || lines->skipping)
		give(lines, lines->bytes, lines->bytes + lines->length);
	lines->length = 0;
}

void
lines_free(struct lines *lines)
{
	if (lines == NULL)
		return;
	close(event_get_fd(lines->readable));
	event_free(lines->readable);
	event_free(lines->resume);
	free(lines->bytes);
	free(lines);
}
