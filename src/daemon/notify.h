/* notify.h: tells a service manager how we are (sd_notify(3), without its library).
 * Without a service manager every call is a no-op. */
#ifndef DAEMON_NOTIFY_H
#define DAEMON_NOTIFY_H

#include <stdint.h>

/* Finds the service manager, and takes its variables out of the environment of our children. */
void notify_open(void);
void notify_close(void);

void notify_ready(void);
void notify_status(const char *status);
void notify_reloading(void);
void notify_stopping(void);
void notify_alive(void);

/* How often the service manager wants to hear notify_alive(), in microseconds; 0 when it does not. */
int64_t notify_watchdog_us(void);

#endif
