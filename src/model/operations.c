/* operations.c: the table of what models can do.
 * Orientation of lists is part of the format: queues are pushed left and popped right, stacks popped
 * left. */
#include <credis/model.h>

#include "core/error.h"
#include "model/operations.h"

#include <ctype.h>
#include <string.h>

/* One row a line, whatever its width. */
/* clang-format off */
static const struct credis_operation rows[] = {
	{ "counter", "get", "GET", "key", CREDIS_GIVES_INTEGER, true, "what it stands at" },
	{ "counter", "incr", "INCRBY", "key by=1", CREDIS_GIVES_INTEGER, false, "count up, or down; what it stands at then" },

	{ "map", "get", "GET", "key", CREDIS_GIVES_VALUE, true, "the value" },
	{ "map", "set", "SET", "key value", CREDIS_GIVES_DONE, false, "store a value" },
	{ "map", "incr", "INCRBY", "key by=1", CREDIS_GIVES_INTEGER, false, "add to a whole number; the sum" },
	{ "map", "decr", "DECRBY", "key by=1", CREDIS_GIVES_INTEGER, false, "subtract from a whole number; the rest" },
	{ "map", "del", "DEL", "key", CREDIS_GIVES_INTEGER, false, "remove it; 1 if it was there" },
	{ "map", "exists", "EXISTS", "key", CREDIS_GIVES_INTEGER, true, "1 if it is there" },

	{ "hash", "get", "HGET", "key field", CREDIS_GIVES_VALUE, true, "the value of a field" },
	{ "hash", "set", "HSET", "key field value", CREDIS_GIVES_INTEGER, false, "store a field; 1 if it is new" },
	{ "hash", "del", "HDEL", "key field...", CREDIS_GIVES_INTEGER, false, "remove fields; how many were there" },
	{ "hash", "all", "HGETALL", "key", CREDIS_GIVES_FIELDS, true, "all fields" },

	{ "set", "add", "SADD", "key value...", CREDIS_GIVES_INTEGER, false, "add members; how many are new" },
	{ "set", "pop", "SPOP", "key", CREDIS_GIVES_VALUE, false, "take out any member" },
	{ "set", "members", "SMEMBERS", "key", CREDIS_GIVES_VALUES, true, "all members" },
	{ "set", "has", "SISMEMBER", "key value", CREDIS_GIVES_INTEGER, true, "1 if it is a member" },

	{ "zset", "add", "ZADD", "key score value", CREDIS_GIVES_INTEGER, false, "add a member with its score, or move it; 1 if it is new" },
	{ "zset", "rem", "ZREM", "key value...", CREDIS_GIVES_INTEGER, false, "remove members; how many were there" },
	{ "zset", "count", "ZCOUNT", "key min=-inf max=+inf", CREDIS_GIVES_INTEGER, true, "how many have scores from MIN to MAX" },
	{ "zset", "highest", "ZREVRANGE", "key first=0 last=-1 WITHSCORES", CREDIS_GIVES_SCORED, true, "ranks FIRST to LAST, the highest score first" },
	{ "zset", "range", "ZRANGEBYSCORE", "key min=-inf max=+inf WITHSCORES", CREDIS_GIVES_SCORED, true, "scores from MIN to MAX, the lowest first" },
	{ "zset", "score", "ZSCORE", "key value", CREDIS_GIVES_REAL, true, "the score of a member" },
	{ "zset", "keep", "ZREMRANGEBYRANK", "key 0 count", CREDIS_GIVES_INTEGER, false, "keep COUNT with the highest scores; how many went" },
	{ "zset", "cut", "ZREMRANGEBYSCORE", "key min max", CREDIS_GIVES_INTEGER, false, "remove scores from MIN to MAX; how many went" },
	{ "zset", "del", "DEL", "key", CREDIS_GIVES_INTEGER, false, "remove it; 1 if it was there" },

	{ "queue", "push", "LPUSH", "key value...", CREDIS_GIVES_INTEGER, false, "put items in; how many are in it then" },
	{ "queue", "pop", "RPOP", "key", CREDIS_GIVES_VALUE, false, "take out the oldest item" },
	{ "queue", "take", "BRPOP", "key wait=ever", CREDIS_GIVES_TAKEN, false, "the same, waiting for one" },
	{ "queue", "size", "LLEN", "key", CREDIS_GIVES_INTEGER, true, "how many items are in it" },
	{ "queue", "items", "LRANGE", "key first=0 last=-1", CREDIS_GIVES_VALUES, true, "places FIRST to LAST, the newest first" },

	{ "stack", "push", "LPUSH", "key value...", CREDIS_GIVES_INTEGER, false, "put items on; how many there are then" },
	{ "stack", "pop", "LPOP", "key", CREDIS_GIVES_VALUE, false, "take off the newest item" },

	{ "pqueue", "push", "ZADD", "key score value", CREDIS_GIVES_INTEGER, false, "put an item in at a priority; 1 if it is new" },
	{ "pqueue", "pop", "ZPOPMIN", "key", CREDIS_GIVES_LOWEST, false, "take out the item with the lowest number" },

	{ "pqueue", "take", "BZPOPMIN", "key wait=ever", CREDIS_GIVES_AWAITED, false, "the same, waiting for one" },

	{ "mq", "put", "RPUSH", "key value...", CREDIS_GIVES_INTEGER, false, "put messages in; how many are in it then" },
	{ "mq", "offer", "EVAL", "$offer 1 key limit value", CREDIS_GIVES_INTEGER, false, "the same, unless there are LIMIT already: nil" },
	{ "mq", "get", "BLPOP", "key wait=ever", CREDIS_GIVES_TAKEN, false, "take out the oldest message, waiting for one" },
	{ "mq", "take", "BLMOVE", "key receiver LEFT RIGHT wait=ever", CREDIS_GIVES_VALUE, false, "the same, but keep it at the key RECEIVER until ack" },
	{ "mq", "ack", "LREM", "receiver 1 value", CREDIS_GIVES_INTEGER, false, "a message at RECEIVER has been dealt with; 1 if it was there" },
	{ "mq", "recover", "EVAL", "$recover 2 key receiver", CREDIS_GIVES_INTEGER, false, "put all at RECEIVER back to where they were; how many" },
	{ "mq", "size", "LLEN", "key", CREDIS_GIVES_INTEGER, true, "how many messages are in it" },

	{ "", "expire", "PEXPIRE", "key time", CREDIS_GIVES_INTEGER, false, "let the key go after this time; 1 if it is there" },
	{ "", "ttl", "PTTL", "key", CREDIS_GIVES_INTEGER, true, "milliseconds until it goes; -1: it stays; -2: it is not there" },
	{ "", "persist", "PERSIST", "key", CREDIS_GIVES_INTEGER, false, "let it stay; 1 if it was to go" },
	{ "", "rename", "RENAME", "key name", CREDIS_GIVES_DONE, false, "give it another key" },
};
/* clang-format on */

enum { ROWS = sizeof rows / sizeof *rows };

const struct credis_operation *
credis_operation_row(size_t n)
{
	return n < ROWS ? &rows[n] : NULL;
}

static bool
is_of(const struct credis_operation *row, const char *model)
{
	return row->model[0] == '\0' || strcmp(row->model, model) == 0;
}

bool
operation_model_exists(const char *model, struct credis_error *err)
{
	const char *names[ROWS + 1];
	size_t count = 0;

	for (size_t n = 0; n < ROWS; n++) {
		if (rows[n].model[0] == '\0')
			continue;
		if (strcmp(rows[n].model, model) == 0)
			return true;
		names[count++] = rows[n].model;
	}
	names[count] = NULL;
	return error_unknown(err, "model", model, names);
}

const struct credis_operation *
credis_operation_find(const char *model, const char *name, struct credis_error *err)
{
	const char *names[ROWS + 1];
	size_t count = 0;

	if (!operation_model_exists(model, err))
		return NULL;
	for (size_t n = 0; n < ROWS; n++) {
		if (!is_of(&rows[n], model))
			continue;
		if (strcmp(rows[n].name, name) == 0)
			return &rows[n];
		names[count++] = rows[n].name;
	}
	names[count] = NULL;
	error_unknown(err, "operation", name, names);
	error_prefix(err, model);
	return NULL;
}

bool
operation_word(const char **at, struct operation_word *word)
{
	const char *text = *at + strspn(*at, " ");
	size_t length = strcspn(text, " ");
	size_t name = strcspn(text, " =.");

	if (length == 0)
		return false;
	*word = (struct operation_word){ .text = text, .length = length, .name_length = name };
	word->given = islower((unsigned char)text[0]) && strncmp(text, "key", name) != 0;
	word->key = islower((unsigned char)text[0]) && !word->given;
	word->several = text[name] == '.';
	if (text[name] == '=') {
		word->standard = text + name + 1;
		word->standard_length = length - name - 1;
	}
	*at = text + length;
	return true;
}

char *
credis_operation_usage(const struct credis_operation *operation, char text[CREDIS_USAGE])
{
	const char *at = operation->arguments;
	struct operation_word word;
	char *out = text;

	*out = '\0';
	while (operation_word(&at, &word)) {
		if (!word.given || out - text + word.length + 4 > CREDIS_USAGE)
			continue;
		if (out != text)
			*out++ = ' ';
		if (word.standard != NULL)
			*out++ = '[';
		for (size_t n = 0; n < word.name_length; n++)
			*out++ = (char)toupper((unsigned char)word.text[n]);
		if (word.standard != NULL)
			*out++ = ']';
		for (size_t n = 0; word.several && n < 3; n++)
			*out++ = '.';
		*out = '\0';
	}
	return text;
}
