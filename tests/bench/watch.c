/* watch.c: times how long after a MODIFY each of many listeners has the value in hand: monitors of libcredis, or, with
 * "plain", subscribers that fetch on each event. Both and the writer are in this one process.
 * watch [USER@]SOCKET SERVICE KEYWORDS LISTENERS RATE CHANGES [plain]; prints values/s, p50, p99 in µs, and the share seen. */
#include "wire.h"

#include <credis/monitor.h>

#include <event2/event.h>

enum { VALUES = 1000, QUIET_S = 1, WARM_S = 2 };

struct listener {
	struct credis_client *client;
	struct credis_monitor *monitor;
	struct wire events, fetches;
};

static struct event_base *base;
static struct wire writer;
static const char *service;
static long keywords, listeners, changes, warming, asked, live, seen, room;
static long long published[VALUES], began, ended, *took;

static void
have(double value)
{
	long long at = value >= 0 && value < VALUES ? published[(int)value] : 0;

	if (at == 0 || seen == room)
		return;
	ended = now_ns(CLOCK_MONOTONIC);
	took[seen++] = ended - at;
	if (seen == room)
		event_base_loopbreak(base);
}

static void
on_writer(evutil_socket_t fd, short what, void *arg)
{
	struct word words[WIRE_WORDS];

	(void)fd, (void)what, (void)arg;
	wire_fill(&writer);
	while (wire_next(&writer, words)) {
		if (words[0].number < 1)
			errx(1, "nobody serves %s", service);
	}
}

static void
on_tick(evutil_socket_t fd, short what, void *arg)
{
	char channel[80], value[24];

	(void)fd, (void)what, (void)arg;
	if (live < listeners)
		return;
	if (asked == warming + changes) {
		if (now_ns(CLOCK_MONOTONIC) - published[(asked - 1) % VALUES] >
		    QUIET_S * 1000000000LL)
			event_base_loopbreak(base);
		return;
	}
	wire_put(&writer, "*3\r\n$7\r\nPUBLISH\r\n", 17);
	wire_word(&writer, channel,
	    (size_t)snprintf(channel, sizeof channel, "credis:{%s}:K%ld:modify", service,
		asked % keywords));
	wire_word(&writer, value, (size_t)sprintf(value, "%ld", asked % VALUES));
	/* A dispatcher counts listeners once a second: the first changes are none of those that are timed. */
	if (asked >= warming)
		published[asked % VALUES] = now_ns(CLOCK_MONOTONIC);
	if (asked++ == warming)
		began = published[warming % VALUES];
	wire_flush(&writer);
}

static void
on_monitor(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *why)
{
	(void)arg;
	if (event == CREDIS_MONITOR_VALUE)
		have(atof(reading->text));
	else if (event == CREDIS_MONITOR_PRIMED)
		live++;
	else
		errx(1, "%s", why->text);
}

static void
open_monitor(struct listener *listener, const char *socket)
{
	char url[160], watched[64];
	const char *names[] = { watched };
	struct credis_error why;

	snprintf(url, sizeof url, "unix://%s", socket);
	snprintf(watched, sizeof watched, "%s.K*", service);
	listener->client = credis_client_new(base, url, &why);
	if (listener->client == NULL)
		errx(1, "%s", why.text);
	listener->monitor = credis_monitor_new(listener->client, names, 1, on_monitor, NULL, &why);
	if (listener->monitor == NULL)
		errx(1, "%s", why.text);
}

static void
on_event(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct word words[WIRE_WORDS];

	(void)fd, (void)what;
	wire_fill(&listener->events);
	while (wire_next(&listener->events, words)) {
		if (words[0].length != 7) { /* "subscribe" */
			live += words[2].number == keywords;
			continue;
		}
		const char *key = (const char *)memchr(words[1].at, ':', words[1].length) + 1;

		wire_put(&listener->fetches, "*5\r\n$5\r\nHMGET\r\n", 15);
		wire_word(&listener->fetches, key, (size_t)(words[1].at + words[1].length - key));
		wire_put(&listener->fetches, "$5\r\nvalue\r\n$4\r\ntime\r\n$3\r\nseq\r\n", 30);
	}
	wire_flush(&listener->fetches);
}

static void
on_fetched(evutil_socket_t fd, short what, void *arg)
{
	struct listener *listener = arg;
	struct word words[WIRE_WORDS];

	(void)fd, (void)what;
	wire_fill(&listener->fetches);
	while (wire_next(&listener->fetches, words))
		have(atof(words[0].at));
}

static void
listen_to(struct wire *wire, event_callback_fn cb, void *arg)
{
	struct event *event = event_new(base, wire->fd, EV_READ | EV_PERSIST, cb, arg);

	if (event == NULL || event_add(event, NULL) != 0)
		errx(1, "no event");
}

static void
open_plain(struct listener *listener, const char *socket)
{
	char channel[96], head[40];

	listener->events = wire_open(socket);
	listener->fetches = wire_open(socket);
	wire_put(&listener->events, head,
	    (size_t)sprintf(head, "*%ld\r\n$9\r\nSUBSCRIBE\r\n", keywords + 1));
	for (long n = 0; n < keywords; n++)
		wire_word(&listener->events, channel,
		    (size_t)snprintf(channel, sizeof channel, "__keyspace@0__:credis:{%s}:K%ld",
			service, n));
	wire_flush(&listener->events);
	listen_to(&listener->events, on_event, listener);
	listen_to(&listener->fetches, on_fetched, listener);
}

int
main(int argc, char **argv)
{
	struct timeval every = { 0 };
	struct listener *all;
	struct event *tick;
	const char *socket;

	if (argc < 7)
		errx(2,
		    "usage: watch [USER@]SOCKET SERVICE KEYWORDS LISTENERS RATE CHANGES [plain]");
	service = argv[2];
	keywords = atol(argv[3]);
	listeners = atol(argv[4]);
	every.tv_usec = 1000000 / atol(argv[5]) % 1000000;
	warming = WARM_S * atol(argv[5]);
	changes = atol(argv[6]);
	room = listeners * changes;
	all = calloc((size_t)listeners, sizeof *all);
	took = calloc((size_t)room, sizeof *took);
	base = event_base_new();
	/* Before it there may be who the monitors are: "user:password@". */
	socket = strchr(argv[1], '@') != NULL ? strchr(argv[1], '@') + 1 : argv[1];
	writer = wire_open(socket);
	listen_to(&writer, on_writer, NULL);
	for (long n = 0; n < listeners; n++)
		(argc > 7 ? open_plain : open_monitor)(&all[n], argv[1]);
	tick = event_new(base, -1, EV_PERSIST, on_tick, NULL);
	event_add(tick, &every);
	event_base_dispatch(base);
	if (seen == 0)
		errx(1, "no value was seen");
	qsort(took, (size_t)seen, sizeof *took, by_size);
	printf("%.0f %.1f %.1f %.3f\n", (double)seen / ((double)(ended - began) / 1e9),
	    (double)took[seen / 2] / 1e3, (double)took[seen * 99 / 100] / 1e3,
	    (double)seen / (double)room);
}
