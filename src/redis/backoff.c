/* backoff.c: how long to wait before the next try.
 * At once, then 50 ms doubling up to a cap; jitter keeps a crowd from coming back in step. */
#include "redis/backoff.h"

#include <event2/util.h>

enum { FIRST_MS = 50, STEP_MAX = 24 };

/* Between three and five quarters of 'ms'. */
static int64_t
with_jitter(int64_t ms)
{
	uint32_t random;

	evutil_secure_rng_get_bytes(&random, sizeof random);
	return ms * 3 / 4 + (int64_t)(random % (uint32_t)(ms / 2 + 1));
}

int64_t
backoff_next_ms(struct backoff *backoff)
{
	unsigned step = backoff->step;
	int64_t ms;

	if (step < STEP_MAX)
		backoff->step++;
	if (step == 0)
		return 0;
	ms = (int64_t)FIRST_MS << (step - 1);
	if (ms > backoff->cap_ms)
		ms = backoff->cap_ms;
	ms = with_jitter(ms);
	return ms < backoff->cap_ms ? ms : backoff->cap_ms;
}

void
backoff_reset(struct backoff *backoff)
{
	backoff->step = 0;
}
