/* calc.h: keywords calculated from others: who depends on whom, and when each is computed anew.
 * What changed in a turn of the event loop is worked off at its end, each dependent once, in order. */
#ifndef DISPATCHER_CALC_H
#define DISPATCHER_CALC_H

#include <stddef.h>
#include <stdint.h>

struct calcs;
struct calc;
struct entry;
struct post;

/* NULL when out of memory. */
struct calcs *calcs_new(struct post *post);
void calcs_free(struct calcs *calcs);

/* The services are others now. */
void calcs_change(struct calcs *calcs);

/* The value of an entry with entry->extra, or how good it is, has changed. */
void calc_touch(struct entry *entry);

/* The same of what other dispatchers' keywords go into (calc_others.h). */
void calc_touch_all(struct calc *const *followers, size_t count);

/* Gives all up at once, to be built anew: descriptions that they refer to are about to change. Not while one is
 * computed. */
void calcs_renew(struct calcs *calcs);

/* Calculations made. */
uint64_t calcs_computed(const struct calcs *calcs);

#endif
