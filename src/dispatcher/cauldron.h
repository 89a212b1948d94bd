/* cauldron.h: a service as clients of Cauldron know it, beside the native way.
 * Source of the format: credis-migrating(7). A mirror has no state that counts: values come from the registry,
 * and writes of its clients are ordinary requests of one peer, whose answers become the keyword's status. */
#ifndef DISPATCHER_CAULDRON_H
#define DISPATCHER_CAULDRON_H

#include "dispatcher/post.h"
#include "dispatcher/registry.h"

struct mirror; /* served->mirror; NULL: the service has none, and nothing below is to be called */

/* Makes served->mirror what the definition wants it to be. 'old' holds the entries of before, NULL at first.
 * False when out of memory. */
bool mirror_prepare(struct served *served, const struct registry *old);
void mirror_free(struct mirror *mirror);

/* The service is in the store: puts the mirror's keys beside it. */
void mirror_register(struct served *served);

/* Adds the name to the services that run, once all keys are there and it takes requests. */
void mirror_announce(struct served *served);

/* Whether the store is ours to write to. */
bool mirror_may_write(const struct served *served);

/* Keywords of an earlier description are no more. */
void mirror_remove(struct served *served, const char *const *keywords, size_t count);

/* A clean stop: the name goes. */
void mirror_withdraw(struct served *served);

/* Once a second: looks whether the store still agrees. */
void mirror_tick(struct served *served);

/* The channels of 'count' entries from 'from' on. */
void mirror_subscribe(struct served *served, size_t from, size_t count);

/* A message that is on none of the native channels. */
void mirror_take(struct post *post, const char *channel, size_t channel_length, const char *text,
    size_t length);

/* Executes a write of the keyword 'name' once the service can take it; or turns it away before that. Nothing where
 * the service has no mirror, or the keyword is no more. */
void mirror_dispatch(struct served *served, const struct slice *name, const char *text,
    size_t length);
void mirror_turn_away(struct served *served, const struct slice *name,
    const struct credis_error *err);

/* The present value of an entry is another now. */
void mirror_change(struct served *served, const struct entry *entry);

/* A write of a mirror's client is with the keyword's source. */
void mirror_drive(struct served *served, const struct entry *entry);

/* It is answered: done, with a value that 'changed' or was there; or what 'err' says. */
void mirror_answer(struct served *served, const struct entry *entry, bool changed,
    const struct credis_error *err);

#endif
