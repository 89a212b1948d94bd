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
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 10000 };

struct run {
	struct session *session;
	char **argv;
	struct credis_lock *lock;
	struct event *signals[4];
	pid_t pid; /* 0: not running */
	int result;
	bool releasing;
};

static const int handled[] = { SIGCHLD, SIGINT, SIGTERM, SIGHUP };

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
on_signal(evutil_socket_t number, short what, void *arg)
{
	struct run *run = arg;

	(void)what;
	if (number == SIGCHLD) {
		on_child(run);
	} else if (run->pid != 0) {
		kill(run->pid, (int)number);
	} else {
		run->result = 128 + (int)number;
		session_stop(run->session);
	}
}

static void
start(struct run *run)
{
	struct credis_error err;

	run->pid = fork();
	if (run->pid == 0) {
		signal(SIGPIPE, SIG_DFL);
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
		kill(run->pid, SIGTERM); /* it must not go on: somebody else may hold the lock */
}

static void
listen_to_signals(struct run *run)
{
	for (size_t n = 0; n < sizeof handled / sizeof *handled; n++) {
		run->signals[n] =
		    must(evsignal_new(run->session->base, handled[n], on_signal, run));
		event_add(run->signals[n], NULL);
	}
}

static void
acquire(struct run *run, const char *key)
{
	struct session *session = run->session;
	struct credis_error err;

	run->lock = credis_lock_new(session->store, key, 0, on_lock, run, &err);
	if (run->lock == NULL) {
		fail(run, &err);
		return;
	}
	listen_to_signals(run);
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
	struct run run = { .session = session, .argv = words + 1 };

	(void)count; /* argv ends in NULL */
	if (!session_open_store(session))
		return;
	acquire(&run, words[0]);
	for (size_t n = 0; n < sizeof handled / sizeof *handled; n++) {
		if (run.signals[n] != NULL)
			event_free(run.signals[n]);
	}
	credis_lock_free(run.lock);
	if (session->status == EXIT_DONE)
		session->status = (enum exit_status)run.result;
}
