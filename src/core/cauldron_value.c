/* cauldron_value.c: the four types that differ between the wires; all others are the same bytes. */
#include "core/cauldron_value.h"

#include "core/error.h"
#include "core/text.h"

#include <math.h>
#include <string.h>

enum { QUOTED = 64 };

/* Their whole numbers are C's int, read as a double. */
static bool
read_integer(const struct credis_keyword *keyword, const char *text, size_t length,
    struct buffer *out, struct credis_error *err)
{
	char digits[NUMBER_TEXT], quoted[QUOTED + 4];
	enum number_fault fault;
	double real;

	fault = number_parse_double(text, length, &real);
	if (fault == NUMBER_SYNTAX || (fault == NUMBER_FINE && isnan(real))) {
		buffer_append(out, text, length); /* refused where all such texts are */
		return true;
	}
	if (fault != NUMBER_FINE || trunc(real) < INT32_MIN || trunc(real) > INT32_MAX)
		return error_set(err, CREDIS_ERANGE, "%s: '%s' is beyond what 32 bits hold",
		    keyword->name, text_quote(quoted, text, length, QUOTED));
	buffer_append(out, digits, number_print_integer(digits, (int64_t)real));
	return true;
}

static void
read_label(const struct credis_keyword *keyword, const char *text, size_t length,
    struct buffer *out)
{
	const struct label *label = NULL;
	int64_t key;

	if (number_parse_integer(text, length, &key) == NUMBER_FINE)
		label = labels_by_key(&keyword->labels, key);
	if (label != NULL)
		buffer_append(out, label->text, label->length);
	else
		buffer_append(out, text, length);
}

bool
cauldron_value_read(const struct credis_keyword *keyword, const char *text, size_t length,
    struct buffer *out, struct credis_error *err)
{
	if (keyword->type == CREDIS_INTEGER && !read_integer(keyword, text, length, out, err))
		return false;
	if (keyword->type == CREDIS_ENUMERATED)
		read_label(keyword, text, length, out);
	else if (keyword->type != CREDIS_INTEGER)
		buffer_append(out, text, length);
	return !out->failed || error_no_memory(err);
}

/* A float's few digits, not those of the double next to it: 0.1 stays 0.1. */
static void
print_real(const char *text, size_t length, struct buffer *out)
{
	char digits[NUMBER_TEXT];
	double real;

	if (number_parse_double(text, length, &real) != NUMBER_FINE)
		real = NAN;
	length = number_print_double(digits, real);
	buffer_append(out, digits, length);
	if (strcspn(digits, ".ein") == length)
		buffer_append(out, ".0", 2);
}

void
cauldron_value_print(const struct credis_value *value, struct buffer *out)
{
	char digits[NUMBER_TEXT];

	switch (value->type) {
	case CREDIS_BOOLEAN:
	case CREDIS_INTEGER:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK:
		buffer_append(out, digits, number_print_integer(digits, value->as.integer));
		return;
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE: print_real(value_text(value), value->length, out); return;
	case CREDIS_STRING:
	case CREDIS_INTEGER_ARRAY:
	case CREDIS_FLOAT_ARRAY:
	case CREDIS_DOUBLE_ARRAY:
	case CREDIS_STRING_ARRAY:
	case CREDIS_TYPES: buffer_append(out, value_text(value), value->length); return;
	}
}
