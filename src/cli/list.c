/* list.c: the services there are, or the keywords of one, and which of these are not fine. */
#include "find.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "readings.h"
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

enum { SERVICE, SEVERITY = 5 };

/* The service is a column with keywords of several services; the severity, where a value is not fine. */
static const struct column keyword_columns[] = {
	[SERVICE] = { "SERVICE", "service" },
	{ "NAME", "keyword" },
	{ "TYPE", "type" },
	{ "ACCESS", "access" },
	{ "UNITS", "units" },
	[SEVERITY] = { "SEVERITY", "severity" },
	{ "HELP", "help" },
};

/* Of a keyword, in the same place as its target. */
struct row {
	enum credis_type type;
	enum credis_access access;
	char *units, *help;
	enum credis_severity severity;
};

struct listing {
	struct target *targets;
	struct row *rows;
	size_t count, room;
	bool all_fine;
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
	struct listing *listing = arg;

	if (listing->count == listing->room) {
		listing->room = listing->room * 2 + 16;
		listing->targets =
		    must(reallocarray(listing->targets, listing->room, sizeof *listing->targets));
		listing->rows =
		    must(reallocarray(listing->rows, listing->room, sizeof *listing->rows));
	}
	target_set(&listing->targets[listing->count], service, credis_keyword_name(keyword));
	listing->rows[listing->count++] = (struct row){ .type = credis_keyword_type(keyword),
		.access = credis_keyword_access(keyword),
		.units = must(strdup(credis_keyword_units(keyword))),
		.help = must(strdup(credis_keyword_help(keyword))),
		.severity = CREDIS_NONE };
}

/* A value that cannot be read keeps nobody from seeing what there is. */
static void
on_reading(void *arg, size_t n, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct listing *listing = arg;

	if (err->code != CREDIS_OK || reading == NULL || reading->severity == CREDIS_NONE)
		return;
	listing->rows[n].severity = reading->severity;
	listing->all_fine = false;
}

static void
print_keywords(struct session *session, const struct listing *listing, bool mixed)
{
	struct column columns[COUNT(keyword_columns)];
	struct table *table;

	memcpy(columns, keyword_columns, sizeof columns);
	if (!mixed)
		columns[SERVICE].title = NULL;
	if (listing->all_fine)
		columns[SEVERITY].title = NULL;
	table = table_new(columns, COUNT(columns));
	for (size_t n = 0; n < listing->count; n++) {
		const struct row *row = &listing->rows[n];

		table_text(table, listing->targets[n].service);
		table_text(table, listing->targets[n].keyword);
		table_text(table, credis_type_name(row->type));
		table_text(table, accesses[row->access]);
		table_text(table, row->units);
		table_text(table,
		    row->severity != CREDIS_NONE ? credis_severity_name(row->severity) : NULL);
		table_text(table, row->help);
	}
	print_table(session, table);
	table_free(table);
}

static void
list_keywords(struct session *session, const struct target *target)
{
	struct listing listing = { .all_fine = true };

	find_keywords(session, target, on_keyword, NULL, &listing);
	session_run(session);
	readings_take(session, listing.targets, listing.count, false, on_reading, &listing);
	print_keywords(session, &listing, target_is_glob(target->service));
	for (size_t n = 0; n < listing.count; n++) {
		free(listing.rows[n].units);
		free(listing.rows[n].help);
	}
	free(listing.rows);
	free(listing.targets);
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
