/* lock.h: one holder at a time, among all programs of a store; never two, and never for ever.
 * A lock is a key with a token that only its holder knows, and a time to live that is renewed while it is
 * held: SET NX PX, compare and PEXPIRE, compare and DEL. */
#ifndef CREDIS_LOCK_H
#define CREDIS_LOCK_H

#include <credis/error.h>
#include <credis/store.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Once for each call, and again when a lock that was held is lost: 'err' is CREDIS_OK (it is held; or after
 * credis_lock_release(), it is not any more), CREDIS_EBUSY (somebody else had it until the end of the wait),
 * CREDIS_ELOST (lost: taken away, expired, or not to be renewed in time), or the store's. May free the lock. Since 0.1. */
typedef void credis_lock_cb(void *arg, const struct credis_error *err);

struct credis_lock;

/* Makes a lock that is not held yet. 'ttl_ms' (0: 10 s; from 100) is how long it outlives a holder that died; it is renewed
 * three times in that time. Returns one to free with credis_lock_free(), or NULL with CREDIS_EINVAL or
 * CREDIS_ENOMEM. Since 0.1. */
struct credis_lock *credis_lock_new(struct credis_store *store, const char *key, int64_t ttl_ms,
    credis_lock_cb *cb, void *arg, struct credis_error *err);

/* Takes it, or goes on trying for 'wait_ms' (0: one try). False, and no callback, with CREDIS_EINVAL (it is
 * held, or being taken or released), and as credis_store_command(). Since 0.1. */
bool credis_lock_acquire(struct credis_lock *lock, int64_t wait_ms, struct credis_error *err);

/* Gives it back. False, and no callback, with CREDIS_EINVAL (it is not held), and as credis_store_command(): it
 * is not held any more then, nor after an outcome that is an error, but its key may be left to expire. Since 0.1. */
bool credis_lock_release(struct credis_lock *lock, struct credis_error *err);

bool credis_lock_is_held(const struct credis_lock *lock); /* Since 0.1. */

/* The same as the calls, waiting, on a store with an event loop of its own; it is renewed while that
 * runs: in blocking calls, and in credis_store_run(). 'cb' may have been NULL. Since 0.1. */
bool credis_lock_acquire_wait(struct credis_lock *lock, int64_t wait_ms, struct credis_error *err);
bool credis_lock_release_wait(struct credis_lock *lock, struct credis_error *err);

/* One that is held is left to expire. NULL is fine. Since 0.1. */
void credis_lock_free(struct credis_lock *lock);

#ifdef __cplusplus
}
#endif
#endif
