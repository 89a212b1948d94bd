/* split.c: a command of several keys, sent to the shard of each.
 * Knows which words go where; whose answer is whose is answers.c's. */
#include "core/error.h"
#include "redis/answers.h"
#include "redis/known.h"
#include "redis/server.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

struct split {
	struct credis_store *store;
	const struct known *known;
	int argc;
	const char *const *argv;
	const size_t *lengths;
	int first, count; /* the keys */
	unsigned flags;
	int64_t timeout_ms;
	struct answers *answers;
	const char **words; /* for one shard; room for all */
	size_t *word_lengths;
};

static void
take_word(struct split *split, int *argc, int n)
{
	split->words[*argc] = split->argv[n];
	split->word_lengths[(*argc)++] =
	    split->lengths != NULL ? split->lengths[n] : strlen(split->argv[n]);
}

static bool
is_of(const struct split *split, int key, size_t shard)
{
	int at = split->first + key * split->known->step;

	return credis_store_shard(split->store, split->argv[at],
		   split->lengths != NULL ? split->lengths[at] : strlen(split->argv[at])) == shard;
}

/* The command of one shard; its name alone when it has none of the keys. */
static int
collect(struct split *split, size_t shard, struct part *part)
{
	int argc = 0;

	take_word(split, &argc, 0);
	for (int key = 0; key < split->count; key++) {
		int at = split->first + key * split->known->step;

		if (!is_of(split, key, shard))
			continue;
		for (int n = 0; n < split->known->step; n++)
			take_word(split, &argc, at + n);
		if (split->known->traits & KNOWN_LIST)
			part_add(part, (size_t)key);
	}
	if (argc > 1 && !(split->known->traits & KNOWN_LIST))
		part_add(part, shard);
	return argc;
}

static void
lack(struct split *split, size_t shard)
{
	if (!(split->known->traits & KNOWN_LIST))
		answers_lack(split->answers, shard);
	for (int key = 0; split->known->traits & KNOWN_LIST && key < split->count; key++)
		if (is_of(split, key, shard))
			answers_lack(split->answers, (size_t)key);
}

static void
send_part(struct split *split, size_t shard)
{
	struct server *server = split->store->servers[shard];
	struct part *part = part_new(split->answers, (size_t)split->count + 1);
	struct parcel parcel = { .argv = split->words, .lengths = split->word_lengths };
	struct credis_error why = { .code = CREDIS_OK };

	if (part == NULL) {
		lack(split, shard);
		return;
	}
	parcel.argc = collect(split, shard, part);
	if (parcel.argc == 1 ||
	    !store_post(server,
		store_is_exclusive(server, split->known, split->flags, split->timeout_ms), &parcel,
		split->timeout_ms, NULL, on_part_last, part, &why))
		part_refuse(part, &why);
}

static bool
send_all(struct split *split, credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	unsigned traits = split->known->traits;
	size_t shards = split->store->server_count, keys = (size_t)split->count;

	split->answers = answers_new(traits & KNOWN_LIST ? ANSWERS_LIST
		: traits & KNOWN_SUM                     ? ANSWERS_SUM
							 : ANSWERS_STATUS,
	    traits & KNOWN_LIST ? keys : shards, cb, arg);
	if (split->answers == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < shards; n++)
		send_part(split, n);
	return answers_begin(split->answers, err);
}

bool
store_split(struct credis_store *store, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct split split = { store, known, argc, argv, lengths, 0, 0, flags, timeout_ms, NULL,
		NULL, NULL };
	bool sent = false;

	if (!known_keys(known, argc, argv, lengths, &split.first, &split.count, err))
		return false;
	if (split.first + split.count * known->step != argc)
		return error_set(err, CREDIS_EINVAL, "%s: it has too few words", known->name);
	split.words = malloc((size_t)argc * sizeof *split.words);
	split.word_lengths = malloc((size_t)argc * sizeof *split.word_lengths);
	if (split.words == NULL || split.word_lengths == NULL)
		error_no_memory(err);
	else
		sent = send_all(&split, cb, arg, err);
	free(split.words);
	free(split.word_lengths);
	return sent;
}
