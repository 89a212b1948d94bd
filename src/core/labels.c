/* labels.c: the words of a keyword, each with its key, found by either.
 * What a word may look like for a certain type is keyword_settings.c's. */
#include "core/labels.h"

#include "core/error.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

bool
labels_add(struct labels *labels, int64_t key, const char *text, size_t length,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	text_quote(quoted, text, length, ERROR_QUOTE);
	if (length == 0 || length > LABELS_TEXT_MAX)
		return error_set(err, CREDIS_EINVAL, "label '%s' has %zu bytes (1 to %d)", quoted,
		    length, LABELS_TEXT_MAX);
	if (labels->count >= LABELS_MAX)
		return error_set(err, CREDIS_EINVAL, "more than %d labels", LABELS_MAX);
	if (labels_by_text(labels, text, length) != NULL)
		return error_set(err, CREDIS_EINVAL, "label '%s' is there twice", quoted);
	if (labels_by_key(labels, key) != NULL)
		return error_set(err, CREDIS_EINVAL, "key %lld is there twice (label '%s')",
		    (long long)key, quoted);

	struct label *rows = realloc(labels->rows, (labels->count + 1) * sizeof(*rows));
	if (rows == NULL)
		return error_no_memory(err);
	labels->rows = rows;
	struct label *row = &rows[labels->count];
	*row = (struct label){ .key = key, .text = text_copy(text, length), .length = length };
	if (row->text == NULL)
		return error_no_memory(err);
	labels->count++;
	return true;
}

const struct label *
labels_by_text(const struct labels *labels, const char *text, size_t length)
{
	for (size_t n = 0; n < labels->count; n++)
		if (text_equal_nocase(labels->rows[n].text, labels->rows[n].length, text, length))
			return &labels->rows[n];
	return NULL;
}

const struct label *
labels_by_key(const struct labels *labels, int64_t key)
{
	for (size_t n = 0; n < labels->count; n++)
		if (labels->rows[n].key == key)
			return &labels->rows[n];
	return NULL;
}

static int
by_key(const void *a, const void *b)
{
	int64_t left = ((const struct label *)a)->key;
	int64_t right = ((const struct label *)b)->key;

	return (left > right) - (left < right);
}

void
labels_sort(struct labels *labels)
{
	if (labels->count > 1)
		qsort(labels->rows, labels->count, sizeof(*labels->rows), by_key);
}

char *
labels_list(const struct labels *labels, char *out)
{
	char *place = out;

	for (size_t n = 0; n < labels->count; n++) {
		const struct label *label = &labels->rows[n];
		if ((size_t)(place - out) + label->length + 2 > LABELS_LIST) {
			strcpy(place, "…");
			return out;
		}
		memcpy(place, label->text, label->length);
		place += label->length;
		if (n + 1 < labels->count) {
			memcpy(place, ", ", 2);
			place += 2;
		}
	}
	*place = '\0';
	return out;
}

void
labels_clear(struct labels *labels)
{
	for (size_t n = 0; n < labels->count; n++)
		free(labels->rows[n].text);
	free(labels->rows);
	*labels = (struct labels){ NULL, 0 };
}
