/* alarm.h: from a value to how good it is, by the limits or labels of its keyword.
 * Pure: what the value before was judged is given, so that hysteresis needs no memory here. */
#ifndef CORE_ALARM_H
#define CORE_ALARM_H

#include "core/buffer.h"
#include "core/value.h"

#include <credis/error.h>
#include <credis/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct credis_keyword;

/* From the lowest to the highest; low and high are minor, lolo and hihi major. */
enum alarm_limit { ALARM_LOLO, ALARM_LOW, ALARM_HIGH, ALARM_HIHI, ALARM_LIMITS };

struct alarm_label {
	char *text; /* as given; as the keyword spells it once finished */
	int64_t key;
	enum credis_severity severity;
};

struct alarm {
	bool has[ALARM_LIMITS];
	union {
		int64_t integer;
		double real;
	} at[ALARM_LIMITS];
	double hysteresis; /* 0: none */
	struct alarm_label *labels;
	size_t count;
};

enum { ALARM_REASON = 128 };

struct alarm_verdict {
	enum credis_severity severity;
	enum alarm_limit limit; /* that it is beyond; ALARM_LIMITS: none of them */
	char reason[ALARM_REASON];
};

/* Judges a value of a keyword that has an alarm; 'before' is the limit of the verdict before. */
void alarm_judge(const struct credis_keyword *keyword, const struct credis_value *value,
    enum alarm_limit before, struct alarm_verdict *verdict);

/* "lolo", "low", "high", "hihi". */
const char *alarm_limit_name(enum alarm_limit limit);

/* Appends a limit, or the hysteresis, as a number of the keyword's type. */
void alarm_print_limit(const struct credis_keyword *keyword, enum alarm_limit limit,
    struct buffer *out);

void alarm_free(struct alarm *alarm);

#endif
