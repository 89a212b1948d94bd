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

/* On failure returns false with the reason; 'settings' is to be cleared all the same. */
bool settings_copy(struct settings *settings, const struct link_options *options,
    struct credis_error *err);
void settings_clear(struct settings *settings);

#endif
