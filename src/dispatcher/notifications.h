/* notifications.h: sees to it that the server broadcasts changes.
 * Adds the classes needed to notify-keyspace-events, never removes any; where CONFIG is forbidden it finds out
 * whether events come, and says what to set. Monitors read everything again once they come again. */
#ifndef DISPATCHER_NOTIFICATIONS_H
#define DISPATCHER_NOTIFICATIONS_H

#include <stdbool.h>

struct post;
struct served;

/* Asks what is set and adds what lacks. Again and again, unless it is forbidden: others may change it. */
void notifications_check(struct post *post);

/* With the service's channels: SUBSCRIBE or UNSUBSCRIBE to events of its statistics, where CONFIG is forbidden. */
void notifications_listen(struct served *served, const char *verb);

/* The statistics were written. */
void notifications_expect(struct served *served);

/* Whether a message was of a channel that we listen to so. */
bool notifications_hear(struct post *post, const char *channel, const char *event);

#endif
