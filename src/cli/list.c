/* list.c: the services there are, or the keywords of one. */
#include "find.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "table.h"
#include "target.h"
#include "verbs.h"

#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof *(array))

static const struct column service_columns[] = {
	{ "SERVICE", "service" },
	{ "STATE", "state" },
	{ NULL, "served" },
	{ "KEYWORDS", "keywords" },
	{ "HELP", "help" },
};

static const struct column keyword_columns[] = {
	{ NULL, "service" },
	{ "NAME", "keyword" },
	{ "TYPE", "type" },
	{ "ACCESS", "access" },
	{ "UNITS", "units" },
	{ "HELP", "help" },
};

/* With keywords of several services the service is a column too. */
static const struct column mixed_columns[] = {
	{ "SERVICE", "service" },
	{ "NAME", "keyword" },
	{ "TYPE", "type" },
	{ "ACCESS", "access" },
	{ "UNITS", "units" },
	{ "HELP", "help" },
};

static const char *const accesses[] = {
	[CREDIS_READ_WRITE] = "read-write",
	[CREDIS_READ] = "read",
	[CREDIS_WRITE] = "write",
};

static void
print_table(struct session *session, const struct table *table)
{
	session->output->table(session_out(session), table, !session->options->quiet);
}

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct session *session = arg;
	struct table *table = table_new(service_columns, COUNT(service_columns));

	session_ended(session);
	if (err->code != CREDIS_OK)
		session_fail(session, NULL, NULL, err);
	else if (count == 0)
		session_note(session, "no services in %s", credis_client_where(session->client));
	for (size_t i = 0; err->code == CREDIS_OK && i < count; i++) {
		table_text(table, services[i].name);
		table_text(table, services[i].served ? services[i].state : "unserved");
		table_boolean(table, services[i].served);
		table_integer(table, (int64_t)services[i].keywords);
		table_text(table, services[i].help);
	}
	print_table(session, table);
	table_free(table);
}

static void
list_services(struct session *session)
{
	struct credis_error err;

	session_began(session);
	progress_say(session->progress, credis_client_where(session->client));
	if (credis_client_services(session->client, NULL, on_services, session, &err) == 0) {
		session_fail(session, NULL, NULL, &err);
		session_ended(session);
	}
	session_run(session);
}

static void
on_keyword(void *arg, const char *service, const struct credis_keyword *keyword)
{
	struct table *table = arg;

	table_text(table, service);
	table_text(table, credis_keyword_name(keyword));
	table_text(table, credis_type_name(credis_keyword_type(keyword)));
	table_text(table, accesses[credis_keyword_access(keyword)]);
	table_text(table, credis_keyword_units(keyword));
	table_text(table, credis_keyword_help(keyword));
}

static void
list_keywords(struct session *session, const struct target *target)
{
	struct table *table =
	    table_new(target_is_glob(target->service) ? mixed_columns : keyword_columns,
		COUNT(keyword_columns));

	find_keywords(session, target, on_keyword, NULL, table);
	session_run(session);
	print_table(session, table);
	table_free(table);
}

void
run_list(struct session *session, char **words, int count)
{
	const char *service = session->options->service;
	struct target target;
	struct credis_error err;
	bool ok;

	if (count == 0 && service == NULL) {
		list_services(session);
		return;
	}
	if (count == 0)
		ok = target_parse_service(&target, service, &err);
	else if (service == NULL && strchr(words[0], '.') == NULL)
		ok = target_parse_service(&target, words[0], &err);
	else
		ok = target_parse(&target, words[0], service, &err);
	if (ok)
		list_keywords(session, &target);
	else
		session_fail(session, NULL, NULL, &err);
}
