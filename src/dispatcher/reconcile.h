/* reconcile.h: makes the store agree with memory, keyword by keyword.
 * At registration all of them, afterwards a few a second: that is what heals a flushed, replaced or
 * meddled-with store. What memory does not know yet it takes from the store. */
#ifndef DISPATCHER_RECONCILE_H
#define DISPATCHER_RECONCILE_H

#include "dispatcher/post.h"
#include "dispatcher/registry.h"
#include "redis/reply.h"

/* Asks the store for entry n of a service; 'answer' then calls reconcile_entry(). False when it could not be
 * sent. */
bool reconcile_ask(struct served *served, size_t n, link_answer *answer);

/* Compares and puts right. 'wrote' gets the reply of a write that was needed (may be NULL). */
void reconcile_entry(struct served *served, struct entry *entry, const struct reply *reply,
    link_answer *wrote);

/* Asks about a few more entries than last time, all of them in turn. */
void reconcile_some(struct served *served);

#endif
