/* embedded.h: the store that credisd runs itself: a redis-server of its own, on a unix socket.
 * Knows how to start it, keep it running and end it; knows nothing of what is stored. */
#ifndef DAEMON_EMBEDDED_H
#define DAEMON_EMBEDDED_H

#include <credis/error.h>

struct event_base;
struct embedded;

/* Called from the event loop; 'why' is lent, "" when there is nothing to say. */
enum embedded_state {
	EMBEDDED_UP,      /* it answers */
	EMBEDDED_DOWN,    /* it ended; it will be started again */
	EMBEDDED_STOPPED, /* it ended as it was told to: the object may be freed, after the callback */
};
typedef void embedded_cb(void *arg, enum embedded_state state, const char *why);

/* Makes the directory of 'socket' and "<state_dir>/redis", locks the latter, and starts the server. NULL with
 * the reason: another credisd uses the directory, redis-server is not installed. To free with
 * embedded_free() before 'base'. */
struct embedded *embedded_new(struct event_base *base, const char *state_dir, const char *socket,
    embedded_cb *cb, void *arg, struct credis_error *err);

/* Ends the server, which saves what it has, and reports EMBEDDED_STOPPED. */
void embedded_stop(struct embedded *embedded);

/* A server that still runs is told to end and not waited for. NULL is fine. */
void embedded_free(struct embedded *embedded);

#endif
