/* readings.c: keeps a window of questions under way. */
#include "readings.h"

#include "memory.h"
#include "session.h"
#include "target.h"

/* Questions under way at a time: what a client takes is bounded. */
enum { WINDOW = 500 };

struct readings;

struct question {
	struct readings *readings;
	size_t n;
};

struct readings {
	struct session *session;
	const struct target *targets;
	struct question *questions;
	size_t count, asked;
	bool refresh;
	readings_end *end;
	void *arg;
};

static void ask_some(struct readings *readings);

static void
on_reading(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	const struct question *question = arg;
	struct readings *readings = question->readings;

	readings->end(readings->arg, question->n, err, reading);
	session_ended(readings->session);
	ask_some(readings);
}

static void
ask(struct readings *readings, size_t n)
{
	static const struct credis_error fine = { .code = CREDIS_OK };
	const struct target *target = &readings->targets[n];
	struct question *question = &readings->questions[n];
	struct credis_error err;

	*question = (struct question){ readings, n };
	session_began(readings->session);
	if (credis_client_read(readings->session->client, target->both, readings->refresh,
		on_reading, question, &err) != 0)
		return;
	session_fail(readings->session, target->service, target->keyword, &err);
	readings->end(readings->arg, n, &fine, NULL);
	session_ended(readings->session);
}

static void
ask_some(struct readings *readings)
{
	while (readings->asked < readings->count && readings->session->pending < WINDOW)
		ask(readings, readings->asked++);
}

void
readings_take(struct session *session, const struct target *targets, size_t count, bool refresh,
    readings_end *end, void *arg)
{
	struct readings readings = { .session = session,
		.targets = targets,
		.questions = must(calloc(count + 1, sizeof(struct question))),
		.count = count,
		.refresh = refresh,
		.end = end,
		.arg = arg };

	ask_some(&readings);
	session_run(session);
	free(readings.questions);
}
