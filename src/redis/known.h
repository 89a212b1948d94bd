/* known.h: what is known of Redis' commands: where their keys are, and how they may be sent. */
#ifndef REDIS_KNOWN_H
#define REDIS_KNOWN_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>

enum known_trait {
	KNOWN_READS = 1,   /* a replica will do */
	KNOWN_BLOCKS = 2,  /* keeps its connection waiting */
	KNOWN_REFUSED = 4, /* would change a shared connection for everybody */
	KNOWN_COUNTED = 8, /* 'first' is where the number of keys is, which follow it */
	KNOWN_LIST = 16,   /* on shards split by key: an element a key (MGET) */
	KNOWN_SUM = 32,    /* likewise: a number, to be added up (DEL) */
	KNOWN_ALL = 64,    /* likewise: a status (MSET) */
};

struct known {
	const char *name;
	unsigned char traits;
	signed char first; /* word that is a key; 0: none */
	signed char last;  /* from the end if negative: -1 is the last word */
	signed char step;
};

/* Whatever is not in the table is { name, 0, 0, 0, 0 }: sent, but not to shards. Never NULL. */
const struct known *known_find(const char *name, size_t length);

/* The words that are keys: from '*first', by 'step', '*count' of them; none is 0 and no fault. False with
 * CREDIS_EINVAL when the words are too few. */
bool known_keys(const struct known *known, int argc, const char *const *argv, const size_t *lengths,
    int *first, int *count, struct credis_error *err);

#endif
