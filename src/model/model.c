/* model.c: calls of a model's operations, asynchronous and blocking over one code.
 * Knows the store's calls; commands are words.c's, answers answer.c's, rows operations.c's. */
#include <credis/model.h>

#include "core/error.h"
#include "core/text.h"
#include "model/ack.h"
#include "model/answer.h"
#include "model/operations.h"
#include "model/words.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	WORDS_MAX = 64,
	GRACE_MS = 5000, /* after the end of a wait, for its answer to come */
};

struct credis_model {
	struct credis_store *store;
	char *model;
	char *key;
	enum credis_serializer serializer;
	struct credis_answer *kept; /* of the last blocking call */
};

/* May outlive its model. */
struct errand {
	const struct credis_operation *operation;
	enum credis_serializer serializer;
	struct credis_store *store;
	struct words words; /* of an ack that may have to look; otherwise none */
	unsigned flags;
	int64_t timeout_ms;
	credis_answer_cb *cb;
	void *arg;
	char key[]; /* for sentences */
};

struct credis_model *
credis_model_new(struct credis_store *store, const char *name, const char *key,
    enum credis_serializer serializer, struct credis_error *err)
{
	struct credis_model *model;

	if (!operation_model_exists(name, err))
		return NULL;
	if (serializer < 0 || serializer >= CREDIS_SERIALIZERS) {
		error_set(err, CREDIS_EINVAL, "%d is no serializer", (int)serializer);
		return NULL;
	}
	model = calloc(1, sizeof *model);
	if (model != NULL) {
		model->store = store;
		model->serializer = serializer;
		model->model = text_copy(name, strlen(name));
		model->key = text_copy(key, strlen(key));
	}
	if (model != NULL && model->model != NULL && model->key != NULL)
		return model;
	credis_model_free(model);
	error_no_memory(err);
	return NULL;
}

void
credis_model_free(struct credis_model *model)
{
	if (model == NULL)
		return;
	answer_free(model->kept);
	free(model->model);
	free(model->key);
	free(model);
}

/* Finds the operation and builds its command; 'words' are to clear in any case. */
static const struct credis_operation *
prepare(const struct credis_model *model, struct words *words, const char *name, size_t count,
    const char *const *given, const size_t *lengths, struct credis_error *err)
{
	const struct credis_operation *operation = credis_operation_find(model->model, name, err);

	if (operation == NULL)
		return NULL;
	if (words_build(words, operation, model->key, model->serializer, count, given, lengths,
		err))
		return operation;
	error_prefix(err, model->key);
	return NULL;
}

/* What concerns the key rather than the way to it. */
static void
explain(struct credis_error *err, const char *key)
{
	if (err->code == CREDIS_ETYPE || err->code == CREDIS_ESTORE)
		error_prefix(err, key);
}

static int64_t
deadline_of(const struct words *words, int64_t timeout_ms)
{
	return timeout_ms > 0 || words->wait_ms == 0 ? timeout_ms : words->wait_ms + GRACE_MS;
}

static void
errand_free(struct errand *errand)
{
	if (errand != NULL)
		words_clear(&errand->words);
	free(errand);
}

static void
finish(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct errand *errand = arg;
	struct credis_answer *answer = NULL;
	struct credis_error why = *err;

	if (why.code == CREDIS_OK)
		answer = answer_new(errand->operation->gives, errand->serializer, reply, &why);
	explain(&why, errand->key);
	if (errand->cb != NULL)
		errand->cb(errand->arg, answer, &why);
	answer_free(answer);
	errand_free(errand);
}

static void
go_on(struct errand *errand, const struct ack *ack, credis_reply_cb *cb)
{
	struct credis_error err;

	if (!credis_store_command(errand->store, ACK_WORDS, ack->at, ack->lengths,
		errand->flags | CREDIS_PRIMARY, errand->timeout_ms, cb, errand, &err))
		finish(errand, NULL, &err);
}

static void
on_looked(void *arg, const struct credis_reply *list, const struct credis_error *err)
{
	struct errand *errand = arg;
	struct credis_error why = *err;
	struct ack again;

	if (why.code == CREDIS_OK &&
	    ack_again(&again, &errand->words, errand->serializer, list, &why))
		go_on(errand, &again, finish);
	else
		finish(errand, NULL, &why);
}

static void
on_reply(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct errand *errand = arg;
	struct ack look;

	if (err->code != CREDIS_OK || !ack_missed(&errand->words, reply)) {
		finish(errand, reply, err);
		return;
	}
	look = ack_look(&errand->words);
	go_on(errand, &look, on_looked);
}

static struct errand *
errand_new(const struct credis_model *model, const struct credis_operation *operation,
    credis_answer_cb *cb, void *arg, struct credis_error *err)
{
	size_t length = strlen(model->key) + 1;
	struct errand *errand = malloc(sizeof *errand + length);

	if (errand == NULL) {
		error_no_memory(err);
		return NULL;
	}
	*errand = (struct errand){
		.operation = operation,
		.serializer = model->serializer,
		.store = model->store,
		.cb = cb,
		.arg = arg,
	};
	memcpy(errand->key, model->key, length);
	return errand;
}

static void
errand_keep(struct errand *errand, struct words *words, unsigned flags, int64_t timeout_ms)
{
	errand->words = *words;
	errand->flags = flags;
	errand->timeout_ms = timeout_ms;
	*words = (struct words){ .count = 0 };
}

bool
credis_model_call(struct credis_model *model, const char *name, size_t count,
    const char *const *given, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    credis_answer_cb *cb, void *arg, struct credis_error *err)
{
	struct words words = { .count = 0 };
	struct errand *errand = NULL;
	const struct credis_operation *operation =
	    prepare(model, &words, name, count, given, lengths, err);
	bool ok = false;

	if (operation != NULL)
		errand = errand_new(model, operation, cb, arg, err);
	if (errand != NULL)
		ok = credis_store_command(model->store, words.count, (const char *const *)words.at,
		    words.lengths, flags, deadline_of(&words, timeout_ms), on_reply, errand, err);
	if (!ok)
		errand_free(errand);
	else if (ack_may_miss(&words, model->serializer))
		errand_keep(errand, &words, flags, timeout_ms);
	words_clear(&words);
	return ok;
}

static const struct credis_reply *
ask(struct credis_model *model, const struct words *words, unsigned flags, int64_t timeout_ms,
    struct credis_error *err)
{
	struct credis_store *store = model->store;
	const struct credis_reply *reply =
	    credis_store_ask(store, words->count, (const char *const *)words->at, words->lengths,
		flags, deadline_of(words, timeout_ms), err);
	struct ack ack;

	if (reply == NULL || !ack_may_miss(words, model->serializer) || !ack_missed(words, reply))
		return reply;
	ack = ack_look(words);
	reply = credis_store_ask(store, ACK_WORDS, ack.at, ack.lengths, flags | CREDIS_PRIMARY,
	    timeout_ms, err);
	if (reply == NULL || !ack_again(&ack, words, model->serializer, reply, err))
		return NULL;
	return credis_store_ask(store, ACK_WORDS, ack.at, ack.lengths, flags, timeout_ms, err);
}

const struct credis_answer *
credis_model_ask(struct credis_model *model, const char *name, size_t count,
    const char *const *given, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    struct credis_error *err)
{
	struct words words = { .count = 0 };
	struct credis_error why = { .code = CREDIS_OK };
	const struct credis_operation *operation =
	    prepare(model, &words, name, count, given, lengths, &why);
	const struct credis_reply *reply = NULL;

	answer_free(model->kept);
	model->kept = NULL;
	if (operation != NULL)
		reply = ask(model, &words, flags, timeout_ms, &why);
	words_clear(&words);
	if (reply != NULL)
		model->kept = answer_new(operation->gives, model->serializer, reply, &why);
	if (operation != NULL)
		explain(&why, model->key);
	if (err != NULL)
		*err = why;
	return why.code == CREDIS_OK ? model->kept : NULL;
}

const struct credis_answer *
credis_model_ask_texts(struct credis_model *model, struct credis_error *err, const char *name, ...)
{
	const char *words[WORDS_MAX + 1];
	va_list arguments;
	size_t count = 0;

	va_start(arguments, name);
	while (count <= WORDS_MAX && (words[count] = va_arg(arguments, const char *)) != NULL)
		count++;
	va_end(arguments);
	if (count <= WORDS_MAX)
		return credis_model_ask(model, name, count, words, NULL, 0, 0, err);
	error_set(err, CREDIS_EINVAL, "a call of texts has at most %d words", WORDS_MAX);
	return NULL;
}
