/* moments.h: many points in time on one timer of the event loop.
 * Cheap where each later one is due later, as deadlines of calls are. */
#ifndef CLIENT_MOMENTS_H
#define CLIENT_MOMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct event;
struct event_base;

/* Lies in what it is a moment of. */
struct moment {
	int64_t due_ms; /* monotonic */
	bool set;
	TAILQ_ENTRY(moment) next;
};

/* The moment has come and is not set any more; it may be set again. */
typedef void moment_due(struct moment *moment);

struct moments {
	TAILQ_HEAD(moment_list, moment) list; /* the next one first */
	struct event *timer;
	moment_due *on_due;
};

bool moments_init(struct moments *moments, struct event_base *base, moment_due *on_due);
void moments_clear(struct moments *moments);

void moment_set(struct moments *moments, struct moment *moment, int64_t after_ms);
void moment_unset(struct moments *moments, struct moment *moment);

/* All that are set are due now. */
void moments_hasten(struct moments *moments);

int64_t moments_now_ms(void);

#endif
