/* client.h: a client of keywords: what there is, its values, changing them.
 * Asynchronous on the caller's event_base; blocking.h has the same for scripts. A client belongs to
 * one thread; clients share nothing. */
#ifndef CREDIS_CLIENT_H
#define CREDIS_CLIENT_H

#include <credis/error.h>
#include <credis/keyword.h>
#include <credis/log.h>
#include <credis/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct event_base;
struct credis_client;

/* Opens a client of the store at 'url' (redis://, rediss://, unix://; credisd.conf(5)). Never blocks and
 * never fails for want of a server: it connects at the first call. 'base' is the caller's event loop
 * and must outlive the client; NULL gives the client one of its own, for the calls of blocking.h.
 * Returns a client to free with credis_client_free(), or NULL with CREDIS_EINVAL or CREDIS_ENOMEM.
 * Since 0.1. */
struct credis_client *credis_client_new(struct event_base *base, const char *url,
    struct credis_error *err);

/* Calls that are under way are given up without a callback; monitors and waits of this client must
 * have been freed. NULL is fine; not from inside a callback of the client. Since 0.1. */
void credis_client_free(struct credis_client *client);

/* Settings, before the first call. The namespace is "credis" unless said; 'from' is who asks, for the
 * dispatcher's log: "user@host:pid" unless said. Since 0.1. */
bool credis_client_set_namespace(struct credis_client *client, const char *ns,
    struct credis_error *err);
bool credis_client_set_from(struct credis_client *client, const char *from,
    struct credis_error *err);
void credis_client_set_log(struct credis_client *client, credis_log_sink *sink, void *arg);

/* The deadline of each later call, in milliseconds; 10 000 unless said. Since 0.1. */
void credis_client_set_timeout(struct credis_client *client, int64_t ms);

/* What a call does while the store cannot be reached: fail when a fresh try to connect fails
 * (CREDIS_EUNREACHABLE; so it is unless said), or wait for the store until its deadline. Since 0.1. */
void credis_client_set_patient(struct credis_client *client, bool patient);

/* The URL without its password. Lent. Since 0.1. */
const char *credis_client_where(const struct credis_client *client);

/* The store's clock now, Unix time in microseconds, as far as it is known. Since 0.1. */
int64_t credis_client_now_us(const struct credis_client *client);

/* A keyword's value as it was read. Strings are terminated and lent: for the callback, or for the life
 * of a reading that credis_reading_free() releases. Since 0.1. */
struct credis_reading {
	const char *service;
	const char *keyword;
	const char *text; /* the stored form; see credis_keyword_present() */
	size_t length;
	uint64_t seq;    /* 0: it has no value yet */
	int64_t time_us; /* Unix time, microseconds */
	enum credis_severity severity;
	const char *reason; /* why the severity is not none; "" otherwise */
	const struct credis_keyword *description;
};

/* A service, and whoever serves it. Strings are never NULL, "" where not known. Since 0.1. */
struct credis_service_info {
	const char *name;
	const char *help;
	const char *version;
	const char *generation; /* changes with the descriptions */
	size_t keywords;
	bool served;       /* somebody holds the lease */
	const char *state; /* DISPSTATE: starting, ready, degraded, stopping */
	const char *error; /* DISPERROR: the last fault */
	const char *host;  /* of the dispatcher, as are the following */
	int64_t pid;
	const char *dispatcher_version;
	const char *store; /* what it keeps values in: "redis 7.0.15 at unix:///…" */
	int64_t started_us;
	int64_t beat_us;                   /* when it last gave a sign of life */
	double rate;                       /* requests a second, lately */
	int64_t lag_us;                    /* from a request's arrival to its answer, lately */
	int64_t requests, refused, failed; /* since it started */
	int64_t faults;           /* malformed requests, values found wrong, writes that failed */
	const char *standby_host; /* of a dispatcher that waits to take over; "" when none does */
	int64_t standby_pid;
	const char *standby_version;
	int64_t standby_started_us;
};

/* Names the call, for credis_client_cancel(); never 0 for one that was taken. */
typedef uint64_t credis_call;

/* The end of a call: exactly once, from the event loop, never from inside the call itself. 'err' is
 * never NULL; its code is CREDIS_OK when it went well. Everything is lent for the callback. */
typedef void credis_services_cb(void *arg, const struct credis_error *err,
    const struct credis_service_info *services, size_t count);
typedef void credis_keywords_cb(void *arg, const struct credis_error *err,
    const struct credis_keyword *const *keywords, size_t count);
typedef void credis_reading_cb(void *arg, const struct credis_error *err,
    const struct credis_reading *reading);

/* The services there are, by name; or the one named (CREDIS_ENOSERVICE when there is none).
 * These calls return 0 with CREDIS_EINVAL, CREDIS_ENOMEM or CREDIS_EBUSY when they could not be taken; there
 * is then no callback. Since 0.1. */
credis_call credis_client_services(struct credis_client *client, const char *service,
    credis_services_cb *cb, void *arg, struct credis_error *err);

/* The descriptions of a service's keywords, by name; kept as long as the service's generation
 * stays. The dispatcher's own (DISP…) are among them. Since 0.1. */
credis_call credis_client_keywords(struct credis_client *client, const char *service,
    credis_keywords_cb *cb, void *arg, struct credis_error *err);

/* Reads "service.KEYWORD". 'refresh' asks the dispatcher, and so the source of the value; otherwise the
 * stored value is read. Since 0.1. */
credis_call credis_client_read(struct credis_client *client, const char *keyword, bool refresh,
    credis_reading_cb *cb, void *arg, struct credis_error *err);

/* One write. Strings are copied. Since 0.1. */
struct credis_modify {
	const char *keyword; /* "service.KEYWORD" */
	const char *text;    /* any text that the type accepts */
	size_t length;
	bool has_if_seq;
	uint64_t if_seq; /* only if the keyword stands at this sequence */
};

/* What the dispatcher says of a write: perhaps CREDIS_ACCEPTED, then exactly one CREDIS_FINAL with the
 * outcome in 'err', and with the value as stored in 'reading' when that is CREDIS_OK (NULL otherwise;
 * a service's descriptions may not be known: 'description' may be NULL). 'n' is the write's place in
 * the array given. */
enum credis_progress { CREDIS_ACCEPTED, CREDIS_FINAL };
typedef void credis_modify_cb(void *arg, size_t n, enum credis_progress progress,
    const struct credis_error *err, const struct credis_reading *reading);

/* Writes keywords and says how each went: independent of each other, or with 'atomic' all or none
 * (of one service). Not answered within the deadline: CREDIS_EDEADLINE, and the dispatcher will not
 * execute it later. A service without a dispatcher: CREDIS_EUNSERVED at once. Since 0.1. */
credis_call credis_client_modify(struct credis_client *client, const struct credis_modify *writes,
    size_t count, bool atomic, credis_modify_cb *cb, void *arg, struct credis_error *err);

/* The same without asking for an answer: CREDIS_FINAL comes, with no reading, when the request was
 * handed to somebody who serves the keyword. Since 0.1. */
credis_call credis_client_send(struct credis_client *client, const struct credis_modify *writes,
    size_t count, bool atomic, credis_modify_cb *cb, void *arg, struct credis_error *err);

/* Gives a call up: its callback will not come. An unknown or ended call is fine. Since 0.1. */
void credis_client_cancel(struct credis_client *client, credis_call call);

#ifdef __cplusplus
}
#endif
#endif
