/* labels.h: the words of an enumerated, mask or boolean keyword, each with its key.
 * For a mask the key is the bit's number. */
#ifndef CORE_LABELS_H
#define CORE_LABELS_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct label {
	int64_t key;
	char *text;
	size_t length;
};

struct labels {
	struct label *rows; /* in the order given; of a mask, in bit order */
	size_t count;
};

/* Adds a label; refused when the key or (in any case) the text is there already. */
bool labels_add(struct labels *labels, int64_t key, const char *text, size_t length,
    struct credis_error *err);
const struct label *labels_by_text(const struct labels *labels, const char *text, size_t length);
const struct label *labels_by_key(const struct labels *labels, int64_t key);
void labels_clear(struct labels *labels);

#endif
