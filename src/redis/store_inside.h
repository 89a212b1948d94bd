/* store_inside.h: what the rooms of a store share. */
#ifndef REDIS_STORE_INSIDE_H
#define REDIS_STORE_INSIDE_H

#include "core/log.h"
#include "core/url.h"
#include "redis/arena.h"

#include <credis/store.h>

#include <sys/queue.h>

struct call;
struct event;
struct link;
struct subscriptions;

TAILQ_HEAD(calls, call);

struct credis_store {
	struct event_base *base;
	bool own_base; /* for the blocking calls */
	bool wait;     /* for a server that is down */
	int64_t timeout_ms;
	struct log log;
	credis_state_cb *on_state;
	void *arg;

	struct link *commands;
	struct subscriptions *subscriptions;
	bool started;
	bool down; /* the last try to connect failed */

	struct calls held; /* for a server that is not up yet, in order */
	size_t held_bytes;
	struct calls sent;
	struct event *clock; /* looks for calls past their deadline */
	int64_t clock_ms;    /* when it comes; 0: not armed */

	struct arena kept; /* the last reply of a blocking call */

	unsigned busy; /* calls from the event loop that still need its memory */
	bool freed;
};

#endif
