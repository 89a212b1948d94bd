/* registry.h: the keywords of a service that is being served, with their present values.
 * Memory is the authority: the store is made to agree with it (reconcile.h). */
#ifndef DISPATCHER_REGISTRY_H
#define DISPATCHER_REGISTRY_H

#include "core/keyword.h"
#include "core/table.h"
#include "dispatcher/extra.h"
#include "dispatcher/service.h"

struct entry {
	struct credis_keyword *keyword; /* lent by the definition or the registry */
	struct credis_value value;      /* what the store holds, or shall hold */
	uint64_t seq;                   /* of 'value'; 0 before the first */
	int64_t time_us;
	uint64_t given_seq;    /* the highest handed out to a write … */
	uint64_t replaced_seq; /* … and the last of those to one over another type */
	int64_t given_time_us;
	uint64_t asked_seq;      /* given_seq when the store was last asked (reconcile.c) */
	struct extra *extra;     /* NULL: nothing to say of how good it is (extra.h) */
	struct lane *lane;       /* NULL: it has no source of its own (steps.h) */
	struct entry *successor; /* who took over in a newer registry; held */
	uint32_t writes;         /* under way */
	uint32_t holders;        /* the registry, a predecessor, requests */
	bool known;              /* 'value' is ours: not to be taken from the store */
	UT_hash_handle hh;       /* by the keyword's name */
	char name[];             /* the keyword's; requests need it beyond its definition */
};

struct registry {
	struct entry **entries; /* in the definition's order, own ones last */
	size_t count;
	size_t periodic; /* of them, those that a source is to give a value every period */
	struct entry *names;
	struct credis_keyword *own[OWN_KEYWORDS];
};

/* Fills an empty registry from a definition, which must outlive it. On failure it is empty again. */
bool registry_build(struct registry *registry, const struct credis_service *service,
    struct credis_error *err);

/* Entries that requests still hold stay for them. */
void registry_clear(struct registry *registry);

/* Name in upper case; NULL when there is none. */
struct entry *registry_find(const struct registry *registry, const char *name, size_t length);
struct entry *registry_own(const struct registry *registry, enum own_keyword own);

/* Hands values and sequences of 'old' to the entries of the same name in 'fresh', which become the
 * successors of the old ones. A value that the new description does not allow starts anew. */
void registry_inherit(struct registry *fresh, struct registry *old);

/* Forgets that values are ours: another dispatcher has served meanwhile. */
void registry_forget(struct registry *registry);

/* The number and time of the next write; neither ever goes back. */
void entry_next(struct entry *entry, int64_t now_us, uint64_t *seq, int64_t *time_us);

/* Makes a value the present one, unless a newer one is; 'value' is empty afterwards. */
void entry_take_value(struct entry *entry, struct credis_value *value, uint64_t seq,
    int64_t time_us);

/* Gives the initial value the next number. False when out of memory. */
bool entry_start_anew(struct entry *entry, int64_t now_us);

/* The entry that counts now: its last successor, or itself. */
struct entry *entry_now(struct entry *entry);

struct entry *entry_hold(struct entry *entry);
void entry_release(struct entry *entry);

#endif
