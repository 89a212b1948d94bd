/* schedule.c: heartbeat keywords: a timer each, and the count.
 * Values go the way of every value set from its source. */
#include "dispatcher/schedule.h"

#include "dispatcher/served.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

struct beat {
	struct served *served;
	struct entry *entry; /* held */
	struct event *timer;
};

static void
on_beat(evutil_socket_t fd, short what, void *arg)
{
	struct beat *beat = arg;
	int64_t count = beat->entry->value.as.integer;
	char text[NUMBER_TEXT];

	(void)fd;
	(void)what;
	if (beat->served->state != SERVED_READY || !beat->entry->known)
		return;
	/* After the largest number comes 0. */
	count = count >= 0 && count < INT64_MAX ? count + 1 : 0;
	served_set(beat->served, beat->entry, text, number_print_integer(text, count), NULL);
}

static bool
beat_start(struct beat *beat, struct served *served, struct entry *entry)
{
	int64_t ms = entry->keyword->period_ms;
	struct timeval period = { ms / 1000, ms % 1000 * 1000 };

	beat->served = served;
	beat->entry = entry_hold(entry);
	beat->timer = event_new(served->post->base, -1, EV_PERSIST, on_beat, beat);
	return beat->timer != NULL && event_add(beat->timer, &period) == 0;
}

static size_t
count_heartbeats(const struct registry *registry)
{
	size_t count = 0;

	for (size_t n = 0; n < registry->count; n++)
		count += registry->entries[n]->keyword->heartbeat;
	return count;
}

bool
schedule_start(struct schedule *schedule, struct served *served)
{
	schedule->beats = calloc(count_heartbeats(&served->registry) + 1, sizeof(*schedule->beats));
	schedule->count = 0;
	if (schedule->beats == NULL)
		return false;
	for (size_t n = 0; n < served->registry.count; n++) {
		struct entry *entry = served->registry.entries[n];

		if (!entry->keyword->heartbeat)
			continue;
		if (!beat_start(&schedule->beats[schedule->count++], served, entry))
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
