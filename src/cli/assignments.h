/* assignments.h: what modify is to write, read from its arguments. */
#ifndef CLI_ASSIGNMENTS_H
#define CLI_ASSIGNMENTS_H

#include <credis/client.h>

#include <stdbool.h>
#include <stddef.h>

struct session;
struct target;

struct assignments {
	bool nowait, notify, silent;
	struct target *targets;
	struct credis_modify *writes; /* one a target */
	size_t count;
};

/* False when the line is wrong, which was then said: nothing is to be sent. */
bool assignments_read(struct assignments *assignments, struct session *session, char **words,
    int count);
void assignments_clear(struct assignments *assignments);

#endif
