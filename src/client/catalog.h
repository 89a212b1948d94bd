/* catalog.h: the descriptions of a service's keywords: asked for once a generation, kept, shared.
 * What they are asked for is others' business. */
#ifndef CLIENT_CATALOG_H
#define CLIENT_CATALOG_H

#include <credis/client.h>

#include <stdbool.h>
#include <stddef.h>

struct catalogs;

/* Descriptions of one generation. Never changes: whoever needs it longer than a callback holds it. */
struct catalog {
	unsigned holders;
	char service[CREDIS_SERVICE_MAX + 1];
	char *generation; /* "": the store has none, so it may be incomplete */
	size_t count;
	struct credis_keyword **keywords; /* by name */
};

struct catalogs *catalogs_new(void);
void catalogs_free(struct catalogs *catalogs);

struct catalog *catalog_hold(struct catalog *catalog);
void catalog_release(struct catalog *catalog); /* NULL is fine */

const struct credis_keyword *catalog_find(const struct catalog *catalog, const char *keyword);

/* 'catalog' is NULL unless 'err' is CREDIS_OK; it lacks what is not there. */
typedef void catalog_end(void *arg, const struct credis_error *err, struct catalog *catalog);

/* Asks for all of a service's descriptions ('names' NULL), or for 'count' of them by name; both without
 * asking again for what is known to be of the present generation. A call like another, to be cancelled when
 * 'arg' goes away; 0 with CREDIS_ENOMEM. */
credis_call catalog_ask(struct credis_client *client, const char *service, const char *const *names,
    size_t count, catalog_end *end, void *arg, struct credis_error *err);

#endif
