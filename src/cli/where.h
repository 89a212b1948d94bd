/* where.h: which store to talk to. */
#ifndef CLI_WHERE_H
#define CLI_WHERE_H

#include <credis/error.h>

#include <stdbool.h>

struct where {
	char *url;        /* to free(); NULL: not found yet */
	char *name_space; /* to free(); NULL: the client's own */
};

/* 'url' (may be NULL) is -u. False with the reason: a fault in credis.conf. */
bool where_find(struct where *where, const char *url, struct credis_error *err);
void where_clear(struct where *where);

#endif
