/* dict_inside.h: calls of a dictionary whose answers their taker keeps, for a cache over it. */
#ifndef MODEL_DICT_INSIDE_H
#define MODEL_DICT_INSIDE_H

#include <credis/dict.h>

/* The end of a call; the answer, which may be NULL, is the taker's: answer_free(). */
typedef void dict_taking(void *arg, struct credis_answer *answer, const struct credis_error *err);

/* As credis_dict_call(), with the flags of credis_store_command(). */
bool dict_call(struct credis_dict *dict, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, unsigned flags, int64_t timeout_ms,
    dict_taking *take, void *arg, struct credis_error *err);

const char *dict_name_space(const struct credis_dict *dict);

#endif
