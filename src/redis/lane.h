/* lane.h: calls on their way to a server, one behind the other: on the connection that all share, or on one
 * of the pool that is theirs while it lasts. */
#ifndef REDIS_LANE_H
#define REDIS_LANE_H

#include "redis/call.h"

struct conn;
struct link;
struct server;

struct lane {
	LIST_ENTRY(lane) place;    /* among the server's */
	TAILQ_ENTRY(lane) waiting; /* for a connection */
	struct server *server;
	struct conn *conn; /* NULL: waits for one, or lost it */
	struct calls held; /* until the connection is up */
	size_t under_way;  /* calls that the link will answer */
	int64_t until_ms;  /* it waits for one of the pool */
	bool shared;
	bool waits;
	bool lost;     /* its connection; it gets no other */
	bool owned;    /* by a transaction */
	unsigned busy; /* walks that still need it */
};

void lane_init(struct lane *lane, struct server *server);

/* Sends a call, or holds it. False: it was not taken. */
bool lane_post(struct lane *lane, const struct parcel *parcel, int64_t timeout_ms,
    credis_reply_cb *each, credis_reply_cb *cb, void *arg, struct credis_error *err);

/* Its connection is in doubt, or somebody sits on it: answers what is under way with CREDIS_ELOST. Not for
 * the shared one. */
void lane_abandon(struct lane *lane);

/* Gives the connection back and frees the lane, if nothing needs it any more. */
void lane_settle(struct lane *lane);

/* From its connection: it is up; it is lost, or a try to connect failed. */
void lane_on_up(struct lane *lane);
void lane_on_down(struct lane *lane, bool was_up, const struct credis_error *why);

/* The call's end, before its server told it. May free the lane and, in the end, the store. */
void call_close(struct call *call, const struct credis_error *err);

/* When a call is overdue, and what is done then. */
int64_t call_due_ms(const struct call *call);
void call_expire(struct call *call);

#endif
