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

enum {
	LABELS_MAX = 4096,     /* labels of one keyword */
	LABELS_TEXT_MAX = 255, /* bytes in a label */
	LABELS_LIST = 200,     /* bytes of labels_list() */
};

/* Adds a label; refused when the key or (in any case) the text is there already. */
bool labels_add(struct labels *labels, int64_t key, const char *text, size_t length,
    struct credis_error *err);
const struct label *labels_by_text(const struct labels *labels, const char *text, size_t length);
const struct label *labels_by_key(const struct labels *labels, int64_t key);
/* Puts them in the order of their keys. */
void labels_sort(struct labels *labels);

/* "open, U, B" for a sentence, cut with "…" when long. 'out' has room for LABELS_LIST + 4.
 * Returns 'out'. */
char *labels_list(const struct labels *labels, char *out);

void labels_clear(struct labels *labels);

#endif
