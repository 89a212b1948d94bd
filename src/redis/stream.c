/* stream.c: bytes to and from one server, over TCP, TLS or a unix socket.
 * Plain sockets are read and written directly: a bufferevent asks FIONREAD before each read and
 * writes so that SIGPIPE may come. TLS is libevent's bufferevent on a session of tls.c. */
#include "redis/stream.h"

#include "core/error.h"
#include "redis/resolve.h"
#include "redis/tls.h"

#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <event2/event.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum {
	READ_AT_ONCE = 64 * 1024,
	SECURE_AT_ONCE = 256 * 1024, /* bytes that TLS has not sent yet, at most */
};

struct stream {
	struct event_base *base;
	const struct url *url;
	const struct tls *tls;
	struct stream_events events;
	void *arg;
	const char *doing;

	struct resolve *resolve;
	struct addrinfo *addresses;
	struct addrinfo *first;   /* where the round through the addresses began */
	struct addrinfo *address; /* the one being tried */
	unsigned turn;

	int fd; /* -1: none; the bufferevent's once there is one */
	struct event *start;
	struct event *readable;
	struct event *writable;     /* while connecting, and while the kernel takes no more */
	struct bufferevent *secure; /* TLS only */
	bool waitable;              /* the socket is one that recv() waits for */
	int fault;                  /* errno of the last address, or of a write */
	bool reading;               /* its memory is needed until that ends */
	bool freed;
};

static void on_start(evutil_socket_t fd, short what, void *arg);
static void next_address(struct stream *stream);
static void on_connected(evutil_socket_t fd, short what, void *arg);
static void open_plain(struct stream *stream);
static void open_secure(struct stream *stream);

struct stream *
stream_open(struct event_base *base, const struct url *url, const struct tls *tls, unsigned turn,
    const struct stream_events *events, void *arg)
{
	struct stream *stream = calloc(1, sizeof *stream);

	if (stream == NULL)
		return NULL;
	stream->base = base;
	stream->url = url;
	stream->tls = tls;
	stream->turn = turn;
	stream->events = *events;
	stream->arg = arg;
	stream->fd = -1;
	stream->doing = "while connecting";
	stream->start = event_new(base, -1, 0, on_start, stream);
	if (stream->start == NULL) {
		free(stream);
		return NULL;
	}
	event_active(stream->start, EV_TIMEOUT, 0);
	return stream;
}

static void
free_event(struct event **event)
{
	if (*event != NULL)
		event_free(*event);
	*event = NULL;
}

static void
close_socket(struct stream *stream)
{
	free_event(&stream->readable);
	free_event(&stream->writable);
	if (stream->secure != NULL)
		bufferevent_free(stream->secure);
	else if (stream->fd >= 0)
		close(stream->fd);
	stream->secure = NULL;
	stream->fd = -1;
}

void
stream_free(struct stream *stream)
{
	if (stream == NULL)
		return;
	close_socket(stream);
	free_event(&stream->start);
	resolve_free(stream->resolve);
	if (stream->addresses != NULL)
		freeaddrinfo(stream->addresses);
	if (stream->reading)
		stream->freed = true;
	else
		free(stream);
}

const char *
stream_doing(const struct stream *stream)
{
	return stream->doing;
}

/* Nothing may touch the stream afterwards. */
static void
closed(struct stream *stream, const struct credis_error *why)
{
	stream->events.on_closed(stream->arg, why);
}

static void
closed_because(struct stream *stream, const char *why)
{
	struct credis_error err;

	error_set(&err, CREDIS_EUNREACHABLE, "%s", why);
	closed(stream, &err);
}

/* Connecting. */

/* Whoever waits without end learns within a minute that the server's host has gone. */
static void
set_up_tcp(int fd)
{
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &(int){ 30 }, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &(int){ 10 }, sizeof(int));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &(int){ 3 }, sizeof(int));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int));
}

static bool
try_address(struct stream *stream, int family, const struct sockaddr *address, socklen_t length)
{
	stream->fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (stream->fd < 0)
		goto failed;
	if (family != AF_UNIX)
		set_up_tcp(stream->fd);
	if (connect(stream->fd, address, length) != 0 && errno != EINPROGRESS)
		goto failed;
	stream->writable = event_new(stream->base, stream->fd, EV_WRITE, on_connected, stream);
	if (stream->writable == NULL || event_add(stream->writable, NULL) != 0)
		goto failed;
	return true;
failed:
	stream->fault = errno != 0 ? errno : ENOMEM;
	close_socket(stream);
	return false;
}

static void
connect_unix(struct stream *stream)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	if (strlen(stream->url->path) >= sizeof address.sun_path) {
		closed_because(stream, "the path of a unix socket has at most 107 bytes");
		return;
	}
	strcpy(address.sun_path, stream->url->path);
	if (!try_address(stream, AF_UNIX, (struct sockaddr *)&address, sizeof address))
		closed_because(stream, strerror(stream->fault));
}

/* Each try of the link begins with another address, so that one which swallows everything
 * cannot stand in the way for ever. */
static void
on_resolved(void *arg, struct addrinfo *addresses, const char *fault)
{
	struct stream *stream = arg;
	unsigned count = 0;

	if (addresses == NULL) {
		closed_because(stream, fault);
		return;
	}
	stream->addresses = addresses;
	for (struct addrinfo *address = addresses; address != NULL; address = address->ai_next)
		count++;
	stream->first = addresses;
	for (unsigned n = stream->turn % count; n > 0; n--)
		stream->first = stream->first->ai_next;
	stream->doing = "while connecting";
	next_address(stream);
}

/* Tries what is left of the round. */
static void
next_address(struct stream *stream)
{
	do {
		if (stream->address == NULL)
			stream->address = stream->first;
		else if (stream->address->ai_next != NULL)
			stream->address = stream->address->ai_next;
		else
			stream->address = stream->addresses;
		if (stream->fault != 0 && stream->address == stream->first) {
			closed_because(stream, strerror(stream->fault));
			return;
		}
	} while (!try_address(stream, stream->address->ai_family, stream->address->ai_addr,
	    stream->address->ai_addrlen));
}

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd, (void)what;
	if (stream->url->path != NULL) {
		connect_unix(stream);
		return;
	}
	stream->doing = "while looking up the host's address";
	stream->resolve =
	    resolve_new(stream->base, stream->url->host, stream->url->port, on_resolved, stream);
	if (stream->resolve == NULL)
		closed_because(stream, "no thread can be had to look up the host's address");
}

static void
on_connected(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;
	socklen_t length = sizeof stream->fault;

	(void)what;
	if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &stream->fault, &length) != 0)
		stream->fault = errno;
	if (stream->fault == 0) {
		free_event(&stream->writable);
		if (stream->tls != NULL)
			open_secure(stream);
		else
			open_plain(stream);
		return;
	}
	close_socket(stream);
	if (stream->addresses != NULL)
		next_address(stream);
	else
		closed_because(stream, strerror(stream->fault));
}

/* A plain socket. */

static bool
is_nothing_yet(const struct stream *stream, ssize_t got)
{
	return got < 0 &&
	    (errno == EINTR || ((errno == EAGAIN || errno == EWOULDBLOCK) && stream->fault == 0));
}

/* What the server said before it closed is read before the failed write is believed. */
static void
plain_failed(struct stream *stream, ssize_t got)
{
	int fault = stream->fault != 0 || got == 0 ? stream->fault : errno;

	if (fault == 0 || fault == EPIPE)
		closed_because(stream, "the server closed the connection");
	else
		closed_because(stream, strerror(fault));
}

static bool
take_plain(struct stream *stream, int flags)
{
	char bytes[READ_AT_ONCE];
	ssize_t got = recv(stream->fd, bytes, sizeof bytes, flags);

	if (is_nothing_yet(stream, got))
		return false;
	if (got > 0)
		stream->events.on_bytes(stream->arg, bytes, (size_t)got);
	else
		plain_failed(stream, got);
	return true;
}

static void
on_plain_readable(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	take_plain(arg, MSG_DONTWAIT);
}

/* Every other use of the socket says that it does not wait. */
static bool
make_waitable(struct stream *stream)
{
	const struct timeval limit = { .tv_usec = STREAM_WAIT_MS * 1000 };

	if (!stream->waitable)
		stream->waitable =
		    setsockopt(stream->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) == 0 &&
		    fcntl(stream->fd, F_SETFL, 0) == 0;
	return stream->waitable;
}

bool
stream_wait(struct stream *stream)
{
	return stream->readable != NULL && make_waitable(stream) && take_plain(stream, 0);
}

static void
on_plain_writable(evutil_socket_t fd, short what, void *arg)
{
	struct stream *stream = arg;

	(void)fd, (void)what;
	stream->events.on_writable(stream->arg);
}

static void
open_plain(struct stream *stream)
{
	stream->readable =
	    event_new(stream->base, stream->fd, EV_READ | EV_PERSIST, on_plain_readable, stream);
	stream->writable = event_new(stream->base, stream->fd, EV_WRITE, on_plain_writable, stream);
	if (stream->readable == NULL || stream->writable == NULL ||
	    event_add(stream->readable, NULL) != 0) {
		closed_because(stream, strerror(ENOMEM));
		return;
	}
	stream->events.on_open(stream->arg);
}

static size_t
write_plain(struct stream *stream, const char *bytes, size_t length)
{
	ssize_t sent = send(stream->fd, bytes, length, MSG_NOSIGNAL | MSG_DONTWAIT);

	if (sent == (ssize_t)length)
		return length;
	if (sent < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
		stream->fault = errno;
		event_active(stream->readable, EV_READ, 0);
		return 0;
	}
	event_add(stream->writable, NULL);
	return sent > 0 ? (size_t)sent : 0;
}

/* TLS. */

static void
on_secure_readable(struct bufferevent *secure, void *arg)
{
	struct stream *stream = arg;
	struct evbuffer *input = bufferevent_get_input(secure);
	char bytes[READ_AT_ONCE];
	int got;

	stream->reading = true;
	while (!stream->freed && (got = evbuffer_remove(input, bytes, sizeof bytes)) > 0)
		stream->events.on_bytes(stream->arg, bytes, (size_t)got);
	stream->reading = false;
	if (stream->freed)
		free(stream);
}

static void
on_secure_drained(struct bufferevent *secure, void *arg)
{
	struct stream *stream = arg;

	(void)secure;
	stream->events.on_writable(stream->arg);
}

/* OpenSSL's first error is the cause; libevent gives the last first, with SSL_ERROR_… among them. */
static void
secure_failed(struct stream *stream)
{
	unsigned long code, first = 0;
	struct credis_error err;

	while ((code = bufferevent_get_openssl_error(stream->secure)) != 0) {
		if (ERR_GET_LIB(code) >= ERR_LIB_SYS)
			first = code;
	}
	tls_explain(bufferevent_openssl_get_ssl(stream->secure), stream->url->host, first, &err);
	closed(stream, &err);
}

static void
on_secure_event(struct bufferevent *secure, short what, void *arg)
{
	struct stream *stream = arg;

	(void)secure;
	if (what & BEV_EVENT_CONNECTED)
		stream->events.on_open(stream->arg);
	else if (what & BEV_EVENT_EOF)
		closed_because(stream, "the server closed the connection");
	else
		secure_failed(stream);
}

static void
open_secure(struct stream *stream)
{
	SSL *session = tls_session_new(stream->tls, stream->fd, stream->url->host);

	stream->doing = "while agreeing on TLS (does the server speak it on this port?)";
	if (session != NULL)
		stream->secure = bufferevent_openssl_socket_new(stream->base, stream->fd, session,
		    BUFFEREVENT_SSL_CONNECTING, BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
	if (stream->secure == NULL) {
		SSL_free(session);
		closed_because(stream, strerror(ENOMEM));
		return;
	}
	bufferevent_setcb(stream->secure, on_secure_readable, on_secure_drained, on_secure_event,
	    stream);
	bufferevent_enable(stream->secure, EV_READ | EV_WRITE);
}

static size_t
write_secure(struct stream *stream, const char *bytes, size_t length)
{
	size_t waiting = evbuffer_get_length(bufferevent_get_output(stream->secure));

	if (length > SECURE_AT_ONCE - waiting)
		length = SECURE_AT_ONCE - waiting;
	return bufferevent_write(stream->secure, bytes, length) == 0 ? length : 0;
}

size_t
stream_write(struct stream *stream, const char *bytes, size_t length)
{
	return stream->secure != NULL ? write_secure(stream, bytes, length)
				      : write_plain(stream, bytes, length);
}

/* TLS says its farewell in bytes of its own. */
bool
stream_is_quiet(const struct stream *stream)
{
	char byte;

	return stream->fd >= 0 && recv(stream->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
	    (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR);
}
