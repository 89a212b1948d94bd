/* driver_inside.h: what the two files of a driver share: its life (driver.c) and its talk (driver_talk.c). */
#ifndef DAEMON_DRIVER_INSIDE_H
#define DAEMON_DRIVER_INSIDE_H

#include "driver.h"
#include "lines.h"
#include "process.h"

#include <credis/log.h>

#include <uthash.h>

enum { DRIVER_LINE_MAX = 1 << 20 }; /* bytes of a line it says */

enum driver_stage {
	DRIVER_STOPPED, /* not wanted */
	DRIVER_WAITING, /* to be started */
	DRIVER_RUNNING,
	DRIVER_ENDING,   /* it was told to, or will be killed */
	DRIVER_STOPPING, /* it was asked to */
};

/* How many lines of it the log gets in a while. */
struct driver_quota {
	int64_t since_ms;
	unsigned shown;
	unsigned long dropped;
};

struct driver {
	struct driver_host *host;
	struct conf_driver *definition, *next; /* next: for the next start; NULL: none */
	unsigned references;
	enum driver_stage stage;
	bool wanted;
	char why[512]; /* why it does not run */

	struct process *process;
	struct lines *out, *err;
	struct event *timer; /* what for depends on the stage */
	int64_t started_ms;  /* monotonic */
	int64_t backoff_ms;  /* 0 while nothing went wrong */
	char last_words[200];

	/* The talk. */
	struct evbuffer *output; /* what its standard input has not taken yet */
	struct event *writable;  /* NULL: it is closed */
	int64_t probe_id;        /* the last request to show that it is alive; 0: none */
	struct event *probe;     /* until when it must have answered something */
	bool stop_asked;         /* its input is closed when all is written */
	bool has_spoken;
	int64_t next_id;
	struct driver_pending *by_id, *by_step;
	struct driver_keyword *keywords; /* by name */
	struct driver_keyword **order;   /* as they are asked for at the start */
	size_t count, asked, asked_open;
	struct driver_quota said, complained;
};

void driver_break(struct driver *driver, const char *why);

void driver_talk_init(struct driver *driver);
void driver_talk_free(struct driver *driver);

/* It runs, and reads from 'fd', which is ours; it does not any more, and driver->why says why. */
void driver_talk_up(struct driver *driver, int fd);
void driver_talk_down(struct driver *driver);

void driver_talk_stop(struct driver *driver);
void driver_talk_close_input(struct driver *driver);
lines_cb driver_talk_on_line;

/* To the log, unless there was too much of it; and to the service's DISPERROR. */
void driver_log(struct driver *driver, enum credis_log_level level, const char *line);
void driver_report(struct driver *driver, const char *what);

#endif
