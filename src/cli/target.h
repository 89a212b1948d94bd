/* target.h: what a word on the command line names: a keyword, or all that match. */
#ifndef CLI_TARGET_H
#define CLI_TARGET_H

#include <credis/error.h>
#include <credis/keyword.h>

#include <stdbool.h>
#include <stddef.h>

struct session;

struct target {
	char service[CREDIS_SERVICE_MAX + 1];                   /* lower case; may be a glob */
	char keyword[CREDIS_KEYWORD_MAX + 1];                   /* upper case; may be a glob */
	char both[CREDIS_SERVICE_MAX + CREDIS_KEYWORD_MAX + 2]; /* "service.KEYWORD" */
};

/* Reads "SERVICE.KEYWORD", or "KEYWORD" where 'service' (may be NULL) is given. False with the fault. */
bool target_parse(struct target *target, const char *word, const char *service,
    struct credis_error *err);

/* Reads a word that names a whole service, or a glob of services. */
bool target_parse_service(struct target *target, const char *word, struct credis_error *err);

/* Of names that are known to be good. */
void target_set(struct target *target, const char *service, const char *keyword);

/* Reads many, and reports those that are none. Returns those that are, to free(). */
struct target *targets_parse(struct session *session, char **words, int count, size_t *good);

/* Whether they are of more than one service, so that a bare keyword would not say which. */
bool targets_mix_services(const struct target *targets, size_t count);

bool target_is_glob(const char *name);

#endif
