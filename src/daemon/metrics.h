/* metrics.h: a page of figures for Prometheus, over HTTP. */
#ifndef DAEMON_METRICS_H
#define DAEMON_METRICS_H

#include "commands.h"
#include "drivers.h"

#include <credis/dispatcher.h>
#include <credis/error.h>

#include <stdbool.h>

struct event_base;
struct metrics;

/* Whether 'address' is one to listen at: "127.0.0.1:9121", "[::1]:9121"; port 0 is any. */
bool metrics_address_check(const char *address);

/* Figures of the daemon itself. */
struct metrics_daemon {
	unsigned long reloads, refused_reloads, store_starts;
};

/* Where figures come from. */
struct metrics_sources {
	const struct credis_dispatcher *dispatcher;
	const struct metrics_daemon *daemon;
	const struct drivers *drivers;
	const struct commands *commands;
};

/* Serves GET /metrics until it is freed; the sources are lent as long. NULL with the reason
 * when it cannot listen there. */
struct metrics *metrics_new(struct event_base *base, const char *address,
    const struct metrics_sources *sources, struct credis_error *err);
void metrics_free(struct metrics *metrics);

#endif
