/* show.c: current values. */
#include "answers.h"
#include "find.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "readings.h"
#include "session.h"
#include "target.h"
#include "unserved.h"
#include "verbs.h"

#include <unistd.h>

struct show {
	struct session *session;
	struct style style;
	struct answers *answers;
	struct target *targets;
	size_t count;
};

static void
on_reading(void *arg, size_t n, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct show *show = arg;
	const struct target *target = &show->targets[n];
	size_t missing;

	if (err->code != CREDIS_OK)
		session_fail(show->session, target->service, target->keyword, err);
	else if (reading != NULL)
		show->session->output->reading(answers_open(show->answers, n), &show->style,
		    reading);
	answers_end(show->answers, n);
	missing = answers_missing(show->answers);
	progress_say(show->session->progress,
	    missing < show->count ? show->targets[missing].both : NULL);
}

static void
on_unserved(void *session, const char *service)
{
	session_note(session, UNSERVED, service);
}

void
run_show(struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	size_t good;
	struct target *asked = targets_parse(session, words, count, &good);
	struct unserved unserved = { session, on_unserved, session };
	struct show show = { .session = session,
		.style = {
		    .form = options->binary ? CREDIS_BINARY : CREDIS_ASCII,
		    .terse = options->terse,
		    .timestamp = options->timestamp,
		    .ktl = options->ktl,
		    .qualified = targets_mix_services(asked, good),
		    .raw = !isatty(STDOUT_FILENO),
		} };

	show.targets = find_readable(session, asked, good, false, &show.count);
	show.answers = answers_new(session, show.count);
	unserved_ask(&unserved, show.targets, show.count);
	readings_take(session, show.targets, show.count, options->refresh, on_reading, &show);
	answers_free(show.answers);
	free(show.targets);
	free(asked);
}
