/* errand.h: requests on their way to dispatchers: published, published again while unanswered, each
 * answered once. What is asked and who wants to know is its call's business. */
#ifndef CLIENT_ERRAND_H
#define CLIENT_ERRAND_H

#include "client/calls.h"
#include "core/message.h"
#include "core/names.h"

#include <credis/client.h>

enum request_stage {
	REQUEST_UNSENT,  /* nobody can have got it */
	REQUEST_DOUBTED, /* nobody got it: finding out why */
	REQUEST_SENT,    /* somebody may have got it */
	REQUEST_ACCEPTED,
	REQUEST_ENDED,
};

struct outgoing {
	uint64_t id; /* on the wire */
	struct errand *errand;
	enum request_stage stage;
	struct names_pair name;
	char *text;
	size_t length;
	bool has_if_seq;
	uint64_t if_seq;
	unsigned posted;   /* the errand's round in which it was published last */
	unsigned flying;   /* publications of it that Redis has not answered yet */
	unsigned unserved; /* times in a row that its service was found without a lease */
	credis_call doubt; /* the call that finds out why; 0: none */
	UT_hash_handle hh;
};

/* 'answer' is what came with CREDIS_OK where an answer was wanted, and NULL otherwise. */
typedef void errand_outcome(struct call *call, size_t n, enum credis_progress progress,
    const struct message *answer, const struct credis_error *err);

/* All requests of one call. */
struct errand {
	struct call *call;
	enum names_of_keyword verb; /* NAMES_MODIFY or NAMES_READ */
	bool atomic;
	bool unanswered; /* none wants an answer */
	errand_outcome *on_outcome;
	struct outgoing *requests;
	size_t count, left;
	int64_t sent_us; /* on the store's clock; 0: never */
	int64_t expires_us;
	unsigned round;
	struct moment patience;
};

/* Takes 'requests' (an array of 'count' with names and texts, both to free()). */
bool errand_init(struct errand *errand, struct call *call, struct outgoing *requests, size_t count,
    struct credis_error *err);
void errand_clear(struct errand *errand);

/* Publishes all that have no final answer. */
void errand_send(struct errand *errand);

/* Ends all that have no final answer: for 'err', or for their deadline. */
void errand_fail(struct errand *errand, const struct credis_error *err);
void errand_late(struct errand *errand);

struct errands *errands_new(struct credis_client *client);
void errands_free(struct errands *errands);

/* Subscribes to the answer channel if that was not done yet. False when the store does not allow it. */
bool errands_listen(struct errands *errands, struct credis_error *err);
bool errands_are_live(const struct errands *errands);
size_t errands_count(const struct errands *errands);

#endif
