/* dict.c: a dictionary whose changes are announced.
 * Knows its keys and channels; what is stored is core/serial.c's, answers are answer.c's. */
#include <credis/batch.h>

#include "core/buffer.h"
#include "core/error.h"
#include "core/text.h"
#include "model/answer.h"
#include "model/dict_inside.h"
#include "redis/server.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

#define NAMESPACE "redisDict"

struct credis_dict {
	struct credis_store *store;
	char *name_space;
	enum credis_serializer serializer;
	struct credis_answer *kept; /* of the last blocking call */
};

/* May outlive its dict. */
struct errand {
	struct credis_store *store;
	enum credis_serializer serializer;
	enum credis_gives gives;
	unsigned flags;
	int64_t timeout_ms;
	struct buffer key; /* with its namespace */
	size_t prefix;     /* bytes of that */
	dict_taking *take;
	credis_answer_cb *cb; /* instead of 'take' */
	void *arg;
	struct credis_answer *keys; /* so far */
	size_t room;
	int64_t began_ms; /* the first step towards them */
};

struct asking {
	struct credis_dict *dict;
	struct errand *errand;
	const char *key, *value;
	size_t key_length, value_length;
};

typedef bool starting(struct asking *call, struct credis_error *err);

struct credis_dict *
credis_dict_new(struct credis_store *store, const char *name_space,
    enum credis_serializer serializer, struct credis_error *err)
{
	struct credis_dict *dict;

	if (serializer < 0 || serializer >= CREDIS_SERIALIZERS) {
		error_set(err, CREDIS_EINVAL, "%d is no serializer", (int)serializer);
		return NULL;
	}
	if (store->ring != NULL) {
		error_set(err, CREDIS_EINVAL, "a dictionary needs one server, not shards");
		return NULL;
	}
	if (name_space == NULL)
		name_space = NAMESPACE;
	dict = calloc(1, sizeof *dict);
	if (dict != NULL) {
		dict->store = store;
		dict->serializer = serializer;
		dict->name_space = text_copy(name_space, strlen(name_space));
	}
	if (dict != NULL && dict->name_space != NULL)
		return dict;
	credis_dict_free(dict);
	error_no_memory(err);
	return NULL;
}

void
credis_dict_free(struct credis_dict *dict)
{
	if (dict == NULL)
		return;
	answer_free(dict->kept);
	free(dict->name_space);
	free(dict);
}

const char *
dict_name_space(const struct credis_dict *dict)
{
	return dict->name_space;
}

static void
errand_free(struct errand *errand)
{
	buffer_free(&errand->key);
	answer_free(errand->keys);
	free(errand);
}

static void
finish(struct errand *errand, struct credis_answer *answer, const struct credis_error *err)
{
	struct credis_error why = *err;
	char quoted[ERROR_QUOTE + 4];

	if (why.code == CREDIS_ETYPE || why.code == CREDIS_ESTORE)
		error_prefix(&why,
		    text_quote(quoted, errand->key.bytes, errand->key.length, ERROR_QUOTE));
	if (errand->take != NULL) {
		errand->take(errand->arg, answer, &why);
	} else {
		if (errand->cb != NULL)
			errand->cb(errand->arg, answer, &why);
		answer_free(answer);
	}
	errand_free(errand);
}

static void
finish_with(struct errand *errand, const struct credis_reply *reply, const struct credis_error *err)
{
	struct credis_answer *answer = NULL;
	struct credis_error why = *err;

	if (why.code == CREDIS_OK)
		answer = answer_new(errand->gives, errand->serializer, reply, &why);
	finish(errand, answer, &why);
}

static void
on_reply(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	finish_with(arg, reply, err);
}

/* What was done comes first, that it was announced second. */
static void
on_done(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	finish_with(arg, credis_reply_element(reply, 0), err);
}

static bool
ask_of_key(struct asking *call, const char *command, struct credis_error *err)
{
	struct errand *errand = call->errand;
	const char *words[] = { command, errand->key.bytes };
	const size_t lengths[] = { strlen(command), errand->key.length };

	return credis_store_command(errand->store, 2, words, lengths, errand->flags,
	    errand->timeout_ms, on_reply, errand, err);
}

static bool
start_get(struct asking *call, struct credis_error *err)
{
	return ask_of_key(call, "GET", err);
}

static bool
start_has(struct asking *call, struct credis_error *err)
{
	return ask_of_key(call, "EXISTS", err);
}

/* Sends a change and its announcement. */
static bool
change(struct asking *call, int argc, const char *const *words, const size_t *lengths,
    const char *how, struct credis_error *err)
{
	struct errand *errand = call->errand;
	struct credis_transaction *transaction = credis_transaction_new(errand->store, "dict", err);
	struct buffer channel = BUFFER_EMPTY;
	bool ok = false;

	if (transaction == NULL)
		return false;
	buffer_append(&channel, errand->key.bytes, errand->prefix);
	buffer_text(&channel, how);
	if (channel.failed) {
		error_no_memory(err);
	} else {
		const char *told[] = { "PUBLISH", channel.bytes, call->key };
		const size_t told_lengths[] = { 7, channel.length, call->key_length };

		ok = credis_transaction_add(transaction, argc, words, lengths, err) &&
		    credis_transaction_add(transaction, 3, told, told_lengths, err);
	}
	buffer_free(&channel);
	if (!ok) {
		credis_transaction_discard(transaction);
		return false;
	}
	return credis_transaction_exec(transaction, errand->timeout_ms, on_done, errand, err);
}

static bool
start_set(struct asking *call, struct credis_error *err)
{
	struct errand *errand = call->errand;
	size_t length;
	char *stored =
	    credis_serialize(errand->serializer, call->value, call->value_length, &length, err);
	bool ok;

	if (stored == NULL)
		return error_prefix(err, errand->key.bytes);
	const char *words[] = { "SET", errand->key.bytes, stored };
	const size_t lengths[] = { 3, errand->key.length, length };

	ok = change(call, 3, words, lengths, "update", err);
	free(stored);
	return ok;
}

static bool
start_del(struct asking *call, struct credis_error *err)
{
	const char *words[] = { "DEL", call->errand->key.bytes };
	const size_t lengths[] = { 3, call->errand->key.length };

	return change(call, 2, words, lengths, "delete", err);
}

/* Keys: a walk that may come by a key twice. */

static int
compare_items(const void *a, const void *b)
{
	const struct credis_item *one = a, *other = b;
	size_t length = one->length < other->length ? one->length : other->length;
	int order = memcmp(one->text, other->text, length);

	return order != 0 ? order : (one->length > other->length) - (one->length < other->length);
}

static void
sort_keys(struct credis_answer *keys)
{
	struct credis_item *items = (struct credis_item *)keys->items;
	size_t kept = 0;

	if (keys->count == 0)
		return;
	qsort(items, keys->count, sizeof *items, compare_items);
	for (size_t n = 1; n < keys->count; n++) {
		if (compare_items(&items[kept], &items[n]) == 0)
			free((char *)items[n].text);
		else
			items[++kept] = items[n];
	}
	keys->count = kept + 1;
}

static bool
add_key(struct errand *errand, const struct credis_reply *reply, struct credis_error *err)
{
	struct credis_answer *keys = errand->keys;
	struct credis_item item = { .length = 0 };
	size_t length;
	const char *key = credis_reply_text(reply, &length);

	if (key == NULL || length < errand->prefix ||
	    memcmp(key, errand->key.bytes, errand->prefix) != 0)
		return true;
	if (keys->count == errand->room) {
		size_t room = errand->room * 2 + 64;
		void *items = realloc((void *)keys->items, room * sizeof *keys->items);

		if (items == NULL)
			return error_no_memory(err);
		keys->items = items;
		errand->room = room;
	}
	item.length = length - errand->prefix;
	item.text = text_copy(key + errand->prefix, item.length);
	if (item.text == NULL)
		return error_no_memory(err);
	((struct credis_item *)keys->items)[keys->count++] = item;
	return true;
}

static bool scan(struct errand *errand, const char *cursor, struct credis_error *err);

static void
finish_keys(struct errand *errand)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	struct credis_answer *keys = errand->keys;

	errand->keys = NULL;
	sort_keys(keys);
	finish(errand, keys, &fine);
}

static void
on_scanned(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct errand *errand = arg;
	const struct credis_reply *found = credis_reply_element(reply, 1);
	const char *cursor = credis_reply_text(credis_reply_element(reply, 0), NULL);
	struct credis_error why = *err;
	bool ok = why.code == CREDIS_OK;

	if (ok && cursor == NULL)
		ok = error_set(&why, CREDIS_EPROTOCOL, "the store answered with something else");
	for (size_t n = 0; ok && n < credis_reply_count(found); n++)
		ok = add_key(errand, credis_reply_element(found, n), &why);
	if (ok && strcmp(cursor, "0") == 0)
		finish_keys(errand);
	else if (!ok || !scan(errand, cursor, &why))
		finish(errand, NULL, &why);
}

/* Has what the steps before have left of the time. The namespace is no pattern, whatever is in it. */
static bool
scan(struct errand *errand, const char *cursor, struct credis_error *err)
{
	int64_t left_ms = errand->timeout_ms - (store_now_ms() - errand->began_ms);
	struct buffer pattern = BUFFER_EMPTY;
	bool ok = false;

	if (left_ms <= 0)
		return error_set(err, CREDIS_EDEADLINE, "%s: not all keys came by the deadline",
		    credis_store_where(errand->store));
	for (size_t n = 0; n < errand->prefix; n++) {
		if (strchr("*?[]\\", errand->key.bytes[n]) != NULL)
			buffer_text(&pattern, "\\");
		buffer_append(&pattern, errand->key.bytes + n, 1);
	}
	buffer_text(&pattern, "*");
	if (pattern.failed) {
		error_no_memory(err);
	} else {
		const char *words[] = { "SCAN", cursor, "MATCH", pattern.bytes, "COUNT", "1000" };

		ok = credis_store_command(errand->store, 6, words, NULL, CREDIS_PRIMARY, left_ms,
		    on_scanned, errand, err);
	}
	buffer_free(&pattern);
	return ok;
}

static bool
start_keys(struct asking *call, struct credis_error *err)
{
	struct errand *errand = call->errand;

	errand->keys = calloc(1, sizeof *errand->keys);
	if (errand->keys == NULL)
		return error_no_memory(err);
	errand->keys->kind = CREDIS_ANSWER_VALUES;
	errand->began_ms = store_now_ms();
	if (errand->timeout_ms <= 0)
		errand->timeout_ms = errand->store->servers[0]->timeout_ms;
	return scan(errand, "0", err);
}

/* Calls. */

static const struct row {
	const char *name;
	size_t count;
	const char *usage;
	enum credis_gives gives;
	starting *start;
} rows[] = {
	{ "get", 1, "KEY", CREDIS_GIVES_VALUE, start_get },
	{ "set", 2, "KEY VALUE", CREDIS_GIVES_DONE, start_set },
	{ "del", 1, "KEY", CREDIS_GIVES_INTEGER, start_del },
	{ "has", 1, "KEY", CREDIS_GIVES_INTEGER, start_has },
	{ "keys", 0, "nothing more", CREDIS_GIVES_VALUES, start_keys },
};

static const struct row *
find_row(const char *name, size_t count, struct credis_error *err)
{
	const char *names[sizeof rows / sizeof *rows + 1] = { NULL };

	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		names[n] = rows[n].name;
		if (strcmp(name, rows[n].name) != 0)
			continue;
		if (count == rows[n].count)
			return &rows[n];
		error_set(err, CREDIS_EINVAL, "%s takes %s", name, rows[n].usage);
		return NULL;
	}
	error_unknown(err, "operation", name, names);
	return NULL;
}

static struct errand *
errand_new(const struct asking *call, const struct row *row, const struct errand *to,
    struct credis_error *err)
{
	struct errand *errand = malloc(sizeof *errand);

	if (errand != NULL) {
		*errand = *to;
		errand->store = call->dict->store;
		errand->serializer = call->dict->serializer;
		errand->gives = row->gives;
		buffer_text(&errand->key, call->dict->name_space);
		buffer_text(&errand->key, "/");
		errand->prefix = errand->key.length;
		buffer_append(&errand->key, call->key, call->key_length);
	}
	if (errand != NULL && !errand->key.failed)
		return errand;
	if (errand != NULL)
		errand_free(errand);
	error_no_memory(err);
	return NULL;
}

static bool
start(struct credis_dict *dict, const char *name, size_t count, const char *const *words,
    const size_t *lengths, const struct errand *to, struct credis_error *err)
{
	const struct row *row = find_row(name, count, err);
	struct asking call = { .dict = dict, .key = "" };

	if (row == NULL)
		return error_prefix(err, dict->name_space);
	if (count > 0) {
		call.key = words[0];
		call.key_length = lengths != NULL ? lengths[0] : strlen(words[0]);
	}
	if (count > 1) {
		call.value = words[1];
		call.value_length = lengths != NULL ? lengths[1] : strlen(words[1]);
	}
	call.errand = errand_new(&call, row, to, err);
	if (call.errand == NULL)
		return false;
	if (row->start(&call, err))
		return true;
	errand_free(call.errand);
	return false;
}

bool
credis_dict_call(struct credis_dict *dict, const char *name, size_t count, const char *const *words,
    const size_t *lengths, int64_t timeout_ms, credis_answer_cb *cb, void *arg,
    struct credis_error *err)
{
	const struct errand to = { .timeout_ms = timeout_ms, .cb = cb, .arg = arg };

	return start(dict, name, count, words, lengths, &to, err);
}

bool
dict_call(struct credis_dict *dict, const char *name, size_t count, const char *const *words,
    const size_t *lengths, unsigned flags, int64_t timeout_ms, dict_taking *take, void *arg,
    struct credis_error *err)
{
	const struct errand to = { .flags = flags,
		.timeout_ms = timeout_ms,
		.take = take,
		.arg = arg };

	return start(dict, name, count, words, lengths, &to, err);
}

struct taken {
	bool done;
	struct credis_answer *answer;
	struct credis_error err;
};

static void
on_taken(void *arg, struct credis_answer *answer, const struct credis_error *err)
{
	*(struct taken *)arg = (struct taken){ true, answer, *err };
}

const struct credis_answer *
credis_dict_ask(struct credis_dict *dict, const char *name, size_t count, const char *const *words,
    const size_t *lengths, int64_t timeout_ms, struct credis_error *err)
{
	struct taken taken = { .done = false };

	if (store_may_block(dict->store, &taken.err) &&
	    dict_call(dict, name, count, words, lengths, 0, timeout_ms, on_taken, &taken,
		&taken.err))
		store_run_until(dict->store, &taken.done);
	answer_free(dict->kept); /* it may have been among the words */
	dict->kept = taken.answer;
	if (err != NULL)
		*err = taken.err;
	return taken.err.code == CREDIS_OK ? dict->kept : NULL;
}
