/* directory.h: a directory that one process, and what it starts, has to itself. */
#ifndef DAEMON_DIRECTORY_H
#define DAEMON_DIRECTORY_H

#include <credis/error.h>

#include <stdbool.h>
#include <sys/types.h>

/* Makes a directory and those above it that are missing, mode 750. */
bool directory_make(const char *path, struct credis_error *err);

/* Locks a directory that exists through its file "lock": as long as the descriptor returned, or a copy of it
 * in another process, is open. A server that a killed owner left behind is ended first. -1 with the
 * reason, which names the owner. */
int directory_lock(const char *path, struct credis_error *err);

/* Notes in the lock who the owner's server is. */
void directory_note(int lock, pid_t server);

#endif
