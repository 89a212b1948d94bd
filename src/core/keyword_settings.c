/* keyword_settings.c: the settings of a keyword, one row each: what may be given, whom it fits, how
 * it is read from JSON and written back; in the order of a description.
 * How is in setting_*.c; what only the whole shows is keyword_finish.c's. */
#include "core/keyword_settings.h"

#include "core/error.h"
#include "core/keyword_inside.h"
#include "core/setting.h"
#include "core/text.h"

#include <string.h>

#define NUMBER_ARRAYS \
	(TYPE_BIT(CREDIS_INTEGER_ARRAY) | TYPE_BIT(CREDIS_FLOAT_ARRAY) | \
	    TYPE_BIT(CREDIS_DOUBLE_ARRAY))
#define INTEGERS (TYPE_BIT(CREDIS_INTEGER) | TYPE_BIT(CREDIS_INTEGER_ARRAY))
#define LABELLED (TYPE_BIT(CREDIS_BOOLEAN) | TYPE_BIT(CREDIS_ENUMERATED) | TYPE_BIT(CREDIS_MASK))
#define STRINGS (TYPE_BIT(CREDIS_STRING) | TYPE_BIT(CREDIS_STRING_ARRAY))
#define REALS (TYPE_BIT(CREDIS_FLOAT) | TYPE_BIT(CREDIS_DOUBLE) | (NUMBER_ARRAYS & ~INTEGERS))

static const struct fit any = { ~0u, "anything" };
static const struct fit numbers = { INTEGERS | REALS, "numbers" };
static const struct fit reals = { REALS, "floats and doubles" };
static const struct fit strings = { STRINGS, "strings" };
static const struct fit labelled = { LABELLED, "booleans, enumerated and masks" };
static const struct fit arrays = { NUMBER_ARRAYS | TYPE_BIT(CREDIS_STRING_ARRAY), "arrays" };
static const struct fit judged = { INTEGERS | REALS | LABELLED,
	"numbers, booleans, enumerated and masks" };
static const struct fit booleans = { TYPE_BIT(CREDIS_BOOLEAN), "booleans" };
static const struct fit integers = { TYPE_BIT(CREDIS_INTEGER), "integers" };

#define BY(how) .set = setting_set_##how, .get = setting_get_##how
#define AT(name) .at = offsetof(struct credis_keyword, name)
#define SPAN "a time span, such as \"2 seconds\""
#define COMMAND "a list of texts: a program and its arguments"
#define FLAG "true or false"

/* What people read on the first line of a row, what the code needs on the last. */
/* clang-format off */
static const struct setting rows[] = {
	{ { "type", "string, boolean, integer, float, double, enumerated, mask, integer array, "
	    "float array, double array or string array", "what its values are" },
	    &any, BY(type), .bare = true },
	{ { "help", "a line of text", "what it is, for people" },
	    &any, BY(text), .bare = true, AT(help), .max = 4096 },
	{ { "units", "a text of at most 64 bytes", "the units of its values" },
	    &any, BY(text), .bare = true, AT(units), .max = 64 },
	{ { "format", "a printf format with one conversion that fits the type",
	    "how its values look to people" },
	    &any, .set = setting_set_format, .get = setting_get_text, .bare = true, AT(format),
	    .max = 128 },
	{ { "range", "[low, high], of which either may be null", "least and greatest value" },
	    &numbers, BY(range) },
	{ { "values", "a list of labels, or of [key, label] or { key, label }",
	    "what it may be; of a mask, its bits; of a boolean, the names of false and true" },
	    &labelled, BY(labels) },
	{ { "length", "a number of elements, or [least, most], up to 65536",
	    "how many elements it has" },
	    &arrays, BY(length) },
	{ { "labels", "a list of labels, one for each element", "what its elements are called" },
	    &arrays, BY(labels) },
	{ { "pattern", "a POSIX extended regular expression", "what its text must match" },
	    &strings, BY(pattern), .bare = true },
	{ { "max_length", "a number of bytes from 1 to 16777216", "how long its text may be" },
	    &strings, BY(max_length) },
	{ { "finite", FLAG, "whether inf and nan are refused" },
	    &reals, BY(flag), AT(finite), .standard = true },
	{ { "initial", "a value of the keyword's type", "its value until another is stored" },
	    &any, BY(initial), .bare = true },
	{ { "access", "read, write or read-write", "what clients may do" },
	    &any, BY(access), .bare = true },
	{ { "persist", FLAG, "whether its value survives a restart" },
	    &any, BY(flag), AT(persist), .standard = true },
	{ { "force", FLAG, "whether writing the present value is a write" },
	    &any, BY(flag), AT(force), .standard = true },
	{ { "deadband", "a number from 0", "changes up to this are not broadcast" },
	    &numbers, BY(deadband) },
	{ { "period", SPAN, "how often it is read or counted" },
	    &any, BY(span), .bare = true, AT(period_ms) },
	{ { "schedule", "a time of day, such as \"06:00\", or a list of them",
	    "when it is read, by local time" },
	    &any, BY(schedule) },
	{ { "driver", "the name of one of the service's drivers", "the program that reads and writes it" },
	    &any, BY(driver), .bare = true, .at = offsetof(struct keyword_source, driver) },
	{ { "read", COMMAND, "a command that prints its value" },
	    &any, BY(argv), .at = offsetof(struct keyword_source, read) },
	{ { "write", COMMAND ", with %v for the value after it", "a command that takes a value" },
	    &any, BY(argv), .at = offsetof(struct keyword_source, write) },
	{ { "calc", "an expression", "calculates it from other keywords" },
	    &any, BY(calc), .bare = true },
	{ { "alarm", "{ lolo, low, high, hihi, hysteresis } with numbers, or { label = severity }",
	    "when its value is not fine" },
	    &judged, BY(alarm) },
	{ { "history", "a number of entries from 0 to 10000000", "how many past values are kept" },
	    &any, BY(history) },
	{ { "timeout", SPAN, "how long a write may take" },
	    &any, BY(span), .bare = true, AT(timeout_ms),
	    .standard = KEYWORD_TIMEOUT_MS },
	{ { "command", FLAG, "momentary: acts on true, always reads false" },
	    &booleans, BY(flag), AT(command) },
	{ { "heartbeat", FLAG, "counts once a period" },
	    &integers, BY(flag), AT(heartbeat) },
};
/* clang-format on */
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
		if (rows[n].shown.name[0] == name[0] && strcmp(rows[n].shown.name, name) == 0)
			return &rows[n];
	return NULL;
}

static bool
refuse_setting(const char *name, struct credis_error *err)
{
	const char *names[ROWS + 1] = { NULL };

	for (size_t n = 0; n < ROWS; n++)
		names[n] = rows[n].shown.name;
	return error_unknown(err, "setting", name, names);
}

bool
setting_must_be(const struct setting *row, struct credis_error *err)
{
	return error_set(err, CREDIS_EINVAL, "must be %s", row->shown.allowed);
}

bool
keyword_blame(struct credis_error *err, const char *setting)
{
	if (err != NULL && err->code != CREDIS_ENOMEM)
		err->code = CREDIS_EINVAL;
	return error_prefix(err, setting);
}

static bool
set_row(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	if ((row->fits->types & TYPE_BIT(keyword->type)) == 0)
		return error_set(err, CREDIS_EINVAL, "%s fits %s only", row->shown.name,
		    row->fits->name);
	return row->set(keyword, row, json, err) || keyword_blame(err, row->shown.name);
}

/* The text of a JSON string without escapes, or NULL: most settings are such, and there may be millions. */
static const char *
plain_text(const char *json, size_t *length)
{
	const char *text = json + 1, *end = text;

	if (*json != '"')
		return NULL;
	while ((unsigned char)*end >= ' ' && *end != '"' && *end != '\\')
		end++;
	*length = (size_t)(end - text);
	return strcmp(end, "\"") == 0 ? text : NULL;
}

/* JSON, or a text without its quotation marks where the setting is one. */
static json_t *
decode(const struct setting *row, const char *text, struct credis_error *err)
{
	bool bare = row->bare && *text != '"';
	size_t length = strlen(text);
	const char *plain = bare ? text : plain_text(text, &length);
	json_error_t why;
	char quoted[100 + 4];
	json_t *json;

	if (plain != NULL && text_is_utf8(plain, length)) {
		json = json_stringn_nocheck(plain, length);
		if (json == NULL)
			error_no_memory(err);
		return json;
	}
	if (bare) {
		error_set(err, CREDIS_EINVAL, "%s: the text is not valid UTF-8", row->shown.name);
		return NULL;
	}
	json = json_loads(text, JSON_DECODE_ANY, &why);
	if (json == NULL && json_error_code(&why) == json_error_out_of_memory)
		error_no_memory(err);
	else if (json == NULL)
		error_set(err, CREDIS_EINVAL, "%s: must be %s (%s)", row->shown.name,
		    row->shown.allowed, text_quote(quoted, why.text, strlen(why.text), 100));
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
	if (out.length > 0)
		return buffer_give(&out);
	buffer_free(&out);
	return NULL;
}
