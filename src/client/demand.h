/* demand.h: descriptions that must be there, or why they are not. */
#ifndef CLIENT_DEMAND_H
#define CLIENT_DEMAND_H

#include "client/catalog.h"

/* Like catalog_ask(), for one keyword, or with "" for all of the service; where that is not there it is an error:
 * CREDIS_ENOSERVICE, CREDIS_ENOKEYWORD. */
credis_call demand_descriptions(struct credis_client *client, const char *service,
    const char *keyword, catalog_end *end, void *arg, struct credis_error *err);

#endif
