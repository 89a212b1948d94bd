/* lock.c: the verb lock: runs a command while a lock is held; ends it when the lock is lost. */
#include "fault.h"
#include "memory.h"
#include "session.h"
#include "verbs.h"

#include <credis/lock.h>

#include <errno.h>
#include <event2/event.h>
#include <signal.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000, KILL_S = 5 };

struct run {
	struct session *session;
	char **argv;
	struct credis_lock *lock;
	sigset_t before; /* the signals that were blocked */
	int fd;          /* of signals */
	struct event *signals;
	struct event *killer; /* of a command that goes on without the lock */
	pid_t pid;            /* 0: not running */
	int result;
	bool releasing;
};

static const int handled[] = { SIGINT, SIGTERM, SIGHUP };

static void
fail(struct run *run, const struct credis_error *err)
{
	session_fail(run->session, NULL, NULL, err);
}

/* The command's own status, or 128 and its signal as shells have it. */
static void
on_child(struct run *run)
{
	struct credis_error err;
	int status;

	if (run->pid == 0 || waitpid(run->pid, &status, WNOHANG) != run->pid)
		return;
	run->pid = 0;
	run->result = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	run->releasing = true;
	if (credis_lock_release(run->lock, &err))
		return;
	if (run->session->status == EXIT_DONE)
		fail(run, &err);
	session_ended(run->session);
}

static void
stop_waiting(struct run *run, int number)
{
	if (!run->releasing)
		run->result = 128 + number;
	session_stop(run->session);
}

/* A terminal's reach the command without us; those that somebody has sent to us do not. */
static void
on_signal(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;
	struct signalfd_siginfo info;

	(void)what;
	if (read(fd, &info, sizeof info) != sizeof info)
		return;
	if (info.ssi_signo == SIGCHLD)
		on_child(run);
	else if (run->pid == 0)
		stop_waiting(run, (int)info.ssi_signo);
	else if (info.ssi_code <= 0)
		kill(run->pid, (int)info.ssi_signo);
}

static void
start(struct run *run)
{
	struct credis_error err;

	run->pid = fork();
	if (run->pid == 0) {
		signal(SIGPIPE, SIG_DFL);
		sigprocmask(SIG_SETMASK, &run->before, NULL);
		execvp(run->argv[0], run->argv);
		fprintf(stderr, "credis: %s: %s\n", run->argv[0], strerror(errno));
		_exit(errno == ENOENT ? 127 : 126);
	}
	if (run->pid > 0)
		return;
	run->pid = 0;
	fault(&err, CREDIS_EDRIVER, "cannot run %.200s: %s", run->argv[0], strerror(errno));
	fail(run, &err);
	session_ended(run->session);
}

static void
on_killer(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)fd, (void)what;
	if (run->pid != 0)
		kill(run->pid, SIGKILL);
}

/* It must not go on: somebody else may hold the lock. */
static void
end_command(struct run *run)
{
	const struct timeval patience = { .tv_sec = KILL_S };

	kill(run->pid, SIGTERM);
	run->killer = must(evtimer_new(run->session->base, on_killer, run));
	event_add(run->killer, &patience);
}

static void
on_lock(void *arg, const struct credis_error *err)
{
	struct run *run = arg;

	if (err->code != CREDIS_OK)
		fail(run, err);
	if (err->code == CREDIS_ELOST)
		run->session->status = EXIT_REFUSED;
	if (run->releasing || (run->pid == 0 && err->code != CREDIS_OK))
		session_ended(run->session);
	else if (err->code == CREDIS_OK)
		start(run);
	else
		end_command(run);
}

/* What was ignored when we were started stays so, for the command, too: nohup. */
static bool
listen_to_signals(struct run *run, struct credis_error *err)
{
	struct sigaction was;
	sigset_t heard;

	signal(SIGCHLD, SIG_DFL);
	sigemptyset(&heard);
	sigaddset(&heard, SIGCHLD);
	for (size_t n = 0; n < sizeof handled / sizeof *handled; n++) {
		if (sigaction(handled[n], NULL, &was) == 0 && was.sa_handler != SIG_IGN)
			sigaddset(&heard, handled[n]);
	}
	sigprocmask(SIG_BLOCK, &heard, &run->before);
	run->fd = signalfd(-1, &heard, SFD_NONBLOCK | SFD_CLOEXEC);
	if (run->fd < 0)
		return fault(err, CREDIS_EDRIVER, "cannot listen to signals: %s", strerror(errno));
	run->signals =
	    must(event_new(run->session->base, run->fd, EV_READ | EV_PERSIST, on_signal, run));
	event_add(run->signals, NULL);
	return true;
}

static void
acquire(struct run *run, const char *key)
{
	struct session *session = run->session;
	struct credis_error err;

	run->lock = credis_lock_new(session->store, key, 0, on_lock, run, &err);
	if (run->lock == NULL || !listen_to_signals(run, &err)) {
		fail(run, &err);
		return;
	}
	session_began(session);
	if (!credis_lock_acquire(run->lock,
		session->options->timeout_ms > 0 ? session->options->timeout_ms : WAIT_MS, &err)) {
		fail(run, &err);
		session_ended(session);
	}
	session_run(session);
}

void
run_lock(struct session *session, char **words, int count)
{
	struct run run = { .session = session, .argv = words + 1, .fd = -1 };

	(void)count; /* argv ends in NULL */
	if (!session_open_store(session))
		return;
	acquire(&run, words[0]);
	if (run.signals != NULL)
		event_free(run.signals);
	if (run.killer != NULL)
		event_free(run.killer);
	if (run.fd >= 0)
		close(run.fd);
	credis_lock_free(run.lock);
	if (session->status == EXIT_DONE)
		session->status = (enum exit_status)run.result;
}
