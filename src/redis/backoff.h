/* backoff.h: how long to wait before the next try. */
#ifndef REDIS_BACKOFF_H
#define REDIS_BACKOFF_H

#include <stdint.h>

struct backoff {
	int64_t cap_ms;
	unsigned step; /* 0: at once */
};

/* Nothing yet, then 50 ms, doubling up to the cap, each with jitter. */
int64_t backoff_next_ms(struct backoff *backoff);
void backoff_reset(struct backoff *backoff);

#endif
