/* describe.c: everything known of a keyword. */
#include "answers.h"
#include "find.h"
#include "memory.h"
#include "output.h"
#include "session.h"
#include "target.h"
#include "verbs.h"

/* One word of the command line. */
struct question {
	struct session *session;
	struct answers *answers;
	size_t n;
};

static void
on_keyword(void *arg, const char *service, const struct credis_keyword *keyword)
{
	struct question *question = arg;

	question->session->output->description(answers_open(question->answers, question->n),
	    service, keyword);
}

static void
on_end(void *arg)
{
	struct question *question = arg;

	answers_end(question->answers, question->n);
}

void
run_describe(struct session *session, char **words, int count)
{
	size_t good;
	struct target *targets = targets_parse(session, words, count, &good);
	struct answers *answers = answers_new(session, good);
	struct question *questions = must(calloc(good + 1, sizeof *questions));

	for (size_t i = 0; i < good; i++) {
		questions[i] = (struct question){ session, answers, i };
		find_keywords(session, &targets[i], on_keyword, on_end, &questions[i]);
	}
	session_run(session);
	answers_free(answers);
	free(questions);
	free(targets);
}
