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

/* Redis looks ten times a second whose wait is over. What it took out as a connection was closed is lost. */
enum { GRACE_MS = 500 };

struct run {
	struct session *session;
	const char *key;
	enum credis_serializer serializer;
	bool acks;
	char **words; /* of the operation; with room for one more */
	int count;
	char ms[24];
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
	if (!raw && run->acks && answer->integer == 0)
		run->session->status = EXIT_REFUSED;
	if (raw)
		session_fail(run->session, NULL, NULL, err);
	session_ended(run->session);
}

/* A time is the last of what an operation takes. */
static bool
takes(const struct credis_operation *operation, const char *what, int *place)
{
	char usage[CREDIS_USAGE];

	*place = 0;
	credis_operation_usage(operation, usage);
	for (const char *at = usage; *at != '\0'; at++)
		*place += *at == ' ';
	return strstr(usage, what) != NULL;
}

static void
put_span(struct run *run, int place, int64_t span_ms)
{
	snprintf(run->ms, sizeof run->ms, "%" PRId64, span_ms);
	run->words[place] = run->ms;
	run->count += place == run->count;
}

/* On the command line a time is a span; for the library it is milliseconds. */
static bool
take_time(struct run *run, int place, struct credis_error *err)
{
	int64_t span;

	if (place >= run->count)
		return true;
	if (!credis_span_parse_short(run->words[place], &span, err))
		return false;
	put_span(run, place, span);
	return true;
}

/* No wait goes beyond the deadline. */
static bool
take_wait(struct run *run, int place, struct credis_error *err)
{
	int64_t timeout_ms = run->session->options->timeout_ms, span = timeout_ms;
	bool ever = place >= run->count || strcmp(run->words[place], "ever") == 0;

	if (place > run->count || (ever && timeout_ms == 0))
		return true;
	if (!ever && !credis_span_parse_short(run->words[place], &span, err))
		return false;
	put_span(run, place, timeout_ms > 0 && timeout_ms < span ? timeout_ms : span);
	return true;
}

/* '*timeout_ms' is the deadline of the call; 0: the library's. */
static bool
take_times(struct run *run, const struct credis_operation *operation, int64_t *timeout_ms,
    struct credis_error *err)
{
	int place;

	*timeout_ms = run->session->options->timeout_ms;
	if (takes(operation, "TIME", &place))
		return take_time(run, place, err);
	if (!takes(operation, "WAIT", &place))
		return true;
	if (*timeout_ms > 0)
		*timeout_ms += GRACE_MS;
	return take_wait(run, place, err);
}

/* With a deadline, pop waits for an item until then. */
static const char *
name_of(const struct run *run, const char *verb, const char *name)
{
	struct credis_error err;

	if (run->session->options->timeout_ms > 0 && run->count == 0 && strcmp(name, "pop") == 0 &&
	    credis_operation_find(verb, "take", &err) != NULL)
		return "take";
	return name;
}

static bool
call(struct run *run, const char *verb, const char *name, struct credis_error *err)
{
	const struct credis_operation *operation =
	    credis_operation_find(verb, name_of(run, verb, name), err);
	struct credis_model *model;
	int64_t timeout_ms;
	bool ok;

	if (operation == NULL || !take_times(run, operation, &timeout_ms, err))
		return false;
	run->acks = strcmp(operation->name, "ack") == 0;
	model = credis_model_new(run->session->store, verb, run->key, run->serializer, err);
	if (model == NULL)
		return false;
	ok = credis_model_call(model, operation->name, (size_t)run->count,
	    (const char *const *)run->words, NULL, 0, timeout_ms, on_answer, run, err);
	credis_model_free(model);
	return ok;
}

static void
run_call(struct run *run, const char *name)
{
	struct session *session = run->session;
	struct credis_error err;

	if (!session_serializer(session, CREDIS_AS_RAW, &run->serializer) ||
	    !session_open_store(session))
		return;
	session_began(session);
	if (!call(run, session->verb, name, &err)) {
		session_ended(session);
		session_fail(session, NULL, NULL, &err);
	}
	session_run(session);
}

void
run_model(struct session *session, char **words, int count)
{
	struct run run = { .session = session, .key = words[1], .count = count - 2 };

	run.words = must(calloc((size_t)count, sizeof *run.words));
	memcpy(run.words, words + 2, (size_t)run.count * sizeof *run.words);
	run_call(&run, words[0]);
	free(run.words);
}
