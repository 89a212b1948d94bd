/* others.c: what load.c and watch.c do with credisd by its bare wire, for a client by its library (others.h):
 *   SOCKET KEYWORDS COUNT W               keeps W acknowledged requests in flight and times each
 *   SOCKET KEYWORDS COUNT RATE LISTENERS  times how long after a request each listener has the value in hand,
 *                                         once what all were told as they came is over
 * Prints one line: answers or values a second, p50, p99 in µs. */
#include "others.h"
#include "wire.h"

enum { PATIENCE_S = 10, WARM_S = 2 };

static struct event_base *base;
static struct peer *writer;
static long keywords, count, warming, listeners, asked, heard, room;
static long long *began, *took, start;

void *
others_new(size_t size)
{
	void *memory = calloc(1, size);

	if (memory == NULL)
		err(1, "memory");
	return memory;
}

static void
ask(void)
{
	if (asked == count)
		return;
	began[asked] = now_ns(CLOCK_MONOTONIC);
	if (asked == warming)
		start = began[asked];
	peer_ask(writer, asked % keywords, asked);
	asked++;
}

static void
hear(long value)
{
	/* Not timed, or what a run before this one left. */
	if (value < warming || value >= asked || heard == room)
		return;
	took[heard++] = now_ns(CLOCK_MONOTONIC) - began[value];
	if (heard == room)
		event_base_loopbreak(base);
}

void
others_answered(long value)
{
	if (listeners > 0)
		return;
	hear(value);
	ask();
}

void
others_saw(long value)
{
	hear(value);
}

void
others_listen(struct event_base *loop, int fd, event_callback_fn on_readable, struct peer *peer)
{
	struct event *event = event_new(loop, fd, EV_READ | EV_PERSIST, on_readable, peer);

	if (event == NULL || event_add(event, NULL) != 0)
		errx(1, "no event");
}

static void
every(long us, event_callback_fn cb)
{
	struct timeval period = { us / 1000000, us % 1000000 };
	struct event *timer = event_new(base, -1, EV_PERSIST, cb, NULL);

	if (timer == NULL || event_add(timer, &period) != 0)
		errx(1, "no timer");
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	ask();
	peer_flush(writer);
}

static void
on_impatience(evutil_socket_t fd, short what, void *arg)
{
	static long before;

	(void)fd, (void)what, (void)arg;
	if (heard == before)
		errx(1, "%ld of %ld heard, then none for %d s", heard, room, PATIENCE_S);
	before = heard;
}

int
main(int argc, char **argv)
{
	if (argc < 5)
		errx(2, "usage: SOCKET KEYWORDS COUNT W | SOCKET KEYWORDS COUNT RATE LISTENERS");
	keywords = atol(argv[2]);
	count = atol(argv[3]);
	listeners = argc > 5 ? atol(argv[5]) : 0;
	room = listeners > 0 ? count * listeners : count;
	warming = listeners > 0 ? WARM_S * atol(argv[4]) : 0;
	count += warming;
	began = others_new((size_t)count * sizeof *began);
	took = others_new((size_t)room * sizeof *took);
	base = event_base_new();
	if (base == NULL)
		err(1, "memory");
	writer = peer_open(base, argv[1], 1);
	for (long n = 0; n < listeners; n++)
		peer_open(base, argv[1], 0);
	every(PATIENCE_S * 1000000, on_impatience);
	if (listeners > 0)
		every(1000000 / atol(argv[4]), on_tick);
	for (long n = 0; listeners == 0 && n < atol(argv[4]); n++)
		ask();
	peer_flush(writer);
	event_base_dispatch(base);
	double seconds = (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e9;
	qsort(took, (size_t)room, sizeof *took, by_size);
	printf("%.0f %.1f %.1f\n", (double)room / seconds, (double)took[room / 2] / 1e3,
	    (double)took[room * 99 / 100] / 1e3);
}
