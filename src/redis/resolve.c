/* resolve.c: getaddrinfo() in a thread that outlives whoever lost interest.
 * A thread, so that everything nsswitch.conf offers works (files, DNS, mDNS, LDAP) and nothing
 * waits; a numeric address never needs one. */
#include "redis/resolve.h"

#include <errno.h>
#include <event2/event.h>
#include <netdb.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

/* Shared with the thread; the last holder frees it. */
struct lookup {
	atomic_int holders;
	int done_fd; /* an eventfd: written after the fields below */
	char *host;
	char port[8];
	struct addrinfo *addresses;
	int fault;        /* EAI_… */
	int system_fault; /* errno, for EAI_SYSTEM */
};

struct resolve {
	struct lookup *lookup;
	struct event *event;
	resolve_done *done;
	void *arg;
};

static void
lookup_let_go(struct lookup *lookup)
{
	if (lookup == NULL || atomic_fetch_sub(&lookup->holders, 1) > 1)
		return;
	if (lookup->addresses != NULL)
		freeaddrinfo(lookup->addresses);
	if (lookup->done_fd >= 0)
		close(lookup->done_fd);
	free(lookup->host);
	free(lookup);
}

static struct lookup *
lookup_new(const char *host, int port)
{
	struct lookup *lookup = calloc(1, sizeof *lookup);

	if (lookup == NULL)
		return NULL;
	atomic_init(&lookup->holders, 1);
	snprintf(lookup->port, sizeof lookup->port, "%d", port);
	lookup->host = strdup(host);
	lookup->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (lookup->host == NULL || lookup->done_fd < 0) {
		lookup_let_go(lookup);
		return NULL;
	}
	return lookup;
}

static void
lookup_run(struct lookup *lookup, int flags)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = flags | AI_NUMERICSERV };

	lookup->fault = getaddrinfo(lookup->host, lookup->port, &hints, &lookup->addresses);
	lookup->system_fault = errno;
	if (lookup->fault != 0)
		lookup->addresses = NULL;
}

static void
lookup_tell(const struct lookup *lookup)
{
	ssize_t written = write(lookup->done_fd, &(uint64_t){ 1 }, sizeof(uint64_t));

	(void)written; /* an eventfd at 0 takes a 1 */
}

static void *
lookup_thread(void *arg)
{
	struct lookup *lookup = arg;

	lookup_run(lookup, 0);
	lookup_tell(lookup);
	lookup_let_go(lookup);
	return NULL;
}

/* The program's signals are not for this thread. */
static bool
lookup_start_thread(struct lookup *lookup)
{
	pthread_attr_t detached;
	pthread_t thread;
	sigset_t all, before;
	int fault;

	if (pthread_attr_init(&detached) != 0)
		return false;
	pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	atomic_fetch_add(&lookup->holders, 1);
	fault = pthread_create(&thread, &detached, lookup_thread, lookup);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&detached);
	if (fault != 0)
		lookup_let_go(lookup);
	return fault == 0;
}

static const char *
fault_text(const struct lookup *lookup)
{
	if (lookup->fault == EAI_SYSTEM)
		return strerror(lookup->system_fault);
	return gai_strerror(lookup->fault);
}

static void
on_done(evutil_socket_t fd, short what, void *arg)
{
	struct resolve *resolve = arg;
	struct addrinfo *addresses;
	uint64_t count;

	(void)what;
	if (read(fd, &count, sizeof count) != sizeof count)
		return;
	addresses = resolve->lookup->addresses;
	resolve->lookup->addresses = NULL;
	resolve->done(resolve->arg, addresses,
	    addresses != NULL ? NULL : fault_text(resolve->lookup));
}

static bool
resolve_start(struct resolve *resolve)
{
	if (event_add(resolve->event, NULL) != 0)
		return false;
	lookup_run(resolve->lookup, AI_NUMERICHOST);
	if (resolve->lookup->fault != 0)
		return lookup_start_thread(resolve->lookup);
	lookup_tell(resolve->lookup);
	return true;
}

struct resolve *
resolve_new(struct event_base *base, const char *host, int port, resolve_done *done, void *arg)
{
	struct resolve *resolve = calloc(1, sizeof *resolve);

	if (resolve == NULL)
		return NULL;
	resolve->done = done;
	resolve->arg = arg;
	resolve->lookup = lookup_new(host, port);
	if (resolve->lookup != NULL)
		resolve->event =
		    event_new(base, resolve->lookup->done_fd, EV_READ, on_done, resolve);
	if (resolve->event == NULL || !resolve_start(resolve)) {
		resolve_free(resolve);
		return NULL;
	}
	return resolve;
}

void
resolve_free(struct resolve *resolve)
{
	if (resolve == NULL)
		return;
	if (resolve->event != NULL)
		event_free(resolve->event);
	lookup_let_go(resolve->lookup);
	free(resolve);
}
