/* lines.h: what a program says through a pipe, line by line, however long it makes them.
 * Knows no meaning; takes so much in a time that nobody else has to wait, 50000 lines a second. */
#ifndef DAEMON_LINES_H
#define DAEMON_LINES_H

#include <stdbool.h>
#include <stddef.h>

struct event_base;
struct lines;

/* A line without its end, followed by a NUL, lent for the call. One that is longer than allowed comes once, as
 * NULL, when it becomes too long. May not free the lines. */
typedef void lines_cb(void *arg, char *line, size_t length);

/* No more will come. May free the lines. */
typedef void lines_end_cb(void *arg);

/* Takes 'fd', which must not block. Lines may have 'most' bytes. To lines_free(), which closes. */
struct lines *lines_new(struct event_base *base, int fd, size_t most, lines_cb *cb,
    lines_end_cb *end, void *arg);

/* Takes what is there already, a last line without an end included: the program has ended. Calls no end. */
void lines_finish(struct lines *lines);

/* NULL is fine. */
void lines_free(struct lines *lines);

#endif
