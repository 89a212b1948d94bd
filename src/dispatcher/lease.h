/* lease.h: who serves a service: one dispatcher at a time, by a key that lapses.
 * Source of the format: credis-protocol(7). Takes, renews, gives up, and waits for its turn. */
#ifndef DISPATCHER_LEASE_H
#define DISPATCHER_LEASE_H

#include "dispatcher/post.h"

enum {
	LEASE_MS = 3000, /* it lapses when not renewed for so long */
	LEASE_RENEW_MS = 1000,
	LEASE_RETRY_MS = 200, /* how often a standby asks */
};

enum lease_state { LEASE_NONE, LEASE_ASKED, LEASE_OTHERS, LEASE_HELD };

/* Who may have served since the lease was last ours. */
enum lease_gap {
	LEASE_NOBODY,
	LEASE_UNCERTAIN, /* the store was emptied: nobody that we know of */
	LEASE_SOMEBODY,  /* also where it never was ours */
};

struct lease {
	struct post *post;
	struct served *served;
	const char *service;
	struct event *timer;
	enum lease_state state;
	char *mine;         /* JSON under the key while it is ours */
	char *before;       /* the same when it was last ours; NULL: never */
	char *others;       /* JSON last seen of somebody else; NULL: none */
	int64_t asked_ms;   /* monotonic: when the request under way was sent */
	int64_t waiting_ms; /* monotonic: when we last said that we stand by */
	int64_t renewed_ms; /* monotonic: from when the lease counts */
	int64_t emptied_ms; /* monotonic: when the store was found emptied; 0: it was not */
	int64_t epoch;      /* of our last lease; 0 before the first, and once others serve */
	char count[32];     /* names the count that 'epoch' is of */
	bool was_held;      /* 'mine' has been under the key */
	bool renewing;      /* a renewal is under way */
	struct credis_error fault; /* why the last renewal failed; code CREDIS_OK: it did not */
};

bool lease_init(struct lease *lease, struct post *post, struct served *served, const char *service);
void lease_clear(struct lease *lease);

/* Asks for the lease until it is held; served_on_lease_held() then tells. */
void lease_claim(struct lease *lease);

/* The store went away: what we hold lapses by itself. */
void lease_suspend(struct lease *lease);

/* Hands it over at a clean stop. */
void lease_release(struct lease *lease);

/* Whether it is certainly still ours. */
bool lease_is_fresh(const struct lease *lease);

/* Whether somebody else can have taken it: it has lapsed, or was never ours. */
bool lease_may_be_others(const struct lease *lease);

/* Who holds it, for a sentence: "host pid 4711". 'text' has room for 128. */
char *lease_holder(const struct lease *lease, char *text);

#endif
