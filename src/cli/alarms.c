/* alarms.c: the keywords whose values are not fine, most severe first. */
#include "find.h"
#include "memory.h"
#include "output.h"
#include "readings.h"
#include "session.h"
#include "table.h"
#include "target.h"
#include "unserved.h"
#include "verbs.h"

#include <string.h>

static const struct column columns[] = {
	{ "SEVERITY", "severity" },
	{ "KEYWORD", "name" },
	{ NULL, "service" },
	{ NULL, "keyword" },
	{ "VALUE", "value" },
	{ "TIME OF VALUE", "time" },
	{ "REASON", "reason" },
};

/* One that is not fine. */
struct alarm {
	struct target target;
	enum credis_severity severity;
	int64_t time_us;
	char *value, *reason;
};

struct alarms {
	struct session *session;
	struct alarm *found;
	size_t found_count;
};

static void
keep(struct alarms *alarms, const struct credis_reading *reading)
{
	struct alarm *alarm;

	if (reading->severity == CREDIS_NONE)
		return;
	alarms->found = must(reallocarray(alarms->found, alarms->found_count + 1, sizeof *alarm));
	alarm = &alarms->found[alarms->found_count++];
	target_set(&alarm->target, reading->service, reading->keyword);
	alarm->severity = reading->severity;
	alarm->time_us = reading->time_us;
	alarm->reason = must(strdup(reading->reason));
	alarm->value =
	    must(reading->description != NULL ? credis_keyword_present(reading->description,
						    reading->text, reading->length, CREDIS_ASCII)
					      : strdup(reading->text));
}

static void
on_reading(void *arg, size_t n, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct alarms *alarms = arg;

	(void)n;
	if (err->code != CREDIS_OK)
		session_fail(alarms->session, NULL, NULL, err);
	else if (reading != NULL)
		keep(alarms, reading);
}

/* Nobody would tell if one of its values were not fine. */
static void
on_unserved(void *arg, const char *service)
{
	struct credis_reading reading = {
		.service = service,
		.keyword = "*",
		.text = "",
		.severity = CREDIS_INVALID,
		.reason = "nobody serves it",
	};

	keep(arg, &reading);
}

static int
worst_first(const void *a, const void *b)
{
	const struct alarm *left = a, *right = b;

	if (left->severity != right->severity)
		return (int)right->severity - (int)left->severity;
	return strcmp(left->target.both, right->target.both);
}

static void
print(struct alarms *alarms)
{
	struct session *session = alarms->session;
	struct table *table = table_new(columns, sizeof columns / sizeof *columns);

	if (alarms->found_count > 0)
		qsort(alarms->found, alarms->found_count, sizeof *alarms->found, worst_first);
	for (size_t n = 0; n < alarms->found_count; n++) {
		const struct alarm *alarm = &alarms->found[n];

		table_text(table, credis_severity_name(alarm->severity));
		table_text(table, alarm->target.both);
		table_text(table, alarm->target.service);
		table_text(table, alarm->target.keyword);
		table_text(table, alarm->value);
		table_time(table, alarm->time_us);
		table_text(table, alarm->reason);
	}
	session->output->table(session_out(session), table,
	    !session->options->quiet && alarms->found_count > 0);
	table_free(table);
}

void
run_alarms(struct session *session, char **words, int count)
{
	char everything[] = "*.*", *all[] = { everything };
	struct alarms alarms = { .session = session };
	struct unserved unserved = { session, on_unserved, &alarms };
	struct target *asked, *targets;
	size_t good, found;

	if (count == 0 && session->options->service != NULL)
		everything[1] = '\0';
	asked = count > 0 ? targets_parse(session, words, count, &good)
			  : targets_parse(session, all, 1, &good);
	targets = find_readable(session, asked, good, false, &found);
	unserved_ask(&unserved, targets, found);
	readings_take(session, targets, found, false, on_reading, &alarms);
	print(&alarms);
	for (size_t n = 0; n < alarms.found_count; n++) {
		free(alarms.found[n].value);
		free(alarms.found[n].reason);
	}
	free(alarms.found);
	free(targets);
	free(asked);
}
