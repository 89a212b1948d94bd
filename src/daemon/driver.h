/* driver.h: one driver: a program that owns keywords of a service, kept running while it is wanted.
 * Which drivers there are, and whose keywords they own, is drivers.c's. */
#ifndef DAEMON_DRIVER_H
#define DAEMON_DRIVER_H

#include "conf_driver.h"

#include <credis/dispatcher.h>

#include <stdbool.h>

struct event_base;
struct driver;

/* What all drivers share. */
struct driver_host {
	struct event_base *base;
	struct credis_dispatcher *dispatcher; /* NULL once it has gone */
	unsigned long starts, lines, garbage; /* counts */
	/* A driver that is not wanted has ended. */
	void (*stopped)(struct driver_host *host);
};

/* Takes the definition. 'host' is lent. One reference is the caller's. */
struct driver *driver_new(struct driver_host *host, struct conf_driver *definition);

/* Gives a reference back; the last frees it, which takes one that is_stopped. NULL is fine. */
void driver_release(struct driver *driver);

const struct conf_driver *driver_definition(const struct driver *driver);

/* Takes another definition, by which it is started anew. */
void driver_redefine(struct driver *driver, struct conf_driver *definition);

/* Starts it, and again when it ends; or ends it: asked first, killed later. 'why' is why not, as the end of
 * "driver mount is not running: …". */
void driver_want(struct driver *driver, bool wanted, const char *why);
bool driver_is_stopped(const struct driver *driver);

bool driver_is_running(const struct driver *driver);

/* Its keywords are named anew: it begins, they are taken while their service is still nobody's, those that it
 * has lost are dropped, and it ends, once the dispatcher has the service. A keyword that it had before goes on
 * as it was. */
void driver_begin_keywords(struct driver *driver);
bool driver_take_keyword(struct driver *driver, struct credis_service *service,
    const struct credis_keyword *keyword, struct credis_error *err);
void driver_drop_keywords(struct driver *driver);
void driver_end_keywords(struct driver *driver);

/* Kills what still runs, whoever holds references. */
void driver_kill(struct driver *driver);

#endif
