/* dict.h: a dictionary that programs share and whose changes are announced: the key "<namespace>/<key>",
 * msgpack in it. What redis-pubsub-dict of Python writes, this reads, and the other way round.
 * Setting is SET and PUBLISH <namespace>/update, deleting DEL and PUBLISH <namespace>/delete, each pair at
 * once, with the bare key as the message. */
#ifndef CREDIS_DICT_H
#define CREDIS_DICT_H

#include <credis/model.h>

#ifdef __cplusplus
extern "C" {
#endif

struct credis_dict;

/* Makes one; 'name_space' NULL is "redisDict". The serializer of others is CREDIS_AS_MSGPACK. Asks nothing of the server. The
 * store, which has no shards, must outlive it. Returns one to free with credis_dict_free(), or NULL with
 * CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_dict *credis_dict_new(struct credis_store *store, const char *name_space,
    enum credis_serializer serializer, struct credis_error *err);

/* Calls under way still end. NULL is fine. Since 0.1. */
void credis_dict_free(struct credis_dict *dict);

/* Calls "get" KEY, "set" KEY VALUE, "del" KEY (1 if it was there), "has" KEY (1 if it is) or "keys" (in the
 * order of their bytes, each once), as credis_model_call() does. Since 0.1. */
bool credis_dict_call(struct credis_dict *dict, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, int64_t timeout_ms, credis_answer_cb *cb,
    void *arg, struct credis_error *err);

/* The same, waiting; see credis_model_ask(). Since 0.1. */
const struct credis_answer *credis_dict_ask(struct credis_dict *dict, const char *operation,
    size_t count, const char *const *words, const size_t *lengths, int64_t timeout_ms,
    struct credis_error *err);

#ifdef __cplusplus
}
#endif
#endif
