/* child.c: fork and exec, with the reason when exec fails. */
#include "child.h"

#include "refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* In the child: becomes the program, or reports errno and ends. Only async-signal-safe calls. */
static void
become(const char *const argv[], int in, int out, int report, pid_t parent)
{
	sigset_t none;
	int why;

	setpgid(0, 0);
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The parent may have ended before that took effect. */
	if (getppid() != parent)
		_exit(0);
	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	/* Everything of ours is close-on-exec; these three copies are not. */
	if (dup2(in, STDIN_FILENO) != -1 && dup2(out, STDOUT_FILENO) != -1 &&
	    dup2(out, STDERR_FILENO) != -1)
		execvp(argv[0], (char *const *)argv);
	why = errno;
	if (write(report, &why, sizeof why) == -1)
		_exit(126);
	_exit(127);
}

/* Waits for the program to take the child over; errno of exec when it did not. */
static int
wait_for_exec(pid_t pid, int report)
{
	int why = 0;

	/* Nothing comes, and the other end closes, at exec. */
	if (TEMP_FAILURE_RETRY(read(report, &why, sizeof why)) == -1)
		why = errno;
	if (why != 0)
		waitpid(pid, NULL, 0);
	return why;
}

pid_t
child_start(const char *const argv[], int in, int out, struct credis_error *err)
{
	pid_t parent = getpid(), pid = -1;
	int report[2] = { -1, -1 }, why = 0;

	if (pipe2(report, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		why = errno;
	if (pid == 0)
		become(argv, in, out, report[1], parent);
	close(report[1]);
	if (pid != -1)
		why = wait_for_exec(pid, report[0]);
	close(report[0]);
	if (why == 0)
		return pid;
	refuse(err, "%s %s%s", argv[0], why == ENOENT ? "" : "cannot be started: ",
	    why == ENOENT ? "is not installed" : strerror(why));
	return -1;
}
