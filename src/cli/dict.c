/* dict.c: the verb dict: one operation on a dictionary whose changes are announced. */
#include "answer.h"
#include "session.h"
#include "verbs.h"

#include <credis/dict.h>

#include <string.h>

struct run {
	struct session *session;
	const char *key;
	enum credis_serializer serializer;
	bool keys; /* are what is answered */
};

static void
on_answer(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	struct run *run = arg;
	bool raw = run->keys || err->code != CREDIS_OK;

	if (answer != NULL)
		answer_print(run->session, run->key, raw ? CREDIS_AS_RAW : run->serializer, answer);
	if (err->code != CREDIS_OK)
		session_fail(run->session, NULL, NULL, err);
	session_ended(run->session);
}

void
run_dict(struct session *session, char **words, int count)
{
	struct run run = { .session = session, .key = count > 2 ? words[2] : words[0] };
	struct credis_dict *dict;
	struct credis_error err;

	run.keys = strcmp(words[1], "keys") == 0;
	if (!session_serializer(session, CREDIS_AS_MSGPACK, &run.serializer) ||
	    !session_open_store(session))
		return;
	dict = credis_dict_new(session->store, words[0], run.serializer, &err);
	session_began(session);
	if (dict == NULL ||
	    !credis_dict_call(dict, words[1], (size_t)count - 2, (const char *const *)words + 2,
		NULL, session->options->timeout_ms, on_answer, &run, &err)) {
		session_ended(session);
		session_fail(session, NULL, NULL, &err);
	}
	credis_dict_free(dict);
	session_run(session);
}
