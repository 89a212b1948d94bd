/* value.c: one value, read from text by its type, and its stored form.
 * Arrays are value_array.c's, printf formats value_format.c's, limits keyword.c's. */
#include "core/value.h"

#include "core/error.h"
#include "core/text.h"
#include "core/value_inside.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void
value_init(struct credis_value *value, enum credis_type type)
{
	value->type = type;
	value->as.integers = NULL;
	value->as.integer = 0;
	value->count = type_is_array(type) ? 0 : 1;
	value->length = 0;
	value->text = NULL;
	value->room[0] = '\0';
}

void
value_clear(struct credis_value *value)
{
	if (type_is_array(value->type))
		free(value->as.integers);
	free(value->text);
	value_init(value, value->type);
}

void
value_take(struct credis_value *value, struct credis_value *from)
{
	value_clear(value);
	*value = *from;
	value_init(from, from->type);
}

bool
value_copy(struct credis_value *value, const struct credis_value *from)
{
	value_init(value, from->type);
	if (!value_set_text(value, value_text(from), from->length, NULL))
		return false;
	if (!type_is_array(from->type)) {
		value->as = from->as;
		return true;
	}
	if (value_copy_array(value, from))
		return true;
	value_clear(value);
	return false;
}

bool
value_set_text(struct credis_value *value, const char *text, size_t length,
    struct credis_error *err)
{
	char *place = value->room;

	if (length >= sizeof(value->room)) {
		place = value->text = malloc(length + 1);
		if (place == NULL)
			return error_no_memory(err);
	}
	if (length > 0)
		memcpy(place, text, length);
	place[length] = '\0';
	value->length = length;
	return true;
}

/* Sentences about a number that is none. 'holder' is what it does not fit. */
static bool
refuse_number(enum number_fault fault, const char *text, size_t length, const char *holder,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	text_trim(&text, &length);
	text_quote(quoted, text, length, ERROR_QUOTE);
	switch (fault) {
	case NUMBER_NOT_WHOLE:
		return error_set(err, CREDIS_ETYPE, "'%s' is not a whole number", quoted);
	case NUMBER_TOO_LARGE:
		return error_set(err, CREDIS_ERANGE, "'%s' is more than %s", quoted, holder);
	case NUMBER_SYNTAX:
	case NUMBER_FINE: break;
	}
	return error_set(err, CREDIS_ETYPE, "'%s' is not a number", quoted);
}

bool
value_read_integer(int64_t *integer, const char *text, size_t length, struct credis_error *err)
{
	enum number_fault fault = number_parse_integer(text, length, integer);

	return fault == NUMBER_FINE || refuse_number(fault, text, length, "64 bits hold", err);
}

bool
value_read_real(double *real, bool single, bool finite, const char *text, size_t length,
    struct credis_error *err)
{
	char number[NUMBER_TEXT];
	double read;
	enum number_fault fault = single ? number_parse_float(text, length, &read)
					 : number_parse_double(text, length, &read);

	if (fault != NUMBER_FINE)
		return refuse_number(fault, text, length,
		    single ? "a float holds" : "a double holds", err);
	if (finite && !isfinite(read)) {
		number_print_double(number, read);
		return error_set(err, CREDIS_ETYPE, "'%s' is not a finite number", number);
	}
	*real = read;
	return true;
}

bool
value_check_text(const char *text, size_t length, struct credis_error *err)
{
	if (!text_is_utf8(text, length))
		return error_set(err, CREDIS_ETYPE, "the text is not valid UTF-8");
	if (length > 0 && memchr(text, '\0', length) != NULL)
		return error_set(err, CREDIS_ETYPE, "the text holds a NUL byte");
	return true;
}

static bool
parse_string(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	(void)rules;
	return value_check_text(text, length, err) && value_set_text(value, text, length, err);
}

static const struct {
	const char *word;
	bool meaning;
} boolean_words[] = {
	{ "true", true },
	{ "false", false },
	{ "1", true },
	{ "0", false },
	{ "t", true },
	{ "f", false },
	{ "yes", true },
	{ "no", false },
	{ "y", true },
	{ "n", false },
	{ "on", true },
	{ "off", false },
};

bool
value_find_boolean(const char *text, size_t length, bool *meaning)
{
	for (size_t n = 0; n < sizeof(boolean_words) / sizeof(*boolean_words); n++)
		if (text_equal_nocase(boolean_words[n].word, strlen(boolean_words[n].word), text,
			length)) {
			*meaning = boolean_words[n].meaning;
			return true;
		}
	return false;
}

static bool
refuse_boolean(const struct labels *labels, const char *text, size_t length,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4], list[LABELS_LIST + 4] = "";

	text_quote(quoted, text, length, ERROR_QUOTE);
	if (labels != NULL)
		labels_list(labels, list);
	return error_set(err, CREDIS_ETYPE,
	    "'%s' is not a boolean (%s%strue or false, yes or no, on or off, 1 or 0)", quoted, list,
	    *list != '\0' ? "; " : "");
}

static bool
parse_boolean(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	const struct label *label = NULL;
	bool meaning;

	text_trim(&text, &length);
	if (rules->labels != NULL)
		label = labels_by_text(rules->labels, text, length);
	if (label != NULL)
		meaning = label->key != 0;
	else if (!value_find_boolean(text, length, &meaning))
		return refuse_boolean(rules->labels, text, length, err);
	value->as.integer = meaning;
	return value_set_text(value, meaning ? "true" : "false", meaning ? 4 : 5, err);
}

static bool
parse_integer(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	(void)rules;
	if (!value_read_integer(&value->as.integer, text, length, err))
		return false;
	value->length = number_print_integer(value->room, value->as.integer);
	return true;
}

static bool
parse_real(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	bool single = rules->type == CREDIS_FLOAT;

	if (!value_read_real(&value->as.real, single, rules->finite, text, length, err))
		return false;
	value->length = single ? number_print_float(value->room, value->as.real)
			       : number_print_double(value->room, value->as.real);
	return true;
}

static bool
refuse_label(const struct labels *labels, const char *text, size_t length, struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4], list[LABELS_LIST + 4];

	return error_set(err, CREDIS_EVALUES, "'%s' is none of %s",
	    text_quote(quoted, text, length, ERROR_QUOTE), labels_list(labels, list));
}

/* A label that looks like a number wins over the key. */
static bool
parse_enumerated(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	int64_t key;

	text_trim(&text, &length);
	const struct label *label = labels_by_text(rules->labels, text, length);
	if (label == NULL && number_parse_integer(text, length, &key) == NUMBER_FINE)
		label = labels_by_key(rules->labels, key);
	if (label == NULL)
		return refuse_label(rules->labels, text, length, err);
	value->as.integer = label->key;
	return value_set_text(value, label->text, label->length, err);
}

/* "neon, FLAT": labels in any order and case. */
static bool
collect_bits(uint64_t *bits, const struct labels *labels, const char *text, size_t length,
    struct credis_error *err)
{
	const char *end = text + length;

	for (const char *at = text; at <= end;) {
		const char *comma = memchr(at, ',', (size_t)(end - at));
		const char *word = at;
		size_t word_length = (size_t)((comma != NULL ? comma : end) - at);

		text_trim(&word, &word_length);
		const struct label *label = labels_by_text(labels, word, word_length);
		if (label == NULL)
			return refuse_label(labels, word, word_length, err);
		*bits |= UINT64_C(1) << label->key;
		at += (comma != NULL ? comma : end) - at + 1;
	}
	return true;
}

static bool
check_bits(const struct labels *labels, int64_t bits, struct credis_error *err)
{
	if (bits < 0)
		return error_set(err, CREDIS_EVALUES, "%lld is below 0: bits have no sign",
		    (long long)bits);
	for (int bit = 0; bit < VALUE_BITS; bit++)
		if (((uint64_t)bits >> bit & 1) != 0 && labels_by_key(labels, bit) == NULL)
			return error_set(err, CREDIS_EVALUES, "%lld has bit %d, which has no label",
			    (long long)bits, bit);
	return true;
}

static bool
print_mask(struct credis_value *value, const struct labels *labels, struct credis_error *err)
{
	struct buffer text = BUFFER_EMPTY;

	for (size_t n = 0; n < labels->count; n++) {
		const struct label *label = &labels->rows[n];
		if (((uint64_t)value->as.integer >> label->key & 1) == 0)
			continue;
		if (text.length > 0)
			buffer_append(&text, ",", 1);
		buffer_append(&text, label->text, label->length);
	}
	bool ok = text.failed ? error_no_memory(err)
			      : value_set_text(value, text.bytes, text.length, err);
	buffer_free(&text);
	return ok;
}

static bool
parse_mask(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	const struct labels *labels = rules->labels;
	uint64_t bits = 0;
	int64_t number;

	text_trim(&text, &length);
	if (text_equal_nocase(text, length, "none", 4))
		return value_set_text(value, "none", 4, err);
	if (labels_by_text(labels, text, length) == NULL &&
	    number_parse_integer(text, length, &number) == NUMBER_FINE) {
		if (!check_bits(labels, number, err))
			return false;
		bits = (uint64_t)number;
	} else if (!collect_bits(&bits, labels, text, length, err)) {
		return false;
	}
	if (bits == 0)
		return value_set_text(value, "none", 4, err);
	value->as.integer = (int64_t)bits;
	return print_mask(value, labels, err);
}

static bool (*const parsers[CREDIS_TYPES])(struct credis_value *, const struct value_rules *,
    const char *, size_t, struct credis_error *) = {
	[CREDIS_STRING] = parse_string,
	[CREDIS_BOOLEAN] = parse_boolean,
	[CREDIS_INTEGER] = parse_integer,
	[CREDIS_FLOAT] = parse_real,
	[CREDIS_DOUBLE] = parse_real,
	[CREDIS_ENUMERATED] = parse_enumerated,
	[CREDIS_MASK] = parse_mask,
	[CREDIS_INTEGER_ARRAY] = value_parse_array,
	[CREDIS_FLOAT_ARRAY] = value_parse_array,
	[CREDIS_DOUBLE_ARRAY] = value_parse_array,
	[CREDIS_STRING_ARRAY] = value_parse_array,
};

bool
value_parse(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	value_init(value, rules->type);
	if (parsers[rules->type](value, rules, text, length, err))
		return true;
	value_clear(value);
	return false;
}

bool
value_equal(const struct credis_value *a, const struct credis_value *b)
{
	return a->type == b->type && a->length == b->length &&
	    memcmp(value_text(a), value_text(b), a->length) == 0;
}

static double
integer_distance(int64_t a, int64_t b)
{
	return a > b ? (double)((uint64_t)a - (uint64_t)b) : (double)((uint64_t)b - (uint64_t)a);
}

/* From nan to nan, and from one infinity to itself, it is no way at all. */
static double
real_distance(double a, double b)
{
	if (a == b || (isnan(a) && isnan(b)))
		return 0;
	return isnan(a) || isnan(b) ? (double)INFINITY : fabs(a - b);
}

static double
element_distance(const struct credis_value *a, const struct credis_value *b, size_t n)
{
	int64_t whole_a, whole_b;
	double real_a, real_b;

	if (credis_value_element_integer(a, n, &whole_a) &&
	    credis_value_element_integer(b, n, &whole_b))
		return integer_distance(whole_a, whole_b);
	if (credis_value_element_real(a, n, &real_a) && credis_value_element_real(b, n, &real_b))
		return real_distance(real_a, real_b);
	return (double)INFINITY;
}

double
value_distance(const struct credis_value *a, const struct credis_value *b)
{
	enum credis_type type = type_element(a->type);
	bool is_number = type == CREDIS_INTEGER || type == CREDIS_FLOAT || type == CREDIS_DOUBLE;
	double largest = 0;

	if (!is_number || a->type != b->type || a->count != b->count)
		return (double)INFINITY;
	for (size_t n = 0; n < a->count; n++) {
		double one = element_distance(a, b, n);
		largest = one > largest ? one : largest;
	}
	return largest;
}

void
value_print_binary(const struct credis_value *value, struct buffer *out)
{
	char number[NUMBER_TEXT];

	if (value->type == CREDIS_BOOLEAN || value->type == CREDIS_ENUMERATED ||
	    value->type == CREDIS_MASK)
		buffer_append(out, number, number_print_integer(number, value->as.integer));
	else
		buffer_append(out, value_text(value), value->length);
}
