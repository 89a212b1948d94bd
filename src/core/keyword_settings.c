/* keyword_settings.c: the settings of a keyword, one row each: what may be given, whom it fits, how it
 * is read from JSON and written back.
 * What only the whole shows is keyword_finish.c's, the description as one object keyword_json.c's. */
#include "core/keyword_settings.h"

#include "core/error.h"
#include "core/keyword_inside.h"
#include "core/text.h"
#include "core/value_inside.h"

#include <credis/span.h>

#include <stdlib.h>
#include <string.h>

#define BIT(type) (1u << (type))
#define ARRAYS \
	(BIT(CREDIS_INTEGER_ARRAY) | BIT(CREDIS_FLOAT_ARRAY) | BIT(CREDIS_DOUBLE_ARRAY) | \
	    BIT(CREDIS_STRING_ARRAY))
#define REALS \
	(BIT(CREDIS_FLOAT) | BIT(CREDIS_DOUBLE) | BIT(CREDIS_FLOAT_ARRAY) | BIT(CREDIS_DOUBLE_ARRAY))

/* The types a setting fits, and their name in a sentence. */
struct fit {
	unsigned types;
	const char *name;
};
static const struct fit any = { ~0u, "" };
static const struct fit numbers = {
	REALS | BIT(CREDIS_INTEGER) | BIT(CREDIS_INTEGER_ARRAY), "numbers" };
static const struct fit reals = { REALS, "float and double" };
static const struct fit strings = { BIT(CREDIS_STRING) | BIT(CREDIS_STRING_ARRAY), "strings" };
static const struct fit labelled = {
	BIT(CREDIS_BOOLEAN) | BIT(CREDIS_ENUMERATED) | BIT(CREDIS_MASK),
	"boolean, enumerated and mask" };
static const struct fit arrays = { ARRAYS, "arrays" };
static const struct fit booleans = { BIT(CREDIS_BOOLEAN), "boolean" };
static const struct fit integers = { BIT(CREDIS_INTEGER), "integer" };

struct setting {
	struct credis_setting shown;
	const struct fit *fits;
	bool bare;                  /* a text: the quotation marks may be left out */
	bool (*set)(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
	    struct credis_error *err);
	/* Appends JSON, or nothing for the default. */
	void (*get)(const struct credis_keyword *keyword, const struct setting *row,
	    struct buffer *out);
	size_t at;                  /* where it is in a keyword, for those that are read alike */
	int64_t standard;           /* their default */
	size_t max;                 /* texts: bytes */
};

static const struct setting rows[];

static bool
must_be(const struct setting *row, struct credis_error *err)
{
	return error_set(err, CREDIS_EINVAL, "must be %s", row->shown.allowed);
}

static void *
member(const struct credis_keyword *keyword, const struct setting *row)
{
	return (char *)keyword + row->at;
}

/* --- type: decided when the keyword was made ------------------------------------------------------ */

static bool
refuse_type(const char *name, struct credis_error *err)
{
	const char *names[CREDIS_TYPES + 1] = { NULL };
	char quoted[44];

	for (int type = 0; type < CREDIS_TYPES; type++)
		names[type] = credis_type_name((enum credis_type)type);
	const char *nearest = error_nearest(name, names);
	text_quote(quoted, name, strlen(name), 40);
	if (nearest != NULL)
		return error_set(err, CREDIS_EINVAL, "unknown type '%s' (did you mean '%s'?)", quoted,
		    nearest);
	return error_set(err, CREDIS_EINVAL, "unknown type '%s'", quoted);
}

static bool
set_type(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	enum credis_type type;

	if (!json_is_string(json))
		return must_be(row, err);
	if (!credis_type_find(json_string_value(json), &type))
		return refuse_type(json_string_value(json), err);
	if (type == keyword->type)
		return true;
	return error_set(err, CREDIS_EINVAL, "it is %s already",
	    credis_type_name((enum credis_type)keyword->type));
}

static void
get_type(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	const char *name = credis_type_name((enum credis_type)keyword->type);

	(void)row;
	buffer_json(out, name, strlen(name));
}

/* --- texts: help, units, format ----------------------------------------------------------------- */

static bool
check_text(const json_t *json, const struct setting *row, struct credis_error *err)
{
	if (!json_is_string(json))
		return must_be(row, err);
	if (json_string_length(json) > row->max)
		return error_set(err, CREDIS_EINVAL, "%zu bytes are more than the maximum %zu",
		    json_string_length(json), row->max);
	if (!text_is_printable(json_string_value(json), json_string_length(json)))
		return error_set(err, CREDIS_EINVAL, "control characters are not allowed");
	return true;
}

static bool
set_text(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	char **text = member(keyword, row), *fresh = keyword_nothing();

	if (!check_text(json, row, err))
		return false;
	if (json_string_length(json) > 0)
		fresh = text_copy(json_string_value(json), json_string_length(json));
	if (fresh == NULL)
		return error_no_memory(err);
	keyword_drop_text(*text);
	*text = fresh;
	return true;
}

static void
get_text(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	const char *text = *(char *const *)member(keyword, row);

	if (*text != '\0')
		buffer_json(out, text, strlen(text));
}

static bool
set_format(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	const char *format = json_string_value(json);

	if (format != NULL && *format != '\0' &&
	    !value_format_check(format, (enum credis_type)keyword->type, err))
		return false;
	return set_text(keyword, row, json, err);
}

static bool
set_pattern(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	struct pattern *fresh = NULL;

	if (!json_is_string(json))
		return must_be(row, err);
	if (json_string_length(json) > 0) {
		fresh = pattern_new(json_string_value(json), err);
		if (fresh == NULL)
			return false;
	}
	pattern_free(keyword->pattern);
	keyword->pattern = fresh;
	return true;
}

static void
get_pattern(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	(void)row;
	if (keyword->pattern == NULL)
		return;
	const char *text = pattern_text(keyword->pattern);
	buffer_json(out, text, strlen(text));
}

/* --- yes and no, spans ------------------------------------------------------------------------- */

static bool
set_flag(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if (!json_is_boolean(json))
		return must_be(row, err);
	*(bool *)member(keyword, row) = json_is_true(json);
	return true;
}

static void
get_flag(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	bool flag = *(bool *)member(keyword, row);

	if (flag != row->standard)
		buffer_text(out, flag ? "true" : "false");
}

static bool
set_span(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	int64_t ms;

	if (!json_is_string(json))
		return must_be(row, err);
	if (!credis_span_parse(json_string_value(json), &ms, err))
		return false;
	if (ms <= 0)
		return error_set(err, CREDIS_EINVAL, "must be longer than nothing");
	*(int64_t *)member(keyword, row) = ms;
	return true;
}

static void
get_span(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	int64_t ms = *(int64_t *)member(keyword, row);
	char text[40];

	if (ms == row->standard)
		return;
	credis_span_print(ms, text);
	buffer_json(out, text, strlen(text));
}

static const char *const access_names[] = {
	[CREDIS_READ_WRITE] = "read-write",
	[CREDIS_READ] = "read",
	[CREDIS_WRITE] = "write",
};

static bool
set_access(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if (!json_is_string(json))
		return must_be(row, err);
	for (uint8_t access = CREDIS_READ_WRITE; access <= CREDIS_WRITE; access++)
		if (strcmp(access_names[access], json_string_value(json)) == 0) {
			keyword->access = access;
			return true;
		}
	return must_be(row, err);
}

static void
get_access(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	const char *name = access_names[keyword->access];

	(void)row;
	if (keyword->access != CREDIS_READ_WRITE)
		buffer_json(out, name, strlen(name));
}

/* --- numbers: range, deadband, length, max_length ----------------------------------------------- */

/* A JSON number as text, so that limits are read like the values they limit. */
static size_t
number_text(const json_t *json, char *text)
{
	return json_is_integer(json) ? number_print_integer(text, json_integer_value(json))
	                             : number_print_double(text, json_real_value(json));
}

static bool
read_limit(struct keyword_limits *limits, bool high, enum credis_type element, const json_t *json,
    struct credis_error *err)
{
	bool *has = high ? &limits->has_high : &limits->has_low;
	char text[NUMBER_TEXT];

	if (json_is_null(json))
		return true;
	*has = true;
	size_t length = number_text(json, text);
	if (element == CREDIS_INTEGER)
		return value_read_integer(high ? &limits->high.integer : &limits->low.integer, text, length,
		    err);
	return value_read_real(high ? &limits->high.real : &limits->low.real, element == CREDIS_FLOAT,
	    true, text, length, err);
}

static bool
is_limit(const json_t *json)
{
	return json_is_number(json) || json_is_null(json);
}

static bool
limits_are_swapped(const struct keyword_limits *limits, enum credis_type element)
{
	if (!limits->has_low || !limits->has_high)
		return false;
	return element == CREDIS_INTEGER ? limits->low.integer > limits->high.integer
	                                 : limits->low.real > limits->high.real;
}

static bool
set_range(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	enum credis_type element = type_element((enum credis_type)keyword->type);
	const json_t *low = json_array_get(json, 0), *high = json_array_get(json, 1);
	struct keyword_limits limits = { .has_low = false }, *fresh = NULL;

	if (json_array_size(json) != 2 || !is_limit(low) || !is_limit(high))
		return must_be(row, err);
	if (!read_limit(&limits, false, element, low, err) ||
	    !read_limit(&limits, true, element, high, err))
		return false;
	if (limits_are_swapped(&limits, element))
		return error_set(err, CREDIS_EINVAL, "the minimum is above the maximum");
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
	enum credis_type element = type_element((enum credis_type)keyword->type);
	char text[NUMBER_TEXT];
	size_t length;

	if (limits == NULL || !(high ? limits->has_high : limits->has_low)) {
		buffer_text(out, "null");
		return;
	}
	if (element == CREDIS_INTEGER)
		length = number_print_integer(text, high ? limits->high.integer : limits->low.integer);
	else if (element == CREDIS_FLOAT)
		length = number_print_float(text, high ? limits->high.real : limits->low.real);
	else
		length = number_print_double(text, high ? limits->high.real : limits->low.real);
	buffer_append(out, text, length);
}

static void
get_range(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
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

static bool
set_deadband(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	double deadband = json_number_value(json);

	if (!json_is_number(json) || deadband < 0)
		return must_be(row, err);
	keyword->deadband = deadband;
	return true;
}

static void
get_deadband(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
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

static bool
set_length(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	bool pair = json_is_array(json);
	uint32_t least, most;

	if (pair && json_array_size(json) != 2)
		return must_be(row, err);
	if (!read_count(pair ? json_array_get(json, 1) : json, 1, KEYWORD_MAX_COUNT, &most) ||
	    !read_count(pair ? json_array_get(json, 0) : json, 0, KEYWORD_MAX_COUNT, &least))
		return must_be(row, err);
	if (least > most)
		return error_set(err, CREDIS_EINVAL, "the minimum %u is above the maximum %u",
		    (unsigned)least, (unsigned)most);
	keyword->min_count = least;
	keyword->max_count = most;
	return true;
}

static void
get_length(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
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

static bool
set_max_length(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	return read_count(json, 1, KEYWORD_LENGTH_LIMIT, &keyword->max_length) || must_be(row, err);
}

static void
get_max_length(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->max_length != KEYWORD_MAX_LENGTH)
		buffer_printf(out, "%u", (unsigned)keyword->max_length);
}

/* --- initial: any text, checked when the keyword is finished -------------------------------------- */

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

static bool
set_initial(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	char *fresh;

	if (json_is_null(json) || json_is_object(json))
		return must_be(row, err);
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
	    value->type == CREDIS_DOUBLE) && credis_value_real(value, &real) && real - real == 0;
}

static void
get_initial(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
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
		buffer_json(out, keyword->initial, strlen(keyword->initial));
}

/* --- values and labels ------------------------------------------------------------------------- */

/* A boolean's names may not contradict the words that every boolean takes. */
static bool
check_boolean_label(int64_t key, const char *text, size_t length, struct credis_error *err)
{
	bool meaning;

	if (!value_find_boolean(text, length, &meaning) || meaning == (key != 0))
		return true;
	return error_set(err, CREDIS_EINVAL, "'%s' means %s already", text, meaning ? "true" : "false");
}

static bool
check_label(enum credis_type type, int64_t key, const char *text, size_t length,
    struct credis_error *err)
{
	char quoted[LABELS_QUOTE + 4];

	text_quote(quoted, text, length, LABELS_QUOTE);
	if (!text_is_printable(text, length))
		return error_set(err, CREDIS_EINVAL, "label '%s' holds control characters", quoted);
	if (length > 0 && (text_is_blank(text[0]) || text_is_blank(text[length - 1])))
		return error_set(err, CREDIS_EINVAL, "label '%s' begins or ends with a blank", quoted);
	if (type == CREDIS_BOOLEAN)
		return check_boolean_label(key, text, length, err);
	if (type != CREDIS_MASK)
		return true;
	if (memchr(text, ',', length) != NULL)
		return error_set(err, CREDIS_EINVAL, "label '%s' holds a comma, which parts labels", quoted);
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
		return must_be(row, err);
	for (size_t n = 0; n < count; n++) {
		if (!read_label(json_array_get(json, n), (int64_t)n, &key, &text))
			return must_be(row, err);
		const char *bytes = json_string_value(text);
		size_t length = json_string_length(text);
		if (!check_label(type, key, bytes, length, err) ||
		    !labels_add(labels, key, bytes, length, err))
			return false;
	}
	if (type != CREDIS_BOOLEAN || (count == 2 && labels_by_key(labels, 0) != NULL &&
	    labels_by_key(labels, 1) != NULL))
		return true;
	return error_set(err, CREDIS_EINVAL, "a boolean has two: the name of false, the name of true");
}

static bool
set_labels(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
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

static void
get_labels(const struct credis_keyword *keyword, const struct setting *row, struct buffer *out)
{
	const struct labels *labels = &keyword->labels;
	bool plain = keys_are_places(labels);

	if (labels->count == 0 || (row->fits->types & BIT(keyword->type)) == 0)
		return;
	for (size_t n = 0; n < labels->count; n++) {
		const struct label *label = &labels->rows[n];
		buffer_text(out, n == 0 ? "[" : ", ");
		if (!plain)
			buffer_printf(out, "[%lld, ", (long long)label->key);
		buffer_json(out, label->text, label->length);
		if (!plain)
			buffer_text(out, "]");
	}
	buffer_text(out, "]");
}

/* --- the table: in the order of a description --------------------------------------------------- */

#define AT(name) .at = offsetof(struct credis_keyword, name)
#define SPAN "a time span, such as \"2 seconds\""
#define FLAG "true or false"

static const struct setting rows[] = {
	{ { "type", "string, boolean, integer, float, double, enumerated, mask, integer array, "
	    "float array, double array or string array", "what its values are" },
	    .fits = &any, .set = set_type, .get = get_type, .bare = true },
	{ { "help", "a line of text", "what it is, for people" },
	    .fits = &any, .set = set_text, .get = get_text, .bare = true, AT(help), .max = 4096 },
	{ { "units", "a text of at most 64 bytes", "the units of its values" },
	    .fits = &any, .set = set_text, .get = get_text, .bare = true, AT(units), .max = 64 },
	{ { "format", "a printf format with one conversion that fits the type",
	    "how its values look to people" },
	    .fits = &any, .set = set_format, .get = get_text, .bare = true, AT(format), .max = 128 },
	{ { "range", "[low, high], of which either may be null", "least and greatest value" },
	    .fits = &numbers, .set = set_range, .get = get_range },
	{ { "values", "a list of labels, or of [key, label] or { key, label }",
	    "the labels it may take; of a mask, its bits; of a boolean, the names of false and true" },
	    .fits = &labelled, .set = set_labels, .get = get_labels },
	{ { "length", "a number of elements, or [least, most], up to 65536",
	    "how many elements it has" },
	    .fits = &arrays, .set = set_length, .get = get_length },
	{ { "labels", "a list of labels, one for each element", "what its elements are called" },
	    .fits = &arrays, .set = set_labels, .get = get_labels },
	{ { "pattern", "a POSIX extended regular expression", "what its text must match" },
	    .fits = &strings, .set = set_pattern, .get = get_pattern, .bare = true },
	{ { "max_length", "a number of bytes from 1 to 16777216", "how long its text may be" },
	    .fits = &strings, .set = set_max_length, .get = get_max_length },
	{ { "finite", FLAG, "whether inf and nan are refused" },
	    .fits = &reals, .set = set_flag, .get = get_flag, AT(finite), .standard = true },
	{ { "initial", "a value of the keyword's type", "its value until another is stored" },
	    .fits = &any, .set = set_initial, .get = get_initial, .bare = true },
	{ { "access", "read, write or read-write", "what clients may do" },
	    .fits = &any, .set = set_access, .get = get_access, .bare = true },
	{ { "persist", FLAG, "whether its value survives a restart" },
	    .fits = &any, .set = set_flag, .get = get_flag, AT(persist), .standard = true },
	{ { "force", FLAG, "whether writing the present value is a write" },
	    .fits = &any, .set = set_flag, .get = get_flag, AT(force), .standard = true },
	{ { "deadband", "a number from 0", "changes up to this are not broadcast" },
	    .fits = &numbers, .set = set_deadband, .get = get_deadband },
	{ { "period", SPAN, "how often it is read or counted" },
	    .fits = &any, .set = set_span, .get = get_span, .bare = true, AT(period_ms) },
	{ { "timeout", SPAN, "how long a write may take" },
	    .fits = &any, .set = set_span, .get = get_span, .bare = true, AT(timeout_ms), .standard = KEYWORD_TIMEOUT_MS },
	{ { "command", FLAG, "momentary: acts on true, always reads false" },
	    .fits = &booleans, .set = set_flag, .get = get_flag, AT(command) },
	{ { "heartbeat", FLAG, "counts once a period" },
	    .fits = &integers, .set = set_flag, .get = get_flag, AT(heartbeat) },
};
enum { ROWS = sizeof(rows) / sizeof(*rows) };

const struct credis_setting *
credis_keyword_setting(size_t row)
{
	return row < ROWS ? &rows[row].shown : NULL;
}

static const struct setting *
find_row(const char *name)
{
	for (size_t n = 0; n < ROWS; n++)
		if (strcmp(rows[n].shown.name, name) == 0)
			return &rows[n];
	return NULL;
}

static bool
refuse_setting(const char *name, struct credis_error *err)
{
	const char *names[ROWS + 1] = { NULL };
	char quoted[44];

	for (size_t n = 0; n < ROWS; n++)
		names[n] = rows[n].shown.name;
	const char *nearest = error_nearest(name, names);
	text_quote(quoted, name, strlen(name), 40);
	if (nearest != NULL)
		return error_set(err, CREDIS_EINVAL, "unknown setting '%s' (did you mean '%s'?)", quoted,
		    nearest);
	return error_set(err, CREDIS_EINVAL, "unknown setting '%s'", quoted);
}

static bool
set_row(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if ((row->fits->types & BIT(keyword->type)) == 0)
		return error_set(err, CREDIS_EINVAL, "%s fits %s only", row->shown.name, row->fits->name);
	return row->set(keyword, row, json, err) || error_prefix(err, row->shown.name);
}

/* JSON, or a text without its quotation marks where the setting is one. */
static json_t *
decode(const struct setting *row, const char *text, struct credis_error *err)
{
	json_error_t why;
	char quoted[100 + 4];
	json_t *json;

	if (row->bare && *text != '"') {
		if (!text_is_utf8(text, strlen(text))) {
			error_set(err, CREDIS_EINVAL, "%s: the text is not valid UTF-8", row->shown.name);
			return NULL;
		}
		json = json_string_nocheck(text);
		if (json == NULL)
			error_no_memory(err);
		return json;
	}
	json = json_loads(text, JSON_DECODE_ANY, &why);
	if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
		error_no_memory(err);
	else if (json == NULL)
		error_set(err, CREDIS_EINVAL, "%s: must be %s (%s)", row->shown.name, row->shown.allowed,
		    text_quote(quoted, why.text, strlen(why.text), 100));
	return json;
}

bool
credis_keyword_set(struct credis_keyword *keyword, const char *setting, const char *json,
    struct credis_error *err)
{
	const struct setting *row = find_row(setting);
	json_t *decoded;
	bool ok;

	if (row == NULL)
		return refuse_setting(setting, err);
	decoded = decode(row, json, err);
	if (decoded == NULL)
		return false;
	ok = set_row(keyword, row, decoded, err);
	json_decref(decoded);
	return ok;
}

bool
keyword_set_json(struct credis_keyword *keyword, const char *setting, const json_t *json,
    struct credis_error *err)
{
	return set_row(keyword, find_row(setting), json, err);
}

void
keyword_print_setting(const struct credis_keyword *keyword, size_t row, struct buffer *out)
{
	rows[row].get(keyword, &rows[row], out);
}

char *
credis_keyword_get(const struct credis_keyword *keyword, const char *setting)
{
	const struct setting *row = find_row(setting);
	struct buffer out = BUFFER_EMPTY;

	if (row == NULL)
		return NULL;
	row->get(keyword, row, &out);
	return out.length > 0 ? buffer_give(&out) : NULL;
}
