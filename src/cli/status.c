/* status.c: who serves what, and how well. */
#include "fault.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"
#include "target.h"
#include "verbs.h"

static const struct column columns[] = {
	{ "SERVICE", "service" },
	{ "STATE", "state" },
	{ NULL, "served" },
	{ "HOST", "host" },
	{ "PID", "pid" },
	{ "VERSION", "version" },
	{ "UP SINCE", "started" },
	{ "RATE", "rate" },
	{ "LAG", "lag_ms" },
	{ "STORE", "store" },
	{ "FAULTS", "faults" },
	{ NULL, "beat" },
	{ NULL, "requests" },
	{ NULL, "refused" },
	{ NULL, "failed" },
	{ "LAST FAULT", "error" },
};

enum { COLUMNS = sizeof columns / sizeof *columns };

static void
add_dispatcher(struct table *table, const struct credis_service_info *service)
{
	table_text(table, service->host);
	table_integer(table, service->pid);
	table_text(table, service->dispatcher_version);
	table_time(table, service->started_us);
	table_real(table, service->rate, "/s");
	table_real(table, (double)service->lag_us / 1000, "ms");
	table_text(table, service->store);
	table_integer(table, service->faults);
	table_time(table, service->beat_us);
	table_integer(table, service->requests);
	table_integer(table, service->refused);
	table_integer(table, service->failed);
	table_text(table, service->error);
}

static void
add_standby(struct table *table, const struct credis_service_info *service)
{
	table_text(table, service->name);
	table_text(table, "standby");
	table_boolean(table, false);
	table_text(table, service->standby_host);
	table_integer(table, service->standby_pid);
	table_text(table, service->standby_version);
	table_time(table, service->standby_started_us);
	table_nothing(table, COLUMNS - 7);
}

static void
add(struct table *table, const struct credis_service_info *service)
{
	table_text(table, service->name);
	table_text(table, service->served ? service->state : "unserved");
	table_boolean(table, service->served);
	if (service->served)
		add_dispatcher(table, service);
	else
		table_nothing(table, COLUMNS - 3);
	if (service->standby_pid != 0)
		add_standby(table, service);
}

/* One service was named: that nobody serves it is then a failure. */
static void
judge(struct session *session, const struct credis_service_info *service)
{
	struct credis_error err;

	if (service->served)
		return;
	fault(&err, CREDIS_EUNSERVED, "%s: nobody serves it", service->name);
	session_fail(session, service->name, NULL, &err);
}

struct asked {
	struct session *session;
	const char *service; /* NULL: all */
};

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	const struct asked *asked = arg;
	struct session *session = asked->session;
	struct table *table = table_new(columns, COLUMNS);

	session_ended(session);
	if (err->code != CREDIS_OK) {
		session_fail(session, asked->service, NULL, err);
		count = 0;
	} else if (count == 0) {
		session_note(session, "no services in %s", credis_client_where(session->client));
	}
	for (size_t i = 0; i < count; i++)
		add(table, &services[i]);
	session->output->table(session_out(session), table, !session->options->quiet);
	if (asked->service != NULL && count > 0)
		judge(session, &services[0]);
	table_free(table);
}

void
run_status(struct session *session, char **words, int count)
{
	const char *name = count > 0 ? words[0] : session->options->service;
	struct target target;
	struct asked asked = { .session = session };
	struct credis_error err;

	if (name != NULL) {
		if (!target_parse_service(&target, name, &err)) {
			session_fail(session, NULL, NULL, &err);
			return;
		}
		asked.service = target.service;
	}
	session_began(session);
	progress_say(session->progress, credis_client_where(session->client));
	if (credis_client_services(session->client, asked.service, on_services, &asked, &err) ==
	    0) {
		session_fail(session, asked.service, NULL, &err);
		session_ended(session);
	}
	session_run(session);
}
