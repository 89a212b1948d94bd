/* setting_labels.c: the settings 'values' and 'labels'.
 * Knows what a label may look like for each type; finding one is labels.c's. */
#include "core/setting.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/text.h"

#include <string.h>

/* A boolean's names may not contradict the words that every boolean takes. */
static bool
check_boolean_label(int64_t key, const char *text, size_t length, struct credis_error *err)
{
	bool meaning;

	if (!value_find_boolean(text, length, &meaning) || meaning == (key != 0))
		return true;
	return error_set(err, CREDIS_EINVAL, "'%s' means %s already", text,
	    meaning ? "true" : "false");
}

static bool
check_label(enum credis_type type, int64_t key, const char *text, size_t length,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	text_quote(quoted, text, length, ERROR_QUOTE);
	if (!text_is_printable(text, length))
		return error_set(err, CREDIS_EINVAL, "label '%s' holds control characters", quoted);
	if (length > 0 && (text_is_blank(text[0]) || text_is_blank(text[length - 1])))
		return error_set(err, CREDIS_EINVAL, "label '%s' begins or ends with a blank",
		    quoted);
	if (type == CREDIS_BOOLEAN)
		return check_boolean_label(key, text, length, err);
	if (type != CREDIS_MASK)
		return true;
	if (memchr(text, ',', length) != NULL)
		return error_set(err, CREDIS_EINVAL, "label '%s' holds a comma, which parts labels",
		    quoted);
	if (text_equal_nocase(text, length, "none", 4))
		return error_set(err, CREDIS_EINVAL, "'none' is the mask without any label");
	if (key < 0 || key >= VALUE_BITS)
		return error_set(err, CREDIS_EINVAL, "bit %lld of label '%s' is not one of 0 to %d",
		    (long long)key, quoted, VALUE_BITS - 1);
	return true;
}

/* "label", [key, "label"] or { key, label }; a label alone gets its place as key. */
static bool
read_label(const json_t *json, int64_t place, int64_t *key, const json_t **text)
{
	const json_t *number = NULL;

	*key = place;
	*text = json;
	if (json_is_array(json) && json_array_size(json) == 2) {
		number = json_array_get(json, 0);
		*text = json_array_get(json, 1);
	} else if (json_is_object(json)) {
		number = json_object_get(json, "key");
		*text = json_object_get(json, "label");
	}
	if (json_is_integer(number))
		*key = json_integer_value(number);
	return json_is_string(*text) && (json_is_string(json) || json_is_integer(number));
}

static bool
read_labels(struct labels *labels, const struct credis_keyword *keyword, const struct setting *row,
    const json_t *json, struct credis_error *err)
{
	enum credis_type type = (enum credis_type)keyword->type;
	size_t count = json_array_size(json);
	const json_t *text;
	int64_t key;

	if (count == 0)
		return setting_must_be(row, err);
	for (size_t n = 0; n < count; n++) {
		if (!read_label(json_array_get(json, n), (int64_t)n, &key, &text))
			return setting_must_be(row, err);
		const char *bytes = json_string_value(text);
		size_t length = json_string_length(text);
		if (!check_label(type, key, bytes, length, err) ||
		    !labels_add(labels, key, bytes, length, err))
			return false;
	}
	if (type != CREDIS_BOOLEAN ||
	    (count == 2 && labels_by_key(labels, 0) != NULL && labels_by_key(labels, 1) != NULL))
		return true;
	return error_set(err, CREDIS_EINVAL,
	    "a boolean has two: the name of false, the name of true");
}

bool
setting_set_labels(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	struct labels labels = { NULL, 0 };

	if (!read_labels(&labels, keyword, row, json, err)) {
		labels_clear(&labels);
		return false;
	}
	if (keyword->type == CREDIS_MASK || keyword->type == CREDIS_BOOLEAN)
		labels_sort(&labels);
	labels_clear(&keyword->labels);
	keyword->labels = labels;
	return true;
}

static bool
keys_are_places(const struct labels *labels)
{
	for (size_t n = 0; n < labels->count; n++)
		if (labels->rows[n].key != (int64_t)n)
			return false;
	return true;
}

void
setting_get_labels(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const struct labels *labels = &keyword->labels;
	bool plain = keys_are_places(labels);

	if (labels->count == 0 || (row->fits->types & TYPE_BIT(keyword->type)) == 0)
		return;
	for (size_t n = 0; n < labels->count; n++) {
		const struct label *label = &labels->rows[n];
		buffer_text(out, n == 0 ? "[" : ", ");
		if (!plain)
			buffer_printf(out, "[%lld, ", (long long)label->key);
		json_text_append(out, label->text, label->length);
		if (!plain)
			buffer_text(out, "]");
	}
	buffer_text(out, "]");
}
