/* service.h: what a service is made of: names and descriptions, no life.
 * A definition is replaced as a whole; the live side is dispatcher/served.h. */
#ifndef DISPATCHER_SERVICE_H
#define DISPATCHER_SERVICE_H

#include "core/names.h"

#include <credis/dispatcher.h>

struct source;

struct credis_service {
	char name[CREDIS_SERVICE_MAX + 1];
	char *help;
	char *version;
	char prefix[NAMES_PREFIX_MAX + 1]; /* of Cauldron's layout; "": the native one alone */
	struct credis_keyword **keywords;
	struct source *
	    *sources; /* of the keyword in the same place, NULL: none; NULL: no keyword has one */
	size_t count;
	size_t room;
	struct service_name *names;   /* table of the names above … */
	struct service_names *blocks; /* … and where they lie */
};

/* The dispatcher's own keywords. */
enum own_keyword { OWN_STATE, OWN_ERROR, OWN_BEAT, OWN_START, OWN_HOST, OWN_KEYWORDS };

const char *own_keyword_name(enum own_keyword own);

/* Makes one of them; NULL when out of memory. */
struct credis_keyword *own_keyword_new(enum own_keyword own, struct credis_error *err);
bool own_keyword_is(const char *name);

/* The keyword of this name, in upper case; NULL when there is none. The dispatcher's own are not among them. */
const struct credis_keyword *service_find(const struct credis_service *service,
    const char *keyword);

/* For one that is served: nothing is added to it any more, and its registry finds keywords. */
void service_forget_names(struct credis_service *service);

#endif
