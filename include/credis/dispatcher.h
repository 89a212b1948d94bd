/* dispatcher.h: owning keywords: services, their keywords, and everything asked of them.
 * A dispatcher takes MODIFY and READ requests, checks them, stores values and answers; credisd is a
 * program on top of it. Asynchronous on the caller's event_base; belongs to one thread. */
#ifndef CREDIS_DISPATCHER_H
#define CREDIS_DISPATCHER_H

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
struct credis_dispatcher;
struct credis_service;

/* What a service is made of, before a dispatcher takes it. The name is [A-Za-z][A-Za-z0-9_-]*, kept in
 * lower case. Returns one to free with credis_service_free() unless a dispatcher took it; NULL with
 * CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_service *credis_service_new(const char *name, const char *help, const char *version,
    struct credis_error *err);
void credis_service_free(struct credis_service *service);
const char *credis_service_name(const struct credis_service *service);

/* "" where none was given. Lent. Since 0.1. */
const char *credis_service_help(const struct credis_service *service);
const char *credis_service_version(const struct credis_service *service);

/* Adds a keyword that credis_keyword_finish() found fine; it belongs to the service from then on. False,
 * and the keyword still the caller's, when the name is there already or is one of the dispatcher's own
 * (DISPSTATE, DISPERROR, DISPBEAT, DISPSTART, DISPHOST). Since 0.1. */
bool credis_service_take_keyword(struct credis_service *service, struct credis_keyword *keyword,
    struct credis_error *err);

/* Keyword n in the order added; NULL past the last. The dispatcher's own are not among them. Lent.
 * Since 0.1. */
const struct credis_keyword *credis_service_keyword(const struct credis_service *service, size_t n);

/* Where the dispatcher as a whole stands. Since 0.1. */
enum credis_dispatcher_state {
	CREDIS_STARTING, /* connecting, registering, or waiting for a lease */
	CREDIS_READY,    /* every service is served */
	CREDIS_DEGRADED, /* some service is not: the store is away, or another dispatcher serves it */
	CREDIS_STOPPING,
	CREDIS_STOPPED, /* given up and let go: it may be freed */
};
const char *credis_dispatcher_state_name(enum credis_dispatcher_state state);

/* 'why' is a sentence for people, lent; "" when there is nothing to say. Called from the event loop at
 * each transition; may not free the dispatcher. */
typedef void credis_dispatcher_state_cb(void *arg, enum credis_dispatcher_state state,
    const char *why);

/* Makes a dispatcher for the store at 'url'. Returns one to free with credis_dispatcher_free(), or NULL with
 * CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_dispatcher *credis_dispatcher_new(struct event_base *base, const char *url,
    struct credis_error *err);

/* Lets go at once, without giving leases up (they lapse); see credis_dispatcher_stop(). Not from inside a
 * callback. NULL is fine. Since 0.1. */
void credis_dispatcher_free(struct credis_dispatcher *dispatcher);

/* Settings, before credis_dispatcher_start(). Spans in milliseconds. Since 0.1. */
bool credis_dispatcher_set_namespace(struct credis_dispatcher *dispatcher, const char *ns,
    struct credis_error *err);
void credis_dispatcher_set_timeouts(struct credis_dispatcher *dispatcher, int64_t connect_ms,
    int64_t command_ms);

/* How many replicas of the store must have a write before it is answered done; 0 unless said: the primary's
 * word is enough. A write that too few have is answered failed; it may be lost with the primary. Since 0.1. */
bool credis_dispatcher_set_replicas(struct credis_dispatcher *dispatcher, unsigned replicas,
    struct credis_error *err);

/* Bounds: clients remembered and bytes of answers for each of them, so that a request sent again is answered
 * and not executed again; requests under way at a time, and bytes of their values, beyond which they are
 * refused as busy. 0 leaves a bound as it is. Since 0.1. */
bool credis_dispatcher_set_limits(struct credis_dispatcher *dispatcher, size_t clients,
    size_t answer_bytes, size_t requests, size_t request_bytes, struct credis_error *err);
void credis_dispatcher_set_log(struct credis_dispatcher *dispatcher, credis_log_sink *sink,
    void *arg);

/* Whether CREDIS_LOG_DEBUG, an event a request, is wanted as well; false unless said. May be changed at any
 * time. Since 0.1. */
void credis_dispatcher_set_debug(struct credis_dispatcher *dispatcher, bool debug);
void credis_dispatcher_set_state_cb(struct credis_dispatcher *dispatcher,
    credis_dispatcher_state_cb *cb, void *arg);

/* Takes a service, before or after the start. One of the same name is replaced without disturbing what
 * is equal in both: keywords that stay keep value and sequence (unless the new description does not allow
 * the value), new ones are registered, others are removed from the store. False with CREDIS_ENOMEM, and
 * 'service' still the caller's. Since 0.1. */
bool credis_dispatcher_take_service(struct credis_dispatcher *dispatcher,
    struct credis_service *service, struct credis_error *err);

/* Stops serving a service and removes it from the store. False when there is none. Since 0.1. */
bool credis_dispatcher_remove_service(struct credis_dispatcher *dispatcher, const char *name);

/* Service n, and the one named; NULL when there is none. Lent until it is replaced. Since 0.1. */
const struct credis_service *credis_dispatcher_service(const struct credis_dispatcher *dispatcher,
    size_t n);
const struct credis_service *credis_dispatcher_find(const struct credis_dispatcher *dispatcher,
    const char *name);

/* Connects, registers, serves; and goes on doing so whatever the store does. Since 0.1. */
void credis_dispatcher_start(struct credis_dispatcher *dispatcher);

/* Finishes what is under way (for 2 s at most), gives the leases up and reports CREDIS_STOPPED.
 * Since 0.1. */
void credis_dispatcher_stop(struct credis_dispatcher *dispatcher);

enum credis_dispatcher_state credis_dispatcher_state(const struct credis_dispatcher *dispatcher);

/* Sets a keyword from its source, as hardware does: no access is asked, range and type are. Stored and
 * broadcast unless the change is within the keyword's deadband. Kept and stored later while the store is
 * away. False with the reason. Since 0.1. */
bool credis_dispatcher_set(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, const char *text, size_t length, struct credis_error *err);

/* Puts a fault where people look: DISPERROR of the service (of all with NULL). Since 0.1. */
void credis_dispatcher_report_fault(struct credis_dispatcher *dispatcher, const char *service,
    const char *text);

/* What it counts, for a metrics page: row 0, 1, 2 … until false. Names are those of Prometheus without
 * prefix: "requests_total". Since 0.1. */
struct credis_metric {
	const char *name;
	const char *help;
	bool counter; /* only grows; otherwise a gauge */
	double value;
};
bool credis_dispatcher_metric(const struct credis_dispatcher *dispatcher, size_t row,
    struct credis_metric *metric);

#ifdef __cplusplus
}
#endif
#endif
