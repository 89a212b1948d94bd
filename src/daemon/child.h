/* child.h: a program that belongs to us: its own process group, no descriptors but 0, 1 and 2, gone when
 * we are. What it says and when it ends is for whoever started it. */
#ifndef DAEMON_CHILD_H
#define DAEMON_CHILD_H

#include <credis/error.h>

#include <sys/types.h>

/* Starts argv[0], looked for in PATH, with 'in' as its standard input and 'out' as both its outputs; they
 * stay the caller's. Gets SIGTERM when we end without having ended it. Returns its pid, or -1 with
 * the reason (also when it cannot be executed). */
pid_t child_start(const char *const argv[], int in, int out, struct credis_error *err);

#endif
