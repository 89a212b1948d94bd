/* credis_load.c: a client of credisd by libcredis, as others.c drives it. Only asks: watch.c has its monitors. */
#include "others.h"

#include <credis/client.h>

#include <assert.h>
#include <err.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

enum { VALUES = 1000, TEXT = 64 };

struct peer {
	struct credis_client *client;
};

struct peer *
peer_open(struct event_base *base, const char *socket, int asks)
{
	struct peer *peer = others_new(sizeof *peer);
	struct credis_error why;
	char url[160];

	assert(asks);
	snprintf(url, sizeof url, "unix://%s", socket);
	peer->client = credis_client_new(base, url, &why);
	if (peer->client == NULL)
		errx(1, "%s", why.text);
	return peer;
}

static void
on_answer(void *arg, size_t n, enum credis_progress progress, const struct credis_error *why,
    const struct credis_reading *reading)
{
	(void)n, (void)reading;
	if (progress != CREDIS_FINAL)
		return;
	if (why->code != CREDIS_OK)
		errx(1, "%s", why->text);
	others_answered((intptr_t)arg);
}

void
peer_ask(struct peer *peer, long keyword, long value)
{
	char name[TEXT], text[TEXT];
	struct credis_modify write = { .keyword = name, .text = text };
	struct credis_error why;

	snprintf(name, sizeof name, "bench.K%ld", keyword);
	/* The keywords have a range, that is checked. */
	write.length = (size_t)snprintf(text, sizeof text, "%ld", value % VALUES);
	if (credis_client_modify(peer->client, &write, 1, false, on_answer, (void *)(intptr_t)value,
		&why) == 0)
		errx(1, "%s", why.text);
}

/* The library does, once a turn of the loop. */
void
peer_flush(struct peer *peer)
{
	(void)peer;
}
