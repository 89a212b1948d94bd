/* settings.h: what a link was told, in copies of its own and with every default filled in. */
#ifndef REDIS_SETTINGS_H
#define REDIS_SETTINGS_H

#include "redis/link.h"

struct tls;

struct settings {
	struct url url;
	struct tls *tls; /* NULL: none */
	char *name;      /* NULL: none */
	char *role;
	char *where;                 /* the URL without its password */
	struct link_options options; /* the plain ones; its pointers but 'log' are NULL */
};

/* The first of them that is given, which is to say more than 0; a year at most, so that sums of times are in
 * range. */
int64_t settings_first(int64_t first, int64_t second, int64_t otherwise);

/* On failure returns false with the reason; 'settings' is to be cleared all the same. */
bool settings_copy(struct settings *settings, const struct link_options *options,
    struct credis_error *err);
void settings_clear(struct settings *settings);

#endif
