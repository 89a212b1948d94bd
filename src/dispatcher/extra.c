/* extra.c: what the limits, the source and the age of a value say of it, and the worst of them.
 * Writing it is the store's; when it is written is served.c's and modify.c's. */
#include "dispatcher/extra.h"

#include "core/text.h"
#include "dispatcher/served.h"

#include <stdlib.h>
#include <string.h>

static struct extra *
extra_of(struct entry *entry)
{
	if (entry->extra == NULL)
		entry->extra = calloc(1, sizeof(*entry->extra));
	return entry->extra;
}

void
extra_free(struct extra *extra)
{
	if (extra == NULL)
		return;
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

static void
put(struct extra *extra, const struct verdict *limits, struct store_write *write)
{
	const struct verdict *verdict = worst(extra, limits);

	write->severity = verdict->severity;
	write->reason = verdict_reason(verdict);
	write->unmark = extra->marked && verdict->severity == CREDIS_NONE;
	extra->marked = verdict->severity != CREDIS_NONE;
}

void
extra_describe(struct entry *entry, struct store_write *write)
{
	put(entry->extra, &entry->extra->limits, write);
}

void
extra_judge(struct entry *entry, const struct credis_value *value, struct store_write *write)
{
	(void)value;
	put(entry->extra, &entry->extra->given, write);
}
