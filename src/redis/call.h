/* call.h: one command, or several that go together, until its end has been told: once, by its deadline. */
#ifndef REDIS_CALL_H
#define REDIS_CALL_H

#include "core/buffer.h"

#include <credis/store.h>

#include <sys/queue.h>

struct lane;

/* What is to be sent: the words of one command; or several, formatted already. */
struct parcel {
	int argc;
	const char *const *argv;
	const size_t *lengths;
	const struct buffer *bytes; /* NULL: words */
	size_t count;               /* of commands in 'bytes' */
};

/* Told is told: what a link answers later only frees it. */
struct call {
	TAILQ_ENTRY(call) place; /* in the store's calls; none once told */
	TAILQ_ENTRY(call) turn;  /* in its lane's, while it is held */
	struct lane *lane;
	credis_reply_cb *each; /* may be NULL: of all its commands but the last */
	credis_reply_cb
	    *cb; /* of the last; may be NULL. Without a reply it is of all that are left */
	void *arg;
	int64_t due_ms; /* monotonic */
	size_t count;   /* of its commands */
	bool held;      /* its bytes are in 'bytes'; otherwise with the link, which will answer */
	bool told;
	struct buffer bytes;
};

TAILQ_HEAD(calls, call);

#endif
