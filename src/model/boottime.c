/* boottime.c: milliseconds since the machine was started, its sleep included. */
#include "model/boottime.h"

#include <time.h>

int64_t
boottime_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_BOOTTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}
