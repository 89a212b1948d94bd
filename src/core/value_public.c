/* value_public.c: the doors of <credis/value.h>: names of types and severities, values for callers.
 * Rules are value.c's and keyword.c's. */
#include "core/error.h"
#include "core/keyword.h"
#include "core/value.h"

#include <credis/value.h>
#include <credis/version.h>

#include <stdlib.h>
#include <string.h>

static const char *const type_names[CREDIS_TYPES] = {
	[CREDIS_STRING] = "string",
	[CREDIS_BOOLEAN] = "boolean",
	[CREDIS_INTEGER] = "integer",
	[CREDIS_FLOAT] = "float",
	[CREDIS_DOUBLE] = "double",
	[CREDIS_ENUMERATED] = "enumerated",
	[CREDIS_MASK] = "mask",
	[CREDIS_INTEGER_ARRAY] = "integer array",
	[CREDIS_FLOAT_ARRAY] = "float array",
	[CREDIS_DOUBLE_ARRAY] = "double array",
	[CREDIS_STRING_ARRAY] = "string array",
};

static const char *const severity_names[CREDIS_SEVERITIES] = {
	[CREDIS_NONE] = "none",
	[CREDIS_MINOR] = "minor",
	[CREDIS_MAJOR] = "major",
	[CREDIS_INVALID] = "invalid",
};

static int
find(const char *name, const char *const *names, int count)
{
	for (int n = 0; n < count; n++)
		if (strcmp(names[n], name) == 0)
			return n;
	return -1;
}

const char *
credis_type_name(enum credis_type type)
{
	return (unsigned)type < CREDIS_TYPES ? type_names[type] : "unknown";
}

bool
credis_type_find(const char *name, enum credis_type *type)
{
	int n = find(name, type_names, CREDIS_TYPES);

	if (n < 0)
		return false;
	*type = (enum credis_type)n;
	return true;
}

const char *
credis_severity_name(enum credis_severity severity)
{
	return (unsigned)severity < CREDIS_SEVERITIES ? severity_names[severity] : "unknown";
}

bool
credis_severity_find(const char *name, enum credis_severity *severity)
{
	int n = find(name, severity_names, CREDIS_SEVERITIES);

	if (n < 0)
		return false;
	*severity = (enum credis_severity)n;
	return true;
}

bool
type_is_array(enum credis_type type)
{
	return type >= CREDIS_INTEGER_ARRAY && type <= CREDIS_STRING_ARRAY;
}

enum credis_type
type_element(enum credis_type type)
{
	switch (type) {
	case CREDIS_INTEGER_ARRAY: return CREDIS_INTEGER;
	case CREDIS_FLOAT_ARRAY: return CREDIS_FLOAT;
	case CREDIS_DOUBLE_ARRAY: return CREDIS_DOUBLE;
	case CREDIS_STRING_ARRAY: return CREDIS_STRING;
	case CREDIS_STRING:
	case CREDIS_BOOLEAN:
	case CREDIS_INTEGER:
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK:
	case CREDIS_TYPES: break;
	}
	return type;
}

struct credis_value *
credis_value_new(const struct credis_keyword *keyword, const char *text, size_t length,
    struct credis_error *err)
{
	struct credis_value *value = malloc(sizeof(*value));

	if (value == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (!keyword_parse_value(keyword, value, text, length, err)) {
		free(value);
		return NULL;
	}
	return value;
}

void
credis_value_free(struct credis_value *value)
{
	if (value == NULL)
		return;
	value_clear(value);
	free(value);
}

const char *
credis_value_text(const struct credis_value *value, size_t *length)
{
	if (length != NULL)
		*length = value->length;
	return value_text(value);
}

enum credis_type
credis_value_type(const struct credis_value *value)
{
	return value->type;
}

bool
credis_value_integer(const struct credis_value *value, int64_t *integer)
{
	return !type_is_array(value->type) && credis_value_element_integer(value, 0, integer);
}

bool
credis_value_real(const struct credis_value *value, double *real)
{
	return !type_is_array(value->type) && credis_value_element_real(value, 0, real);
}

size_t
credis_value_count(const struct credis_value *value)
{
	return value->count;
}

bool
credis_value_element_integer(const struct credis_value *value, size_t n, int64_t *integer)
{
	if (n >= value->count)
		return false;
	switch (value->type) {
	case CREDIS_BOOLEAN:
	case CREDIS_INTEGER:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK: *integer = value->as.integer; return true;
	case CREDIS_INTEGER_ARRAY: *integer = value->as.integers[n]; return true;
	case CREDIS_STRING:
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE:
	case CREDIS_FLOAT_ARRAY:
	case CREDIS_DOUBLE_ARRAY:
	case CREDIS_STRING_ARRAY:
	case CREDIS_TYPES: break;
	}
	return false;
}

bool
credis_value_element_real(const struct credis_value *value, size_t n, double *real)
{
	enum credis_type type = type_element(value->type);
	int64_t integer;

	if (n >= value->count)
		return false;
	if (type == CREDIS_FLOAT || type == CREDIS_DOUBLE) {
		*real = type_is_array(value->type) ? value->as.reals[n] : value->as.real;
		return true;
	}
	if (!credis_value_element_integer(value, n, &integer))
		return false;
	*real = (double)integer;
	return true;
}

const char *
credis_value_element_text(const struct credis_value *value, size_t n)
{
	if (n >= value->count)
		return NULL;
	switch (value->type) {
	case CREDIS_STRING:
	case CREDIS_BOOLEAN:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK: return value_text(value);
	case CREDIS_STRING_ARRAY: return value->as.texts[n];
	case CREDIS_INTEGER:
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE:
	case CREDIS_INTEGER_ARRAY:
	case CREDIS_FLOAT_ARRAY:
	case CREDIS_DOUBLE_ARRAY:
	case CREDIS_TYPES: break;
	}
	return NULL;
}

const char *
credis_version(void)
{
	return CREDIS_VERSION;
}
