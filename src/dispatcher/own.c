/* own.c: the keywords every service has without being asked: DISPSTATE and its kin.
 * Knows what they are; served.c knows when they change. */
#include "dispatcher/service.h"

#include <string.h>

struct own_setting {
	const char *setting;
	const char *json;
};

static const struct own_row {
	const char *name;
	enum credis_type type;
	struct own_setting settings[4];
} rows[OWN_KEYWORDS] = {
	[OWN_STATE] = { "DISPSTATE", CREDIS_ENUMERATED,
	    { { "values", "[\"starting\", \"ready\", \"degraded\", \"stopping\"]" },
		{ "force", "false" }, { "help", "What the dispatcher is doing" } } },
	[OWN_ERROR] = { "DISPERROR", CREDIS_STRING, { { "help", "The dispatcher's last fault" } } },
	[OWN_BEAT] = { "DISPBEAT", CREDIS_INTEGER,
	    { { "heartbeat", "true" }, { "period", "1 second" },
		{ "help", "Heartbeat: counts once a second" } } },
	[OWN_START] = { "DISPSTART", CREDIS_STRING,
	    { { "force", "false" }, { "help", "When the dispatcher started (UTC)" } } },
	[OWN_HOST] = { "DISPHOST", CREDIS_STRING,
	    { { "force", "false" }, { "help", "The host the dispatcher runs on" } } },
};

const char *
own_keyword_name(enum own_keyword own)
{
	return rows[own].name;
}

bool
own_keyword_is(const char *name)
{
	for (size_t n = 0; n < OWN_KEYWORDS; n++) {
		if (strcmp(rows[n].name, name) == 0)
			return true;
	}
	return false;
}

struct credis_keyword *
own_keyword_new(enum own_keyword own, struct credis_error *err)
{
	const struct own_row *row = &rows[own];
	struct credis_keyword *keyword = credis_keyword_new(row->name, row->type, err);
	bool fine = keyword != NULL;

	for (const struct own_setting *s = row->settings; fine && s->setting != NULL; s++)
		fine = credis_keyword_set(keyword, s->setting, s->json, err);
	fine = fine && credis_keyword_set(keyword, "access", "read", err) &&
	    credis_keyword_set(keyword, "persist", "false", err) &&
	    credis_keyword_finish(keyword, NULL, err);
	if (fine)
		return keyword;
	credis_keyword_free(keyword);
	return NULL;
}
