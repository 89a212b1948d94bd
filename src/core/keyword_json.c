/* keyword_json.c: a keyword's description as one JSON object, both ways.
 * Knows no setting by name: it walks the table of keyword_settings.c. */
#include "core/error.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/keyword_settings.h"
#include "core/text.h"

#include <string.h>

/* Puts a setting's name before what was printed of it. */
static void
put_name(struct buffer *out, size_t from, const char *name)
{
	size_t length = strlen(name), printed = out->length - from;
	char *place;

	if (buffer_reserve(out, length + 6) == NULL)
		return;
	place = out->bytes + from;
	memmove(place + length + 6, place, printed);
	memcpy(place, ", \"", 3);
	memcpy(place + 3, name, length);
	memcpy(place + 3 + length, "\": ", 3);
	buffer_wrote(out, length + 6);
}

void
keyword_print_json(const struct credis_keyword *keyword, struct buffer *out)
{
	const struct credis_setting *shown;

	buffer_text(out, "{\"name\": ");
	json_text_append(out, keyword->name, strlen(keyword->name));
	for (size_t row = 0; (shown = credis_keyword_setting(row)) != NULL; row++) {
		size_t from = out->length;

		keyword_print_setting(keyword, row, out);
		if (out->length > from) /* most settings stand at their default */
			put_name(out, from, shown->name);
	}
	buffer_text(out, "}");
}

char *
credis_keyword_to_json(const struct credis_keyword *keyword)
{
	struct buffer out = BUFFER_EMPTY;

	keyword_print_json(keyword, &out);
	return buffer_give(&out);
}

static bool
is_out_of_memory(const struct credis_error *err)
{
	return err->code == CREDIS_ENOMEM;
}

/* What it does not understand may be a newer version's: the rest is still worth having. */
static bool
read_settings(struct credis_keyword *keyword, const json_t *root, struct credis_error *err)
{
	const struct credis_setting *shown;
	struct credis_error why = { .code = CREDIS_OK };

	for (size_t row = 0; (shown = credis_keyword_setting(row)) != NULL; row++) {
		const json_t *json = json_object_get(root, shown->name);
		if (json != NULL && !keyword_set_json(keyword, shown->name, json, &why) &&
		    is_out_of_memory(&why))
			return error_no_memory(err);
	}
	if (!credis_keyword_finish(keyword, NULL, &why) && is_out_of_memory(&why))
		return error_no_memory(err);
	return true;
}

static struct credis_keyword *
read_keyword(const json_t *root, struct credis_error *err)
{
	const char *name = json_string_value(json_object_get(root, "name"));
	const char *type_name = json_string_value(json_object_get(root, "type"));
	struct credis_keyword *keyword;
	enum credis_type type;
	char quoted[ERROR_QUOTE + 4];

	if (name == NULL || type_name == NULL) {
		error_set(err, CREDIS_EINVAL, "the description has no %s",
		    name == NULL ? "name" : "type");
		return NULL;
	}
	if (!credis_type_find(type_name, &type)) {
		error_set(err, CREDIS_EINVAL, "the description has an unknown type '%s'",
		    text_quote(quoted, type_name, strlen(type_name), ERROR_QUOTE));
		return NULL;
	}
	keyword = credis_keyword_new(name, type, err);
	if (keyword == NULL || read_settings(keyword, root, err))
		return keyword;
	credis_keyword_free(keyword);
	return NULL;
}

struct credis_keyword *
credis_keyword_from_json(const char *json, struct credis_error *err)
{
	struct credis_keyword *keyword;
	json_error_t why;
	char quoted[100 + 4];
	json_t *root = json_loads(json, 0, &why);

	if (root == NULL && json_error_code(&why) == json_error_out_of_memory) {
		error_no_memory(err);
		return NULL;
	}
	if (root == NULL) {
		error_set(err, CREDIS_EINVAL, "the description is not JSON: %s",
		    text_quote(quoted, why.text, strlen(why.text), 100));
		return NULL;
	}
	keyword = read_keyword(root, err);
	json_decref(root);
	return keyword;
}
