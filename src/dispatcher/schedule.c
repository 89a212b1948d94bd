/* schedule.c: a timer for each heartbeat, each period and each schedule of times of day.
 * Values go the way of every value set from its source; how one is read is steps.c's. */
#include "dispatcher/schedule.h"

#include "dispatcher/served.h"
#include "dispatcher/steps.h"
#include "dispatcher/wallclock.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_MS = 60000, /* how long a changed wall clock may go unnoticed */
	BACK_S = 3600,   /* how far it may be put back over what was done */
};

struct beat {
	struct served *served;
	struct entry *entry; /* held */
	struct event *timer;
	int64_t done; /* times of day: the last moment seen to, Unix time in seconds; 0: a period */
};

static bool
may_beat(const struct beat *beat)
{
	return beat->served->state == SERVED_READY && beat->entry->known;
}

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct beat *beat = arg;
	int64_t count = beat->entry->value.as.integer;
	char text[NUMBER_TEXT];

	(void)fd;
	(void)what;
	if (!may_beat(beat))
		return;
	/* After the largest number comes 0. */
	count = count >= 0 && count < INT64_MAX ? count + 1 : 0;
	served_set(beat->served, beat->entry, text, number_print_integer(text, count), NULL);
}

static void
on_period(evutil_socket_t fd, short what, void *arg)
{
	struct beat *beat = arg;

	(void)fd;
	(void)what;
	if (may_beat(beat))
		steps_read_now(beat->entry);
}

static int64_t
wall_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* Timers run by the clock that nobody sets; looking often enough follows the one that somebody does. */
static bool
arm_for_next(struct beat *beat)
{
	int64_t now_us = wall_us();
	int64_t next = wallclock_next(beat->entry->keyword->schedule, now_us / 1000000);
	int64_t wait_us = next * 1000000 - now_us;
	struct timeval wait;

	if (wait_us > LOOK_MS * 1000)
		wait_us = LOOK_MS * 1000;
	wait = (struct timeval){ wait_us / 1000000, wait_us % 1000000 };
	return event_add(beat->timer, &wait) == 0;
}

/* A moment that the clock was put past, or that nobody could serve, is made up for once; one that the clock
 * was put back over does not come again, unless it was far ahead: then it had been wrong. */
static void
look_at_clock(struct beat *beat)
{
	int64_t now = wall_us() / 1000000;
	int64_t last = wallclock_last(beat->entry->keyword->schedule, now);

	if (beat->done > now + BACK_S)
		beat->done = last;
	if (last <= beat->done || !may_beat(beat))
		return;
	beat->done = last;
	steps_read_now(beat->entry);
}

static void
on_time_of_day(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	arm_for_next(arg);
	look_at_clock(arg); /* a source may bring another schedule: the beat is gone then */
}

static struct beat *
beat_new(struct schedule *schedule, struct served *served, struct entry *entry, short flags,
    event_callback_fn call)
{
	struct beat *beat = &schedule->beats[schedule->count++];

	beat->served = served;
	beat->entry = entry_hold(entry);
	beat->timer = event_new(served->post->base, -1, flags, call, beat);
	return beat->timer != NULL ? beat : NULL;
}

static bool
start_period(struct schedule *schedule, struct served *served, struct entry *entry,
    event_callback_fn call)
{
	int64_t ms = entry->keyword->period_ms;
	struct timeval period = { ms / 1000, ms % 1000 * 1000 };
	struct beat *beat = beat_new(schedule, served, entry, EV_PERSIST, call);

	return beat != NULL && event_add(beat->timer, &period) == 0;
}

static bool
start_times_of_day(struct schedule *schedule, struct served *served, struct entry *entry)
{
	struct beat *beat = beat_new(schedule, served, entry, 0, on_time_of_day);

	if (beat == NULL)
		return false;
	beat->done = wallclock_last(entry->keyword->schedule, wall_us() / 1000000);
	return arm_for_next(beat);
}

static bool
has_period(const struct entry *entry)
{
	return entry->keyword->period_ms > 0 && steps_can_read(entry);
}

static bool
has_times_of_day(const struct entry *entry)
{
	return entry->keyword->schedule != NULL && steps_can_read(entry);
}

static size_t
count_beats(const struct registry *registry)
{
	size_t count = 0;

	for (size_t n = 0; n < registry->count; n++) {
		const struct entry *entry = registry->entries[n];

		count += entry->keyword->heartbeat || has_period(entry);
		count += has_times_of_day(entry);
	}
	return count;
}

static bool
start_entry(struct schedule *schedule, struct served *served, struct entry *entry)
{
	if (entry->keyword->heartbeat && !start_period(schedule, served, entry, on_beat))
		return false;
	if (!entry->keyword->heartbeat && has_period(entry) &&
	    !start_period(schedule, served, entry, on_period))
		return false;
	return !has_times_of_day(entry) || start_times_of_day(schedule, served, entry);
}

bool
schedule_start(struct schedule *schedule, struct served *served)
{
	schedule->beats = calloc(count_beats(&served->registry) + 1, sizeof(*schedule->beats));
	schedule->count = 0;
	if (schedule->beats == NULL)
		return false;
	for (size_t n = 0; n < served->registry.count; n++) {
		if (!start_entry(schedule, served, served->registry.entries[n]))
			return false;
	}
	return true;
}

void
schedule_clear(struct schedule *schedule)
{
	for (size_t n = 0; n < schedule->count; n++) {
		if (schedule->beats[n].timer != NULL)
			event_free(schedule->beats[n].timer);
		entry_release(schedule->beats[n].entry);
	}
	free(schedule->beats);
	memset(schedule, 0, sizeof(*schedule));
}

void
schedule_ready(struct schedule *schedule)
{
	for (size_t n = 0; n < schedule->count; n++) {
		struct beat *beat = &schedule->beats[n];

		if (beat->done != 0)
			look_at_clock(beat);
		else if (!beat->entry->keyword->heartbeat)
			steps_read_now(beat->entry);
	}
}
