/* session.h: what the rooms of a client share: settings, the two links, and where the rooms
 * themselves are. What is in them is theirs. */
#ifndef CLIENT_SESSION_H
#define CLIENT_SESSION_H

#include "core/log.h"
#include "core/message.h"
#include "core/names.h"

#include <credis/client.h>

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct calls;
struct catalogs;
struct credis_monitor;
struct errands;
struct link;
struct presence;
struct subscriptions;

struct credis_client {
	struct event_base *base;
	bool own_base; /* made with it, for the blocking calls */
	bool running;  /* inside a blocking call */
	char ns[NAMES_NAMESPACE_MAX + 1];
	char from[MESSAGE_FROM_MAX];
	int db;
	int64_t timeout_ms;
	bool patient;
	struct log log;
	bool started;
	struct link *commands;
	int64_t own_offset_us; /* of our clock, when the store's was learned */
	struct subscriptions *subscriptions;
	struct calls *calls;
	struct catalogs *catalogs;
	struct errands *errands;
	struct credis_monitor *monitors; /* table, by serial */
	uint32_t last_monitor;           /* serial */
	LIST_HEAD(, presence) presences; /* see presence.h */
	uint64_t last_presence;          /* serial */
};

/* Connects, or tries again now where it was waiting to. */
void session_wake(struct credis_client *client);

bool session_is_up(const struct credis_client *client);

/* Connects anew, and so asks for the store's time, if our clock was set meanwhile. */
void session_check_clock(struct credis_client *client);

/* Says that the store cannot be reached, and why; returns false. 'tried_ms' (negative: left out) is for
 * how long it was tried. */
bool session_unreachable(const struct credis_client *client, int64_t tried_ms,
    struct credis_error *err);

#endif
