/* setting_numbers.c: settings that are numbers, and the initial value, which may be anything.
 * Numbers of JSON go through their text, so that limits are read like the values they limit. */
#include "core/setting.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/text.h"
#include "core/value_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static size_t
number_text(const json_t *json, char *text)
{
	return json_is_integer(json) ? number_print_integer(text, json_integer_value(json))
				     : number_print_double(text, json_real_value(json));
}

bool
setting_read_integer(const json_t *json, int64_t *integer, struct credis_error *err)
{
	char text[NUMBER_TEXT];

	return value_read_integer(integer, text, number_text(json, text), err);
}

bool
setting_read_real(const json_t *json, bool single, double *real, struct credis_error *err)
{
	char text[NUMBER_TEXT];

	/* A number of JSON is a double already, and finite. */
	if (!single) {
		*real = json_number_value(json);
		return true;
	}
	return value_read_real(real, true, true, text, number_text(json, text), err);
}

static bool
read_limit(struct keyword_limits *limits, bool high, enum credis_type element, const json_t *json,
    struct credis_error *err)
{
	bool *has = high ? &limits->has_high : &limits->has_low;

	if (json_is_null(json))
		return true;
	*has = true;
	if (element == CREDIS_INTEGER)
		return setting_read_integer(json,
		    high ? &limits->high.integer : &limits->low.integer, err);
	return setting_read_real(json, element == CREDIS_FLOAT,
	    high ? &limits->high.real : &limits->low.real, err);
}

static bool
is_limit(const json_t *json)
{
	return json_is_number(json) || json_is_null(json);
}

static size_t
print_limit(const struct keyword_limits *limits, bool high, enum credis_type element, char *text)
{
	if (element == CREDIS_INTEGER)
		return number_print_integer(text,
		    high ? limits->high.integer : limits->low.integer);
	double real = high ? limits->high.real : limits->low.real;
	return element == CREDIS_FLOAT ? number_print_float(text, real)
				       : number_print_double(text, real);
}

static bool
check_order(const struct keyword_limits *limits, enum credis_type element, struct credis_error *err)
{
	bool whole = element == CREDIS_INTEGER;
	char low[NUMBER_TEXT], high[NUMBER_TEXT];

	if (!limits->has_low || !limits->has_high ||
	    (whole ? limits->low.integer <= limits->high.integer
		   : limits->low.real <= limits->high.real))
		return true;
	print_limit(limits, false, element, low);
	print_limit(limits, true, element, high);
	return error_set(err, CREDIS_EINVAL, "the minimum %s is above the maximum %s", low, high);
}

bool
setting_set_range(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	enum credis_type element = type_element((enum credis_type)keyword->type);
	const json_t *low = json_array_get(json, 0), *high = json_array_get(json, 1);
	struct keyword_limits limits = { .has_low = false }, *fresh = NULL;

	if (json_array_size(json) != 2 || !is_limit(low) || !is_limit(high))
		return setting_must_be(row, err);
	if (!read_limit(&limits, false, element, low, err) ||
	    !read_limit(&limits, true, element, high, err))
		return false;
	if (!check_order(&limits, element, err))
		return false;
	if (limits.has_low || limits.has_high) {
		fresh = malloc(sizeof(*fresh));
		if (fresh == NULL)
			return error_no_memory(err);
		*fresh = limits;
	}
	free(keyword->limits);
	keyword->limits = fresh;
	return true;
}

void
keyword_print_limit(const struct credis_keyword *keyword, bool high, struct buffer *out)
{
	const struct keyword_limits *limits = keyword->limits;
	char text[NUMBER_TEXT];

	if (limits == NULL || !(high ? limits->has_high : limits->has_low))
		buffer_text(out, "null");
	else
		buffer_append(out, text,
		    print_limit(limits, high, type_element((enum credis_type)keyword->type), text));
}

void
setting_get_range(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->limits == NULL)
		return;
	buffer_text(out, "[");
	keyword_print_limit(keyword, false, out);
	buffer_text(out, ", ");
	keyword_print_limit(keyword, true, out);
	buffer_text(out, "]");
}

bool
setting_set_deadband(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	double deadband = json_number_value(json);

	if (!json_is_number(json) || deadband < 0)
		return setting_must_be(row, err);
	keyword->deadband = deadband;
	return true;
}

void
setting_get_deadband(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	char text[NUMBER_TEXT];

	(void)row;
	if (keyword->deadband != 0)
		buffer_append(out, text, number_print_double(text, keyword->deadband));
}

static bool
read_count(const json_t *json, json_int_t least, json_int_t most, uint32_t *count)
{
	json_int_t given = json_integer_value(json);

	if (!json_is_integer(json) || given < least || given > most)
		return false;
	*count = (uint32_t)given;
	return true;
}

bool
setting_set_length(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	bool pair = json_is_array(json);
	uint32_t least, most;

	if (pair && json_array_size(json) != 2)
		return setting_must_be(row, err);
	if (!read_count(pair ? json_array_get(json, 1) : json, 1, KEYWORD_MAX_COUNT, &most) ||
	    !read_count(pair ? json_array_get(json, 0) : json, 0, KEYWORD_MAX_COUNT, &least))
		return setting_must_be(row, err);
	if (least > most)
		return error_set(err, CREDIS_EINVAL, "the minimum %u is above the maximum %u",
		    (unsigned)least, (unsigned)most);
	keyword->min_count = least;
	keyword->max_count = most;
	return true;
}

void
setting_get_length(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->max_count == 0)
		return;
	if (keyword->min_count == keyword->max_count)
		buffer_printf(out, "%u", (unsigned)keyword->max_count);
	else
		buffer_printf(out, "[%u, %u]", (unsigned)keyword->min_count,
		    (unsigned)keyword->max_count);
}

bool
setting_set_max_length(struct credis_keyword *keyword, const struct setting *row,
    const json_t *json, struct credis_error *err)
{
	return read_count(json, 1, KEYWORD_LENGTH_LIMIT, &keyword->max_length) ||
	    setting_must_be(row, err);
}

void
setting_get_max_length(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->max_length != KEYWORD_MAX_LENGTH)
		buffer_printf(out, "%u", (unsigned)keyword->max_length);
}

static char *
value_from_json(const json_t *json)
{
	char text[NUMBER_TEXT];

	if (json_is_string(json))
		return text_copy(json_string_value(json), json_string_length(json));
	if (json_is_number(json))
		return text_copy(text, number_text(json, text));
	return json_dumps(json, JSON_ENCODE_ANY);
}

bool
setting_set_initial(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	char *fresh;

	if (json_is_null(json) || json_is_object(json))
		return setting_must_be(row, err);
	fresh = value_from_json(json);
	if (fresh == NULL)
		return error_no_memory(err);
	keyword_drop_text(keyword->initial);
	keyword->initial = fresh;
	keyword->initial_given = true;
	return true;
}

/* Whether the stored form of a value is JSON as it stands; others become a text. */
static bool
is_json(const struct credis_value *value)
{
	double real;

	if (type_is_array(value->type) || value->type == CREDIS_BOOLEAN)
		return true;
	return (value->type == CREDIS_INTEGER || value->type == CREDIS_FLOAT ||
		   value->type == CREDIS_DOUBLE) &&
	    credis_value_real(value, &real) && isfinite(real);
}

void
setting_get_initial(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	struct credis_value value;
	struct value_rules rules;
	bool bare = false;

	(void)row;
	if (!keyword->initial_given)
		return;
	keyword_rules(keyword, &rules);
	if (value_parse(&value, &rules, keyword->initial, strlen(keyword->initial), NULL)) {
		bare = is_json(&value);
		if (bare)
			buffer_append(out, value_text(&value), value.length);
		value_clear(&value);
	}
	if (!bare)
		json_text_append(out, keyword->initial, strlen(keyword->initial));
}
