/* setting_words.c: settings that are a text, a word, yes or no, or a span.
 * Checks what one setting shows by itself. */
#include "core/setting.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/text.h"

#include <credis/span.h>

#include <string.h>

static void *
member(const struct credis_keyword *keyword, const struct setting *row)
{
	return (char *)keyword + row->at;
}

static bool
refuse_type(const char *name, struct credis_error *err)
{
	const char *names[CREDIS_TYPES + 1] = { NULL };

	for (int type = 0; type < CREDIS_TYPES; type++)
		names[type] = credis_type_name((enum credis_type)type);
	return error_unknown(err, "type", name, names);
}

bool
setting_set_type(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	enum credis_type type;

	if (!json_is_string(json))
		return setting_must_be(row, err);
	if (!credis_type_find(json_string_value(json), &type))
		return refuse_type(json_string_value(json), err);
	if (type == keyword->type)
		return true;
	return error_set(err, CREDIS_EINVAL, "it is %s already",
	    credis_type_name((enum credis_type)keyword->type));
}

void
setting_get_type(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const char *name = credis_type_name((enum credis_type)keyword->type);

	(void)row;
	json_text_append(out, name, strlen(name));
}

static bool
check_text(const json_t *json, const struct setting *row, struct credis_error *err)
{
	if (!json_is_string(json))
		return setting_must_be(row, err);
	if (json_string_length(json) > row->max)
		return error_set(err, CREDIS_EINVAL, "%zu bytes are more than the maximum %zu",
		    json_string_length(json), row->max);
	if (!text_is_printable(json_string_value(json), json_string_length(json)))
		return error_set(err, CREDIS_EINVAL, "control characters are not allowed");
	return true;
}

bool
setting_set_text(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	char **text = member(keyword, row), *fresh;

	if (!check_text(json, row, err))
		return false;
	fresh = keyword_keep_text(json_string_value(json), json_string_length(json));
	if (fresh == NULL)
		return error_no_memory(err);
	keyword_drop_text(*text);
	*text = fresh;
	return true;
}

void
setting_get_text(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const char *text = *(char *const *)member(keyword, row);

	if (*text != '\0')
		json_text_append(out, text, strlen(text));
}

bool
setting_set_format(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	const char *format = json_string_value(json);

	if (format != NULL && *format != '\0' &&
	    !value_format_check(format, (enum credis_type)keyword->type, err))
		return false;
	return setting_set_text(keyword, row, json, err);
}

bool
setting_set_pattern(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	struct pattern *fresh = NULL;

	if (!json_is_string(json))
		return setting_must_be(row, err);
	if (json_string_length(json) > 0) {
		fresh = pattern_new(json_string_value(json), err);
		if (fresh == NULL)
			return false;
	}
	pattern_free(keyword->pattern);
	keyword->pattern = fresh;
	return true;
}

void
setting_get_pattern(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->pattern == NULL)
		return;
	const char *text = pattern_text(keyword->pattern);
	json_text_append(out, text, strlen(text));
}

bool
setting_set_flag(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if (!json_is_boolean(json))
		return setting_must_be(row, err);
	*(bool *)member(keyword, row) = json_is_true(json);
	return true;
}

void
setting_get_flag(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	bool flag = *(bool *)member(keyword, row);

	if (flag != row->standard)
		buffer_text(out, flag ? "true" : "false");
}

bool
setting_set_span(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	int64_t ms;

	if (!json_is_string(json))
		return setting_must_be(row, err);
	if (!credis_span_parse(json_string_value(json), &ms, err))
		return false;
	if (ms <= 0)
		return error_set(err, CREDIS_EINVAL, "must be longer than nothing");
	*(int64_t *)member(keyword, row) = ms;
	return true;
}

void
setting_get_span(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	int64_t ms = *(int64_t *)member(keyword, row);
	char text[40];

	if (ms == row->standard)
		return;
	credis_span_print(ms, text);
	json_text_append(out, text, strlen(text));
}

static const char *const access_names[] = {
	[CREDIS_READ_WRITE] = "read-write",
	[CREDIS_READ] = "read",
	[CREDIS_WRITE] = "write",
};

bool
setting_set_access(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if (!json_is_string(json))
		return setting_must_be(row, err);
	for (uint8_t access = CREDIS_READ_WRITE; access <= CREDIS_WRITE; access++)
		if (strcmp(access_names[access], json_string_value(json)) == 0) {
			keyword->access = access;
			return true;
		}
	return setting_must_be(row, err);
}

void
setting_get_access(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const char *name = access_names[keyword->access];

	(void)row;
	if (keyword->access != CREDIS_READ_WRITE)
		json_text_append(out, name, strlen(name));
}
