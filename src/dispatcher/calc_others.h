/* calc_others.h: keywords that other dispatchers serve, as calculations need them: followed by a client of
 * our own, on the same event loop. What they go into is calc.c's. */
#ifndef DISPATCHER_CALC_OTHERS_H
#define DISPATCHER_CALC_OTHERS_H

#include "core/table.h"
#include "core/value.h"

#include <credis/keyword.h>

#include <stdbool.h>

struct calc;
struct calcs;
struct others;
struct post;

/* One of them. */
struct other {
	char name[CREDIS_SERVICE_MAX + CREDIS_KEYWORD_MAX + 2];
	struct others *others;
	struct credis_keyword *description; /* NULL: not known yet */
	struct credis_value value;          /* of its type */
	bool known;                         /* 'value' is the newest, and good */
	bool lost;                          /* the store is: nobody knows */
	bool unserved;                      /* what it has is as it was left */
	bool used;
	char reason[CREDIS_ERROR_TEXT]; /* why its value is none */
	struct credis_monitor *monitor; /* NULL: to be tried again */
	struct calc **followers;        /* those calculated from it */
	size_t follower_count;
	UT_hash_handle hh;
};

/* 'calcs' is told of changes. NULL when out of memory. */
struct others *others_new(struct post *post, struct calcs *calcs);
void others_free(struct others *others);

/* Between these two calls each that is still needed is found; the others are let go. Nobody may refer to any
 * of them at the beginning. */
void others_begin(struct others *others);
struct other *others_find(struct others *others, const char *service, const char *keyword);
void others_end(struct others *others);

/* NULL while it has none that is valid. */
const struct credis_value *other_value(const struct other *other);
const char *other_reason(const struct other *other);

#endif
