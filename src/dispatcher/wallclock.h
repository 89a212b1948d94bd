/* wallclock.h: times of day, local, as moments of Unix time. Knows no clock of its own. */
#ifndef DISPATCHER_WALLCLOCK_H
#define DISPATCHER_WALLCLOCK_H

#include "core/keyword.h"

#include <stdint.h>

/* The last moment of the schedule at or before 'now' (seconds). A time of day that a day does not have, as clocks
 * are put forward, is the moment that takes its place; one that comes twice counts once. */
int64_t wallclock_last(const struct keyword_schedule *schedule, int64_t now);

/* The first moment after 'now'. */
int64_t wallclock_next(const struct keyword_schedule *schedule, int64_t now);

#endif
