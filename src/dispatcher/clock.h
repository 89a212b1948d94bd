/* clock.h: the clock that nobody sets, for leases and deadlines of our own: it is asked for every request, and
 * costs a fifth of the exact one. */
#ifndef DISPATCHER_CLOCK_H
#define DISPATCHER_CLOCK_H

#include <stdint.h>
#include <time.h>

enum { CLOCK_LATE_MS = 10 }; /* it may be so much behind */

static inline int64_t
clock_monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC_COARSE, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
