/* wait.c: waits until an expression is true. */
#include "progress.h"
#include "session.h"
#include "verbs.h"

#include <credis/monitor.h>

/* Nothing waits for ever: a script left alone ends within the night. */
enum { DEADLINE_MS = 3600 * 1000 };

static void
on_wait(void *arg, const struct credis_error *err)
{
	struct session *session = arg;

	if (err->code != CREDIS_OK)
		session_fail(session, NULL, NULL, err);
	session_ended(session);
}

void
run_wait(struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	int64_t deadline_ms = options->timeout_ms > 0 ? options->timeout_ms : DEADLINE_MS;
	struct credis_error err;
	struct credis_wait *wait;

	(void)count;
	session_began(session);
	progress_say(session->progress, words[0]);
	wait = credis_wait_new(session->client, words[0], options->service, deadline_ms, on_wait,
	    session, &err);
	if (wait == NULL)
		on_wait(session, &err);
	session_run(session);
	credis_wait_free(wait);
}
