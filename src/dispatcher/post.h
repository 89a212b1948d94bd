/* post.h: what every served service stands on: the store, the requests, the intake.
 * Callbacks of the link carry the post and a service's serial number, never a pointer to it. */
#ifndef DISPATCHER_POST_H
#define DISPATCHER_POST_H

#include "core/log.h"
#include "dispatcher/store.h"

#include <stdint.h>

struct calcs;
struct durability;
struct event_base;
struct intake;
struct peers;
struct requests;
struct served;
struct steps;

/* Longest wait between tries of either link: all must be back within two seconds. */
enum { POST_BACKOFF_MS = 1000 };

struct post {
	struct event_base *base;
	char *url; /* of the store, as it was given */
	struct store store;
	struct peers *peers;
	struct requests *requests;
	struct intake *intake;
	struct calcs *calcs;
	struct steps *steps;
	struct durability *durability; /* NULL: the primary's word is enough */
	const struct log *log;
	char id[33]; /* of this dispatcher, for leases */
	char host[65];
	char server[256];    /* "redis 7.0.15 at unix:///…" */
	char run_id[48];     /* of the server: connection ids mean something within one run */
	bool events_unknown; /* CONFIG is forbidden */
	uint64_t times_lost; /* connections to the store */
	int64_t started_us;
	struct served *served; /* list of all */
	uint32_t last_serial;

	/* A service's state changed. */
	void (*on_change)(void *arg);
	void *arg;
};

/* A number for link callbacks: a service and something of its own. */
static inline uint64_t
post_ticket(uint32_t serial, uint32_t detail)
{
	return (uint64_t)serial << 32 | detail;
}

/* The service of a ticket; NULL when it is served no more. */
struct served *post_find(const struct post *post, uint64_t ticket);
struct served *post_find_name(const struct post *post, const char *name, size_t length);

/* One that is being removed; another of its name may be there already. */
struct served *post_find_doomed(const struct post *post, const char *name, size_t length);

#endif
