/* redis_server.h: a redis-server of the test's own, on a unix socket in a directory of its own.
 * Start, wait until it answers, stop by pid. Include it once, in a test program. */
#ifndef TEST_REDIS_SERVER_H
#define TEST_REDIS_SERVER_H

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <hiredis.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { REDIS_SERVER_LIMIT_MS = 60000, REDIS_SERVER_OPTIONS = 32 };

struct redis_server {
	char directory[64];
	char socket[96];
	char url[112]; /* of the socket; without user and password */
	int port;      /* of redis_server_start_on_port() */
	char port_text[8];
	pid_t pid;        /* 0: not running */
	bool is_sentinel; /* with a sentinel.conf in its directory */
	const char *options[REDIS_SERVER_OPTIONS];
};

#define REDIS_SERVER_UNUSED __attribute__((unused))

static void REDIS_SERVER_UNUSED
redis_server_fail(const struct redis_server *server, const char *what)
{
	char log[160];

	fprintf(stderr, "# redis-server: %s; its log:\n", what);
	snprintf(log, sizeof log, "sed 's/^/# /' %s/log >&2", server->directory);
	if (system(log) != 0)
		fprintf(stderr, "# there is none\n");
	abort();
}

static void REDIS_SERVER_UNUSED
redis_server_exec(const struct redis_server *server, pid_t parent)
{
	const char *given[] = { "--port", "0", "--unixsocket", server->socket, "--dir",
		server->directory, "--save", "", "--appendonly", "no", "--daemonize", "no" };
	const char *words[16 + REDIS_SERVER_OPTIONS] = { "redis-server", "sentinel.conf" };
	size_t count = server->is_sentinel ? 2 : 1;
	int log;

	for (size_t n = 0; n < sizeof given / sizeof given[0]; n++)
		words[count++] = given[n];
	for (size_t n = 0; server->options[n] != NULL; n++)
		words[count++] = server->options[n];
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || chdir(server->directory) != 0)
		_exit(126);
	log = open("log", O_WRONLY | O_CREAT | O_APPEND, 0600);
	dup2(log, STDOUT_FILENO);
	dup2(log, STDERR_FILENO);
	execvp(words[0], (char **)words);
	_exit(127);
}

/* A blocking connection to it, or NULL while it cannot be reached. */
static redisContext *REDIS_SERVER_UNUSED
redis_server_connect(const struct redis_server *server)
{
	redisContext *context =
	    redisConnectUnixWithTimeout(server->socket, (struct timeval){ .tv_sec = 5 });

	if (context != NULL && context->err == 0) {
		redisSetTimeout(context, (struct timeval){ .tv_sec = 5 });
		return context;
	}
	if (context != NULL)
		redisFree(context);
	return NULL;
}

/* It answers, be it that it wants a password. */
static bool REDIS_SERVER_UNUSED
redis_server_answers(const struct redis_server *server)
{
	redisContext *context = redis_server_connect(server);
	redisReply *reply = context != NULL ? redisCommand(context, "PING") : NULL;
	bool answers = reply != NULL &&
	    (reply->type == REDIS_REPLY_STATUS || strncmp(reply->str, "NOAUTH", 6) == 0);

	if (reply != NULL)
		freeReplyObject(reply);
	if (context != NULL)
		redisFree(context);
	return answers;
}

/* False when it ended by itself, as it does when its port was taken meanwhile. */
static bool REDIS_SERVER_UNUSED
redis_server_run(struct redis_server *server)
{
	pid_t parent = getpid();
	int status;

	unlink(server->socket);
	server->pid = fork();
	if (server->pid == 0)
		redis_server_exec(server, parent);
	for (int waited = 0; waited < REDIS_SERVER_LIMIT_MS; waited += 5) {
		if (redis_server_answers(server))
			return true;
		if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
			server->pid = 0;
			return false;
		}
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
	redis_server_fail(server, "it does not answer");
	return false;
}

/* Runs it again, with the data directory and the options it had. */
static void REDIS_SERVER_UNUSED
redis_server_again(struct redis_server *server)
{
	if (!redis_server_run(server))
		redis_server_fail(server, "it ended by itself");
}

static void REDIS_SERVER_UNUSED
redis_server_prepare(struct redis_server *server)
{
	*server = (struct redis_server){ .port = 0 };
	strcpy(server->directory, "/tmp/cr-XXXXXX"); /* short: socket names are limited */
	if (mkdtemp(server->directory) == NULL)
		abort();
	snprintf(server->socket, sizeof server->socket, "%s/redis.sock", server->directory);
	snprintf(server->url, sizeof server->url, "unix://%s", server->socket);
}

/* redis_server_start(&server, "--requirepass", "secret", NULL); the words must outlive it. */
static void REDIS_SERVER_UNUSED __attribute__((sentinel))
redis_server_start(struct redis_server *server, ...)
{
	va_list options;
	size_t count = 0;

	redis_server_prepare(server);
	va_start(options, server);
	do
		server->options[count] = va_arg(options, const char *);
	while (server->options[count++] != NULL);
	va_end(options);
	redis_server_again(server);
}

/* A loopback port that was free a moment ago. */
static int REDIS_SERVER_UNUSED
redis_server_free_port(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof address;
	int probe = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (bind(probe, (struct sockaddr *)&address, length) != 0 ||
	    getsockname(probe, (struct sockaddr *)&address, &length) != 0)
		abort();
	close(probe);
	return ntohs(address.sin_port);
}

static void REDIS_SERVER_UNUSED
redis_server_run_on_port(struct redis_server *server)
{
	for (int tries = 0; tries < 20; tries++) {
		server->port = redis_server_free_port();
		snprintf(server->port_text, sizeof server->port_text, "%d", server->port);
		if (redis_server_run(server))
			return;
	}
	redis_server_fail(server, "it ended by itself");
}

/* The same on a loopback port of its own as well: redis_server_start_on_port(&server, "--port", NULL),
 * or "--tls-port". */
static void REDIS_SERVER_UNUSED __attribute__((sentinel))
redis_server_start_on_port(struct redis_server *server, const char *port_option, ...)
{
	va_list options;
	size_t count = 4;

	redis_server_prepare(server);
	server->options[0] = port_option;
	server->options[1] = server->port_text;
	server->options[2] = "--bind";
	server->options[3] = "127.0.0.1";
	va_start(options, port_option);
	do
		server->options[count] = va_arg(options, const char *);
	while (server->options[count++] != NULL);
	va_end(options);
	redis_server_run_on_port(server);
}

/* A sentinel on a loopback port; the lines of 'configuration' say what it knows. */
static void REDIS_SERVER_UNUSED
redis_server_start_sentinel(struct redis_server *server, const char *port_option,
    const char *configuration)
{
	const char *const options[] = { port_option, server->port_text, "--bind", "127.0.0.1",
		"--sentinel" };
	char path[96];
	FILE *file;

	redis_server_prepare(server);
	memcpy(server->options, options, sizeof options);
	server->is_sentinel = true;
	snprintf(path, sizeof path, "%s/sentinel.conf", server->directory);
	file = fopen(path, "w");
	if (file == NULL || fputs(configuration, file) < 0 || fclose(file) != 0)
		abort();
	redis_server_run_on_port(server);
}

/* SIGSTOP, SIGCONT … */
static void REDIS_SERVER_UNUSED
redis_server_signal(const struct redis_server *server, int signal_number)
{
	if (server->pid > 0)
		kill(server->pid, signal_number);
}

static void REDIS_SERVER_UNUSED
redis_server_kill(struct redis_server *server)
{
	int status;

	if (server->pid <= 0)
		return;
	kill(server->pid, SIGKILL);
	waitpid(server->pid, &status, 0);
	server->pid = 0;
}

/* Stops it and removes its directory. */
static void REDIS_SERVER_UNUSED
redis_server_stop(struct redis_server *server)
{
	char command[96];

	redis_server_kill(server);
	snprintf(command, sizeof command, "rm -rf %s", server->directory);
	if (system(command) != 0)
		abort();
}

/* Says one command on a connection of its own; the integer answered, or 0 for a status, or -1. */
static long long REDIS_SERVER_UNUSED __attribute__((format(printf, 2, 3)))
redis_server_say(const struct redis_server *server, const char *format, ...)
{
	redisContext *context = redis_server_connect(server);
	redisReply *reply = NULL;
	long long answer = -1;
	va_list arguments;

	va_start(arguments, format);
	if (context != NULL)
		reply = redisvCommand(context, format, arguments);
	va_end(arguments);
	if (reply != NULL && reply->type == REDIS_REPLY_INTEGER)
		answer = reply->integer;
	else if (reply != NULL && reply->type != REDIS_REPLY_ERROR)
		answer = 0;
	if (reply != NULL)
		freeReplyObject(reply);
	if (context != NULL)
		redisFree(context);
	return answer;
}

#endif
