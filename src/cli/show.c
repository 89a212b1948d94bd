/* show.c: current values. */
#include "answers.h"
#include "find.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "target.h"
#include "verbs.h"

#include <unistd.h>

/* Questions under way at a time: what a client takes is bounded. */
enum { WINDOW = 500 };

/* One keyword asked for. */
struct question {
	struct show *show;
	size_t n;
};

struct show {
	struct session *session;
	struct style style;
	struct answers *answers;
	struct target *targets;
	struct question *questions;
	size_t count, asked;
};

static void
end(const struct question *question, const struct credis_error *err)
{
	struct show *show = question->show;
	const struct target *target = &show->targets[question->n];
	size_t missing;

	if (err->code != CREDIS_OK)
		session_fail(show->session, target->service, target->keyword, err);
	answers_end(show->answers, question->n);
	session_ended(show->session);
	missing = answers_missing(show->answers);
	progress_say(show->session->progress,
	    missing < show->count ? show->targets[missing].both : NULL);
}

static void ask_some(struct show *show);

static void
on_reading(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	struct question *question = arg;
	struct show *show = question->show;

	if (err->code == CREDIS_OK)
		show->session->output->reading(answers_open(show->answers, question->n),
		    &show->style, reading);
	end(question, err);
	ask_some(show);
}

static void
ask_some(struct show *show)
{
	struct session *session = show->session;
	struct credis_error err;

	while (show->asked < show->count && session->pending < WINDOW) {
		struct question *question = &show->questions[show->asked];

		*question = (struct question){ show, show->asked };
		session_began(session);
		if (credis_client_read(session->client, show->targets[show->asked++].both,
			session->options->refresh, on_reading, question, &err) == 0)
			end(question, &err);
	}
}

void
run_show(struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	size_t good;
	struct target *asked = targets_parse(session, words, count, &good);
	struct show show = { .session = session,
		.style = {
		    .form = options->binary ? CREDIS_BINARY : CREDIS_ASCII,
		    .terse = options->terse,
		    .timestamp = options->timestamp,
		    .ktl = options->ktl,
		    .qualified = targets_mix_services(asked, good),
		    .raw = !isatty(STDOUT_FILENO),
		} };

	show.targets = find_exact(session, asked, good, false, &show.count);
	show.answers = answers_new(session, show.count);
	show.questions = must(calloc(show.count + 1, sizeof *show.questions));
	ask_some(&show);
	session_run(session);
	answers_free(show.answers);
	free(show.questions);
	free(show.targets);
	free(asked);
}
