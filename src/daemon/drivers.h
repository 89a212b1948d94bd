/* drivers.h: the drivers of all services, as the configuration wants them.
 * Knows which there are and whose keywords they own; how one lives is driver.c's. */
#ifndef DAEMON_DRIVERS_H
#define DAEMON_DRIVERS_H

#include "conf.h"

struct event_base;
struct drivers;

/* 'dispatcher' is lent until drivers_let_go(). To drivers_free(). */
struct drivers *drivers_new(struct event_base *base, struct credis_dispatcher *dispatcher);

/* Follows a configuration: takes definitions that are new or have changed, and puts callbacks on the keywords
 * of its services. Then the dispatcher takes these, and then comes drivers_settle(). A driver that is defined
 * as before goes on undisturbed. */
void drivers_follow(struct drivers *drivers, struct conf *conf);
void drivers_settle(struct drivers *drivers);

/* Whose the services are may have changed. */
void drivers_look(struct drivers *drivers);

/* The dispatcher is about to go. */
void drivers_let_go(struct drivers *drivers);

/* Ends them all; 'stopped' is called once, when none runs any more. */
void drivers_stop(struct drivers *drivers, void (*stopped)(void *arg), void *arg);

/* Those that still run are killed. NULL is fine. */
void drivers_free(struct drivers *drivers);

/* Figures. */
struct drivers_figures {
	unsigned long starts, lines, garbage;
	size_t running;
};
void drivers_count(const struct drivers *drivers, struct drivers_figures *figures);

#endif
