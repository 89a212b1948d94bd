/* model.h: data structures that programs share through a store: counters, maps, hashes, sets, queues.
 * A model is a store, a key and a serializer; what it can do is one table of operations, which calls,
 * the credis command and its help walk. */
#ifndef CREDIS_MODEL_H
#define CREDIS_MODEL_H

#include <credis/error.h>
#include <credis/serial.h>
#include <credis/store.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What an operation answers. Since 0.1. */
enum credis_gives {
	CREDIS_GIVES_DONE,    /* that it is done */
	CREDIS_GIVES_INTEGER, /* a number, or nil */
	CREDIS_GIVES_REAL,    /* a score, or nil */
	CREDIS_GIVES_VALUE,   /* a value, or nil */
	CREDIS_GIVES_VALUES,  /* any number of values */
	CREDIS_GIVES_FIELDS,  /* the same, each with the name of its field */
	CREDIS_GIVES_SCORED,  /* the same, each with its score */
	CREDIS_GIVES_LOWEST,  /* a value with its score, or nil */
	CREDIS_GIVES_TAKEN, /* a value that was waited for, or nil; the reply has the key before it */
	CREDIS_GIVES_AWAITED, /* the same, with its score */
};

/* A row of the table. 'arguments' are the words of the Redis command: "key" stands for the model's,
 * "value" (goes through the serializer), "field", "name", "receiver" (another key than the model's), "by", "first", "last" (whole numbers), "score",
 * "min", "max" (a score, "-inf", "+inf", or "(" and a score: without it), "ms" and "count" are the caller's,
 * in this order; "=" and a default may follow, or "..." where several may be given. "wait" is for how many milliseconds to wait: 0 does not,
 * "ever" does without end. Other words are sent as they are; "$" and a name are a script. Since 0.1. */
struct credis_operation {
	const char *model; /* "queue"; "" for every model */
	const char *name;  /* "push" */
	const char *command;
	const char *arguments;
	enum credis_gives gives;
	bool reads; /* it changes nothing: a replica may answer */
	const char *help;
};

/* Row 0, 1, 2 … until NULL. Since 0.1. */
const struct credis_operation *credis_operation_row(size_t n);

/* An operation of a model, or of every model; NULL with CREDIS_EINVAL. Since 0.1. */
const struct credis_operation *credis_operation_find(const char *model, const char *name,
    struct credis_error *err);

/* What a caller has to give: "FIELD VALUE", "[BY]", "VALUE...". Returns 'text'. Since 0.1. */
enum { CREDIS_USAGE = 96 };
char *credis_operation_usage(const struct credis_operation *operation, char text[CREDIS_USAGE]);

/* An answer, lent. Nil is not empty, and not 0. Since 0.1. */
enum credis_answer_kind {
	CREDIS_ANSWER_NIL,
	CREDIS_ANSWER_DONE,
	CREDIS_ANSWER_INTEGER,
	CREDIS_ANSWER_REAL,
	CREDIS_ANSWER_VALUE,  /* items[0] */
	CREDIS_ANSWER_VALUES, /* 'count' items */
};

/* Since 0.1. */
struct credis_item {
	const char *text; /* the value as text (serial.h), terminated */
	size_t length;
	const char *field; /* NULL where there is none */
	size_t field_length;
	double score; /* where the answer is scored */
};

/* Since 0.1. */
struct credis_answer {
	enum credis_answer_kind kind;
	int64_t integer;
	double real;
	const struct credis_item *items;
	size_t count;
	bool scored;
};

struct credis_model;

/* Makes a model: "counter", "map", "hash", "set", "zset", "queue", "stack", "pqueue", "mq". The key is used as
 * given. Asks nothing of the server. The store must outlive it. Returns one to free with credis_model_free(), or NULL with
 * CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_model *credis_model_new(struct credis_store *store, const char *model,
    const char *key, enum credis_serializer serializer, struct credis_error *err);

/* Calls under way still end. NULL is fine. Since 0.1. */
void credis_model_free(struct credis_model *model);

/* The end of a call, once. 'err' is never NULL; 'answer' is NULL when its code is not CREDIS_OK, but for
 * CREDIS_ETYPE from the way back: then its items are the bytes as they lay in the store, so that what was taken
 * out is not lost. Lent. Since 0.1. */
typedef void credis_answer_cb(void *arg, const struct credis_answer *answer,
    const struct credis_error *err);

/* Calls an operation by name with 'count' words ('lengths' NULL takes them for C strings): values as
 * text, numbers in decimal. 'flags' and 'timeout_ms' as for credis_store_command(); an operation that
 * waits has its own deadline, after its wait. False, and no
 * callback, with CREDIS_EINVAL (no such operation, or not its arguments), CREDIS_ETYPE (a value that the
 * serializer refuses), CREDIS_ELENGTH (one of more than 63 MiB, which could not come back), and as that
 * function. Since 0.1. */
bool credis_model_call(struct credis_model *model, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    credis_answer_cb *cb, void *arg, struct credis_error *err);

/* The same, waiting, on a store with an event loop of its own. Returns the answer, lent until the model's
 * next call, or NULL with the reason. Since 0.1. */
const struct credis_answer *credis_model_ask(struct credis_model *model, const char *operation,
    size_t count, const char *const *words, const size_t *lengths, unsigned flags,
    int64_t timeout_ms, struct credis_error *err);

/* The same for C strings, NULL at the end: credis_model_ask_texts(model, &err, "push", "item", NULL).
 * Since 0.1. */
const struct credis_answer *credis_model_ask_texts(struct credis_model *model,
    struct credis_error *err, const char *operation, ...) __attribute__((sentinel));

#ifdef __cplusplus
}
#endif
#endif
