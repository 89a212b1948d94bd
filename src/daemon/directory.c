/* directory.c: locks with flock(2), which ends with its holders, however they end.
 * The file also says who they are: "<pid of the owner> <pid of its server>". */
#include "directory.h"

#include "memory.h"
#include "refuse.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum {
	MODE = 0750,
	TRIES = 500,        /* to lock, 10 ms apart, while a left-over server ends */
	GENTLE_TRIES = 300, /* before it is killed */
};

bool
directory_make(const char *path, struct credis_error *err)
{
	char part[PATH_MAX];
	struct stat stat_of;

	if (strlen(path) >= sizeof part)
		return refuse(err, "%.64s…: the path is longer than %d bytes", path, PATH_MAX - 1);
	for (const char *slash = path + 1; slash[-1] != '\0'; slash++) {
		if (*slash != '/' && *slash != '\0')
			continue;
		snprintf(part, sizeof part, "%.*s", (int)(slash - path), path);
		if (mkdir(part, MODE) == -1 && errno != EEXIST)
			return refuse(err, "%.256s: cannot be made: %s", part, strerror(errno));
	}
	if (stat(path, &stat_of) == 0 && S_ISDIR(stat_of.st_mode))
		return true;
	return refuse(err, "%.256s is not a directory", path);
}

struct holders {
	long owner, server; /* 0 where not known */
};

static struct holders
read_holders(int lock)
{
	struct holders holders = { 0, 0 };
	char text[64];
	ssize_t length = pread(lock, text, sizeof text - 1, 0);

	if (length > 0) {
		text[length] = '\0';
		sscanf(text, "%ld %ld", &holders.owner, &holders.server);
	}
	return holders;
}

static void
write_holders(int lock, struct holders holders)
{
	/* For people and for the next owner; the lock itself does not depend on it. */
	if (ftruncate(lock, 0) == 0)
		dprintf(lock, "%ld %ld\n", holders.owner, holders.server);
}

/* Whether process 'pid' has the file behind 'lock' open as its standard input. */
static bool
holds(long pid, int lock)
{
	struct stat mine, theirs;
	char path[64];

	snprintf(path, sizeof path, "/proc/%ld/fd/0", pid);
	return pid > 1 && fstat(lock, &mine) == 0 && stat(path, &theirs) == 0 &&
	    mine.st_dev == theirs.st_dev && mine.st_ino == theirs.st_ino;
}

static bool
owner_lives(long pid)
{
	return pid > 1 && pid != getpid() && (kill((pid_t)pid, 0) == 0 || errno == EPERM);
}

/* Waits for a server whose owner is no more; it was told to end when its owner did. */
static bool
wait_for_server(int lock)
{
	const struct timespec pause = { .tv_nsec = 10000000 };

	for (int i = 0; i < TRIES; i++) {
		struct holders holders = read_holders(lock);

		if (holds(holders.server, lock))
			kill((pid_t)holders.server, i < GENTLE_TRIES ? SIGTERM : SIGKILL);
		nanosleep(&pause, NULL);
		if (flock(lock, LOCK_EX | LOCK_NB) == 0)
			return true;
	}
	return false;
}

static bool
take(int lock, const char *path, struct credis_error *err)
{
	struct holders holders;

	if (flock(lock, LOCK_EX | LOCK_NB) == 0)
		return true;
	if (errno != EWOULDBLOCK)
		return refuse(err, "%.256s cannot be locked: %s", path, strerror(errno));
	holders = read_holders(lock);
	if (owner_lives(holders.owner))
		return refuse(err, "%.256s is in use by another credisd (pid %ld)", path,
		    holders.owner);
	return wait_for_server(lock) ||
	    refuse(err, "%.256s is in use by a redis-server (pid %ld) that does not end", path,
		holders.server);
}

int
directory_lock(const char *path, struct credis_error *err)
{
	char *file = must_print("%s/lock", path);
	/* Appending, because the file is emptied and written again, through any copy. */
	int lock = open(file, O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640);

	if (lock == -1)
		refuse(err, "%.256s: %s", file, strerror(errno));
	free(file);
	if (lock != -1 && !take(lock, path, err)) {
		close(lock);
		lock = -1;
	}
	if (lock != -1)
		write_holders(lock, (struct holders){ getpid(), 0 });
	return lock;
}

void
directory_note(int lock, pid_t server)
{
	write_holders(lock, (struct holders){ getpid(), server });
}
