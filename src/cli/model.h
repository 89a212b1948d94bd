/* model.h: the operations behind a verb, for its help and completion. */
#ifndef CLI_MODEL_H
#define CLI_MODEL_H

#include <stddef.h>

struct credis_operation;
struct verb;

/* Operation 0, 1, 2 … of a verb; NULL past the last, and at once where it has none. */
const struct credis_operation *model_row(const struct verb *verb, size_t n);

#endif
