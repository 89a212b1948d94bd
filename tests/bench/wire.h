/* wire.h: a connection of the bench's own: a unix socket, hiredis' reader, one write a turn.
 * Knows nothing of credis; no error is survived. */
#ifndef BENCH_WIRE_H
#define BENCH_WIRE_H

#include <err.h>
#include <errno.h>
#include <hiredis.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

struct wire {
	int fd;
	redisReader *reader;
	char *out;
	size_t length, room;
};

static inline struct wire
wire_open(const char *path)
{
	struct wire wire = { .fd = socket(AF_UNIX, SOCK_STREAM, 0), .reader = redisReaderCreate() };
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (wire.fd < 0 || connect(wire.fd, (struct sockaddr *)&address, sizeof address) != 0)
		err(1, "%s", path);
	return wire;
}

static inline void
wire_put(struct wire *wire, const void *bytes, size_t length)
{
	if (wire->room - wire->length < length) {
		wire->room = 2 * (wire->length + length);
		wire->out = realloc(wire->out, wire->room);
		if (wire->out == NULL)
			err(1, "memory");
	}
	memcpy(wire->out + wire->length, bytes, length);
	wire->length += length;
}

static inline void
wire_word(struct wire *wire, const void *bytes, size_t length)
{
	char head[24];

	wire_put(wire, head, (size_t)sprintf(head, "$%zu\r\n", length));
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

static inline void
wire_fill(struct wire *wire)
{
	char bytes[65536];
	ssize_t got = recv(wire->fd, bytes, sizeof bytes, 0);

	if (got <= 0)
		errx(1, "the server closed the connection");
	redisReaderFeed(wire->reader, bytes, (size_t)got);
}

/* NULL: nothing whole is left. To be freed. */
static inline redisReply *
wire_next(struct wire *wire)
{
	void *reply = NULL;

	if (redisReaderGetReply(wire->reader, &reply) != REDIS_OK)
		errx(1, "%s", wire->reader->errstr);
	if (reply != NULL && ((redisReply *)reply)->type == REDIS_REPLY_ERROR)
		errx(1, "%s", ((redisReply *)reply)->str);
	return reply;
}

static inline long long
now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return now.tv_sec * 1000000000LL + now.tv_nsec;
}

#endif
