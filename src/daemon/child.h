/* child.h: a program that belongs to us: its own process group, no descriptors but 0, 1 and 2, gone when
 * we are. What it says and when it ends is for whoever started it. */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <credis/error.h>

#include <sys/types.h>

struct child {
	const char *const *argv; /* argv[0] is looked for in PATH, of the environment given */
	const char *const *environment; /* NULL: ours */
	const char *directory;          /* NULL: ours */
	const char *user;               /* NULL: ours */
	int in, out, err;               /* its standard streams; they stay the caller's */
};

/* Starts it, without a shell. Gets SIGTERM when we end without having ended it. Returns its pid, which is its
 * group's as well, or -1 with the reason (also when it cannot be executed). */
pid_t child_start(const struct child *child, struct credis_error *err);

#endif
