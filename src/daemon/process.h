/* process.h: a child with three pipes, and its end: told, killed if need be, and reaped with all that it
 * started. What goes through the pipes is for whoever started it. */
#ifndef DAEMON_PROCESS_H
#define DAEMON_PROCESS_H

#include <credis/error.h>

#include <stdint.h>
#include <sys/types.h>

struct event_base;
struct process;

struct process_spec {
	const char *const *argv;
	const char *const *environment;
	const char *directory;
	const char *user; /* NULL: ours */
};

/* Our ends of its pipes; they do not block, and are the caller's. */
struct process_ends {
	int in, out, err;
};

/* It has ended, and so has its whole group: "it ended with status 1". Called from the event loop; may free the
 * process. */
typedef void process_ended_cb(void *arg, int status, const char *how);

/* NULL with the reason; to process_free(). */
struct process *process_start(struct event_base *base, const struct process_spec *spec,
    struct process_ends *ends, process_ended_cb *ended, void *arg, struct credis_error *err);

pid_t process_pid(const struct process *process);

/* SIGTERM to the group, and SIGKILL when it has not ended after so long; 0: SIGKILL at once. */
void process_end(struct process *process, int64_t grace_ms);

/* One that still runs is killed and not waited for. NULL is fine. */
void process_free(struct process *process);

/* The environment of whatever we start, and 'more' (NULL-terminated; may be NULL) which wins: to
 * process_environment_free(). */
const char **process_environment(const char *const *more);
void process_environment_free(const char **environment);

#endif
