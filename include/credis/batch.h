/* batch.h: several commands at once: pipelines, for speed, and transactions, all or nothing.
 * Each command has its own result or error, in the order they were added. */
#ifndef CREDIS_BATCH_H
#define CREDIS_BATCH_H

#include <credis/store.h>

#ifdef __cplusplus
extern "C" {
#endif

struct credis_pipeline;
struct credis_transaction;

/* A batch that is sent in one flush. 'name' is for observers: "redis.pipeline_NAME". Returns one that
 * credis_pipeline_send() or _run() uses up, or credis_pipeline_free() frees; NULL with CREDIS_ENOMEM.
 * Since 0.1. */
struct credis_pipeline *credis_pipeline_new(struct credis_store *store, const char *name,
    struct credis_error *err);

/* Adds a command. False with CREDIS_EINVAL (one that a store cannot take, or that blocks) or CREDIS_ENOMEM;
 * the pipeline is as before. Since 0.1. */
bool credis_pipeline_add(struct credis_pipeline *pipeline, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, struct credis_error *err);

/* Sends them; 'cb' gets an array with an element for each command, and in 'err' the first fault among
 * them. On shards each goes to its key's. False, and no callback, as credis_store_command(). The pipeline
 * is gone either way. Since 0.1. */
bool credis_pipeline_send(struct credis_pipeline *pipeline, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err);

/* The same, waiting; see credis_store_ask(). Since 0.1. */
const struct credis_reply *credis_pipeline_run(struct credis_pipeline *pipeline, int64_t timeout_ms,
    struct credis_error *err);

/* One that was not sent; NULL is fine. Since 0.1. */
void credis_pipeline_free(struct credis_pipeline *pipeline);

/* Commands between MULTI and EXEC. On shards all keys must lie on one: CREDIS_EINVAL otherwise. Returns one
 * that credis_transaction_exec() uses up, or credis_transaction_discard() frees. Since 0.1. */
struct credis_transaction *credis_transaction_new(struct credis_store *store, const char *name,
    struct credis_error *err);

/* Watches keys (without lengths: C strings): EXEC will do nothing if one of them has
 * changed. Takes a connection from the pool, which the transaction keeps until its end. Since 0.1. */
bool credis_transaction_watch(struct credis_transaction *transaction, size_t count,
    const char *const *keys, const size_t *lengths, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err);

/* Sends a command at once, before EXEC, for what it decides upon: on the watching connection, or as any
 * other where nothing is watched. Since 0.1. */
bool credis_transaction_command(struct credis_transaction *transaction, int argc,
    const char *const *argv, const size_t *lengths, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err);

/* Adds a command to be executed; nothing is sent yet. Since 0.1. */
bool credis_transaction_add(struct credis_transaction *transaction, int argc,
    const char *const *argv, const size_t *lengths, struct credis_error *err);

/* Executes them; 'cb' gets an array with an element for each. CREDIS_ECONFLICT: a watched key has changed.
 * CREDIS_ESTORE: the server refused a command, named, and did none. CREDIS_ELOST, CREDIS_EDEADLINE: it is not
 * known whether they were done. CREDIS_EUNKNOWN: the server refused MULTI (an access list), and may have done
 * each by itself. The transaction is gone, and its connection released, whatever happens. Since 0.1. */
bool credis_transaction_exec(struct credis_transaction *transaction, int64_t timeout_ms,
    credis_reply_cb *cb, void *arg, struct credis_error *err);

/* Gives it up; what was sent by credis_transaction_command() and has no answer yet gets CREDIS_ELOST. NULL
 * is fine. Since 0.1. */
void credis_transaction_discard(struct credis_transaction *transaction);

/* The same, waiting; see credis_store_ask(). Since 0.1. */
bool credis_transaction_watch_wait(struct credis_transaction *transaction, size_t count,
    const char *const *keys, const size_t *lengths, int64_t timeout_ms, struct credis_error *err);
const struct credis_reply *credis_transaction_ask(struct credis_transaction *transaction, int argc,
    const char *const *argv, const size_t *lengths, int64_t timeout_ms, struct credis_error *err);
const struct credis_reply *credis_transaction_run(struct credis_transaction *transaction,
    int64_t timeout_ms, struct credis_error *err);

#ifdef __cplusplus
}
#endif
#endif
