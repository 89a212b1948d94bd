/* diagnose.h: why nobody answers for a name: is there such a service, and such a keyword? */
#ifndef CLIENT_DIAGNOSE_H
#define CLIENT_DIAGNOSE_H

#include <credis/client.h>

/* CREDIS_OK: it exists. CREDIS_ENOSERVICE, with the nearest name there is; CREDIS_ENOKEYWORD; or why that could
 * not be found out. */
typedef void diagnose_end(void *arg, const struct credis_error *err);

/* 'keyword' may be NULL. A call like another, to be cancelled when 'arg' goes away; 0 with
 * CREDIS_ENOMEM. */
credis_call diagnose(struct credis_client *client, const char *service, const char *keyword,
    diagnose_end *end, void *arg, struct credis_error *err);

#endif
