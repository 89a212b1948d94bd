/* answer.h: the error in an answer. */
#ifndef CLIENT_ANSWER_H
#define CLIENT_ANSWER_H

#include "core/message.h"
#include "core/names.h"

#include <credis/error.h>

/* Of an answer that is refused, failed, expired or unknown; 'name' is what was asked of. */
void answer_explain(const struct message *answer, const struct names_pair *name,
    struct credis_error *err);

#endif
