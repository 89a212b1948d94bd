/* served.h: one service on its way to being served, and served.
 * Life: away → claiming → (standby) → registering → subscribing → ready; served_enter() is the only
 * writer of the state. */
#ifndef DISPATCHER_SERVED_H
#define DISPATCHER_SERVED_H

#include "dispatcher/counters.h"
#include "dispatcher/holdback.h"
#include "dispatcher/lease.h"
#include "dispatcher/post.h"
#include "dispatcher/registration.h"
#include "dispatcher/registry.h"
#include "dispatcher/schedule.h"
#include "dispatcher/service.h"
#include "dispatcher/values.h"

enum served_state {
	SERVED_AWAY,     /* the store is */
	SERVED_CLAIMING, /* asking for the lease */
	SERVED_STANDBY,  /* another dispatcher holds it */
	SERVED_REGISTERING,
	SERVED_SUBSCRIBING,
	SERVED_READY,
	SERVED_STOPPING, /* finishing what is under way */
	SERVED_STOPPED,  /* lease given up */
};

struct served {
	struct served *next; /* in post->served */
	struct post *post;
	uint32_t serial; /* for tickets, as long as it lives */
	uint32_t round;  /* for tickets that count entries; see served_new_round() */
	struct credis_service *definition;
	struct registry registry;
	struct lease lease;
	struct registration registration;
	struct schedule schedule;
	struct holdback holdback;
	struct counters counters;
	struct values values;
	struct mirror *mirror; /* for clients of Cauldron; NULL: none */
	enum served_state state;
	bool ours;          /* the lease was held when we last knew */
	bool on_channels;   /* subscribed, or subscribing, on this connection of the intake */
	bool subscribing;   /* not all channels are in force */
	bool doomed;        /* to go when stopped … */
	bool wiping;        /* … with all that the store has of it, as it was ours */
	bool drained;       /* stopping: nothing more comes from the intake */
	unsigned unheard;   /* writes of statistics since one was told of; see notifications.h */
	uint64_t under_way; /* requests */
	size_t looked_at;   /* where reconcile_some() goes on */
	int64_t took_us;    /* when we took over: what was sent before is not ours to judge */
	uint64_t last_requests; /* counters at the last tick */
	uint64_t last_finished, last_lag_us;
	double rate;
	int64_t lag_us;
	int64_t faults_second;       /* monotonic: in which … */
	unsigned faults_said;        /* … were told */
	char why[CREDIS_ERROR_TEXT]; /* why it is not ready; "" */
};

/* Takes 'definition' on success. */
struct served *served_new(struct post *post, struct credis_service *definition,
    struct credis_error *err);
void served_free(struct served *served);
const char *served_name(const struct served *served);

/* Takes a new definition of the same service, disturbing only what changed. */
bool served_follow(struct served *served, struct credis_service *definition,
    struct credis_error *err);

void served_store_up(struct served *served);
void served_store_down(struct served *served, const char *why);
void served_intake_down(struct served *served, const char *why);

/* Once a second. */
void served_tick(struct served *served);

/* Takes nothing new; SERVED_STOPPED once what is under way is finished (or 'now'). With 'doomed' the service
 * goes, and leaves the store if it was ours. */
void served_stop(struct served *served, bool doomed);
void served_stop_if_idle(struct served *served, bool now);

/* Sets a keyword from its source; keeps and stores it later while it cannot be stored. */
bool served_set(struct served *served, struct entry *entry, const char *text, size_t length,
    struct credis_error *err);

bool served_set_reading(struct served *served, struct entry *entry,
    const struct credis_sample *reading, struct credis_error *err);

/* The write of an entry's present value. */
struct store_write served_write(struct served *served, struct entry *entry);

/* Stores and broadcasts the present value once more, under a new number: how good it is has changed. */
void served_store_again(struct served *served, struct entry *entry);
void served_set_own(struct served *served, enum own_keyword own, const char *text);

/* Counts a fault, and puts it where people look: the log and DISPERROR. */
void served_report(struct served *served, const char *fault);

/* A payload from the intake, for the keyword 'name' (empty: the service's channel): dispatched, or kept until the
 * service can take it. */
void served_take(struct served *served, const struct slice *name, enum dispatch_verb verb,
    const char *payload, size_t length);

/* Or answered with 'err'. */
void served_turn_away(struct served *served, const struct slice *name, enum dispatch_verb verb,
    const char *payload, size_t length, const struct credis_error *err);

/* Whether its channels are in force, or come to be: it holds the lease, as far as it knows. */
bool served_is_serving(const struct served *served);

/* Whether it may write now; false with the reason. */
bool served_may_write(const struct served *served, struct credis_error *err);

/* Makes answers that are still to come about entries, by their number, go nowhere. */
void served_new_round(struct served *served);

/* From its parts. */
void served_on_lease_held(struct served *served, enum lease_gap gap);
void served_on_lease_renewed(struct served *served);
void served_on_lease_others(struct served *served);
void served_on_lease_refused(struct served *served, const char *why);
void served_on_registered(struct served *served, const struct credis_error *err);
void served_on_subscribed(struct served *served);

#endif
