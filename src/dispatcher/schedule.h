/* schedule.h: what a service does by the clock: heartbeats, periods, times of day.
 * Each has its own timer; it is due whatever else happens. */
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

/* The service is ready: what is read by its period is read now, too, and what a time of day would have had read
 * meanwhile. */
void schedule_ready(struct schedule *schedule);

#endif
