/* dispatch.h: from a payload on a channel to a request, or a reasoned refusal.
 * Knows verbs, deadlines, duplicates and groups; what a verb does is modify.c's and read.c's. */
#ifndef DISPATCHER_DISPATCH_H
#define DISPATCHER_DISPATCH_H

#include "core/message.h"
#include "dispatcher/post.h"
#include "dispatcher/registry.h"

enum dispatch_verb {
	DISPATCH_MODIFY,
	DISPATCH_READ,
	DISPATCH_BARE, /* a value to be written, from a client of a mirror (cauldron.h) */
};

/* What came on the channel of the keyword 'name', looked up for each message anew; on the channel of a whole
 * service 'name' is empty, and each message names its keyword. */
void dispatch_payload(struct post *post, struct served *served, const struct slice *name,
    enum dispatch_verb verb, const char *payload, size_t length);

/* Answers everything in a payload with 'err', executing nothing; what was executed before is answered as
 * it was. */
void dispatch_refuse(struct post *post, struct served *served, const char *payload, size_t length,
    const struct credis_error *err);

/* A message on its way through: all that a verb needs to know. */
struct asking {
	struct post *post;
	struct served *served;
	struct entry *entry; /* held where a callback may be called */
	struct peer *peer;   /* NULL: nobody wants an answer */
	const struct message *message;
	int64_t now_us;    /* the store's clock, when it was taken up: looked at once a message */
	struct slice name; /* of the channel's keyword; empty: the service's channel */
};

#endif
