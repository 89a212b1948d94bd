/* clock.h: the clock that nobody sets, and what makes Unix time of it: what is known of a server's clock holds
 * when ours is set. */
#ifndef REDIS_CLOCK_H
#define REDIS_CLOCK_H

#include "redis/reply.h"

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/* As long as anybody waits who waits without end: sums of times stay in range. */
#define CLOCK_CENTURY_MS (INT64_C(100) * 365 * 86400 * 1000)

static inline int64_t
clock_ask_us(clockid_t which)
{
	struct timespec now;

	clock_gettime(which, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Since the machine was started, its sleep included. */
static inline int64_t
clock_steady_us(void)
{
	return clock_ask_us(CLOCK_BOOTTIME);
}

static inline int64_t
clock_steady_ms(void)
{
	return clock_steady_us() / 1000;
}

/* What makes our own Unix time of it. */
int64_t clock_own_offset_us(void);

/* Whether our clock was set since '*own_us' was its offset; it is that of now then. Where the server is on this
 * machine, its clock was set as well: it is to be asked again. */
bool clock_was_set(int64_t *own_us);

/* Learns what makes the server's Unix time of the steady clock from its answer to TIME, which it was asked for at
 * 'asked_us'. False if that says nothing. */
bool clock_learn(int64_t *offset_us, int64_t asked_us, const struct reply *reply);

#endif
