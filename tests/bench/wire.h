/* wire.h: a connection of the bench's own: a unix socket, replies read in place, one write a turn, nothing
 * allocated on the way. Knows flat replies only, and nothing of credis; no error is survived. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { WIRE_ROOM = 16 << 20, WIRE_AT_ONCE = 256 << 10, WIRE_WORDS = 3 };

struct wire {
	int fd;
	char *in, *out;
	size_t read, filled; /* of 'in' */
	size_t length;       /* of 'out' */
};

struct word {
	const char *at;
	size_t length;
	long long number; /* of an integer; otherwise the length */
};

static inline struct wire
wire_open(const char *path)
{
	struct wire wire = { .fd = socket(AF_UNIX, SOCK_STREAM, 0),
		.in = malloc(WIRE_ROOM),
		.out = malloc(WIRE_ROOM) };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (wire.in == NULL || wire.out == NULL || wire.fd < 0 ||
	    connect(wire.fd, (struct sockaddr *)&address, sizeof address) != 0)
		err(1, "%s", path);
	return wire;
}

/* Writes text; returns where it ends. */
static inline char *
put(char *at, const void *bytes, size_t length)
{
	memcpy(at, bytes, length);
	return at + length;
}

static inline char *
put_number(char *at, unsigned long long number)
{
	char digits[20], *first = digits + sizeof digits;

	do
		*--first = (char)('0' + number % 10);
	while ((number /= 10) > 0);
	return put(at, first, (size_t)(digits + sizeof digits - first));
}

static inline void
wire_put(struct wire *wire, const void *bytes, size_t length)
{
	if (WIRE_ROOM - wire->length < length)
		errx(1, "more than %d bytes in one turn", WIRE_ROOM);
	put(wire->out + wire->length, bytes, length);
	wire->length += length;
}

static inline void
wire_word(struct wire *wire, const void *bytes, size_t length)
{
	char head[24] = "$", *end = put(put_number(head + 1, length), "\r\n", 2);

	wire_put(wire, head, (size_t)(end - head));
	wire_put(wire, bytes, length);
	wire_put(wire, "\r\n", 2);
}

static inline void
wire_flush(struct wire *wire)
{
	for (size_t at = 0; at < wire->length;) {
		ssize_t sent = send(wire->fd, wire->out + at, wire->length - at, MSG_NOSIGNAL);

		if (sent < 0)
			err(1, "send");
		at += (size_t)sent;
	}
	wire->length = 0;
}

/* Ends what wire_next() lent. */
static inline void
wire_fill(struct wire *wire)
{
	ssize_t got;

	memmove(wire->in, wire->in + wire->read, wire->filled - wire->read);
	wire->filled -= wire->read;
	wire->read = 0;
	got = recv(wire->fd, wire->in + wire->filled, WIRE_AT_ONCE, 0);
	if (got <= 0 || wire->filled + (size_t)got > WIRE_ROOM - WIRE_AT_ONCE)
		errx(1, "the server closed the connection, or says too much at once");
	wire->filled += (size_t)got;
}

/* Reads "<mark><number>\r\n"; NULL when it is not all there. */
static inline const char *
wire_head(const char *at, const char *end, char *mark, long long *number)
{
	long long sum = 0;

	if (at == end)
		return NULL;
	*mark = *at++;
	for (; at < end && *at >= '0' && *at <= '9'; at++)
		sum = sum * 10 + (*at - '0');
	*number = sum;
	return end - at >= 2 && at[0] == '\r' ? at + 2 : NULL;
}

/* The words of the next reply: one, or those of an array. False: none is whole. */
static inline int
wire_next(struct wire *wire, struct word words[WIRE_WORDS])
{
	const char *at = wire->in + wire->read, *end = wire->in + wire->filled;
	long long count = 1;
	char mark;

	if (at < end && (*at == '-' || *at == '+'))
		errx(1, "%.*s", (int)(end - at), at);
	if (at < end && *at == '*')
		at = wire_head(at, end, &mark, &count);
	for (long long n = 0; at != NULL && n < count && n < WIRE_WORDS; n++) {
		at = wire_head(at, end, &mark, &words[n].number);
		if (at == NULL || mark != '$')
			continue;
		words[n].at = at;
		words[n].length = (size_t)words[n].number;
		at = end - at >= words[n].number + 2 ? at + words[n].length + 2 : NULL;
	}
	if (at == NULL || at == wire->in + wire->read)
		return 0;
	wire->read = (size_t)(at - wire->in);
	return 1;
}

static inline long long
now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

/* Times in order, for qsort(). */
static inline int
by_size(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/* "<seconds>.<microseconds>", of a Unix time. */
static inline char *
put_time(char *at, long long us)
{
	at = put_number(at, (unsigned long long)us / 1000000);
	us %= 1000000;
	*at = '.';
	for (int digit = 6; digit > 0; digit--, us /= 10)
		at[digit] = (char)('0' + us % 10);
	return at + 7;
}

static inline unsigned long long
take_number(const char *at)
{
	unsigned long long sum = 0;

	for (; *at >= '0' && *at <= '9'; at++)
		sum = sum * 10 + (unsigned)(*at - '0');
	return sum;
}

#endif
