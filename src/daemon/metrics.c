/* metrics.c: answers GET /metrics, one request a connection, within bounds of its own: so many connections,
 * so many bytes, so much time. evhttp has none of the three. */
#include "metrics.h"

#include "journal.h"
#include "memory.h"
#include "refuse.h"

#include <credis/version.h>

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/event.h>
#include <event2/listener.h>

#include <errno.h>
#include <netdb.h>
#include <stdio.h>
#include <string.h>

enum {
	CONNECTIONS_MAX = 16, /* others wait in the listener's queue */
	REQUEST_MAX = 8192,   /* bytes of a request */
	PATIENCE_S = 5,       /* for a connection, from accept to close */
	PAUSE_S = 1,          /* when no descriptor is left */
};

struct metrics {
	struct event_base *base;
	struct evconnlistener *listener;
	struct event *pause;
	struct connection *connections;
	size_t count;
	struct metrics_sources sources;
};

struct connection {
	struct metrics *metrics;
	struct bufferevent *stream;
	struct event *deadline;
	struct connection *next;
	bool answered;
};

/* Splits "HOST:PORT" and resolves it; to freeaddrinfo(). NULL when it is no numeric address. */
static struct addrinfo *
resolve(const char *address)
{
	const struct addrinfo hints = { .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
		.ai_socktype = SOCK_STREAM };
	const char *colon = strrchr(address, ':');
	size_t length = colon != NULL ? (size_t)(colon - address) : 0;
	struct addrinfo *found = NULL;
	char host[64];

	if (length > 1 && address[0] == '[' && colon[-1] == ']')
		address++, length -= 2;
	else if (memchr(address, ':', length) != NULL)
		return NULL;
	if (length == 0 || length >= sizeof host || colon[1] == '\0')
		return NULL;
	snprintf(host, sizeof host, "%.*s", (int)length, address);
	if (strspn(colon + 1, "0123456789") != strlen(colon + 1) || atol(colon + 1) > 65535)
		return NULL;
	return getaddrinfo(host, colon + 1, &hints, &found) == 0 ? found : NULL;
}

bool
metrics_address_check(const char *address)
{
	struct addrinfo *found = resolve(address);

	if (found == NULL)
		return false;
	freeaddrinfo(found);
	return true;
}

static void
close_connection(struct connection *connection)
{
	struct metrics *metrics = connection->metrics;

	for (struct connection **at = &metrics->connections; *at != NULL; at = &(*at)->next) {
		if (*at == connection) {
			*at = connection->next;
			break;
		}
	}
	bufferevent_free(connection->stream);
	event_free(connection->deadline);
	free(connection);
	if (metrics->count-- == CONNECTIONS_MAX)
		evconnlistener_enable(metrics->listener);
}

static void
put_metric(struct evbuffer *page, const struct credis_metric *metric)
{
	evbuffer_add_printf(page, "# HELP credis_%s %s\n# TYPE credis_%s %s\ncredis_%s %.17g\n",
	    metric->name, metric->help, metric->name, metric->counter ? "counter" : "gauge",
	    metric->name, metric->value);
}

static void
put_page(const struct metrics *metrics, struct evbuffer *page)
{
	const struct metrics_daemon *daemon = metrics->sources.daemon;
	struct drivers_figures drivers;
	drivers_count(metrics->sources.drivers, &drivers);
	const struct credis_metric own[] = {
		{ "reloads_total", "Configurations taken at a reload.", true,
		    (double)daemon->reloads },
		{ "reloads_refused_total", "Configurations refused at a reload.", true,
		    (double)daemon->refused_reloads },
		{ "store_starts_total", "Times the embedded store was found up.", true,
		    (double)daemon->store_starts },
		{ "drivers_running", "Drivers that run.", false, (double)drivers.running },
		{ "driver_starts_total", "Times a driver was started.", true,
		    (double)drivers.starts },
		{ "driver_lines_total", "Lines that drivers said.", true, (double)drivers.lines },
		{ "driver_garbage_total", "Lines of them that nothing could become of.", true,
		    (double)drivers.garbage },
		{ "commands_total", "Commands run to read or write a keyword.", true,
		    (double)commands_run(metrics->sources.commands) },
		{ "commands_failed_total", "Commands that failed, or took too long.", true,
		    (double)commands_failed(metrics->sources.commands) },
	};
	struct credis_metric metric;

	evbuffer_add_printf(page,
	    "# HELP credis_build_info The version that runs.\n"
	    "# TYPE credis_build_info gauge\ncredis_build_info{version=\"%s\"} 1\n",
	    credis_version());
	for (size_t i = 0; i < sizeof own / sizeof *own; i++)
		put_metric(page, &own[i]);
	for (size_t row = 0; credis_dispatcher_metric(metrics->sources.dispatcher, row, &metric);
	     row++)
		put_metric(page, &metric);
}

static void
answer(struct connection *connection, const char *status, const char *more, bool with_page,
    bool with_body)
{
	struct evbuffer *page = must(evbuffer_new()),
			*output = bufferevent_get_output(connection->stream);

	if (with_page)
		put_page(connection->metrics, page);
	else
		evbuffer_add_printf(page, "%s\n", status);
	evbuffer_add_printf(output,
	    "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n%s\r\n",
	    status, evbuffer_get_length(page), more);
	if (with_body)
		evbuffer_add_buffer(output, page);
	evbuffer_free(page);
	connection->answered = true;
}

static void
take_request(struct connection *connection, const char *line)
{
	char method[16] = "", path[256] = "", version[16] = "";

	if (sscanf(line, "%15s %255s %15s", method, path, version) != 3 ||
	    strncmp(version, "HTTP/1.", strlen("HTTP/1.")) != 0)
		answer(connection, "400 Bad Request", "", false, true);
	else if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
		answer(connection, "405 Method Not Allowed", "Allow: GET, HEAD\r\n", false, true);
	else if (strcspn(path, "?") != strlen("/metrics") ||
	    strncmp(path, "/metrics", strlen("/metrics")) != 0)
		answer(connection, "404 Not Found", "", false, strcmp(method, "GET") == 0);
	else
		answer(connection, "200 OK", "", true, strcmp(method, "GET") == 0);
}

static void
on_read(struct bufferevent *stream, void *arg)
{
	struct evbuffer *input = bufferevent_get_input(stream);
	struct connection *connection = arg;
	char *line;

	if (connection->answered) {
		evbuffer_drain(input, evbuffer_get_length(input));
		return;
	}
	/* The whole head first: a client may be upset when it is answered before it has asked. */
	if (evbuffer_search(input, "\r\n\r\n", 4, NULL).pos == -1) {
		if (evbuffer_get_length(input) >= REQUEST_MAX)
			answer(connection, "431 Request Header Fields Too Large", "", false, true);
		return;
	}
	line = must(evbuffer_readln(input, NULL, EVBUFFER_EOL_CRLF_STRICT));
	take_request(connection, line);
	free(line);
}

/* The client closes, for closing with bytes unread would take the answer away from it. */
static void
on_written(struct bufferevent *stream, void *arg)
{
	const struct connection *connection = arg;

	if (connection->answered)
		shutdown(bufferevent_getfd(stream), SHUT_WR);
}

static void
on_end(struct bufferevent *stream, short what, void *arg)
{
	(void)stream;
	(void)what;
	close_connection(arg);
}

static void
on_deadline(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	close_connection(arg);
}

static void
on_accept(struct evconnlistener *listener, evutil_socket_t fd, struct sockaddr *from, int length,
    void *arg)
{
	const struct timeval patience = { .tv_sec = PATIENCE_S };
	struct metrics *metrics = arg;
	struct connection *connection = must(calloc(1, sizeof *connection));

	(void)from;
	(void)length;
	connection->metrics = metrics;
	connection->stream = must(bufferevent_socket_new(metrics->base, fd, BEV_OPT_CLOSE_ON_FREE));
	connection->deadline = must(evtimer_new(metrics->base, on_deadline, connection));
	evtimer_add(connection->deadline, &patience);
	bufferevent_setcb(connection->stream, on_read, on_written, on_end, connection);
	bufferevent_setwatermark(connection->stream, EV_READ, 0, REQUEST_MAX);
	bufferevent_enable(connection->stream, EV_READ);
	connection->next = metrics->connections;
	metrics->connections = connection;
	if (++metrics->count == CONNECTIONS_MAX)
		evconnlistener_disable(listener);
}

static void
on_pause_over(evutil_socket_t fd, short what, void *arg)
{
	struct metrics *metrics = arg;

	(void)fd;
	(void)what;
	if (metrics->count < CONNECTIONS_MAX)
		evconnlistener_enable(metrics->listener);
}

/* No descriptor left, most likely: the connection stays in the queue, and would call us again at once. */
static void
on_accept_failed(struct evconnlistener *listener, void *arg)
{
	const struct timeval pause = { .tv_sec = PAUSE_S };
	struct metrics *metrics = arg;

	journal_event(CREDIS_LOG_WARNING, "-metrics", "accept: %s; again in %d s", strerror(errno),
	    PAUSE_S);
	evconnlistener_disable(listener);
	evtimer_add(metrics->pause, &pause);
}

/* The port may have been 0. */
static void
tell_where(const struct metrics *metrics)
{
	struct sockaddr_storage bound;
	socklen_t length = sizeof bound;
	char host[64], port[16];

	if (getsockname(evconnlistener_get_fd(metrics->listener), (struct sockaddr *)&bound,
		&length) == 0 &&
	    getnameinfo((struct sockaddr *)&bound, length, host, sizeof host, port, sizeof port,
		NI_NUMERICHOST | NI_NUMERICSERV) == 0)
		journal_event(CREDIS_LOG_INFO, "+metrics",
		    strchr(host, ':') != NULL ? "http://[%s]:%s/metrics" : "http://%s:%s/metrics",
		    host, port);
}

struct metrics *
metrics_new(struct event_base *base, const char *address, const struct metrics_sources *sources,
    struct credis_error *err)
{
	struct metrics *metrics = must(calloc(1, sizeof *metrics));
	struct addrinfo *found = resolve(address);

	*metrics = (struct metrics){ .base = base, .sources = *sources };
	metrics->pause = must(evtimer_new(base, on_pause_over, metrics));
	if (found != NULL)
		metrics->listener = evconnlistener_new_bind(base, on_accept, metrics,
		    LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC | LEV_OPT_REUSEABLE,
		    CONNECTIONS_MAX, found->ai_addr, (int)found->ai_addrlen);
	if (metrics->listener == NULL) {
		refuse(err, "metrics.listen: %.64s: %s", address, strerror(errno));
		metrics_free(metrics);
		metrics = NULL;
	} else {
		evconnlistener_set_error_cb(metrics->listener, on_accept_failed);
		tell_where(metrics);
	}
	if (found != NULL)
		freeaddrinfo(found);
	return metrics;
}

void
metrics_free(struct metrics *metrics)
{
	if (metrics == NULL)
		return;
	while (metrics->connections != NULL)
		close_connection(metrics->connections);
	if (metrics->listener != NULL)
		evconnlistener_free(metrics->listener);
	event_free(metrics->pause);
	free(metrics);
}
