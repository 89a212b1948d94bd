/* modify.c: writes keywords and waits for the outcome, or does not.
 * How the arguments may be written is the business of assignments.c. */
#include "assignments.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "target.h"
#include "verbs.h"

#include <string.h>

struct modify {
	struct session *session;
	struct style style;
	struct assignments asked;
	struct outcome *outcomes; /* one an assignment */
};

struct outcome {
	struct modify *modify;
	const struct target *target;
	bool ended;
	bool answered;
	struct credis_reading stored; /* when answered */
	char *text;                   /* of it */
};

static void
announce(struct modify *modify)
{
	struct session *session = modify->session;
	const struct assignments *asked = &modify->asked;
	const char *how = asked->nowait ? "nowait" : asked->notify ? "notify" : "wait";

	for (size_t i = 0; i < asked->count && !asked->silent; i++) {
		const struct target *target = &asked->targets[i];

		session->output->writing(session_out(session),
		    modify->style.qualified ? target->both : target->keyword, asked->writes[i].text,
		    how);
	}
	fflush(stdout);
}

static void
say_progress(struct modify *modify)
{
	size_t i = 0;

	while (i < modify->asked.count && modify->outcomes[i].ended)
		i++;
	progress_say(modify->session->progress,
	    i < modify->asked.count ? modify->asked.targets[i].both : NULL);
}

static void
end(struct outcome *outcome)
{
	fflush(stdout);
	outcome->ended = true;
	say_progress(outcome->modify);
	session_ended(outcome->modify->session);
}

static void
print_done(struct outcome *outcome)
{
	struct modify *modify = outcome->modify;

	modify->session->output->written(session_out(modify->session), &modify->style,
	    modify->asked.nowait ? WRITTEN_SENT : WRITTEN_DONE, outcome->target->service,
	    outcome->target->keyword, outcome->answered ? &outcome->stored : NULL);
	end(outcome);
}

/* Only the description is wanted: the value may be a later one by now. */
static void
on_description(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	struct outcome *outcome = arg;

	if (err->code == CREDIS_OK)
		outcome->stored.description = reading->description;
	print_done(outcome);
}

/* A dispatcher's answer says what was stored, but not how it reads. */
static void
ask_description(struct outcome *outcome, const struct credis_reading *reading)
{
	struct credis_error err;

	outcome->answered = true;
	outcome->stored = *reading;
	outcome->stored.service = outcome->target->service;
	outcome->stored.keyword = outcome->target->keyword;
	outcome->stored.reason = "";
	outcome->text = must(strndup(reading->text, reading->length));
	outcome->stored.text = outcome->text;
	outcome->stored.description = NULL;
	if (credis_client_read(outcome->modify->session->client, outcome->target->both, false,
		on_description, outcome, &err) == 0)
		print_done(outcome);
}

static void
on_progress(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct modify *modify = arg;
	struct outcome *outcome = &modify->outcomes[n];
	bool tell = modify->asked.notify || modify->session->options->json;

	if (progress == CREDIS_ACCEPTED)
		return;
	if (err->code != CREDIS_OK)
		session_fail(modify->session, outcome->target->service, outcome->target->keyword,
		    err);
	if (err->code != CREDIS_OK || !tell)
		end(outcome);
	else if (reading != NULL)
		ask_description(outcome, reading);
	else
		print_done(outcome);
}

static void
send_all(struct modify *modify)
{
	struct session *session = modify->session;
	const struct assignments *asked = &modify->asked;
	__typeof__(credis_client_modify) *call =
	    asked->nowait ? credis_client_send : credis_client_modify;
	struct credis_error err;

	if (call(session->client, asked->writes, asked->count, session->options->atomic,
		on_progress, modify, &err) == 0) {
		session_fail(session, NULL, NULL, &err);
		return;
	}
	for (size_t i = 0; i < asked->count; i++)
		session_began(session);
	say_progress(modify);
	session_run(session);
}

static void
run(struct modify *modify)
{
	const struct assignments *asked = &modify->asked;

	modify->style.qualified = targets_mix_services(asked->targets, asked->count);
	modify->outcomes = must(calloc(asked->count, sizeof *modify->outcomes));
	for (size_t i = 0; i < asked->count; i++) {
		modify->outcomes[i].modify = modify;
		modify->outcomes[i].target = &asked->targets[i];
	}
	announce(modify);
	send_all(modify);
	for (size_t i = 0; i < asked->count; i++)
		free(modify->outcomes[i].text);
	free(modify->outcomes);
}

void
run_modify(struct session *session, char **words, int count)
{
	struct modify modify = { .session = session, .style = { .form = CREDIS_ASCII } };

	if (assignments_read(&modify.asked, session, words, count))
		run(&modify);
	assignments_clear(&modify.asked);
}
