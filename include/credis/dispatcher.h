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

/* Which clients can use a service: those of credis, or those of Cauldron's Redis backend besides. Since 0.1. */
enum credis_layout {
	CREDIS_LAYOUT_NATIVE,
	CREDIS_LAYOUT_CAULDRON,
	CREDIS_LAYOUTS /* how many there are */
};

/* "native", "cauldron"; never NULL. Since 0.1. */
const char *credis_layout_name(enum credis_layout layout);

/* Finds a layout by name. False leaves '*layout' alone. Since 0.1. */
bool credis_layout_find(const char *name, enum credis_layout *layout);

/* Says it of a service that no dispatcher has taken yet; native unless said. 'prefix' is what Cauldron's keys
 * begin with, 1 to 64 of [A-Za-z0-9_.-]; NULL: "Cauldron.redis.common". False with CREDIS_EINVAL. Since 0.1. */
bool credis_service_set_layout(struct credis_service *service, enum credis_layout layout,
    const char *prefix, struct credis_error *err);

/* "" with the native layout. The prefix is lent. Since 0.1. */
enum credis_layout credis_service_layout(const struct credis_service *service);
const char *credis_service_prefix(const struct credis_service *service);

/* Keyword n in the order added; NULL past the last. The dispatcher's own are not among them. Lent.
 * Since 0.1. */
const struct credis_keyword *credis_service_keyword(const struct credis_service *service, size_t n);

/* Which number the keyword of this name, in any case, has. False when there is none; before a dispatcher takes
 * the service. Since 0.1. */
bool credis_service_find(const struct credis_service *service, const char *keyword, size_t *n);

/* One step of a write or a read that a program has to take: answered by number, now or later. Lent for
 * the call. Since 0.1. */
struct credis_step {
	uint64_t number; /* for credis_dispatcher_finish() and credis_dispatcher_finish_read() */
	const struct credis_keyword *keyword;
	const char *service;
	const char *text; /* stored form of the value to be written, terminated; "" for reads */
	size_t length;
	const char *from; /* who asked; "" when unknown */
};
typedef void credis_step_cb(void *arg, const struct credis_step *step);

/* What a program does for a keyword. Every one may be NULL: the step is then done. A write goes translate,
 * check, prewrite, write, postwrite, and is then stored, broadcast and answered; a read goes preread, read,
 * postread, and is then stored. One write at a time per keyword: the next waits its turn in order. The
 * keyword's timeout bounds all the steps of a write, or of a read, together. Since 0.1. */
struct credis_callbacks {
	/* At once: what is meant by 'text', to be freed with free(), and its '*length'; NULL with the reason to refuse.
	 * The text need not be terminated. */
	char *(*translate)(void *arg, const struct credis_keyword *keyword, const char *text,
	    size_t *length, struct credis_error *err);
	/* At once: false with the reason to refuse, for a value that the keyword's settings allow. A code that is
	 * no refusal counts as CREDIS_EVALUES. */
	bool (*check)(void *arg, const struct credis_keyword *keyword,
	    const struct credis_value *value, struct credis_error *err);
	/* Each is answered by exactly one call of credis_dispatcher_finish(), from inside the callback or later. */
	credis_step_cb *prewrite, *write, *postwrite;
	/* The same; 'read' is answered by credis_dispatcher_finish_read(), with the value. */
	credis_step_cb *preread, *read, *postread;
	/* Nobody waits for this step any more: its time is over, or the keyword is gone. */
	void (*cancel)(void *arg, uint64_t step);
	/* The service lets go of 'arg'; nothing of the above is called after it. */
	void (*release)(void *arg);
};

/* Says what is done for a keyword of a service that no dispatcher has taken yet; 'callbacks' is copied. Takes
 * the place of what was said before. False with CREDIS_ENOKEYWORD or CREDIS_ENOMEM, and 'arg' still the
 * caller's. Since 0.1. */
bool credis_service_set_callbacks(struct credis_service *service, const char *keyword,
    const struct credis_callbacks *callbacks, void *arg, struct credis_error *err);

/* Checks what only services together show: that what calculations name is there, as far as its service is one
 * of these, that types meet, and that none depends on itself. Tells each fault to 'cb' (may be NULL), lent; 'err'
 * has a sentence that begins with the setting. False with CREDIS_EINVAL when there was any, or CREDIS_ENOMEM.
 * Since 0.1. */
typedef void credis_check_cb(void *arg, const char *service, const char *keyword,
    const struct credis_error *err);
bool credis_services_check(const struct credis_service *const *services, size_t count,
    credis_check_cb *cb, void *arg, struct credis_error *err);

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
 * the value), new ones are registered, others are removed from the store. From inside a callback, too; a write
 * that 'translate' or 'check' was judging is then refused with CREDIS_EBUSY. False with CREDIS_ENOMEM, and
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

/* Whether a service is ours to serve, and so is its hardware: true from its lease on, also while the store is
 * away, and false while another dispatcher serves it. Since 0.1. */
bool credis_dispatcher_holds(const struct credis_dispatcher *dispatcher, const char *service);

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

/* The same with all that may be said. How good the value is counts until the next reading says otherwise,
 * and a change of it is always stored. Times never go back: one that is not after the present value's is
 * moved behind it, one that is still to come is now. Since 0.1. */
struct credis_sample {
	const char *text;
	size_t length;
	int64_t time_us; /* Unix time in microseconds; 0: now */
	enum credis_severity severity;
	const char *reason; /* for people; NULL: none */
};
bool credis_dispatcher_set_reading(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, const struct credis_sample *reading, struct credis_error *err);

/* The value stays, how good it is changes: CREDIS_INVALID, "mount: driver is down"; CREDIS_NONE takes it
 * back. False with the reason. Since 0.1. */
bool credis_dispatcher_set_severity(struct credis_dispatcher *dispatcher, const char *service,
    const char *keyword, enum credis_severity severity, const char *reason,
    struct credis_error *err);

/* Answers a step: done with 'err' NULL; otherwise the write or read ends here with that reason, put
 * behind the keyword's name. CREDIS_EDRIVER and CREDIS_ETIMEOUT are answered failed, the codes of refusals refused, and
 * all others count as CREDIS_EDRIVER. False when nobody waits for the step (any more). Since 0.1. */
bool credis_dispatcher_finish(struct credis_dispatcher *dispatcher, uint64_t step,
    const struct credis_error *err);

/* Answers the step 'read' with what was read; 'text' is not looked at when there is an 'err', and NULL when
 * credis_dispatcher_set_reading() has set the value, as of a time or with a severity. Since 0.1. */
bool credis_dispatcher_finish_read(struct credis_dispatcher *dispatcher, uint64_t step,
    const char *text, size_t length, const struct credis_error *err);

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
