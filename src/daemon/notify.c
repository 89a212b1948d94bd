/* notify.c: datagrams to NOTIFY_SOCKET. */
#include "notify.h"

#include "clock.h"

#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { PATIENCE_MS = 200 }; /* a manager that does not read must not stop us */

static int manager = -1;
static struct sockaddr_un address = { .sun_family = AF_UNIX };
static socklen_t address_length;
static int64_t watchdog_us;

static void
find_watchdog(void)
{
	const char *interval = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (interval != NULL && (pid == NULL || strtol(pid, NULL, 10) == getpid()))
		watchdog_us = strtoll(interval, NULL, 10);
	if (watchdog_us < 0)
		watchdog_us = 0;
}

static void
find_manager(void)
{
	const struct timeval patience = { .tv_usec = PATIENCE_MS * 1000 };
	const char *path = getenv("NOTIFY_SOCKET");
	size_t length = path != NULL ? strlen(path) : 0;

	if (length < 2 || length >= sizeof address.sun_path || (path[0] != '/' && path[0] != '@'))
		return;
	memcpy(address.sun_path, path, length);
	/* '@' stands for the NUL of an abstract name, which has no other at its end. */
	if (path[0] == '@')
		address.sun_path[0] = '\0';
	address_length =
	    (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + (path[0] == '/'));
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (manager != -1)
		setsockopt(manager, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

void
notify_open(void)
{
	find_manager();
	find_watchdog();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

void
notify_close(void)
{
	if (manager != -1)
		close(manager);
	manager = -1;
}

/* Lost when the manager is not there: it will ask for nothing then. */
static void
tell(const char *lines)
{
	if (manager != -1)
		sendto(manager, lines, strlen(lines), MSG_NOSIGNAL, (struct sockaddr *)&address,
		    address_length);
}

void
notify_ready(void)
{
	tell("READY=1");
}

void
notify_status(const char *status)
{
	char line[1024];

	snprintf(line, sizeof line, "STATUS=%s", status);
	tell(line);
}

void
notify_reloading(void)
{
	char lines[80];

	snprintf(lines, sizeof lines, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, clock_us());
	tell(lines);
}

void
notify_stopping(void)
{
	tell("STOPPING=1");
}

void
notify_alive(void)
{
	if (watchdog_us > 0)
		tell("WATCHDOG=1");
}

int64_t
notify_watchdog_us(void)
{
	return manager != -1 ? watchdog_us : 0;
}
