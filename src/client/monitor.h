/* monitor.h (client): what other rooms of the client need of monitors. */
#ifndef CLIENT_MONITOR_H
#define CLIENT_MONITOR_H

#include <credis/monitor.h>

struct catalog;

/* Commands can be sent again. */
void monitors_store_up(struct credis_client *client);

/* credis_monitor_new() with 'start_ms' in place of the client's deadline for getting started. */
struct credis_monitor *monitor_new(struct credis_client *client, const char *const *keywords,
    size_t count, int64_t start_ms, credis_monitor_cb *cb, void *arg, struct credis_error *err);

/* The descriptions of a service that it watches, as they are now; NULL before it is primed. */
struct catalog *monitor_catalog(const struct credis_monitor *monitor, const char *service);

#endif
