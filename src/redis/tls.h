/* tls.h: what TLS to a server takes: certificates, and the check that it is the one meant. */
#ifndef REDIS_TLS_H
#define REDIS_TLS_H

#include "core/url.h"

#include <openssl/types.h>

struct tls;

/* Loads the URL's certificates. NULL with the reason when they are no good. */
struct tls *tls_new(const struct url *url, struct credis_error *err);
void tls_free(struct tls *tls);

/* A session on a socket (still the caller's to close) that is connected to 'host', ready to shake hands;
 * to SSL_free(). NULL when out of memory. */
SSL *tls_session_new(const struct tls *tls, int fd, const char *host);

/* Why a session failed: 'code' is of the OpenSSL error queue, or 0; the rest of the queue is
 * forgotten. */
void tls_explain(const SSL *session, const char *host, unsigned long code,
    struct credis_error *err);

#endif
