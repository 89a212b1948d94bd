/* loop.h: running an event loop until something is so, with a limit. */
#ifndef TEST_LOOP_H
#define TEST_LOOP_H

#include <event2/event.h>
#include <stdint.h>
#include <time.h>

enum { LOOP_LIMIT_MS = 60000 };

static int64_t __attribute__((unused)) loop_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
loop_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
}

/* One turn, which takes a few milliseconds at most. */
static void __attribute__((unused)) loop_turn(struct event_base *base)
{
	event_base_once(base, -1, EV_TIMEOUT, loop_tick, NULL,
	    &(struct timeval){ .tv_usec = 2000 });
	event_base_loop(base, EVLOOP_ONCE);
}

/* Fails the test unless 'condition' comes true. */
#define EVENTUALLY(base, condition) \
	do { \
		int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS; \
		while (!(condition)) { \
			if (loop_now_ms() > limit_ms) \
				fail_msg("never came true: %s", #condition); \
			loop_turn(base); \
		} \
	} while (0)

#endif
