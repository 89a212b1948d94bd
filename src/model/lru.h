/* lru.h: what is known of keys, bounded by their number and bytes: the least recently used goes first.
 * Knows nothing of servers; whether what is known is still so is its user's to say. */
#ifndef MODEL_LRU_H
#define MODEL_LRU_H

#include "core/table.h"

#include <credis/model.h>

#include <sys/queue.h>

struct lru;

/* What is known of a key, counted by those who hold it; its answer is its own, and may be NULL before it is
 * put into a table. */
struct memo {
	struct credis_answer *answer;
	size_t length;

	/* The table's. */
	unsigned holders;
	size_t bytes;
	UT_hash_handle hh;
	TAILQ_ENTRY(memo) place;
	char key[];
};

/* NULL when out of memory; held by the caller. */
struct memo *memo_new(const char *key, size_t length);
struct memo *memo_hold(struct memo *memo);
void memo_release(struct memo *memo); /* NULL is fine */

/* NULL when out of memory. */
struct lru *lru_new(size_t count_max, size_t bytes_max);
void lru_free(struct lru *lru);

/* NULL: not known. Otherwise it is the youngest now; lent until the table changes. */
struct memo *lru_find(struct lru *lru, const char *key, size_t length);

/* In place of what was known of its key; others go for its room. What has no room at all, or when memory is
 * short, is not kept. */
void lru_keep(struct lru *lru, struct memo *memo);

/* False: it was not known. */
bool lru_drop(struct lru *lru, const char *key, size_t length);
void lru_clear(struct lru *lru);

size_t lru_count(const struct lru *lru);
size_t lru_bytes(const struct lru *lru);
uint64_t lru_evictions(const struct lru *lru);

#endif
