/* requests.h: the requests under way: where each stands, and its one answer.
 * request_enter() is the only writer of a state; nobody else gives final answers. */
#ifndef DISPATCHER_REQUESTS_H
#define DISPATCHER_REQUESTS_H

#include "core/message.h"
#include "dispatcher/peers.h"
#include "dispatcher/registry.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

struct asking;
struct event_base;
struct served;
struct group;
struct turn;

enum request_state {
	REQUEST_CHECKED,     /* allowed; nothing done yet */
	REQUEST_WAITING,     /* for its turn at a keyword that is busy */
	REQUEST_DRIVING,     /* the keyword's source is at work */
	REQUEST_STORING,     /* the store was asked to write it */
	REQUEST_REPLICATING, /* written; its replicas are waited for */
	REQUEST_FINISHED,    /* answered; gone with the call that finished it */
};

struct request {
	uint64_t handle; /* for callbacks: request_find() */
	enum request_state state;
	struct served *served;
	struct entry *entry; /* held */
	struct group *group; /* all-or-nothing set it belongs to; NULL: none */
	struct turn *turn;   /* at a keyword with a source of its own (steps.h); NULL: none */
	struct peer *peer;   /* held; NULL: nobody wants an answer */
	uint64_t id;         /* the peer's */
	int64_t arrived_us;  /* on the clock that nobody sets */
	int64_t expires_us;  /* INT64_MAX: never */
	uint64_t if_seq;     /* UINT64_MAX: any */
	bool accepted;
	bool replacing; /* writing over a key of another type */
	size_t charged; /* bytes it counts for in the bounds */
	struct credis_value value;
	enum credis_severity severity; /* of the value, once it has its number */
	uint64_t seq;
	int64_t time_us;
	TAILQ_ENTRY(request) arrival;
};

struct requests;

struct requests_limits {
	size_t count; /* requests under way; 0: 65536 */
	size_t bytes; /* of their values; 0: 64 MiB */
};

struct requests *requests_new(struct event_base *base, struct peers *peers, struct store *store,
    const struct requests_limits *limits);

/* Whatever is under way is dropped unanswered. */
void requests_free(struct requests *requests);

/* A new request in state CHECKED; entry and peer are held, 'value' is taken. NULL when the bounds are reached
 * (CREDIS_EBUSY) or memory is out (CREDIS_ENOMEM); 'value' is then cleared. */
struct request *request_new(const struct asking *asking, struct credis_value *value,
    struct credis_error *err);

/* NULL: finished while Redis was thinking. */
struct request *request_find(struct requests *requests, uint64_t handle);

/* Whether a request of this id and peer is under way. A slow look for a rare question. */
bool requests_under_way(const struct requests *requests, const struct peer *peer, uint64_t id);

void request_enter(struct requests *requests, struct request *request, enum request_state state);

/* The final answers: done with the value as stored, which becomes the keyword's present one; or what 'err'
 * says. The request is gone after it. */
void request_finish_done(struct requests *requests, struct request *request);

/* Done with the keyword's present value: there was nothing to write. */
void request_finish_present(struct requests *requests, struct request *request);

/* The value is the present one, but that is not all that was asked for. */
void request_finish_written(struct requests *requests, struct request *request,
    const struct credis_error *err);
void request_finish_error(struct requests *requests, struct request *request,
    const struct credis_error *err);

/* The same for what never became a request. 'is' follows from the code. */
void requests_turn_away(const struct asking *asking, const struct credis_error *err);

/* Answers done with a keyword's present value, where there was nothing to do. */
void requests_answer_present(struct requests *requests, struct served *served, struct peer *peer,
    uint64_t id, const struct entry *entry);

size_t requests_count(const struct requests *requests);

#endif
