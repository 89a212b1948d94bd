/* names.h: what things are called in the store: keys and channels.
 * Source of the format: credis-protocol(7). Nothing else in credis spells these. */
#ifndef CORE_NAMES_H
#define CORE_NAMES_H

#include "core/slice.h"

#include <credis/error.h>
#include <credis/keyword.h>

#include <stdbool.h>
#include <stddef.h>

enum {
	NAMES_NAMESPACE_MAX = 32,
	/* the longest name below, with its NUL */
	NAMES_MAX = 64 + NAMES_NAMESPACE_MAX + CREDIS_SERVICE_MAX + CREDIS_KEYWORD_MAX,
	NAMES_PREFIX_MAX = 64, /* of Cauldron's names, which have no namespace */
	NAMES_CLIENT = 32,     /* hex digits of a client's id */
};

struct name {
	size_t length;
	char text[NAMES_MAX];
};

/* Per-service keys and channels. */
enum names_of_service {
	NAMES_KEYWORDS,     /* hash: KEYWORD → description */
	NAMES_ABOUT,        /* hash: help, version, generation, … */
	NAMES_DISPATCHER,   /* string: the lease */
	NAMES_GROUP_MODIFY, /* channel: several MODIFYs in one message */
	NAMES_VALUES,       /* channel: values themselves */
	NAMES_STANDBY,      /* string: who waits for the lease; expires */
	NAMES_STATISTICS,   /* hash: a dispatcher's figures; expires */
};

/* Per-keyword keys and channels. */
enum names_of_keyword {
	NAMES_VALUE,   /* hash: value, time, seq, … */
	NAMES_HISTORY, /* stream */
	NAMES_MODIFY,  /* channel */
	NAMES_READ,    /* channel */
};

/* Names are checked before they come here: service in lower, keyword in upper case. */
void names_services(struct name *out, const char *ns);
void names_service(struct name *out, const char *ns, const char *service,
    enum names_of_service what);
void names_keyword(struct name *out, const char *ns, const char *service, const char *keyword,
    enum names_of_keyword what);
void names_answer(struct name *out, const char *ns, const char *client);

/* The keyspace channel of a keyword's hash in database 'db'. */
void names_event(struct name *out, int db, const char *ns, const char *service,
    const char *keyword);

/* The same of a key of the service's own. */
void names_service_event(struct name *out, int db, const char *ns, const char *service,
    enum names_of_service what);

/* What a request's channel is about. */
struct names_channel {
	struct slice service;
	struct slice keyword;       /* empty: the service's own channel */
	enum names_of_keyword verb; /* NAMES_MODIFY or NAMES_READ */
};

/* Takes a channel apart; false when it is none of this namespace's for requests. The pieces lie in
 * 'bytes', as they stand there: nothing is checked beyond the layout. */
bool names_parse_channel(struct names_channel *channel, const char *ns, const char *bytes,
    size_t length);

/* What Cauldron calls a keyword; 'prefix' is "Cauldron.redis.common" unless an instrument has its own. */
enum names_of_cauldron {
	NAMES_CAULDRON_VALUE,  /* string, and the channel of requests */
	NAMES_CAULDRON_STATUS, /* string */
	NAMES_CAULDRON_ERROR,  /* string */
};
void names_cauldron(struct name *out, const char *prefix, const char *service, const char *keyword,
    enum names_of_cauldron what);

/* The set of services that run. */
void names_cauldron_services(struct name *out, const char *prefix);

/* Takes such a channel of a service apart; false when it is none. 'keyword' lies in 'bytes', unchecked. */
bool names_parse_cauldron(struct slice *keyword, const char *prefix, const char *service,
    const char *bytes, size_t length);

/* A prefix is 1 to NAMES_PREFIX_MAX of [A-Za-z0-9_.-]. */
bool names_prefix_check(const char *prefix, struct credis_error *err);

/* A namespace is 1 to NAMES_NAMESPACE_MAX of [A-Za-z0-9_.-]. */
bool names_namespace_check(const char *ns, struct credis_error *err);

/* Splits "SERVICE.KEYWORD", or "KEYWORD" where 'service' (may be NULL) is given, at the first
 * dot; both are checked and put in their case. 'globs' lets * ? % through. With a service
 * given, "SERVICE.KEYWORD" still wins when its first part is that service. */
struct names_pair {
	char service[CREDIS_SERVICE_MAX + 1];
	char keyword[CREDIS_KEYWORD_MAX + 1];
};
bool names_split(const char *text, const char *service, bool globs, struct names_pair *pair,
    struct credis_error *err);

#endif
