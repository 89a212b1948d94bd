/* presence.h: whether somebody serves what is watched: one question a second for each service, however many
 * scopes of however many monitors watch it. */
#ifndef CLIENT_PRESENCE_H
#define CLIENT_PRESENCE_H

#include "client/monitor_inside.h"

/* Tells the scope's monitor from now on when nobody serves its service any more, and when somebody does again.
 * False when out of memory. */
bool presence_join(struct scope *scope, struct credis_error *err);

/* One that has not joined is fine. */
void presence_leave(struct scope *scope);

#endif
