/* process.c: pipes around a child, and one watch for its end.
 * The group is killed before the leader is reaped: until then nobody else can have its number. */
#include "process.h"

#include "child.h"
#include "memory.h"
#include "refuse.h"

#include <event2/event.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct process {
	pid_t pid; /* 0 once reaped */
	struct event *child;
	struct event *patience;
	process_ended_cb *ended;
	void *arg;
};

static void
say_how(int status, char *how, size_t room)
{
	if (WIFSIGNALED(status))
		snprintf(how, room, "it ended with signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(how, room, "it ended with status %d", WEXITSTATUS(status));
}

static void
on_child(evutil_socket_t number, short what, void *arg)
{
	struct process *process = arg;
	siginfo_t info = { .si_pid = 0 };
	char how[128];
	int status;

	(void)number;
	(void)what;
	if (process->pid == 0 ||
	    waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == -1 ||
	    info.si_pid == 0)
		return;
	kill(-process->pid, SIGKILL);
	waitpid(process->pid, &status, 0);
	process->pid = 0;
	event_del(process->child);
	event_del(process->patience);
	say_how(status, how, sizeof how);
	process->ended(process->arg, status, how);
}

static void
on_patience_over(evutil_socket_t fd, short what, void *arg)
{
	struct process *process = arg;

	(void)fd;
	(void)what;
	if (process->pid != 0)
		kill(-process->pid, SIGKILL);
}

static void
close_pair(int pair[2])
{
	for (int i = 0; i < 2; i++) {
		if (pair[i] != -1)
			close(pair[i]);
	}
}

static pid_t
start(const struct process_spec *spec, int pipes[3][2], struct credis_error *err)
{
	for (int i = 0; i < 3; i++) {
		if (pipe2(pipes[i], O_CLOEXEC) == -1) {
			refuse(err, "%.256s cannot be started: %s", spec->argv[0], strerror(errno));
			return -1;
		}
	}
	return child_start(&(struct child){ .argv = spec->argv,
			       .environment = spec->environment,
			       .directory = spec->directory,
			       .user = spec->user,
			       .in = pipes[0][0],
			       .out = pipes[1][1],
			       .err = pipes[2][1] },
	    err);
}

/* Keeps our end of a pipe. */
static int
take_end(int *end)
{
	int fd = *end;

	*end = -1;
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

struct process *
process_start(struct event_base *base, const struct process_spec *spec, struct process_ends *ends,
    process_ended_cb *ended, void *arg, struct credis_error *err)
{
	int pipes[3][2] = { { -1, -1 }, { -1, -1 }, { -1, -1 } };
	struct process *process = NULL;
	pid_t pid = start(spec, pipes, err);

	if (pid != -1) {
		process = must(calloc(1, sizeof *process));
		process->pid = pid;
		process->ended = ended;
		process->arg = arg;
		process->child = must(evsignal_new(base, SIGCHLD, on_child, process));
		process->patience = must(evtimer_new(base, on_patience_over, process));
		evsignal_add(process->child, NULL);
		/* It may have ended before anybody watched. */
		event_active(process->child, EV_SIGNAL, 1);
		ends->in = take_end(&pipes[0][1]);
		ends->out = take_end(&pipes[1][0]);
		ends->err = take_end(&pipes[2][0]);
	}
	for (int i = 0; i < 3; i++)
		close_pair(pipes[i]);
	return process;
}

pid_t
process_pid(const struct process *process)
{
	return process->pid;
}

void
process_end(struct process *process, int64_t grace_ms)
{
	const struct timeval grace = { .tv_sec = grace_ms / 1000,
		.tv_usec = grace_ms % 1000 * 1000 };

	if (process->pid == 0)
		return;
	kill(-process->pid, grace_ms > 0 ? SIGTERM : SIGKILL);
	/* A stopped process heeds no SIGTERM. */
	kill(-process->pid, SIGCONT);
	if (grace_ms > 0)
		evtimer_add(process->patience, &grace);
}

void
process_free(struct process *process)
{
	if (process == NULL)
		return;
	if (process->pid != 0)
		kill(-process->pid, SIGKILL);
	event_free(process->child);
	event_free(process->patience);
	free(process);
}

static bool
is_same_variable(const char *a, const char *b)
{
	size_t length = strcspn(a, "=");

	return strncmp(a, b, length + 1) == 0;
}

/* Puts 'variable' in, or in the place of the one it overrules. */
static size_t
put_variable(const char **environment, size_t count, const char *variable)
{
	size_t n = 0;

	while (n < count && !is_same_variable(environment[n], variable))
		n++;
	environment[n] = variable;
	return n < count ? count : count + 1;
}

const char **
process_environment(const char *const *more)
{
	static const char *const usual[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LANG=C.UTF-8",
		NULL
	};
	size_t count = 0, room = sizeof usual / sizeof *usual;
	const char **environment;

	while (more != NULL && more[room - sizeof usual / sizeof *usual] != NULL)
		room++;
	environment = must(calloc(room, sizeof *environment));
	for (const char *const *from = usual; *from != NULL; from++)
		count = put_variable(environment, count, *from);
	for (; more != NULL && *more != NULL; more++)
		count = put_variable(environment, count, *more);
	for (size_t n = 0; n < count; n++)
		environment[n] = must(strdup(environment[n]));
	return environment;
}

void
process_environment_free(const char **environment)
{
	if (environment == NULL)
		return;
	for (const char **variable = environment; *variable != NULL; variable++)
		free((char *)*variable);
	free(environment);
}
