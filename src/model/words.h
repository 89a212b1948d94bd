/* words.h: the words of a Redis command, of which each is owned. */
#ifndef MODEL_WORDS_H
#define MODEL_WORDS_H

#include <credis/model.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct words {
	int count;
	char **at;
	size_t *lengths;
	size_t room;
	int64_t wait_ms; /* of a command that blocks; 0: it does not */
};

/* Makes a copy; false when out of memory. */
bool words_add(struct words *words, const char *bytes, size_t length, struct credis_error *err);

/* The command of an operation with the caller's arguments. False with the reason; to clear in any case. */
bool words_build(struct words *words, const struct credis_operation *operation, const char *key,
    enum credis_serializer serializer, size_t count, const char *const *given,
    const size_t *lengths, struct credis_error *err);

void words_clear(struct words *words);

#endif
