/* null.c: a dispatcher that does the least and still tells the truth: stores value, time and sequence,
 * answers after the store's reply, grouped by loop turn. Checks nothing, serves one client, knows its
 * words by heart. null SOCKET SERVICE KEYWORDS */
#include "wire.h"

enum { RING = 65536, TO = 32, VALUE = 40 };

static struct pending {
	unsigned long long id, seq;
	unsigned length;
	char time[24], value[VALUE];
} ring[RING];
static unsigned first, last;
static struct keyword {
	unsigned long long seq;
	size_t length;
	char head[128]; /* of its HSET */
} * keywords;
static char to[TO];
static char now[24]; /* of this turn */
static unsigned now_length, channel_at;
static struct wire intake, commands;

static void
prepare(const char *service, long count)
{
	char text[96];

	keywords = calloc((size_t)count, sizeof *keywords);
	if (keywords == NULL)
		err(1, "memory");
	channel_at = (unsigned)sprintf(text, "credis:{%s}:K", service);
	wire_put(&intake, text, (size_t)sprintf(text, "*%ld\r\n", count + 2));
	wire_word(&intake, "SUBSCRIBE", 9);
	wire_word(&intake, text, (size_t)sprintf(text, "credis:{%s}:modify", service));
	for (long n = 0; n < count; n++) {
		wire_word(&intake, text,
		    (size_t)sprintf(text, "credis:{%s}:K%ld:modify", service, n));
		int length = sprintf(text, "credis:{%s}:K%ld", service, n);
		keywords[n].length = (size_t)sprintf(keywords[n].head,
		    "*8\r\n$4\r\nHSET\r\n$%d\r\n%s\r\n$5\r\nvalue\r\n$", length, text);
	}
	wire_flush(&intake);
}

/* A word's length, blank and text, without its first '$'. */
static char *
put_word(char *at, const char *bytes, size_t length)
{
	at = put(put_number(at, length), "\r\n", 2);
	return put(put(at, bytes, length), "\r\n", 2);
}

static void
store(struct keyword *keyword, unsigned long long id, const char *value, unsigned length)
{
	struct pending *pending = &ring[last++ % RING];
	char command[512], seq[24], *at = command;

	if (length > VALUE)
		errx(1, "a value of more than %d bytes", VALUE);
	pending->id = id;
	pending->seq = ++keyword->seq;
	pending->length = length;
	memcpy(pending->value, value, length);
	memcpy(pending->time, now, sizeof now);
	at = put(at, keyword->head, keyword->length);
	at = put_word(at, value, length);
	at = put(at, "$4\r\ntime\r\n$", 11);
	at = put_word(at, now, now_length);
	at = put(at, "$3\r\nseq\r\n$", 10);
	at = put_word(at, seq, (size_t)(put_number(seq, pending->seq) - seq));
	wire_put(&commands, command, (size_t)(at - command));
}

/* The load client's fields in the load client's order: @id, to, perhaps key, …, len. */
static void
take(const char *channel, const char *at, const char *end)
{
	while (at < end) {
		unsigned long long id = take_number(at + 4);
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *field = (const char *)memchr(at, ' ', (size_t)(end - at)) + 4;
		const char *keyword = channel + channel_at, *len = line;

		memcpy(to, field, TO);
		if (memcmp(field + TO, " key=K", 6) == 0)
			keyword = field + TO + 6;
		while (len[-1] != '=')
			len--;
		unsigned length = (unsigned)take_number(len);
		store(&keywords[take_number(keyword)], id, line + 1, length);
		at = line + 1 + length;
	}
}

static void
answer(unsigned count)
{
	static char payload[RING * 64 * 2];
	char channel[64], *at = payload;

	for (; count > 0; count--) {
		struct pending *done = &ring[first++ % RING];

		at = put(at, "@id=", 4);
		at = put(put_number(at, done->id), " is=done seq=", 13);
		at = put(put_number(at, done->seq), " time=", 6);
		at = put(put(at, done->time, now_length), " len=", 5);
		at = put(put_number(at, done->length), "\n", 1);
		at = put(at, done->value, done->length);
	}
	wire_put(&commands, "*3\r\n$7\r\nPUBLISH\r\n", 17);
	put(put(channel, "credis:answer:", 14), to, TO);
	wire_word(&commands, channel, 14 + TO);
	wire_word(&commands, payload, (size_t)(at - payload));
}

static void
hear_requests(void)
{
	struct word words[WIRE_WORDS];

	wire_fill(&intake);
	now_length = (unsigned)(put_time(now, now_ns(CLOCK_REALTIME) / 1000) - now);
	while (wire_next(&intake, words)) {
		if (words[0].length == 7) /* "message", not "subscribe" */
			take(words[1].at, words[2].at, words[2].at + words[2].length);
	}
}

/* HSET of fields that are there already says 0, or 3 the first time; PUBLISH to the one client 1. */
static void
hear_store(void)
{
	struct word words[WIRE_WORDS];
	unsigned stored = 0;

	wire_fill(&commands);
	while (wire_next(&commands, words))
		stored += words[0].number != 1;
	if (stored > 0)
		answer(stored);
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2];
	long count = argc == 4 ? atol(argv[3]) : 0;

	if (count < 1)
		errx(2, "usage: null SOCKET SERVICE KEYWORDS");
	intake = wire_open(argv[1]);
	commands = wire_open(argv[1]);
	prepare(argv[2], count);
	polled[0] = (struct pollfd){ intake.fd, POLLIN, 0 };
	polled[1] = (struct pollfd){ commands.fd, POLLIN, 0 };
	while (poll(polled, 2, -1) > 0) {
		if (polled[0].revents != 0)
			hear_requests();
		if (polled[1].revents != 0)
			hear_store();
		wire_flush(&commands);
	}
	err(1, "poll");
}
