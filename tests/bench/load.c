/* load.c: keeps W acknowledged MODIFYs in flight and times each; speaks the wire itself, so that what is
 * measured is the dispatcher. Prints one line: requests/s, p50, p99, p99.9 in µs.
 * load SOCKET SERVICE KEYWORDS W COUNT [batch] */
#include "wire.h"

static char to[33]; /* another for each run: ids begin anew */
static const char *service;
static char prefix[48]; /* of the channels of keywords */
static size_t prefix_length;
static long keywords, width, total, asked, done;
static long long *began, *took;
static struct wire answers, commands;
static char
    sent[96]; /* the fields that are the same in all of a turn, the name of the last with them */
static size_t sent_length;
static int batch;

static size_t
write_request(char *start, int keyed)
{
	char value[24], *end = put_number(value, (unsigned long long)(asked % 1000)), *at = start;

	began[asked] = now_ns(CLOCK_MONOTONIC);
	at = put_number(put(at, "@id=", 4), (unsigned long long)asked + 1);
	at = put(put(at, " to=", 4), to, sizeof to - 1);
	if (keyed)
		at = put_number(put(at, " key=K", 6), (unsigned long long)(asked % keywords));
	at = put(at, sent, sent_length);
	at = put(put_number(at, (unsigned long long)(end - value)), "\n", 1);
	asked++;
	return (size_t)(put(at, value, (size_t)(end - value)) - start);
}

static void
publish(const char *channel, size_t channel_length, const char *payload, size_t length)
{
	wire_put(&commands, "*3\r\n$7\r\nPUBLISH\r\n", 17);
	wire_word(&commands, channel, channel_length);
	wire_word(&commands, payload, length);
}

static void
ask(long count)
{
	static char payload[1 << 20];
	long long now_us = now_ns(CLOCK_REALTIME) / 1000;
	char channel[64];
	size_t length = 0;

	sent_length = (size_t)sprintf(sent,
	    " sent=%lld.%06lld expires=%lld.%06lld from=bench len=", now_us / 1000000,
	    now_us % 1000000, now_us / 1000000 + 30, now_us % 1000000);
	if (count > total - asked)
		count = total - asked;
	for (; count > 0; count--) {
		if (batch) {
			length += write_request(payload + length, 1);
			continue;
		}
		char *at = put(channel, prefix, prefix_length);
		at = put(put_number(at, (unsigned long long)(asked % keywords)), ":modify", 7);
		publish(channel, (size_t)(at - channel), payload, write_request(payload, 0));
	}
	if (length > 0) {
		char *at = put(channel, prefix, prefix_length - 1); /* without its K */
		publish(channel, (size_t)(put(at, "modify", 6) - channel), payload, length);
	}
	wire_flush(&commands);
}

static long
take(const char *at, const char *end)
{
	long long now = now_ns(CLOCK_MONOTONIC);
	long count = 0;

	while (at < end) {
		long id = (long)take_number(at + 4);
		const char *line = memchr(at, '\n', (size_t)(end - at));
		const char *is = (const char *)memchr(at, ' ', (size_t)(end - at)) + 1;
		const char *len = line;

		while (len[-1] != '=')
			len--;
		if (memcmp(is, "is=accepted", 11) != 0) {
			if (memcmp(is, "is=done", 7) != 0)
				errx(1, "%.*s", (int)(end - at), at);
			took[id - 1] = now - began[id - 1];
			count++;
		}
		at = line + 1 + take_number(len);
	}
	return count;
}

static void
hear(void)
{
	struct word words[WIRE_WORDS];
	long count = 0;

	wire_fill(&answers);
	while (wire_next(&answers, words)) {
		if (words[0].length == 7) /* "message", not "subscribe" */
			count += take(words[2].at, words[2].at + words[2].length);
		else
			count += width; /* subscribed: begin */
	}
	done += count - (asked == 0 ? width : 0);
	ask(count);
}

static void
drain(void)
{
	struct word words[WIRE_WORDS];

	wire_fill(&commands);
	while (wire_next(&commands, words)) {
		if (words[0].number < 1)
			errx(1, "nobody serves %s", service);
	}
}

int
main(int argc, char **argv)
{
	struct pollfd polled[2];
	long long start;

	if (argc < 6)
		errx(2, "usage: load SOCKET SERVICE KEYWORDS W COUNT [batch]");
	service = argv[2];
	prefix_length = (size_t)snprintf(prefix, sizeof prefix, "credis:{%s}:K", service);
	if (prefix_length >= sizeof prefix)
		errx(2, "%s: a name of more than 36 bytes", service);
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
	qsort(took, (size_t)total, sizeof *took, by_size);
	printf("%.0f %.1f %.1f %.1f\n", (double)total / seconds, (double)took[total / 2] / 1e3,
	    (double)took[total * 99 / 100] / 1e3, (double)took[total * 999 / 1000] / 1e3);
}
