/* ack.h: a message of another program's, which says the same in other bytes than ours. */
#ifndef MODEL_ACK_H
#define MODEL_ACK_H

#include "model/words.h"

enum { ACK_WORDS = 4 };

/* The words of a command; lent. */
struct ack {
	const char *at[ACK_WORDS];
	size_t lengths[ACK_WORDS];
};

/* Whether 'words' acknowledge a message that other bytes could say as well. */
bool ack_may_miss(const struct words *words, enum credis_serializer serializer);

/* Whether such words, if they are any, were answered that there is none. */
bool ack_missed(const struct words *words, const struct credis_reply *reply);

/* Asks for what the receiver has. */
struct ack ack_look(const struct words *words);

/* Acknowledges the one of these that says the same; if there is none, what 'words' do. False with CREDIS_ENOMEM. */
bool ack_again(struct ack *again, const struct words *words, enum credis_serializer serializer,
    const struct credis_reply *list, struct credis_error *err);

#endif
