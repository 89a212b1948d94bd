/* history.h: the past values of a keyword, in a capped stream beside its hash.
 * An entry's id is the value's time in microseconds, so that ids are in the order of time. */
#ifndef DISPATCHER_HISTORY_H
#define DISPATCHER_HISTORY_H

struct history;
struct store;
struct store_write;

/* NULL when out of memory. */
struct history *history_new(void);
void history_free(struct history *history);

/* Appends a write to the stream, in the same flush. One that is older than the last appended is there already.
 * What the store does not take is counted and logged, and changes nothing for the value. */
void history_append(struct store *store, const struct store_write *write);

#endif
