/* load.c: keeps W acknowledged MODIFYs in flight and times each; speaks the wire itself, so that what is
 * measured is the dispatcher. Prints one line: requests/s, p50, p99, p99.9 in µs.
 * load SOCKET SERVICE KEYWORDS W COUNT [batch] */
#include "wire.h"

static char to[33]; /* another for each run: ids begin anew */
static const char *service;
static long keywords, width, total, asked, done;
static long long *began, *took;
static struct wire answers, commands;
static char sent[80];
static int batch;

static size_t
write_request(char *at, int keyed)
{
	char value[24], key[32] = "";
	int length = sprintf(value, "%ld", asked % 1000);

	if (keyed)
		sprintf(key, " key=K%ld", asked % keywords);
	began[asked] = now_ns(CLOCK_MONOTONIC);
	return (size_t)sprintf(at, "@id=%ld to=%s%s%s from=bench len=%d\n%s", ++asked, to, sent,
	    key, length, value);
}

static void
publish(const char *channel, const char *payload, size_t length)
{
	wire_put(&commands, "*3\r\n$7\r\nPUBLISH\r\n", 17);
	wire_word(&commands, channel, strlen(channel));
	wire_word(&commands, payload, length);
}

static void
ask(long count)
{
	static char payload[1 << 20];
	long long now_us = now_ns(CLOCK_REALTIME) / 1000;
	char channel[64];
	size_t length = 0;

	sprintf(sent, " sent=%lld.%06lld expires=%lld.%06lld", now_us / 1000000, now_us % 1000000,
	    now_us / 1000000 + 30, now_us % 1000000);
	if (count > total - asked)
		count = total - asked;
	for (; count > 0; count--) {
		if (batch) {
			length += write_request(payload + length, 1);
			continue;
		}
		sprintf(channel, "credis:{%s}:K%ld:modify", service, asked % keywords);
		publish(channel, payload, write_request(payload, 0));
	}
	sprintf(channel, "credis:{%s}:modify", service);
	if (length > 0)
		publish(channel, payload, length);
	wire_flush(&commands);
}

static long
take(const char *at, const char *end)
{
	long long now = now_ns(CLOCK_MONOTONIC);
	long count = 0;

	while (at < end) {
		long id = strtol(at + 4, NULL, 10);
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *len = memmem(at, (size_t)(line - at), " len=", 5);

		if (memmem(at, (size_t)(line - at), " is=accepted", 12) == NULL) {
			if (memmem(at, (size_t)(line - at), " is=done", 8) == NULL)
				errx(1, "%.*s", (int)(end - at), at);
			took[id - 1] = now - began[id - 1];
			count++;
		}
		at = line + 1 + atoi(len + 5);
	}
	return count;
}

static void
hear(void)
{
	redisReply *push;
	long count = 0;

	wire_fill(&answers);
	for (; (push = wire_next(&answers)) != NULL; freeReplyObject(push)) {
		if (strcmp(push->element[0]->str, "message") == 0)
			count += take(push->element[2]->str,
			    push->element[2]->str + push->element[2]->len);
		else
			count += width; /* subscribed: begin */
	}
	done += count - (asked == 0 ? width : 0);
	ask(count);
}

static void
drain(void)
{
	redisReply *reply;

	wire_fill(&commands);
	for (; (reply = wire_next(&commands)) != NULL; freeReplyObject(reply)) {
		if (reply->integer < 1)
			errx(1, "nobody serves %s", service);
	}
}

static int
compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2];
	long long start;

	if (argc < 6)
		errx(2, "usage: load SOCKET SERVICE KEYWORDS W COUNT [batch]");
	service = argv[2];
	keywords = atol(argv[3]);
	width = atol(argv[4]);
	total = atol(argv[5]);
	batch = argc > 6;
	sprintf(to, "%016llx%016llx", (unsigned long long)getpid(),
	    (unsigned long long)now_ns(CLOCK_REALTIME));
	began = calloc((size_t)total, sizeof *began);
	took = calloc((size_t)total, sizeof *took);
	answers = wire_open(argv[1]);
	commands = wire_open(argv[1]);
	wire_put(&answers, "*2\r\n$9\r\nSUBSCRIBE\r\n", 19);
	char channel[64];
	wire_word(&answers, channel, (size_t)sprintf(channel, "credis:answer:%s", to));
	wire_flush(&answers);
	polled[0] = (struct pollfd){ answers.fd, POLLIN, 0 };
	polled[1] = (struct pollfd){ commands.fd, POLLIN, 0 };
	start = now_ns(CLOCK_MONOTONIC);
	while (done < total) {
		if (poll(polled, 2, 10000) <= 0)
			errx(1, "%ld of %ld answered, then none for 10 s", done, total);
		if (polled[0].revents != 0)
			hear();
		if (polled[1].revents != 0)
			drain();
	}
	double seconds = (double)(now_ns(CLOCK_MONOTONIC) - start) / 1e9;
	qsort(took, (size_t)total, sizeof *took, compare);
	printf("%.0f %.1f %.1f %.1f\n", (double)total / seconds, (double)took[total / 2] / 1e3,
	    (double)took[total * 99 / 100] / 1e3, (double)took[total * 999 / 1000] / 1e3);
}
