/* modify.h: a MODIFY from the moment it is understood: checked, driven, stored, finished.
 * Sets of which all are written or none are group.h's. */
#ifndef DISPATCHER_MODIFY_H
#define DISPATCHER_MODIFY_H

#include "dispatcher/dispatch.h"
#include "dispatcher/requests.h"

/* Checks and executes; answers in the end, whatever comes. */
void modify_begin(const struct asking *asking);

/* Everything that can be refused, in the order a person would ask. On success a request that owns the
 * value; NULL with the reason. */
struct request *modify_check(const struct asking *asking, struct credis_error *err);

/* A write whose turn has come: true when the source is to be asked; otherwise it has given its turn back. */
bool modify_turn(struct post *post, struct request *request);

/* Whether it changes nothing, and the keyword does not want to be written for that. */
bool modify_is_needless(const struct request *request);

/* Whether what was fine on arrival still is: deadline, lease, description, sequence. */
bool modify_may_still(struct post *post, struct request *request, struct credis_error *err);

/* Follows the keyword to its newest description; false when that does not allow the value any more. */
bool modify_refit(struct request *request, struct credis_error *err);

/* The source has done its part, or has not. */
void modify_driven(struct post *post, struct request *request);
void modify_fail_driven(struct post *post, struct request *request, const struct credis_error *err);

/* The write as it is numbered now, without what alarms and histories make of it. */
struct store_write modify_describe(const struct request *request);

/* Gives the write its number and time, and says what is to be stored. */
struct store_write modify_number(struct request *request, int64_t now_us);

/* Something of another type lies under the key: it is ours, so write over it, once. Not over a later value: false
 * with the reason, which is otherwise left as it is. */
bool modify_replace(struct post *post, struct request *request, struct credis_error *why);

/* Hears, as a link_answer, what the store says of a queued write: the reason when EXEC says only that it was
 * aborted; store_executed() gives it. */
void modify_on_queued(void *post, uint64_t handle, const struct reply *reply,
    const struct credis_error *lost);

/* The store has answered, 'why' not; NULL: it is written. */
void modify_conclude(struct post *post, struct request *request, const struct credis_error *why);

#endif
