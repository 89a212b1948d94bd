/* counters.c: the table of what a service counts. */
#include "dispatcher/counters.h"

#include <string.h>

static const struct counters_row rows[] = {
#define ROW(field, name, help) \
	{ \
		name, help, offsetof(struct counters, field) \
	}
	ROW(requests, "requests_total", "Requests received, duplicates left out."),
	ROW(done, "done_total", "Requests answered done."),
	ROW(refused, "refused_total", "Requests answered refused."),
	ROW(failed, "failed_total", "Requests answered failed."),
	ROW(expired, "expired_total", "Requests whose deadline had passed on arrival."),
	ROW(unknown, "unknown_total", "Retransmissions nobody can answer for any more."),
	ROW(duplicates, "duplicates_total", "Retransmissions recognised."),
	ROW(faults, "faults_total", "Faults told in DISPERROR, and those too many to tell."),
	ROW(healed, "healed_total", "Values found missing or changed in the store and put back."),
	ROW(lag_us, "lag_microseconds_total", "Time from arrival to answer, summed."),
#undef ROW
};

const struct counters_row *
counters_row(size_t n)
{
	return n < sizeof(rows) / sizeof(rows[0]) ? &rows[n] : NULL;
}

uint64_t
counters_value(const struct counters *counters, const struct counters_row *row)
{
	uint64_t value;

	memcpy(&value, (const char *)counters + row->offset, sizeof(value));
	return value;
}
