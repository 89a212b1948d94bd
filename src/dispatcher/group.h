/* group.h: MODIFYs of which all are written or none.
 * One of them may have a source of its own: it is driven first, and the rest follows when that was done. */
#ifndef DISPATCHER_GROUP_H
#define DISPATCHER_GROUP_H

#include "dispatcher/dispatch.h"
#include "dispatcher/requests.h"

/* An all-or-nothing set being gathered from one payload. */
struct group *group_new(struct post *post, uint64_t number, uint64_t of);
uint64_t group_number(const struct group *group);

/* Checks one of it; refused at once, it spoils the rest. */
void group_add(struct group *group, const struct asking *asking);

/* The payload is over: writes all, or refuses the rest. Takes the group. */
void group_execute(struct group *group);

/* The turn of its driven keyword has come: true when all may still be written, and that one has to be driven;
 * otherwise it has given its turn back. */
bool group_turn(struct group *group);

/* The source of 'driven' has done its part: writes all. */
void group_driven(struct group *group, struct request *driven);

/* 'request' of it ends with 'err', the rest is refused for it. */
void group_fail(struct group *group, struct request *request, const struct credis_error *err);

#endif
