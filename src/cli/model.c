/* model.c: the verbs counter, map, hash, set, zset, queue, stack, pqueue: one operation of the library's
 * table a run. Knows how answers are printed; what there is to do, and with what, is credis/model.h's. */
#include "model.h"

#include "answer.h"
#include "fault.h"
#include "memory.h"
#include "session.h"
#include "verbs.h"

#include <credis/model.h>
#include <credis/span.h>

#include <inttypes.h>
#include <string.h>

struct run {
	struct session *session;
	const char *key;
	enum credis_serializer serializer;
};

const struct credis_operation *
model_row(const struct verb *verb, size_t n)
{
	const struct credis_operation *row;

	for (size_t i = 0; verb->run == run_model && (row = credis_operation_row(i)) != NULL; i++) {
		if (row->model[0] != '\0' && strcmp(row->model, verb->name) != 0)
			continue;
		if (n-- == 0)
			return row;
	}
	return NULL;
}

static void
on_answer(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	struct run *run = arg;
	bool raw = err->code != CREDIS_OK;

	if (answer != NULL)
		answer_print(run->session, run->key, raw ? CREDIS_AS_RAW : run->serializer, answer);
	if (raw)
		session_fail(run->session, NULL, NULL, err);
	session_ended(run->session);
}

/* On the command line a time is a span; for the library it is milliseconds. */
static bool
take_span(const struct credis_operation *operation, char **words, int count, char ms[24],
    struct credis_error *err)
{
	int64_t span;

	if (strcmp(operation->arguments, "key ms") != 0 || count == 0)
		return true;
	if (!credis_span_parse_short(words[0], &span, err))
		return false;
	snprintf(ms, 24, "%" PRId64, span);
	words[0] = ms;
	return true;
}

static bool
call(struct run *run, const char *verb, char **words, int count, struct credis_error *err)
{
	const struct credis_operation *operation = credis_operation_find(verb, words[0], err);
	struct credis_model *model;
	char ms[24];
	bool ok;

	if (operation == NULL || !take_span(operation, words + 2, count - 2, ms, err))
		return false;
	model = credis_model_new(run->session->store, verb, run->key, run->serializer, err);
	if (model == NULL)
		return false;
	ok = credis_model_call(model, words[0], (size_t)count - 2, (const char *const *)words + 2,
	    NULL, 0, 0, on_answer, run, err);
	credis_model_free(model);
	return ok;
}

void
run_model(struct session *session, char **words, int count)
{
	struct run run = { .session = session, .key = words[1] };
	struct credis_error err;

	if (!session_serializer(session, CREDIS_AS_RAW, &run.serializer) ||
	    !session_open_store(session))
		return;
	session_began(session);
	if (!call(&run, session->verb, words, count, &err)) {
		session_ended(session);
		session_fail(session, NULL, NULL, &err);
	}
	session_run(session);
}
