/* lru.c: what is known of keys: a table, and a list of its entries by use, the youngest first. */
#include "model/lru.h"

#include "model/answer.h"

#include <stdlib.h>
#include <string.h>

TAILQ_HEAD(memos, memo);

struct lru {
	struct memo *table;
	struct memos by_use;
	size_t count_max, bytes_max;
	size_t bytes;
	uint64_t evictions;
};

struct memo *
memo_new(const char *key, size_t length)
{
	struct memo *memo = calloc(1, sizeof *memo + length + 1);

	if (memo == NULL)
		return NULL;
	memo->holders = 1;
	memo->length = length;
	memcpy(memo->key, key, length);
	return memo;
}

struct memo *
memo_hold(struct memo *memo)
{
	memo->holders++;
	return memo;
}

void
memo_release(struct memo *memo)
{
	if (memo == NULL || --memo->holders > 0)
		return;
	answer_free(memo->answer);
	free(memo);
}

struct lru *
lru_new(size_t count_max, size_t bytes_max)
{
	struct lru *lru = calloc(1, sizeof *lru);

	if (lru == NULL)
		return NULL;
	TAILQ_INIT(&lru->by_use);
	lru->count_max = count_max;
	lru->bytes_max = bytes_max;
	return lru;
}

void
lru_free(struct lru *lru)
{
	if (lru == NULL)
		return;
	lru_clear(lru);
	free(lru);
}

struct memo *
lru_find(struct lru *lru, const char *key, size_t length)
{
	struct memo *memo;

	HASH_FIND(hh, lru->table, key, length, memo);
	if (memo != NULL && memo != TAILQ_FIRST(&lru->by_use)) {
		TAILQ_REMOVE(&lru->by_use, memo, place);
		TAILQ_INSERT_HEAD(&lru->by_use, memo, place);
	}
	return memo;
}

static void
lru_remove(struct lru *lru, struct memo *memo)
{
	HASH_DEL(lru->table, memo);
	TAILQ_REMOVE(&lru->by_use, memo, place);
	lru->bytes -= memo->bytes;
	memo_release(memo);
}

bool
lru_drop(struct lru *lru, const char *key, size_t length)
{
	struct memo *memo;

	HASH_FIND(hh, lru->table, key, length, memo);
	if (memo != NULL)
		lru_remove(lru, memo);
	return memo != NULL;
}

void
lru_clear(struct lru *lru)
{
	struct memo *memo;

	while ((memo = TAILQ_FIRST(&lru->by_use)) != NULL)
		lru_remove(lru, memo);
}

/* What it takes of the machine's memory, but for the allocator's own. */
static size_t
memo_measure(const struct memo *memo)
{
	const struct credis_answer *answer = memo->answer;
	size_t bytes = sizeof *memo + memo->length + 1 + sizeof *answer;

	for (size_t n = 0; n < answer->count; n++)
		bytes += sizeof answer->items[n] + answer->items[n].length + 1;
	return bytes;
}

void
lru_keep(struct lru *lru, struct memo *memo)
{
	memo->bytes = memo_measure(memo);
	lru_drop(lru, memo->key, memo->length);
	if (memo->bytes > lru->bytes_max || lru->count_max == 0)
		return;
	while (lru_count(lru) >= lru->count_max || lru->bytes_max - memo->bytes < lru->bytes) {
		lru_remove(lru, TAILQ_LAST(&lru->by_use, memos));
		lru->evictions++;
	}
	HASH_ADD(hh, lru->table, key, memo->length, memo);
	if (memo->hh.tbl == NULL)
		return;
	memo_hold(memo);
	TAILQ_INSERT_HEAD(&lru->by_use, memo, place);
	lru->bytes += memo->bytes;
}

size_t
lru_count(const struct lru *lru)
{
	return HASH_COUNT(lru->table);
}

size_t
lru_bytes(const struct lru *lru)
{
	return lru->bytes;
}

uint64_t
lru_evictions(const struct lru *lru)
{
	return lru->evictions;
}
