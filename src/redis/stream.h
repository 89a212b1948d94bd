/* stream.h: bytes to and from one server, over TCP, TLS or a unix socket.
 * Knows addresses and sockets; knows nothing of Redis, and never tries twice. */
#ifndef REDIS_STREAM_H
#define REDIS_STREAM_H

#include "core/url.h"

#include <stddef.h>

struct event_base;
struct stream;
struct tls;

/* All from the event loop or stream_wait(); any may free the stream. */
struct stream_events {
	void (*on_open)(void *arg);
	void (*on_bytes)(void *arg, const char *bytes, size_t length); /* lent */
	void (*on_writable)(void *arg); /* after a stream_write() that took less */

	/* It could not be opened, or was lost: the last call. */
	void (*on_closed)(void *arg, const struct credis_error *why);
};

/* 'url' and 'tls' (NULL: none) are lent for the stream's life. 'turn' says which of several
 * addresses to begin with. NULL when out of memory. */
struct stream *stream_open(struct event_base *base, const struct url *url, const struct tls *tls,
    unsigned turn, const struct stream_events *events, void *arg);
void stream_free(struct stream *stream);

/* Returns how many bytes were taken. Never calls back. */
size_t stream_write(struct stream *stream, const char *bytes, size_t length);

enum {
	STREAM_WAIT_MS = 5,
	STREAM_WAIT_MOST_MS = 20, /* what it may come to: the kernel rounds up to its ticks */
};

/* Waits up to STREAM_WAIT_MS for bytes, without the event loop, and takes them as if that had found them. False
 * when nothing came, or only the event loop can tell (TLS). */
bool stream_wait(struct stream *stream);

/* False when the socket has ended, or says what nobody can have asked for: for one that is idle, and whose
 * event loop may not have run for long. */
bool stream_is_quiet(const struct stream *stream);

/* What it is at before it is open: "while connecting". */
const char *stream_doing(const struct stream *stream);

#endif
