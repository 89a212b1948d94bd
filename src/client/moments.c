/* moments.c: a sorted list and a timer for its head. */
#include "client/moments.h"

#include "redis/clock.h"

#include <event2/event.h>

int64_t
moments_now_ms(void)
{
	return clock_ask_us(CLOCK_MONOTONIC) / 1000;
}

static void
arm(struct moments *moments)
{
	struct moment *first = TAILQ_FIRST(&moments->list);
	int64_t after_ms;

	if (first == NULL)
		return;
	after_ms = first->due_ms - moments_now_ms();
	if (after_ms < 1)
		after_ms = 1;
	event_add(moments->timer, &(struct timeval){ after_ms / 1000, after_ms % 1000 * 1000 });
}

/* What is set meanwhile has its turn in the next round, even when it is due at once. */
static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct moments *moments = arg;
	struct moment *moment;
	int64_t now_ms = moments_now_ms();

	(void)fd;
	(void)what;
	while ((moment = TAILQ_FIRST(&moments->list)) != NULL && moment->due_ms <= now_ms) {
		moment_unset(moments, moment);
		moments->on_due(moment);
	}
	arm(moments);
}

bool
moments_init(struct moments *moments, struct event_base *base, moment_due *on_due)
{
	TAILQ_INIT(&moments->list);
	moments->on_due = on_due;
	moments->timer = evtimer_new(base, on_timer, moments);
	return moments->timer != NULL;
}

void
moments_clear(struct moments *moments)
{
	if (moments->timer != NULL)
		event_free(moments->timer);
	moments->timer = NULL;
}

void
moment_set(struct moments *moments, struct moment *moment, int64_t after_ms)
{
	struct moment *before;

	moment_unset(moments, moment);
	if (after_ms < 1)
		after_ms = 1;
	moment->due_ms =
	    moments_now_ms() + (after_ms < CLOCK_CENTURY_MS ? after_ms : CLOCK_CENTURY_MS);
	moment->set = true;
	before = TAILQ_LAST(&moments->list, moment_list);
	while (before != NULL && before->due_ms > moment->due_ms)
		before = TAILQ_PREV(before, moment_list, next);
	if (before != NULL)
		TAILQ_INSERT_AFTER(&moments->list, before, moment, next);
	else
		TAILQ_INSERT_HEAD(&moments->list, moment, next);
	if (before == NULL || !event_pending(moments->timer, EV_TIMEOUT, NULL))
		arm(moments);
}

/* The timer may then come too early, and finds nothing. */
void
moment_unset(struct moments *moments, struct moment *moment)
{
	if (moment->set)
		TAILQ_REMOVE(&moments->list, moment, next);
	moment->set = false;
}

void
moments_hasten(struct moments *moments)
{
	struct moment *moment;

	for (moment = TAILQ_FIRST(&moments->list); moment != NULL;
	     moment = TAILQ_NEXT(moment, next))
		moment->due_ms = moments_now_ms();
	arm(moments);
}
