/* others.h: a client by the library that its users have, as others.c drives it. Each program has its own peer_….
 * What is asked as the n-th has n for its value: that tells whoever hears it when it was asked. */
#ifndef BENCH_OTHERS_H
#define BENCH_OTHERS_H

#include <event2/event.h>

#include <stddef.h>

struct peer; /* a connection, that asks or watches */

/* Returns when nothing that is said from then on is missed. No error is survived. */
struct peer *peer_open(struct event_base *base, const char *socket, int asks);

/* Sets K<keyword>. Sent with peer_flush() at the latest. */
void peer_ask(struct peer *peer, long keyword, long value);
void peer_flush(struct peer *peer);

/* Memory of zeros. */
void *others_new(size_t size);

/* Called by who asked, and may then ask more; to be flushed by the caller. */
void others_answered(long value);

/* Called by who watches. */
void others_saw(long value);

/* Calls 'hear' when there is something to read. */
void others_listen(struct event_base *base, int fd, event_callback_fn hear, struct peer *peer);

#endif
