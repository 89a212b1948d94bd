/* counters.h: what a service counts, and the one table that names it.
 * The statistics hash and the metrics page are both made from the table. */
#ifndef DISPATCHER_COUNTERS_H
#define DISPATCHER_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct counters {
	uint64_t requests;
	uint64_t done;
	uint64_t refused;
	uint64_t failed;
	uint64_t expired;
	uint64_t unknown;
	uint64_t duplicates;
	uint64_t faults;
	uint64_t healed;
	uint64_t lag_us; /* summed over finished requests */
};

struct counters_row {
	const char *name; /* of the metric, without prefix */
	const char *help;
	size_t offset; /* in struct counters */
};

/* Row 0, 1, 2 …; NULL past the last. */
const struct counters_row *counters_row(size_t n);
uint64_t counters_value(const struct counters *counters, const struct counters_row *row);

#endif
