/* observe.h: tells observers of a store's calls, and counts them. */
#ifndef REDIS_OBSERVE_H
#define REDIS_OBSERVE_H

#include <credis/store.h>

#include <stdbool.h>
#include <stddef.h>

struct observed;
struct observers;

/* What a store needs to be observed: 'name' goes before the dot. NULL when out of memory. */
struct observers *observers_new(const char *name, bool metrics);
void observers_free(struct observers *observers);

/* A call begins: '*cb' and '*arg' become those to send it with. Where nobody observes, '*observed' is NULL
 * and all stays as it is. False when out of memory. */
bool observe_begin(struct credis_store *store, const char *before, const char *name, size_t length,
    credis_reply_cb **cb, void **arg, struct observed **observed, struct credis_error *err);

/* It was not sent after all, if 'sent' is false. Returns 'sent'. */
bool observe_sent(struct observed *observed, bool sent, const struct credis_error *err);

#endif
