/* clock.c: what makes Unix time of the clock that nobody sets. */
#include "redis/clock.h"

enum { SET_US = 100000 }; /* by less, it only was looked at slowly */

int64_t
clock_own_offset_us(void)
{
	int64_t now_us = clock_ask_us(CLOCK_REALTIME);

	return now_us - clock_steady_us();
}

bool
clock_was_set(int64_t *own_us)
{
	int64_t now_us = clock_own_offset_us();

	if (now_us > *own_us - SET_US && now_us < *own_us + SET_US)
		return false;
	*own_us = now_us;
	return true;
}

/* The server looked at its clock between our asking and its answer. What was known of it before stays while
 * it fits: a slow answer tells less than an earlier fast one, or than clocks that agree. */
bool
clock_learn(int64_t *offset_us, int64_t asked_us, const struct reply *reply)
{
	int64_t seconds, microseconds, least, most, own = clock_own_offset_us();

	if (!reply_integer(reply_item(reply, 0), &seconds) ||
	    !reply_integer(reply_item(reply, 1), &microseconds) || seconds < 0 ||
	    seconds >= INT64_MAX / 4000000 || microseconds < 0 || microseconds >= 1000000)
		return false;
	least = seconds * 1000000 + microseconds - clock_steady_us();
	most = seconds * 1000000 + microseconds - asked_us;
	if (*offset_us < least || *offset_us > most)
		*offset_us = own >= least && own <= most ? own : least + (most - least) / 2;
	return true;
}
