/* child.c: fork and exec, with the reason when exec fails. */
#include "child.h"

#include "memory.h"
#include "refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <pwd.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { GROUPS_MAX = 256 }; /* of a user */

/* Whom it shall run as. */
struct identity {
	bool other; /* than we */
	uid_t uid;
	gid_t gid;
	gid_t groups[GROUPS_MAX];
	int group_count;
};

/* What cannot be done shows in errno's words under the name of the step. */
static const char *const steps[] = { "streams", "user", "directory", "exec" };
enum step { STREAMS, USER, DIRECTORY, EXEC };

struct report {
	enum step step;
	int why;
};

static bool
find_identity(const char *user, struct identity *identity, struct credis_error *err)
{
	const struct passwd *row;

	identity->other = false;
	if (user == NULL)
		return true;
	errno = 0;
	row = getpwnam(user);
	if (row == NULL)
		return refuse(err, "user %.64s: %s", user,
		    errno == 0 ? "no such user" : strerror(errno));
	identity->uid = row->pw_uid;
	identity->gid = row->pw_gid;
	identity->other = row->pw_uid != geteuid();
	identity->group_count = GROUPS_MAX;
	if (!identity->other)
		return true;
	if (geteuid() != 0)
		return refuse(err, "user %.64s: only root may start programs as another user",
		    user);
	return getgrouplist(user, row->pw_gid, identity->groups, &identity->group_count) != -1 ||
	    refuse(err, "user %.64s: in more than %d groups", user, GROUPS_MAX);
}

static bool
take_identity(const struct identity *identity)
{
	return !identity->other ||
	    (setgroups((size_t)identity->group_count, identity->groups) == 0 &&
		setresgid(identity->gid, identity->gid, identity->gid) == 0 &&
		setresuid(identity->uid, identity->uid, identity->uid) == 0);
}

static void
reset_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* The three copies are not close-on-exec, whatever else is open is from now on. */
static bool
take_streams(const struct child *child)
{
	close_range(STDERR_FILENO + 1, UINT_MAX, CLOSE_RANGE_CLOEXEC);
	return dup2(child->in, STDIN_FILENO) != -1 && dup2(child->out, STDOUT_FILENO) != -1 &&
	    dup2(child->err, STDERR_FILENO) != -1;
}

/* Looks for the program in PATH. execvp(3) would do so as well, and then hand what is no program to a shell. */
static void
execute(const char *const argv[])
{
	const char *path = getenv("PATH");
	char file[PATH_MAX];
	int why = ENOENT;

	if (strchr(argv[0], '/') != NULL || path == NULL) {
		execv(argv[0], (char *const *)argv);
		return;
	}
	for (size_t length; *path != '\0'; path += length + (path[length] == ':')) {
		length = strcspn(path, ":");
		if (length == 0 || length + strlen(argv[0]) + 2 > sizeof file)
			continue;
		memcpy(file, path, length);
		file[length] = '/';
		strcpy(file + length + 1, argv[0]);
		execv(file, (char *const *)argv);
		if (errno != ENOENT && errno != ENOTDIR)
			why = errno;
	}
	errno = why;
}

/* Becomes the program; returns the step that could not be taken. */
static enum step
become(const struct child *child, const struct identity *identity, pid_t parent)
{
	setpgid(0, 0);
	reset_signals();
	if (!take_streams(child))
		return STREAMS;
	if (!take_identity(identity))
		return USER;
	/* Another identity would have cancelled it. */
	prctl(PR_SET_PDEATHSIG, SIGTERM);
	/* The parent may have ended before that took effect. */
	if (getppid() != parent)
		_exit(0);
	if (child->directory != NULL && chdir(child->directory) == -1)
		return DIRECTORY;
	if (child->environment != NULL)
		environ = (char **)child->environment;
	execute(child->argv);
	return EXEC;
}

/* In the child. Only async-signal-safe calls. */
static void
run(const struct child *child, const struct identity *identity, int report, pid_t parent)
{
	struct report failed = { .step = become(child, identity, parent) };

	failed.why = errno;
	if (write(report, &failed, sizeof failed) == -1)
		_exit(126);
	_exit(127);
}

/* Waits for the program to take the child over; false with what failed when it did not. */
static bool
wait_for_exec(pid_t pid, int report, struct report *failed)
{
	/* Nothing comes, and the other end closes, at exec. */
	ssize_t length = TEMP_FAILURE_RETRY(read(report, failed, sizeof *failed));

	if (length == 0)
		return true;
	if (length == -1)
		failed->why = errno;
	waitpid(pid, NULL, 0);
	return false;
}

static bool
refuse_start(const struct child *child, const struct report *failed, struct credis_error *err)
{
	if (failed->step == DIRECTORY)
		return refuse(err, "%.128s cannot be started in %.128s: %s", child->argv[0],
		    child->directory, strerror(failed->why));
	if (failed->step == EXEC && failed->why == ENOENT)
		return refuse(err, "%.256s is not installed", child->argv[0]);
	if (failed->step == EXEC)
		return refuse(err, "%.256s cannot be started: %s", child->argv[0],
		    strerror(failed->why));
	return refuse(err, "%.256s cannot be started: %s: %s", child->argv[0], steps[failed->step],
	    strerror(failed->why));
}

pid_t
child_start(const struct child *child, struct credis_error *err)
{
	struct report failed = { .step = EXEC };
	pid_t parent = getpid(), pid = -1;
	int report[2] = { -1, -1 };
	struct identity identity;
	bool ok;

	if (!find_identity(child->user, &identity, err))
		return -1;
	if (pipe2(report, O_CLOEXEC) == -1 || (pid = fork()) == -1)
		failed.why = errno;
	if (pid == 0)
		run(child, &identity, report[1], parent);
	close(report[1]);
	ok = pid != -1 && wait_for_exec(pid, report[0], &failed);
	close(report[0]);
	if (ok)
		return pid;
	refuse_start(child, &failed, err);
	return -1;
}
