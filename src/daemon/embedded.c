/* embedded.c: starts redis-server, starts it again when it ends, tells when it can be used.
 * The lock on its directory is its standard input, so that the directory is free only when the
 * server is gone, even if credisd was killed. */
#include "embedded.h"

#include "child.h"
#include "clock.h"
#include "directory.h"
#include "journal.h"
#include "memory.h"
#include "refuse.h"

#include <event2/buffer.h>
#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
	PROBE_MS = 10,          /* between looks at whether it accepts connections */
	RESTART_MS = 100,       /* before it is started again; doubles … */
	RESTART_MAX_MS = 10000, /* … up to this … */
	SETTLED_MS = 10000,     /* … until it ran for so long */
	LAST_MS = 1000,         /* before its end: what it says then may be why */
	STOP_MS = 5000,         /* for it to save and end, before it is killed */
	WORDS_MAX = 4096,       /* bytes of a line it says */
};

enum stage { RUNNING, WAITING, STOPPING, STOPPED };

struct embedded {
	struct event_base *base;
	char *directory;
	char *socket;
	embedded_cb *cb;
	void *arg;
	int lock;
	pid_t pid; /* 0 while it does not run */
	enum stage stage;
	bool up;
	int64_t started_ms;     /* monotonic */
	int64_t backoff_ms;     /* 0 while nothing went wrong */
	struct event *child;    /* SIGCHLD */
	struct event *timer;    /* next look, next start, or end of patience, as the stage is */
	struct event *readable; /* what it says … */
	struct evbuffer *words; /* … as far as it is no whole line yet */
	int probe;              /* a connection that has asked whether it is ready; -1: none */
	char last_words[256];   /* of them the last that sounded grave … */
	int64_t last_words_ms;  /* … and when it came, monotonic */
};

static void
arm(struct embedded *embedded, int64_t ms)
{
	const struct timeval after = { .tv_sec = ms / 1000, .tv_usec = ms % 1000 * 1000 };

	evtimer_add(embedded->timer, &after);
}

/* A connection to the socket, which does not block; -1 when nobody accepts any. */
static int
call(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	if (fd != -1 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0)
		return fd;
	if (fd != -1)
		close(fd);
	return -1;
}

static void
close_probe(struct embedded *embedded)
{
	if (embedded->probe != -1)
		close(embedded->probe);
	embedded->probe = -1;
}

/* Whether it has loaded its data: until then it accepts connections, but answers PING with an error. Does not
 * wait for the answer: the next look finds it. */
static bool
has_answered(struct embedded *embedded)
{
	static const char ping[] = "PING\r\n";
	char answer[128];
	ssize_t length;

	if (embedded->probe == -1) {
		embedded->probe = call(embedded->socket);
		if (embedded->probe != -1 &&
		    send(embedded->probe, ping, strlen(ping), MSG_NOSIGNAL) == -1)
			close_probe(embedded);
	}
	if (embedded->probe == -1)
		return false;
	length = recv(embedded->probe, answer, sizeof answer, 0);
	if (length == -1 && errno == EAGAIN)
		return false;
	close_probe(embedded);
	return length > 0 && answer[0] == '+';
}

/* A line of its log is "PID:ROLE TIME MARK TEXT", the mark being # when it is grave. What it says when it
 * starts and when it ends is of interest only if something goes wrong. */
static void
take_line(struct embedded *embedded, const char *line)
{
	const char *grave = strstr(line, " # "), *usual = strstr(line, " * ");
	bool warn = embedded->up && embedded->stage == RUNNING && usual == NULL;

	if (grave != NULL)
		line = grave + strlen(" # ");
	else if (usual != NULL)
		line = usual + strlen(" * ");
	if (line[0] == '\0')
		return;
	/* At its start it warns of how the machine is set up. */
	if (usual == NULL && strncmp(line, "WARNING", strlen("WARNING")) != 0) {
		snprintf(embedded->last_words, sizeof embedded->last_words, "%s", line);
		embedded->last_words_ms = clock_ms();
	}
	journal_event(warn ? CREDIS_LOG_WARNING : CREDIS_LOG_DEBUG, "redis", "%s", line);
}

/* Takes all that it has said up to now; false when there is nothing more to come. */
static bool
take_words(struct embedded *embedded)
{
	int got;

	do {
		char *line;

		got = evbuffer_read(embedded->words, event_get_fd(embedded->readable), WORDS_MAX);
		while ((line = evbuffer_readln(embedded->words, NULL, EVBUFFER_EOL_LF)) != NULL) {
			take_line(embedded, line);
			free(line);
		}
		if (evbuffer_get_length(embedded->words) > WORDS_MAX)
			evbuffer_drain(embedded->words, evbuffer_get_length(embedded->words));
	} while (got > 0);
	return got == -1 && errno == EAGAIN;
}

static void
close_words(struct embedded *embedded)
{
	if (embedded->readable == NULL)
		return;
	close(event_get_fd(embedded->readable));
	event_free(embedded->readable);
	embedded->readable = NULL;
	evbuffer_drain(embedded->words, evbuffer_get_length(embedded->words));
}

static void
on_words(evutil_socket_t fd, short what, void *arg)
{
	struct embedded *embedded = arg;

	(void)fd;
	(void)what;
	if (!take_words(embedded))
		close_words(embedded);
}

/* Reads what it says from 'fd', which is ours from then on. */
static void
listen_to(struct embedded *embedded, int fd)
{
	evutil_make_socket_nonblocking(fd);
	embedded->readable =
	    must(event_new(embedded->base, fd, EV_READ | EV_PERSIST, on_words, embedded));
	event_add(embedded->readable, NULL);
}

static bool
start(struct embedded *embedded, struct credis_error *err)
{
	const char *const argv[] = { "redis-server", "--port", "0", "--unixsocket",
		embedded->socket, "--unixsocketperm", "660", "--dir", embedded->directory,
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--daemonize",
		"no", "--logfile", "", NULL };
	int words[2];

	if (pipe2(words, O_CLOEXEC) == -1)
		return refuse(err, "redis-server cannot be started: %s", strerror(errno));
	embedded->pid = child_start(&(struct child){ .argv = argv,
					.in = embedded->lock,
					.out = words[1],
					.err = words[1] },
	    err);
	close(words[1]);
	if (embedded->pid == -1) {
		embedded->pid = 0;
		close(words[0]);
		return false;
	}
	listen_to(embedded, words[0]);
	directory_note(embedded->lock, embedded->pid);
	embedded->stage = RUNNING;
	embedded->up = false;
	embedded->started_ms = clock_ms();
	embedded->last_words[0] = '\0';
	arm(embedded, PROBE_MS);
	return true;
}

/* At once the first time; later it waits longer and longer. */
static void
start_later(struct embedded *embedded)
{
	if (clock_ms() - embedded->started_ms > SETTLED_MS)
		embedded->backoff_ms = 0;
	embedded->stage = WAITING;
	arm(embedded, embedded->backoff_ms);
	embedded->backoff_ms = embedded->backoff_ms == 0 ? RESTART_MS : 2 * embedded->backoff_ms;
	if (embedded->backoff_ms > RESTART_MAX_MS)
		embedded->backoff_ms = RESTART_MAX_MS;
}

static void
on_ended(struct embedded *embedded, int status)
{
	bool has_said_why;
	char why[512];

	if (embedded->readable != NULL)
		take_words(embedded);
	has_said_why =
	    embedded->last_words[0] != '\0' && clock_ms() - embedded->last_words_ms < LAST_MS;
	close_words(embedded);
	close_probe(embedded);
	embedded->pid = 0;
	embedded->up = false;
	if (embedded->stage == STOPPING) {
		embedded->stage = STOPPED;
		evtimer_del(embedded->timer);
		embedded->cb(embedded->arg, EMBEDDED_STOPPED, "");
		return;
	}
	snprintf(why, sizeof why, "redis-server ended with %s %d%s%s",
	    WIFSIGNALED(status) ? "signal" : "status",
	    WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status), has_said_why ? ": " : "",
	    has_said_why ? embedded->last_words : "");
	start_later(embedded);
	embedded->cb(embedded->arg, EMBEDDED_DOWN, why);
}

static void
on_child(evutil_socket_t number, short what, void *arg)
{
	struct embedded *embedded = arg;
	int status;

	(void)number;
	(void)what;
	if (embedded->pid != 0 && waitpid(embedded->pid, &status, WNOHANG) == embedded->pid)
		on_ended(embedded, status);
}

static void
look(struct embedded *embedded)
{
	if (embedded->up)
		return;
	if (!has_answered(embedded)) {
		arm(embedded, PROBE_MS);
		return;
	}
	embedded->up = true;
	embedded->cb(embedded->arg, EMBEDDED_UP, "");
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct embedded *embedded = arg;
	struct credis_error err;

	(void)fd;
	(void)what;
	switch (embedded->stage) {
	case RUNNING: look(embedded); break;
	case WAITING:
		if (start(embedded, &err))
			break;
		start_later(embedded);
		embedded->cb(embedded->arg, EMBEDDED_DOWN, err.text);
		break;
	case STOPPING: kill(embedded->pid, SIGKILL); break;
	case STOPPED: break;
	}
}

/* The directories, and the right to use them. */
static bool
prepare(struct embedded *embedded, struct credis_error *err)
{
	char *runtime_dir = must(
	    strndup(embedded->socket, (size_t)(strrchr(embedded->socket, '/') - embedded->socket)));
	bool ok = directory_make(embedded->directory, err) &&
	    (runtime_dir[0] == '\0' || directory_make(runtime_dir, err)) &&
	    (embedded->lock = directory_lock(embedded->directory, err)) != -1;

	free(runtime_dir);
	if (ok && (embedded->probe = call(embedded->socket)) != -1)
		ok = refuse(err, "%.256s is in use by another server", embedded->socket);
	close_probe(embedded);
	return ok;
}

struct embedded *
embedded_new(struct event_base *base, const char *state_dir, const char *socket, embedded_cb *cb,
    void *arg, struct credis_error *err)
{
	struct embedded *embedded = must(calloc(1, sizeof *embedded));

	*embedded =
	    (struct embedded){ .base = base, .cb = cb, .arg = arg, .lock = -1, .probe = -1 };
	embedded->socket = must(strdup(socket));
	embedded->directory = must_print("%s/redis", state_dir);
	embedded->words = must(evbuffer_new());
	embedded->timer = must(evtimer_new(base, on_timer, embedded));
	embedded->child = must(evsignal_new(base, SIGCHLD, on_child, embedded));
	evsignal_add(embedded->child, NULL);
	if (prepare(embedded, err) && start(embedded, err))
		return embedded;
	embedded_free(embedded);
	return NULL;
}

void
embedded_stop(struct embedded *embedded)
{
	enum stage before = embedded->stage;

	embedded->stage = STOPPING;
	if (before == WAITING || before == STOPPED) {
		embedded->stage = STOPPED;
		evtimer_del(embedded->timer);
		embedded->cb(embedded->arg, EMBEDDED_STOPPED, "");
		return;
	}
	kill(embedded->pid, SIGTERM);
	arm(embedded, STOP_MS);
}

void
embedded_free(struct embedded *embedded)
{
	if (embedded == NULL)
		return;
	if (embedded->pid != 0)
		kill(embedded->pid, SIGTERM);
	close_words(embedded);
	close_probe(embedded);
	evbuffer_free(embedded->words);
	event_free(embedded->timer);
	event_free(embedded->child);
	if (embedded->lock != -1)
		close(embedded->lock);
	free(embedded->directory);
	free(embedded->socket);
	free(embedded);
}
