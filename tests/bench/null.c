/* null.c: a dispatcher that does the least and still tells the truth: stores value, time and sequence,
 * answers after the store's reply, grouped by loop turn. Checks nothing, serves one client. Stands on
 * hiredis' stock replies, an allocation each, which a leaner reader beats.
 * null SOCKET SERVICE KEYWORDS */
#include "wire.h"

enum { RING = 65536 };

static struct pending {
	long long id, time_us;
	unsigned long long seq;
	int length;
	char value[64];
} ring[RING];
static unsigned first, last;
static unsigned long long *seqs;
static char to[33];
static const char *service;
static struct wire intake, commands;

static void
subscribe(long keywords)
{
	char text[96];

	wire_put(&intake, text, (size_t)sprintf(text, "*%ld\r\n", keywords + 2));
	wire_word(&intake, "SUBSCRIBE", 9);
	wire_word(&intake, text, (size_t)sprintf(text, "credis:{%s}:modify", service));
	for (long n = 0; n < keywords; n++)
		wire_word(&intake, text,
		    (size_t)sprintf(text, "credis:{%s}:K%ld:modify", service, n));
	wire_flush(&intake);
}

static void
store(long keyword, long long id, const char *value, int length)
{
	struct pending *pending = &ring[last++ % RING];
	char key[64], time[32], seq[24];
	int key_length = sprintf(key, "credis:{%s}:K%ld", service, keyword);

	*pending = (struct pending){ .id = id,
		.length = length,
		.seq = ++seqs[keyword],
		.time_us = now_ns(CLOCK_REALTIME) / 1000 };
	memcpy(pending->value, value, (size_t)length);
	wire_put(&commands, "*8\r\n$4\r\nHSET\r\n", 14);
	wire_word(&commands, key, (size_t)key_length);
	wire_put(&commands, "$5\r\nvalue\r\n", 11);
	wire_word(&commands, value, (size_t)length);
	wire_put(&commands, "$4\r\ntime\r\n", 10);
	wire_word(&commands, time,
	    (size_t)sprintf(time, "%lld.%06lld", pending->time_us / 1000000,
		pending->time_us % 1000000));
	wire_put(&commands, "$3\r\nseq\r\n", 9);
	wire_word(&commands, seq, (size_t)sprintf(seq, "%llu", pending->seq));
}

/* The load client's fields in the load client's order: id, to, …, key, …, len. */
static void
take(const char *channel, const char *at, const char *end)
{
	while (at < end) {
		long long id = strtoll(at + 4, NULL, 10);
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *key = memmem(at, (size_t)(line - at), " key=K", 6);
		const char *dot = strstr(channel, "}:K");
		const char *len = memmem(at, (size_t)(line - at), " len=", 5);
		int length = atoi(len + 5);

		memcpy(to, (const char *)memmem(at, (size_t)(line - at), " to=", 4) + 4, 32);
		store(strtol(key != NULL ? key + 6 : dot + 3, NULL, 10), id, line + 1, length);
		at = line + 1 + length;
	}
}

static void
answer(unsigned count)
{
	static char payload[RING * 16];
	char channel[64];
	size_t length = 0;

	for (; count > 0; count--) {
		struct pending *done = &ring[first++ % RING];

		length += (size_t)sprintf(payload + length,
		    "@id=%lld is=done seq=%llu time=%lld.%06lld len=%d\n%.*s", done->id, done->seq,
		    done->time_us / 1000000, done->time_us % 1000000, done->length, done->length,
		    done->value);
	}
	wire_put(&commands, "*3\r\n$7\r\nPUBLISH\r\n", 17);
	wire_word(&commands, channel, (size_t)sprintf(channel, "credis:answer:%s", to));
	wire_word(&commands, payload, length);
}

static void
hear_requests(void)
{
	redisReply *push;

	wire_fill(&intake);
	for (; (push = wire_next(&intake)) != NULL; freeReplyObject(push)) {
		if (strcmp(push->element[0]->str, "message") == 0)
			take(push->element[1]->str, push->element[2]->str,
			    push->element[2]->str + push->element[2]->len);
	}
}

/* HSET of fields that are there already says 0, PUBLISH to the one client 1. */
static void
hear_store(void)
{
	unsigned stored = 0;
	redisReply *reply;

	wire_fill(&commands);
	for (; (reply = wire_next(&commands)) != NULL; freeReplyObject(reply))
		stored += reply->integer != 1;
	if (stored > 0)
		answer(stored);
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2];
	long keywords = argc == 4 ? atol(argv[3]) : 0;

	if (keywords < 1)
		errx(2, "usage: null SOCKET SERVICE KEYWORDS");
	service = argv[2];
	seqs = calloc((size_t)keywords, sizeof *seqs);
	intake = wire_open(argv[1]);
	commands = wire_open(argv[1]);
	subscribe(keywords);
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
