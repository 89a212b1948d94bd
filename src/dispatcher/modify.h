/* modify.h: a MODIFY from the moment it is understood: checked, stored, finished.
 * Alone, or as one of a set of which all are written or none. */
#ifndef DISPATCHER_MODIFY_H
#define DISPATCHER_MODIFY_H

#include "dispatcher/dispatch.h"
#include "dispatcher/requests.h"

/* Checks and executes; answers in the end, whatever comes. */
void modify_begin(const struct asking *asking);

/* An all-or-nothing set being gathered from one payload. */
struct group *group_new(struct post *post, uint64_t number, uint64_t of);
uint64_t group_number(const struct group *group);

/* Checks one of it; refused at once, it spoils the rest. */
void group_add(struct group *group, const struct asking *asking);

/* The payload is over: writes all, or refuses the rest. Takes the group. */
void group_execute(struct group *group);

#endif
