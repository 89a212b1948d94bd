/* metrics.c: two tables walked as one: counters of services, then gauges of the whole. */
#include "dispatcher/metrics.h"

#include "dispatcher/calc.h"
#include "dispatcher/counters.h"
#include "dispatcher/peers.h"
#include "dispatcher/requests.h"
#include "dispatcher/served.h"
#include "dispatcher/steps.h"

static double
count_services(const struct post *post)
{
	double count = 0;

	for (const struct served *s = post->served; s != NULL; s = s->next)
		count++;
	return count;
}

static double
count_ready(const struct post *post)
{
	double count = 0;

	for (const struct served *s = post->served; s != NULL; s = s->next)
		count += s->state == SERVED_READY;
	return count;
}

static double
count_keywords(const struct post *post)
{
	double count = 0;

	for (const struct served *s = post->served; s != NULL; s = s->next)
		count += (double)s->registry.count;
	return count;
}

static double
count_under_way(const struct post *post)
{
	return (double)requests_count(post->requests);
}

static double
is_store_up(const struct post *post)
{
	return link_is_up(post->store.link);
}

static double
count_output(const struct post *post)
{
	return (double)link_output_length(post->store.link);
}

static double
count_lost(const struct post *post)
{
	return (double)post->times_lost;
}

static double
count_dropped(const struct post *post)
{
	return (double)peers_dropped(post->peers);
}

static double
count_late(const struct post *post)
{
	return (double)steps_late(post->steps);
}

static double
count_histories_failed(const struct post *post)
{
	return (double)post->store.histories_failed;
}

static double
count_calculations(const struct post *post)
{
	return (double)calcs_computed(post->calcs);
}

static const struct row {
	const char *name;
	const char *help;
	bool counter;
	double (*value)(const struct post *post);
} rows[] = {
	{ "services", "Services configured.", false, count_services },
	{ "services_ready", "Services served at the moment.", false, count_ready },
	{ "keywords", "Keywords of all services.", false, count_keywords },
	{ "requests_under_way", "Requests taken and not answered yet.", false, count_under_way },
	{ "store_up", "1 while the store can be reached.", false, is_store_up },
	{ "store_output_bytes", "Bytes waiting to be sent to the store.", false, count_output },
	{ "store_lost_total", "Connections to the store that were lost.", true, count_lost },
	{ "answers_dropped_total", "Portions of answers given up while the store was away.", true,
	    count_dropped },
	{ "calculations_total", "Values of calculated keywords computed.", true,
	    count_calculations },
	{ "history_failed_total", "Values that did not get into their history.", true,
	    count_histories_failed },
	{ "steps_late_total", "Answers of sources that nobody waited for any more.", true,
	    count_late },
};

static double
sum(const struct post *post, const struct counters_row *row)
{
	double value = 0;

	for (const struct served *s = post->served; s != NULL; s = s->next)
		value += (double)counters_value(&s->counters, row);
	return value;
}

bool
metrics_row(const struct post *post, size_t row, struct credis_metric *metric)
{
	const struct counters_row *counter = counters_row(row);
	size_t counters = 0;

	if (counter != NULL) {
		*metric = (struct credis_metric){ counter->name, counter->help, true,
			sum(post, counter) };
		return true;
	}
	while (counters_row(counters) != NULL)
		counters++;
	row -= counters;
	if (row >= sizeof(rows) / sizeof(rows[0]))
		return false;
	*metric = (struct credis_metric){ rows[row].name, rows[row].help, rows[row].counter,
		rows[row].value(post) };
	return true;
}
