/* progress.h: telling a person at a terminal what is being waited for. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>

struct event_base;
struct progress;

/* Silent unless stderr is a terminal. */
struct progress *progress_new(struct event_base *base, bool quiet);
void progress_free(struct progress *progress);

/* What is waited for from now on; NULL: nothing any more. */
void progress_say(struct progress *progress, const char *subject);

/* Takes the line away, before something else is printed. NULL is fine. */
void progress_clear(struct progress *progress);

#endif
