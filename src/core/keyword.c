/* keyword.c: a keyword's life, its name, and what values it allows.
 * How its settings are read is keyword_settings.c's, how values look keyword_present.c's. */
#include "core/keyword_inside.h"

#include "core/error.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* What many keywords say: a million do not each need their own. */
static const char *const common[] = { "", "0", "false" };
enum { COMMON = sizeof(common) / sizeof(*common) };

char *
keyword_keep_text(const char *text, size_t length)
{
	for (size_t n = 0; n < COMMON; n++) {
		if (strlen(common[n]) == length && memcmp(common[n], text, length) == 0)
			return (char *)common[n];
	}
	return text_copy(text, length);
}

char *
keyword_nothing(void)
{
	return (char *)common[0];
}

void
keyword_drop_text(char *text)
{
	for (size_t n = 0; n < COMMON; n++) {
		if (text == common[n])
			return;
	}
	free(text);
}

static bool
is_letter(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* What names of a kind are: a letter, then letters, digits and two more. */
struct name_kind {
	size_t max;
	char more[2];
	bool upper;
};

static bool
refuse_name(const char *name, size_t length, const struct name_kind *kind, struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	text_quote(quoted, name, length, ERROR_QUOTE);
	if (length > kind->max)
		return error_set(err, CREDIS_EINVAL, "name '%s' has %zu bytes (at most %zu)",
		    quoted, length, kind->max);
	return error_set(err, CREDIS_EINVAL,
	    "'%s' is not a name (a letter, then letters, digits and '%c' '%c')", quoted,
	    kind->more[0], kind->more[1]);
}

static bool
name_check(const char *name, size_t length, const struct name_kind *kind, char *out,
    struct credis_error *err)
{
	bool fine = length > 0 && length <= kind->max && is_letter(name[0]);

	for (size_t n = 0; fine && n < length; n++) {
		char c = name[n];
		fine = is_letter(c) || (c >= '0' && c <= '9') || c == kind->more[0] ||
		    c == kind->more[1];
		out[n] = !is_letter(c) ? c : (char)(kind->upper ? c & ~0x20 : c | 0x20);
	}
	if (!fine)
		return refuse_name(name, length, kind, err);
	out[length] = '\0';
	return true;
}

bool
keyword_name_check(const char *name, size_t length, char *out, struct credis_error *err)
{
	static const struct name_kind kind = { CREDIS_KEYWORD_MAX, { '_', '.' }, true };

	return name_check(name, length, &kind, out, err);
}

bool
service_name_check(const char *name, size_t length, char *out, struct credis_error *err)
{
	static const struct name_kind kind = { CREDIS_SERVICE_MAX, { '_', '-' }, false };

	return name_check(name, length, &kind, out, err);
}

struct credis_keyword *
credis_keyword_new(const char *name, enum credis_type type, struct credis_error *err)
{
	char upper[CREDIS_KEYWORD_MAX + 1];
	struct credis_keyword *keyword;

	if ((unsigned)type >= CREDIS_TYPES) {
		error_set(err, CREDIS_EINVAL, "type %d does not exist", (int)type);
		return NULL;
	}
	if (!keyword_name_check(name, strlen(name), upper, err))
		return NULL;
	keyword = calloc(1, sizeof(*keyword) + strlen(upper) + 1);
	if (keyword == NULL) {
		error_no_memory(err);
		return NULL;
	}
	strcpy(keyword->name, upper);
	keyword->help = keyword->units = keyword->format = keyword_nothing();
	keyword->timeout_ms = KEYWORD_TIMEOUT_MS;
	keyword->max_length = KEYWORD_MAX_LENGTH;
	keyword->type = (uint8_t)type;
	keyword->finite = keyword->persist = keyword->force = true;
	return keyword;
}

void
credis_keyword_free(struct credis_keyword *keyword)
{
	if (keyword == NULL)
		return;
	keyword_drop_text(keyword->help);
	keyword_drop_text(keyword->units);
	keyword_drop_text(keyword->format);
	keyword_drop_text(keyword->initial);
	labels_clear(&keyword->labels);
	free(keyword->limits);
	alarm_free(keyword->alarm);
	free(keyword->schedule);
	free(keyword->calc);
	keyword_source_free(keyword->source);
	pattern_free(keyword->pattern);
	free(keyword);
}

const char *
credis_keyword_name(const struct credis_keyword *keyword)
{
	return keyword->name;
}

enum credis_type
credis_keyword_type(const struct credis_keyword *keyword)
{
	return (enum credis_type)keyword->type;
}

enum credis_access
credis_keyword_access(const struct credis_keyword *keyword)
{
	return (enum credis_access)keyword->access;
}

const char *
credis_keyword_units(const struct credis_keyword *keyword)
{
	return keyword->units;
}

const char *
credis_keyword_help(const struct credis_keyword *keyword)
{
	return keyword->help;
}

const char *
credis_keyword_label(const struct credis_keyword *keyword, size_t n, int64_t *key)
{
	if (n >= keyword->labels.count)
		return NULL;
	if (key != NULL)
		*key = keyword->labels.rows[n].key;
	return keyword->labels.rows[n].text;
}

bool
keyword_is_writable(const struct credis_keyword *keyword)
{
	return keyword->access != CREDIS_READ;
}

bool
keyword_is_readable(const struct credis_keyword *keyword)
{
	return keyword->access != CREDIS_WRITE;
}

static bool
refuse_limit(bool above, const char *number, const char *limit, struct credis_error *err)
{
	return error_set(err, CREDIS_ERANGE, "%s is %s the %s %s", number,
	    above ? "above" : "below", above ? "maximum" : "minimum", limit);
}

static bool
allows_integer(const struct keyword_limits *limits, int64_t integer, struct credis_error *err)
{
	char number[NUMBER_TEXT], limit[NUMBER_TEXT];
	bool above = limits->has_high && integer > limits->high.integer;

	if (!above && !(limits->has_low && integer < limits->low.integer))
		return true;
	number_print_integer(number, integer);
	number_print_integer(limit, above ? limits->high.integer : limits->low.integer);
	return refuse_limit(above, number, limit, err);
}

/* nan lies on neither side: whoever allows it means "not known". */
static bool
allows_real(const struct keyword_limits *limits, double real, bool single, struct credis_error *err)
{
	char number[NUMBER_TEXT], limit[NUMBER_TEXT];
	bool above = limits->has_high && real > limits->high.real;
	size_t (*print)(char *, double) = single ? number_print_float : number_print_double;

	if (!above && !(limits->has_low && real < limits->low.real))
		return true;
	print(number, real);
	print(limit, above ? limits->high.real : limits->low.real);
	return refuse_limit(above, number, limit, err);
}

/* A pattern is not let loose on long texts. */
size_t
keyword_max_length(const struct credis_keyword *keyword)
{
	return keyword->pattern != NULL && keyword->max_length > PATTERN_TEXT_MAX
	    ? PATTERN_TEXT_MAX
	    : keyword->max_length;
}

static bool
allows_length(const struct credis_keyword *keyword, size_t length, struct credis_error *err)
{
	size_t max = keyword_max_length(keyword);

	return length <= max ||
	    error_set(err, CREDIS_ELENGTH, "%zu bytes are more than the maximum %zu", length, max);
}

static bool
allows_text(const struct credis_keyword *keyword, const char *text, size_t length,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4], pattern[84];

	if (!allows_length(keyword, length, err))
		return false;
	if (keyword->pattern == NULL || pattern_matches(keyword->pattern, text))
		return true;
	text_quote(quoted, text, length, ERROR_QUOTE);
	text_quote(pattern, pattern_text(keyword->pattern), strlen(pattern_text(keyword->pattern)),
	    80);
	return error_set(err, CREDIS_EPATTERN, "'%s' does not match the pattern '%s'", quoted,
	    pattern);
}

/* Element 'n', or the one value there is. */
static bool
allows_element(const struct credis_keyword *keyword, const struct credis_value *value, size_t n,
    struct credis_error *err)
{
	const struct keyword_limits *limits = keyword->limits;
	enum credis_type type = type_element(value->type);
	bool array = type != value->type;

	if (type == CREDIS_STRING) {
		const char *text = array ? value->as.texts[n] : value_text(value);
		return allows_text(keyword, text, array ? strlen(text) : value->length, err);
	}
	if (limits == NULL)
		return true;
	if (type == CREDIS_INTEGER)
		return allows_integer(limits, array ? value->as.integers[n] : value->as.integer,
		    err);
	return allows_real(limits, array ? value->as.reals[n] : value->as.real,
	    type == CREDIS_FLOAT, err);
}

size_t
keyword_max_count(const struct credis_keyword *keyword)
{
	return keyword->max_count > 0 ? keyword->max_count : KEYWORD_MAX_COUNT;
}

static bool
allows_count(const struct credis_keyword *keyword, size_t count, struct credis_error *err)
{
	size_t max = keyword_max_count(keyword);
	const char *noun = count == 1 ? "element is" : "elements are";

	if (count > max)
		return error_set(err, CREDIS_ELENGTH, "%zu %s more than the maximum %zu", count,
		    noun, max);
	if (count < keyword->min_count)
		return error_set(err, CREDIS_ELENGTH, "%zu %s less than the minimum %u", count,
		    noun, (unsigned)keyword->min_count);
	return true;
}

static bool
allows(const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	bool array = type_is_array(value->type);

	if (array && !allows_count(keyword, value->count, err))
		return false;
	for (size_t n = 0; n < value->count; n++) {
		if (allows_element(keyword, value, n, err))
			continue;
		return array ? value_blame_element(err, n) : false;
	}
	return true;
}

bool
keyword_allows(const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	return allows(keyword, value, err) || error_prefix(err, keyword->name);
}

void
keyword_rules(const struct credis_keyword *keyword, struct value_rules *rules)
{
	*rules = (struct value_rules){
		.type = (enum credis_type)keyword->type,
		.finite = keyword->finite,
		.labels = &keyword->labels,
		.max_count = keyword_max_count(keyword),
	};
}

bool
keyword_check_value(const struct credis_keyword *keyword, struct credis_value *value,
    const char *text, size_t length, struct credis_error *err)
{
	struct value_rules rules;

	/* before it is copied */
	if (keyword->type == CREDIS_STRING && !allows_length(keyword, length, err))
		return false;
	keyword_rules(keyword, &rules);
	if (!value_parse(value, &rules, text, length, err))
		return false;
	if (allows(keyword, value, err))
		return true;
	value_clear(value);
	return false;
}

bool
keyword_parse_value(const struct credis_keyword *keyword, struct credis_value *value,
    const char *text, size_t length, struct credis_error *err)
{
	return keyword_check_value(keyword, value, text, length, err) ||
	    error_prefix(err, keyword->name);
}

bool
keyword_equal(const struct credis_keyword *a, const struct credis_keyword *b)
{
	char *left = credis_keyword_to_json(a);
	char *right = credis_keyword_to_json(b);
	bool equal = left != NULL && right != NULL && strcmp(left, right) == 0;

	free(left);
	free(right);
	return equal;
}
