/* alarm.c: judges numbers by limits with hysteresis, labels by the severity of each.
 * An array is as bad as its worst element, a mask as its worst bit. */
#include "core/alarm.h"

#include "core/keyword.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	enum credis_severity severity;
	bool high;
} limits[ALARM_LIMITS] = {
	[ALARM_LOLO] = { "lolo", CREDIS_MAJOR, false },
	[ALARM_LOW] = { "low", CREDIS_MINOR, false },
	[ALARM_HIGH] = { "high", CREDIS_MINOR, true },
	[ALARM_HIHI] = { "hihi", CREDIS_MAJOR, true },
};

const char *
alarm_limit_name(enum alarm_limit limit)
{
	return limits[limit].name;
}

void
alarm_free(struct alarm *alarm)
{
	if (alarm == NULL)
		return;
	for (size_t n = 0; n < alarm->count; n++)
		free(alarm->labels[n].text);
	free(alarm->labels);
	free(alarm);
}

static bool
is_whole(const struct credis_keyword *keyword)
{
	return type_element((enum credis_type)keyword->type) == CREDIS_INTEGER;
}

/* An element of either kind of number: a long double holds both exactly. */
static long double
element(const struct credis_value *value, size_t n)
{
	bool array = type_is_array(value->type);

	if (type_element(value->type) == CREDIS_INTEGER)
		return (long double)(array ? value->as.integers[n] : value->as.integer);
	return (long double)(array ? value->as.reals[n] : value->as.real);
}

static size_t
print_number(const struct credis_keyword *keyword, long double number, char *text)
{
	if (is_whole(keyword))
		return number_print_integer(text, (int64_t)number);
	return type_element((enum credis_type)keyword->type) == CREDIS_FLOAT
	    ? number_print_float(text, (double)number)
	    : number_print_double(text, (double)number);
}

static long double
limit_at(const struct credis_keyword *keyword, enum alarm_limit limit)
{
	const struct alarm *alarm = keyword->alarm;

	return is_whole(keyword) ? (long double)alarm->at[limit].integer
				 : (long double)alarm->at[limit].real;
}

void
alarm_print_limit(const struct credis_keyword *keyword, enum alarm_limit limit, struct buffer *out)
{
	char text[NUMBER_TEXT];

	buffer_append(out, text, print_number(keyword, limit_at(keyword, limit), text));
}

/* Whether a limit was passed before: beyond hihi is beyond high as well. */
static bool
was_beyond(enum alarm_limit limit, enum alarm_limit before)
{
	if (before == ALARM_LIMITS)
		return false;
	return limits[limit].high ? before >= limit : before <= limit;
}

/* A limit that was passed counts until the number is back by more than the hysteresis. */
static bool
is_beyond(const struct credis_keyword *keyword, enum alarm_limit limit, enum alarm_limit before,
    long double number)
{
	const struct alarm *alarm = keyword->alarm;
	long double at = limit_at(keyword, limit);
	bool held = alarm->hysteresis > 0 && was_beyond(limit, before);
	long double slack = held ? (long double)alarm->hysteresis : 0;

	if (!alarm->has[limit])
		return false;
	if (limits[limit].high)
		return held ? number >= at - slack : number > at;
	return held ? number <= at + slack : number < at;
}

static void
say_number(const struct credis_keyword *keyword, long double number, size_t n,
    struct alarm_verdict *verdict)
{
	enum alarm_limit limit = verdict->limit;
	bool high = limits[limit].high;
	bool passed = high ? number > limit_at(keyword, limit) : number < limit_at(keyword, limit);
	char text[NUMBER_TEXT], at[NUMBER_TEXT], place[40] = "", back[64] = "";

	print_number(keyword, number, text);
	print_number(keyword, limit_at(keyword, limit), at);
	if (type_is_array((enum credis_type)keyword->type))
		snprintf(place, sizeof(place), "element %zu: ", n + 1);
	if (!passed) {
		char slack[NUMBER_TEXT];

		number_print_double(slack, keyword->alarm->hysteresis);
		snprintf(back, sizeof(back), " by more than %s", slack);
	}
	snprintf(verdict->reason, sizeof(verdict->reason), "%s%s is %s%s %s %s%s", place, text,
	    passed ? "" : "not back ", passed == high ? "above" : "below", limits[limit].name, at,
	    back);
}

static void
judge_number(const struct credis_keyword *keyword, long double number, size_t n,
    enum alarm_limit before, struct alarm_verdict *verdict)
{
	static const enum alarm_limit worst_first[] = { ALARM_LOLO, ALARM_HIHI, ALARM_LOW,
		ALARM_HIGH };

	if (isnan(number)) {
		verdict->severity = CREDIS_INVALID;
		snprintf(verdict->reason, sizeof(verdict->reason), "it is not a number");
		return;
	}
	for (size_t m = 0; m < ALARM_LIMITS; m++) {
		enum alarm_limit limit = worst_first[m];

		if (limits[limit].severity <= verdict->severity)
			return;
		if (!is_beyond(keyword, limit, before, number))
			continue;
		verdict->limit = limit;
		verdict->severity = limits[limit].severity;
		say_number(keyword, number, n, verdict);
	}
}

static bool
has_label(const struct credis_value *value, int64_t key)
{
	if (value->type == CREDIS_MASK)
		return (value->as.integer >> key & 1) != 0;
	return value->as.integer == key;
}

static void
judge_labels(const struct alarm *alarm, const struct credis_value *value,
    struct alarm_verdict *verdict)
{
	bool mask = value->type == CREDIS_MASK;

	for (size_t n = 0; n < alarm->count; n++) {
		const struct alarm_label *label = &alarm->labels[n];

		if (label->severity <= verdict->severity || !has_label(value, label->key))
			continue;
		verdict->severity = label->severity;
		snprintf(verdict->reason, sizeof(verdict->reason), "%s%.*s%s", mask ? "" : "it is ",
		    (int)text_cut(label->text, strlen(label->text), ALARM_REASON - 8), label->text,
		    mask ? " is set" : "");
	}
}

void
alarm_judge(const struct credis_keyword *keyword, const struct credis_value *value,
    enum alarm_limit before, struct alarm_verdict *verdict)
{
	verdict->severity = CREDIS_NONE;
	verdict->limit = ALARM_LIMITS;
	verdict->reason[0] = '\0';
	if (keyword->alarm->count > 0) {
		judge_labels(keyword->alarm, value, verdict);
		return;
	}
	for (size_t n = 0; n < value->count; n++)
		judge_number(keyword, element(value, n), n, before, verdict);
}
