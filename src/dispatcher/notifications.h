/* notifications.h: sees to it that the server broadcasts changes.
 * Adds the classes needed to notify-keyspace-events, never removes any; where CONFIG is forbidden it says
 * what to set. */
#ifndef DISPATCHER_NOTIFICATIONS_H
#define DISPATCHER_NOTIFICATIONS_H

struct post;

/* Asks what is set and adds what lacks. Now and then again: others may change it. */
void notifications_check(struct post *post);

#endif
