/* url.h: where a store is, out of a URL.
 * redis:// rediss:// unix://, as redis-py's parse_url reads them, its defects refused; and
 * redis+sentinel://host:port,host:port/primary/db. */
#ifndef CORE_URL_H
#define CORE_URL_H

#include <credis/error.h>

#include <stdbool.h>
#include <stdint.h>

struct url {
	bool tls;
	char *path;      /* unix socket, absolute; NULL for TCP */
	char *sentinels; /* "host:port,[::1]:port": who know where the primary is; NULL: none */
	char *primary;   /* the name they know it by; NULL without sentinels */
	char *host;      /* "localhost" when not given; NULL with sentinels */
	int port;        /* 6379 when not given */
	char *user;      /* NULL when not given */
	char *password;  /* NULL when not given */
	int db;
	int64_t timeout_ms;         /* socket_timeout; -1 when not given */
	int64_t connect_timeout_ms; /* socket_connect_timeout; -1 when not given */
	int max_connections;        /* 0 when not given */
	char *client_name;          /* NULL when not given */
	char *sentinel_user;        /* for the sentinels themselves; NULL when not given */
	char *sentinel_password;
	char *ca;          /* ssl_ca_certs: file of certificates; NULL: the system's */
	char *certificate; /* ssl_certfile; NULL: none */
	char *key;         /* ssl_keyfile; NULL: in the certificate's file */
	bool check_host;   /* ssl_check_hostname, yes unless said */
	bool verify;       /* ssl_cert_reqs=none says no */
};

/* Reads a URL. On failure returns false with the reason (never with the password in it); 'url' is
 * then empty. */
bool url_parse(struct url *url, const char *text, struct credis_error *err);
void url_clear(struct url *url);

/* The URL as a person may see it: without the password. To free(). */
char *url_print(const struct url *url);

#endif
