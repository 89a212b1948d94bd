/* cauldron_inside.h: what the two files of a mirror share: the keys, and what is known of a keyword.
 * cauldron.c answers and announces; cauldron_look.c compares with the store. */
#ifndef DISPATCHER_CAULDRON_INSIDE_H
#define DISPATCHER_CAULDRON_INSIDE_H

#include "core/names.h"
#include "core/table.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/served.h"

/* A keyword that a client wrote, or whose status was found wanting. As many as the service has keywords at
 * most. */
struct watch {
	uint32_t pending; /* writes of clients that are not answered */
	uint32_t owed;    /* answers before the next status is told; 0: each has its own */
	bool behind;      /* the value has changed meanwhile */
	bool untold;      /* a status is due, and the store could not be written */
	char *refusal;    /* to be told; NULL: none */
	int64_t odd_ms;   /* since when the status has not been ready, monotonic; 0: it was */
	UT_hash_handle hh;
	char name[];
};

struct mirror {
	char prefix[NAMES_PREFIX_MAX + 1];
	struct watch *watches;
	size_t looked_at; /* where mirror_tick() goes on */
	size_t reached;   /* by the look at all of them … */
	bool looking;     /* … which is waiting for an answer */
	bool complete;    /* every key has been there */
};

/* NULL when there is none; made when out of the question no more, NULL when out of memory. */
struct watch *watch_find(const struct mirror *mirror, const char *name);
struct watch *watch_make(struct mirror *mirror, const char *name);

/* The dispatcher's own keywords, the last of a registry, are not mirrored. */
size_t mirror_count(const struct registry *registry);

void mirror_key(const struct served *served, const char *keyword, enum names_of_cauldron what,
    struct name *key);

/* One command that makes a value and a status visible together; 'error' (NULL: none) with them. False when it
 * could not be sent: cauldron_look.c will see what is missing. */
bool mirror_write(struct served *served, const struct entry *entry, bool value, const char *status,
    const char *error);

/* Makes an error ready, unless a client has begun a write since: it would take that for its answer. */
void mirror_settle(struct served *served, const struct entry *entry);

/* What the writes that are answered came to, now or as soon as the store takes it. */
void mirror_tell(struct served *served, const struct entry *entry, struct watch *watch);

#endif
