/* keyword.h (core): what a keyword is and what it allows.
 * Knows every setting through one table (keyword_settings.c); holds no current value. */
#ifndef CORE_KEYWORD_H
#define CORE_KEYWORD_H

#include "core/alarm.h"
#include "core/labels.h"
#include "core/pattern.h"
#include "core/value.h"

#include <credis/keyword.h>

struct buffer;

/* Settings few keywords have live behind pointers: a million keywords share one process. */
struct keyword_limits {
	bool has_low, has_high;
	union {
		int64_t integer;
		double real;
	} low, high;
};

/* Times of day at which it is read, in order. */
struct keyword_schedule {
	size_t count;
	int32_t seconds[]; /* after midnight, local time */
};

/* Who gives its values and takes them. */
struct keyword_source {
	char *driver;       /* name; NULL: none */
	char *read, *write; /* commands, as JSON arrays; NULL: none */
};

struct credis_keyword {
	char *help; /* "" when none; so are units and format */
	char *units;
	char *format;
	struct labels labels;          /* values, or labels of elements */
	struct keyword_limits *limits; /* NULL: any */
	struct pattern *pattern;       /* NULL: any */
	char *initial;                 /* stored form once finished; NULL before when not given */
	struct alarm *alarm;           /* NULL: none */
	struct keyword_schedule *schedule; /* NULL: none */
	char *calc;                        /* an expression; NULL: not calculated */
	struct keyword_source *source;     /* NULL: values are stored, or set by its program */
	double deadband;                   /* 0: none */
	int64_t period_ms;                 /* 0: none */
	int64_t timeout_ms;                /* how long a write may take */
	uint32_t max_length;               /* bytes of a string, or of each string element */
	uint32_t history;                  /* past values kept; 0: none */
	uint32_t min_count, max_count;     /* elements of an array; 0, 0: any */
	uint8_t type;                      /* enum credis_type */
	uint8_t access;                    /* enum credis_access */
	bool initial_given;
	bool finite;
	bool persist;
	bool force;
	bool command;   /* momentary: acts on true, always reads false */
	bool heartbeat; /* counts once per period */
	char name[];    /* upper case */
};

enum {
	KEYWORD_MAX_LENGTH = 65536,      /* default of max_length */
	KEYWORD_MAX_COUNT = 65536,       /* most elements where length says nothing */
	KEYWORD_TIMEOUT_MS = 30000,      /* default of timeout */
	KEYWORD_HISTORY_MAX = 10000000,  /* most past values */
	KEYWORD_TIMES_MAX = 1440,        /* times of day in a schedule */
	KEYWORD_LENGTH_LIMIT = 16777216, /* most that max_length may be */
};

/* Reads text as a value of this keyword and checks range, length, pattern. The reason names the
 * keyword: "AZ: 400 is above the maximum 360". Access is not looked at. */
bool keyword_parse_value(const struct credis_keyword *keyword, struct credis_value *value,
    const char *text, size_t length, struct credis_error *err);

/* The limits alone, for a value that was parsed already. */
bool keyword_allows(const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err);

bool keyword_is_writable(const struct credis_keyword *keyword);
bool keyword_is_readable(const struct credis_keyword *keyword);

/* Copies a name into 'out' (CREDIS_KEYWORD_MAX + 1) in upper case, or a service's
 * (CREDIS_SERVICE_MAX + 1; [A-Za-z][A-Za-z0-9_-]*) in lower case. False with CREDIS_EINVAL. */
bool keyword_name_check(const char *name, size_t length, char *out, struct credis_error *err);
bool service_name_check(const char *name, size_t length, char *out, struct credis_error *err);

/* Appends a keyword's description; credis_keyword_to_json() without an allocation of its own. */
void keyword_print_json(const struct credis_keyword *keyword, struct buffer *out);

/* Whether two descriptions say the same. */
bool keyword_equal(const struct credis_keyword *a, const struct credis_keyword *b);

#endif
