/* source.h: what a program does for a keyword, and for how long it is kept.
 * Held by the service that was told of it and by every step under way; the last to let go tells the program. */
#ifndef DISPATCHER_SOURCE_H
#define DISPATCHER_SOURCE_H

#include <credis/dispatcher.h>

struct source {
	struct credis_callbacks callbacks;
	void *arg;
	unsigned holders;
};

/* Held once; NULL when out of memory. */
struct source *source_new(const struct credis_callbacks *callbacks, void *arg);
struct source *source_hold(struct source *source);
void source_release(struct source *source);

#endif
