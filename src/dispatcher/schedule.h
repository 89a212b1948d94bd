/* schedule.h: what a service does by the clock: heartbeats.
 * Each has its own timer; they count once per period whatever else happens. */
#ifndef DISPATCHER_SCHEDULE_H
#define DISPATCHER_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>

struct served;
struct beat;

struct schedule {
	struct beat *beats;
	size_t count;
};

/* Starts the timers of a service's keywords; an earlier set must have been cleared. */
bool schedule_start(struct schedule *schedule, struct served *served);
void schedule_clear(struct schedule *schedule);

#endif
