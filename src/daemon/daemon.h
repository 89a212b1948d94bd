/* daemon.h: the life of credisd, from a configuration that is right to a clean stop. */
#ifndef DAEMON_DAEMON_H
#define DAEMON_DAEMON_H

#include "conf.h"
#include "status.h"

/* Keeps signals for daemon_run(), which reads what came before it. */
void daemon_hold_signals(void);

/* Serves what 'conf' says until told to stop, reading 'path' again when told to. Takes 'conf'. */
enum status daemon_run(struct conf *conf, const char *path, bool verbose);

#endif
