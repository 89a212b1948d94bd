/* indi_load.c: a client of indiserver, by its abstract unix socket, as others.c drives it. What answers a request is
 * the value itself with state Ok, told to all. */
#include "indi.h"
#include "others.h"

#include <stddef.h>
#include <sys/socket.h>
#include <sys/un.h>

struct peer {
	struct indi indi;
	FILE *out;
	int fd, asks, ready;
};

static void
on_vector(void *arg, const struct indi_vector *vector)
{
	struct peer *peer = arg;

	if (strcmp(vector->tag, "defNumberVector") == 0)
		peer->ready = 1;
	else if (strcmp(vector->tag, "setNumberVector") == 0 && strcmp(vector->state, "Ok") == 0)
		(peer->asks ? others_answered : others_saw)(atol(vector->number));
}

void
peer_flush(struct peer *peer)
{
	if (fflush(peer->out) != 0)
		err(1, "write");
}

static void
on_readable(evutil_socket_t fd, short what, void *arg)
{
	struct peer *peer = arg;

	(void)what;
	if (!indi_read(&peer->indi, fd))
		errx(1, "indiserver closed the connection");
	peer_flush(peer);
}

static int
open_abstract(const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int length = snprintf(address.sun_path + 1, sizeof address.sun_path - 1, "%s", name);
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	if (connect(fd, (struct sockaddr *)&address,
		(socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)length)) != 0)
		err(1, "%s", name);
	return fd;
}

struct peer *
peer_open(struct event_base *base, const char *socket, int asks)
{
	struct peer *peer = others_new(sizeof *peer);

	peer->asks = asks;
	peer->fd = open_abstract(socket);
	peer->out = fdopen(peer->fd, "w");
	if (peer->out == NULL)
		err(1, "fdopen");
	indi_init(&peer->indi, on_vector, peer);
	fprintf(peer->out, "<getProperties version='1.7' device='bench'/>\n");
	peer_flush(peer);
	while (!peer->ready)
		on_readable(peer->fd, EV_READ, peer);
	others_listen(base, peer->fd, on_readable, peer);
	return peer;
}

void
peer_ask(struct peer *peer, long keyword, long value)
{
	fprintf(peer->out,
	    "<newNumberVector device='bench' name='K%ld'>"
	    "<oneNumber name='V'>%ld</oneNumber></newNumberVector>\n",
	    keyword, value);
}
