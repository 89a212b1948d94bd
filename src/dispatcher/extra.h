/* extra.h: what few keywords have beyond their value: how good it is.
 * Three have a say: the keyword's limits, the source of its values, and their age; the worst of them is
 * stored and broadcast with the value. */
#ifndef DISPATCHER_EXTRA_H
#define DISPATCHER_EXTRA_H

#include "core/alarm.h"

#include <credis/value.h>

#include <stdbool.h>

struct calc;
struct credis_keyword;
struct entry;
struct served;
struct store_write;

struct verdict {
	enum credis_severity severity;
	char *reason; /* NULL: none */
};

struct extra {
	struct verdict limits; /* on the present value */
	struct verdict given;  /* on the value of the last number given, which may be under way */
	struct verdict source;
	struct verdict age;
	enum alarm_limit limit, given_limit; /* that 'limits' and 'given' are about */
	bool marked;             /* a severity lies in the store, or is on its way there */
	int64_t heard_ms;        /* when its source last gave a value, monotonic; 0: never */
	struct history *history; /* NULL: none is kept */
	struct calc *calc;       /* how it is calculated; NULL: it is not */
	struct calc **followers; /* those calculated from it */
	size_t follower_count;
};

/* An entry's; NULL when out of memory. */
struct extra *extra_of(struct entry *entry);

/* Whether its source is to give a value every period. */
bool keyword_is_periodic(const struct credis_keyword *keyword);

/* Makes room where an entry's keyword needs it. False when out of memory. */
bool extra_prepare(struct entry *entry);

/* Goes over to the successor of an entry. */
void extra_inherit(struct entry *entry, struct entry *old);

void extra_free(struct extra *extra);

/* How good the present value is, and why it is not; "" when it is. */
enum credis_severity entry_severity(const struct entry *entry);
const char *entry_reason(const struct entry *entry);

/* What the source says of its values from now on; CREDIS_NONE takes it back. 'reason' may be NULL. True when
 * entry_severity() or entry_reason() is another now: it is then to be stored (served_set_severity() and
 * served_set() do). */
bool entry_set_source_severity(struct entry *entry, enum credis_severity severity,
    const char *reason);

/* The same, stored and broadcast under a new number when it makes a difference. */
void served_set_severity(struct served *served, struct entry *entry, enum credis_severity severity,
    const char *reason);

/* The entry's value is another now. */
void extra_take(struct entry *entry);

/* Whether a value would change the severity of the entry; its source has just given it. */
bool extra_hear(struct entry *entry, const struct credis_value *value);

/* Once a second: values whose periodic source is late become stale. */
void served_check_age(struct served *served);

/* Completes a write: of the present value, or of one that has just been given its number. For entries with
 * entry->extra only. */
void extra_describe(struct entry *entry, struct store_write *write);
void extra_judge(struct entry *entry, const struct credis_value *value, struct store_write *write);

#endif
