/* answer.h: what a server replied, as an answer of a model. */
#ifndef MODEL_ANSWER_H
#define MODEL_ANSWER_H

#include <credis/model.h>

/* NULL with CREDIS_ENOMEM, or CREDIS_EPROTOCOL for a reply that the operation cannot have. With CREDIS_ETYPE
 * in 'err' the items are bytes as stored. */
struct credis_answer *answer_new(enum credis_gives gives, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err);

/* Nil; or, when there is 'text', a value, which it takes. NULL when out of memory. */
struct credis_answer *answer_of(char *text, size_t length);

/* NULL is fine. */
void answer_free(struct credis_answer *answer);

#endif
