/* extra.c: what the limits, the source and the age of a value say of it, and the worst of them.
 * Writing it is the store's; when it is written is served.c's and modify.c's. */
#include "dispatcher/extra.h"

#include "core/text.h"
#include "dispatcher/calc.h"
#include "dispatcher/clock.h"
#include "dispatcher/history.h"
#include "dispatcher/served.h"

#include <credis/span.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct extra *
extra_of(struct entry *entry)
{
	if (entry->extra == NULL) {
		entry->extra = calloc(1, sizeof(*entry->extra));
		if (entry->extra != NULL)
			entry->extra->limit = entry->extra->given_limit = ALARM_LIMITS;
	}
	return entry->extra;
}

bool
keyword_is_periodic(const struct credis_keyword *keyword)
{
	return keyword->period_ms > 0 && !keyword->heartbeat;
}

bool
extra_prepare(struct entry *entry)
{
	const struct credis_keyword *keyword = entry->keyword;

	if (keyword->alarm == NULL && keyword->history == 0 && !keyword_is_periodic(keyword))
		return true;
	return extra_of(entry) != NULL;
}

void
extra_inherit(struct entry *entry, struct entry *old)
{
	if (old->extra == NULL)
		return;
	extra_free(entry->extra);
	entry->extra = old->extra;
	old->extra = NULL;
}

void
extra_free(struct extra *extra)
{
	if (extra == NULL)
		return;
	history_free(extra->history);
	free(extra->followers);
	free(extra->limits.reason);
	free(extra->given.reason);
	free(extra->source.reason);
	free(extra->age.reason);
	free(extra);
}

static const char *
verdict_reason(const struct verdict *verdict)
{
	return verdict->reason != NULL ? verdict->reason : "";
}

/* True when it was another before. Out of memory costs the words only. */
static bool
verdict_set(struct verdict *verdict, enum credis_severity severity, const char *reason)
{
	if (severity == CREDIS_NONE || reason == NULL)
		reason = "";
	if (verdict->severity == severity && strcmp(verdict_reason(verdict), reason) == 0)
		return false;
	free(verdict->reason);
	verdict->severity = severity;
	verdict->reason = *reason != '\0' ? text_copy(reason, strlen(reason)) : NULL;
	return true;
}

/* Who knows best why comes first among equals. */
static const struct verdict *
worst(const struct extra *extra, const struct verdict *limits)
{
	const struct verdict *worst = &extra->source;

	if (extra->age.severity > worst->severity)
		worst = &extra->age;
	if (limits->severity > worst->severity)
		worst = limits;
	return worst;
}

enum credis_severity
entry_severity(const struct entry *entry)
{
	return entry->extra != NULL ? worst(entry->extra, &entry->extra->limits)->severity
				    : CREDIS_NONE;
}

const char *
entry_reason(const struct entry *entry)
{
	return entry->extra != NULL ? verdict_reason(worst(entry->extra, &entry->extra->limits))
				    : "";
}

bool
entry_set_source_severity(struct entry *entry, enum credis_severity severity, const char *reason)
{
	const struct verdict *before;

	if (entry->extra == NULL && (severity == CREDIS_NONE || extra_of(entry) == NULL))
		return false;
	before = worst(entry->extra, &entry->extra->limits);
	return verdict_set(&entry->extra->source, severity, reason) &&
	    (before == &entry->extra->source ||
		worst(entry->extra, &entry->extra->limits) == &entry->extra->source);
}

void
served_set_severity(struct served *served, struct entry *entry, enum credis_severity severity,
    const char *reason)
{
	if (entry_set_source_severity(entry, severity, reason))
		served_store_again(served, entry);
}

static bool
judge(const struct entry *entry, const struct credis_value *value, struct verdict *verdict,
    enum alarm_limit *limit)
{
	struct alarm_verdict fresh = { .severity = CREDIS_NONE, .limit = ALARM_LIMITS };

	if (entry->keyword->alarm != NULL)
		alarm_judge(entry->keyword, value, *limit, &fresh);
	*limit = fresh.limit;
	return verdict_set(verdict, fresh.severity, fresh.reason);
}

/* What was given and never taken does not count. */
static void
settle_given(struct extra *extra)
{
	verdict_set(&extra->given, extra->limits.severity, extra->limits.reason);
	extra->given_limit = extra->limit;
}

void
extra_take(struct entry *entry)
{
	struct extra *extra = entry->extra;

	judge(entry, &entry->value, &extra->limits, &extra->limit);
	if (entry->writes == 0)
		settle_given(extra);
	calc_touch(entry);
}

bool
extra_hear(struct entry *entry, const struct credis_value *value)
{
	struct extra *extra = entry->extra;
	struct alarm_verdict fresh = { .severity = CREDIS_NONE };
	enum credis_severity before = entry_severity(entry);

	extra->heard_ms = clock_monotonic_ms();
	verdict_set(&extra->age, CREDIS_NONE, NULL);
	if (entry->keyword->alarm != NULL)
		alarm_judge(entry->keyword, value, extra->limit, &fresh);
	return entry_severity(entry) != before || fresh.severity != extra->limits.severity;
}

/* A period more than agreed, and a second at least. */
static int64_t
patience_ms(const struct credis_keyword *keyword)
{
	return keyword->period_ms + (keyword->period_ms > 1000 ? keyword->period_ms : 1000);
}

static void
check_age(struct served *served, struct entry *entry, int64_t now_ms)
{
	struct extra *extra = entry->extra;
	char reason[80], span[40];

	if (extra == NULL || extra->heard_ms == 0 || extra->age.severity != CREDIS_NONE ||
	    !keyword_is_periodic(entry->keyword) ||
	    now_ms - extra->heard_ms <= patience_ms(entry->keyword))
		return;
	credis_span_print(patience_ms(entry->keyword), span);
	snprintf(reason, sizeof(reason), "stale: no value came for more than %s", span);
	verdict_set(&extra->age, CREDIS_INVALID, reason);
	if (worst(extra, &extra->limits) == &extra->age)
		served_store_again(served, entry);
}

void
served_check_age(struct served *served)
{
	int64_t now_ms = clock_monotonic_ms();

	for (size_t n = 0; served->registry.periodic > 0 && n < served->registry.count; n++)
		check_age(served, served->registry.entries[n], now_ms);
}

static void
put(struct entry *entry, const struct verdict *limits, struct store_write *write)
{
	struct extra *extra = entry->extra;
	const struct verdict *verdict = worst(extra, limits);

	write->severity = verdict->severity;
	write->reason = verdict_reason(verdict);
	write->unmark = extra->marked && verdict->severity == CREDIS_NONE;
	extra->marked = verdict->severity != CREDIS_NONE;
	if (entry->keyword->history == 0)
		return;
	if (extra->history == NULL)
		extra->history = history_new();
	write->history = extra->history;
	write->keep = entry->keyword->history;
}

void
extra_describe(struct entry *entry, struct store_write *write)
{
	put(entry, &entry->extra->limits, write);
}

void
extra_judge(struct entry *entry, const struct credis_value *value, struct store_write *write)
{
	struct extra *extra = entry->extra;

	if (entry->writes == 0)
		settle_given(extra);
	judge(entry, value, &extra->given, &extra->given_limit);
	put(entry, &entry->extra->given, write);
}
