/* test_keyword_settings.c: every setting in and out, alone and together; descriptions as JSON. */
#include "core/keyword.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* What is set, and how it reads back. */
static const struct {
	enum credis_type type;
	const char *setting, *json;
	const char *back; /* NULL: it stands at its default */
} taken[] = {
	{ CREDIS_DOUBLE, "type", "double", "\"double\"" },
	{ CREDIS_DOUBLE, "type", "\"double\"", "\"double\"" },
	{ CREDIS_DOUBLE, "help", "Azimuth, \"north\"", "\"Azimuth, \\\"north\\\"\"" },
	{ CREDIS_DOUBLE, "help", "\"Azimuth\"", "\"Azimuth\"" },
	{ CREDIS_DOUBLE, "help", "", NULL },
	{ CREDIS_DOUBLE, "units", "°", "\"°\"" },
	{ CREDIS_DOUBLE, "units", "\"5\"", "\"5\"" },
	{ CREDIS_DOUBLE, "format", "%.3f", "\"%.3f\"" },
	{ CREDIS_DOUBLE, "format", "", NULL },
	{ CREDIS_DOUBLE, "range", "[0, 360]", "[0, 360]" },
	{ CREDIS_DOUBLE, "range", " [ -0.5 , null ] ", "[-0.5, null]" },
	{ CREDIS_DOUBLE, "range", "[null, null]", NULL },
	{ CREDIS_DOUBLE, "range", "[1, 1]", "[1, 1]" },
	{ CREDIS_FLOAT, "range", "[0, 0.1]", "[0, 0.1]" },
	{ CREDIS_INTEGER, "range", "[-9223372036854775808, 9223372036854775807]",
	    "[-9223372036854775808, 9223372036854775807]" },
	{ CREDIS_INTEGER, "range", "[0.0, 1e3]", "[0, 1000]" },
	{ CREDIS_INTEGER_ARRAY, "range", "[0, 1]", "[0, 1]" },
	{ CREDIS_ENUMERATED, "values", "[\"open\", \"U\"]", "[\"open\", \"U\"]" },
	{ CREDIS_ENUMERATED, "values", "[[3, \"open\"], {\"key\": 1, \"label\": \"U\"}]",
	    "[[3, \"open\"], [1, \"U\"]]" },
	{ CREDIS_ENUMERATED, "values", "[[0, \"open\"], \"U\"]", "[\"open\", \"U\"]" },
	{ CREDIS_MASK, "values", "[[62, \"z\"], [0, \"a\"]]", "[[0, \"a\"], [62, \"z\"]]" },
	{ CREDIS_BOOLEAN, "values", "[\"off\", \"lit\"]", "[\"off\", \"lit\"]" },
	{ CREDIS_BOOLEAN, "values", "[[1, \"open\"], [0, \"closed\"]]", "[\"closed\", \"open\"]" },
	{ CREDIS_DOUBLE_ARRAY, "length", "3", "3" },
	{ CREDIS_DOUBLE_ARRAY, "length", "[2, 2]", "2" },
	{ CREDIS_DOUBLE_ARRAY, "length", "[0, 65536]", "[0, 65536]" },
	{ CREDIS_STRING_ARRAY, "labels", "[\"x, y\", \"none\"]", "[\"x, y\", \"none\"]" },
	{ CREDIS_STRING, "pattern", "^[a-z]+$", "\"^[a-z]+$\"" },
	{ CREDIS_STRING, "pattern", "", NULL },
	{ CREDIS_STRING, "max_length", "100", "100" },
	{ CREDIS_STRING, "max_length", "65536", NULL },
	{ CREDIS_STRING_ARRAY, "max_length", "16777216", "16777216" },
	{ CREDIS_DOUBLE, "finite", "false", "false" },
	{ CREDIS_FLOAT_ARRAY, "finite", "true", NULL },
	{ CREDIS_DOUBLE, "initial", "0.10", "0.1" },
	{ CREDIS_DOUBLE, "initial", "\"1e22\"", "1e+22" },
	{ CREDIS_INTEGER, "initial", "9007199254740993", "9007199254740993" },
	{ CREDIS_BOOLEAN, "initial", "true", "true" },
	{ CREDIS_BOOLEAN, "initial", "no", "false" },
	{ CREDIS_STRING, "initial", "5", "\"5\"" },
	{ CREDIS_STRING, "initial", "\"a\\nb\"", "\"a\\nb\"" },
	{ CREDIS_STRING, "initial", "[a", "\"[a\"" },
	{ CREDIS_DOUBLE_ARRAY, "initial", "[1, 2.50]", "[1, 2.5]" },
	{ CREDIS_STRING_ARRAY, "initial", "[\"a\", \"b\"]", "[\"a\", \"b\"]" },
	{ CREDIS_STRING_ARRAY, "initial", "\"a, b\"", "[\"a\", \"b\"]" },
	{ CREDIS_DOUBLE, "access", "read", "\"read\"" },
	{ CREDIS_DOUBLE, "access", "\"write\"", "\"write\"" },
	{ CREDIS_DOUBLE, "access", "read-write", NULL },
	{ CREDIS_DOUBLE, "persist", "false", "false" },
	{ CREDIS_DOUBLE, "force", "false", "false" },
	{ CREDIS_DOUBLE, "deadband", "0.001", "0.001" },
	{ CREDIS_INTEGER, "deadband", "2", "2" },
	{ CREDIS_DOUBLE, "deadband", "0", NULL },
	{ CREDIS_DOUBLE, "period", "1 second", "\"1 second\"" },
	{ CREDIS_DOUBLE, "period", "\"120 seconds\"", "\"2 minutes\"" },
	{ CREDIS_DOUBLE, "timeout", "1 minute", "\"1 minute\"" },
	{ CREDIS_DOUBLE, "timeout", "30 seconds", NULL },
	{ CREDIS_BOOLEAN, "command", "true", "true" },
	{ CREDIS_BOOLEAN, "command", "false", NULL },
	{ CREDIS_INTEGER, "heartbeat", "true", "true" },
	{ CREDIS_DOUBLE, "alarm", "{\"high\": 355, \"low\": 5}", "{\"low\": 5, \"high\": 355}" },
	{ CREDIS_DOUBLE, "alarm", "{\"lolo\": 1, \"low\": 1, \"hihi\": 2, \"hysteresis\": 0.5}",
	    "{\"lolo\": 1, \"low\": 1, \"hihi\": 2, \"hysteresis\": 0.5}" },
	{ CREDIS_FLOAT, "alarm", "{\"high\": 0.1}", "{\"high\": 0.1}" },
	{ CREDIS_INTEGER_ARRAY, "alarm", "{\"low\": 9007199254740993}",
	    "{\"low\": 9007199254740993}" },
	{ CREDIS_DOUBLE, "alarm", "{}", NULL },
	{ CREDIS_ENUMERATED, "alarm", "{\"fault\": \"major\"}", "{\"fault\": \"major\"}" },
	{ CREDIS_ENUMERATED, "alarm", "{\"fault\": \"none\"}", NULL },
	{ CREDIS_MASK, "alarm", "{\"no fuel\": \"major\", \"hot\": \"minor\"}",
	    "[[\"no fuel\", \"major\"], [\"hot\", \"minor\"]]" },
	{ CREDIS_BOOLEAN, "alarm", "{\"true\": \"invalid\"}", "[[\"true\", \"invalid\"]]" },
	{ CREDIS_DOUBLE, "history", "86400", "86400" },
	{ CREDIS_DOUBLE, "history", "0", NULL },
	{ CREDIS_DOUBLE, "calc", "1 / cos($EL)", "\"1 / cos($EL)\"" },
	{ CREDIS_DOUBLE, "calc", "", NULL },
	{ CREDIS_DOUBLE, "schedule", "\"06:00\"", "\"06:00\"" },
	{ CREDIS_DOUBLE, "schedule", "[\"23:59:59\", \"00:00:00\"]", "[\"00:00\", \"23:59:59\"]" },
};

static void
settings_read_back_in_one_spelling(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(taken); n++) {
		struct credis_error err;
		struct credis_keyword *keyword = credis_keyword_new("K", taken[n].type, &err);
		char *back;

		if (!credis_keyword_set(keyword, taken[n].setting, taken[n].json, &err))
			fail_msg("%s = %s: %s", taken[n].setting, taken[n].json, err.text);
		back = credis_keyword_get(keyword, taken[n].setting);
		assert_true((back == NULL) == (taken[n].back == NULL));
		if (back != NULL)
			assert_string_equal(back, taken[n].back);
		/* and what is read back may be set again */
		assert_true(
		    back == NULL || credis_keyword_set(keyword, taken[n].setting, back, &err));
		free(back);
		credis_keyword_free(keyword);
	}
}

static const struct {
	enum credis_type type;
	const char *setting, *json;
	const char *why;
} refused[] = {
	{ CREDIS_DOUBLE, "rnage", "[0, 1]", "unknown setting 'rnage' (did you mean 'range'?)" },
	{ CREDIS_DOUBLE, "xyzzy", "1", "unknown setting 'xyzzy'" },
	{ CREDIS_DOUBLE, "", "1", "unknown setting ''" },
	{ CREDIS_DOUBLE, "type", "dubble", "type: unknown type 'dubble' (did you mean 'double'?)" },
	{ CREDIS_DOUBLE, "type", "integer", "type: it is double already" },
	{ CREDIS_DOUBLE, "help", "a\nb", "help: control characters are not allowed" },
	{ CREDIS_DOUBLE, "help", "\xff", "help: the text is not valid UTF-8" },
	{ CREDIS_DOUBLE, "format", "%d",
	    "format: %d does not fit the type double (one of eEfFgGaA)" },
	{ CREDIS_DOUBLE, "range", "[360, 0]", "range: the minimum 360 is above the maximum 0" },
	{ CREDIS_DOUBLE, "range", "[0]",
	    "range: must be [low, high], of which either may be null" },
	{ CREDIS_DOUBLE, "range", "[0, 1, 2]",
	    "range: must be [low, high], of which either may be null" },
	{ CREDIS_DOUBLE, "range", "[\"0\", 1]",
	    "range: must be [low, high], of which either may be null" },
	{ CREDIS_DOUBLE, "range", "5", "range: must be [low, high], of which either may be null" },
	{ CREDIS_DOUBLE, "range", "[0, 1",
	    "range: must be [low, high], of which either may be null (']' expected near end of "
	    "file)" },
	{ CREDIS_INTEGER, "range", "[0, 1.5]", "range: '1.5' is not a whole number" },
	{ CREDIS_FLOAT, "range", "[0, 1e39]", "range: '1e+39' is more than a float holds" },
	{ CREDIS_STRING, "range", "[0, 1]", "range fits numbers only" },
	{ CREDIS_MASK, "range", "[0, 1]", "range fits numbers only" },
	{ CREDIS_DOUBLE, "values", "[\"a\"]", "values fits booleans, enumerated and masks only" },
	{ CREDIS_ENUMERATED, "values", "[]",
	    "values: must be a list of labels, or of [key, label] or { key, label }" },
	{ CREDIS_ENUMERATED, "values", "[1, 2]",
	    "values: must be a list of labels, or of [key, label] or { key, label }" },
	{ CREDIS_ENUMERATED, "values", "[[\"a\", 1]]",
	    "values: must be a list of labels, or of [key, label] or { key, label }" },
	{ CREDIS_ENUMERATED, "values", "[{\"label\": \"a\"}]",
	    "values: must be a list of labels, or of [key, label] or { key, label }" },
	{ CREDIS_ENUMERATED, "values", "[\"a\", \"A\"]", "values: label 'A' is there twice" },
	{ CREDIS_ENUMERATED, "values", "[[1, \"a\"], \"b\"]",
	    "values: key 1 is there twice (label 'b')" },
	{ CREDIS_ENUMERATED, "values", "[\"\"]", "values: label '' has 0 bytes (1 to 255)" },
	{ CREDIS_ENUMERATED, "values", "[\" a\"]",
	    "values: label ' a' begins or ends with a blank" },
	{ CREDIS_ENUMERATED, "values", "[\"a\\tb\"]",
	    "values: label 'a?b' holds control characters" },
	{ CREDIS_MASK, "values", "[\"a,b\"]",
	    "values: label 'a,b' holds a comma, which parts labels" },
	{ CREDIS_MASK, "values", "[\"None\"]", "values: 'none' is the mask without any label" },
	{ CREDIS_MASK, "values", "[[63, \"a\"]]",
	    "values: bit 63 of label 'a' is not one of 0 to 62" },
	{ CREDIS_MASK, "values", "[[-1, \"a\"]]",
	    "values: bit -1 of label 'a' is not one of 0 to 62" },
	{ CREDIS_BOOLEAN, "values", "[\"on\", \"off\"]", "values: 'on' means true already" },
	{ CREDIS_BOOLEAN, "values", "[\"a\"]",
	    "values: a boolean has two: the name of false, the name of true" },
	{ CREDIS_BOOLEAN, "values", "[\"a\", \"b\", \"c\"]",
	    "values: a boolean has two: the name of false, the name of true" },
	{ CREDIS_BOOLEAN, "values", "[[1, \"a\"], [2, \"b\"]]",
	    "values: a boolean has two: the name of false, the name of true" },
	{ CREDIS_DOUBLE, "length", "2", "length fits arrays only" },
	{ CREDIS_DOUBLE_ARRAY, "length", "0",
	    "length: must be a number of elements, or [least, most], up to 65536" },
	{ CREDIS_DOUBLE_ARRAY, "length", "65537",
	    "length: must be a number of elements, or [least, most], up to 65536" },
	{ CREDIS_DOUBLE_ARRAY, "length", "4294967297",
	    "length: must be a number of elements, or [least, most], up to 65536" },
	{ CREDIS_DOUBLE_ARRAY, "length", "[3, 2]", "length: the minimum 3 is above the maximum 2" },
	{ CREDIS_DOUBLE_ARRAY, "length", "2.5",
	    "length: must be a number of elements, or [least, most], up to 65536" },
	{ CREDIS_DOUBLE, "labels", "[\"a\"]", "labels fits arrays only" },
	{ CREDIS_STRING, "pattern", "a(", "pattern: Unmatched ( or \\(" },
	{ CREDIS_DOUBLE, "pattern", "a", "pattern fits strings only" },
	{ CREDIS_STRING, "max_length", "0",
	    "max_length: must be a number of bytes from 1 to 16777216" },
	{ CREDIS_STRING, "max_length", "99999999999",
	    "max_length: must be a number of bytes from 1 to 16777216" },
	{ CREDIS_INTEGER, "finite", "false", "finite fits floats and doubles only" },
	{ CREDIS_DOUBLE, "finite", "no",
	    "finite: must be true or false (invalid token near 'no')" },
	{ CREDIS_DOUBLE, "access", "raed", "access: must be read, write or read-write" },
	{ CREDIS_DOUBLE, "persist", "1", "persist: must be true or false" },
	{ CREDIS_STRING, "deadband", "1", "deadband fits numbers only" },
	{ CREDIS_DOUBLE, "deadband", "-1", "deadband: must be a number from 0" },
	{ CREDIS_DOUBLE, "deadband", "\"1\"", "deadband: must be a number from 0" },
	{ CREDIS_DOUBLE, "period", "0 seconds", "period: must be longer than nothing" },
	{ CREDIS_INTEGER, "command", "true", "command fits booleans only" },
	{ CREDIS_DOUBLE, "heartbeat", "true", "heartbeat fits integers only" },
	{ CREDIS_DOUBLE, "alarm", "{\"hgih\": 1}",
	    "alarm: unknown limit 'hgih' (did you mean 'high'?)" },
	{ CREDIS_DOUBLE, "alarm", "{\"high\": 3, \"low\": 5}", "alarm: low 5 is above high 3" },
	{ CREDIS_DOUBLE, "alarm", "{\"lolo\": 3, \"high\": 2.5}",
	    "alarm: lolo 3 is above high 2.5" },
	{ CREDIS_DOUBLE, "alarm", "{\"high\": 3, \"hysteresis\": -1}",
	    "alarm: hysteresis -1 is below the minimum 0" },
	{ CREDIS_INTEGER, "alarm", "{\"high\": 3.5}", "alarm: high: '3.5' is not a whole number" },
	{ CREDIS_DOUBLE, "alarm", "{\"high\": \"3\"}",
	    "alarm: must be { lolo, low, high, hihi, hysteresis } with numbers, or { label = "
	    "severity }" },
	{ CREDIS_DOUBLE, "alarm", "[]",
	    "alarm: must be { lolo, low, high, hihi, hysteresis } with numbers, or { label = "
	    "severity }" },
	{ CREDIS_ENUMERATED, "alarm", "{\"fault\": \"mayor\"}",
	    "alarm: unknown severity 'mayor' (did you mean 'major'?)" },
	{ CREDIS_ENUMERATED, "alarm", "[[\"fault\"]]",
	    "alarm: must be { lolo, low, high, hihi, hysteresis } with numbers, or { label = "
	    "severity }" },
	{ CREDIS_STRING, "alarm", "{}", "alarm fits numbers, booleans, enumerated and masks only" },
	{ CREDIS_DOUBLE, "history", "-1",
	    "history: must be a number of entries from 0 to 10000000" },
	{ CREDIS_DOUBLE, "history", "10000001",
	    "history: must be a number of entries from 0 to 10000000" },
	{ CREDIS_DOUBLE, "calc", "1 +",
	    "calc: at the end: expected a number, a label, a function or a $KEYWORD" },
	{ CREDIS_DOUBLE, "schedule", "\"6:00\"",
	    "schedule: '6:00' is no time of day (00:00 to 23:59:59)" },
	{ CREDIS_DOUBLE, "schedule", "\"24:00\"",
	    "schedule: '24:00' is no time of day (00:00 to 23:59:59)" },
	{ CREDIS_DOUBLE, "schedule", "\"06:00:00:00\"",
	    "schedule: '06:00:00:00' is no time of day (00:00 to 23:59:59)" },
	{ CREDIS_DOUBLE, "schedule", "[]",
	    "schedule: must be a time of day, such as \"06:00\", or a list of them" },
	{ CREDIS_DOUBLE, "units", "\"deg",
	    "units: must be a text of at most 64 bytes "
	    "(premature end of input near '\"deg')" },
};

static void
a_refused_setting_says_why_and_changes_nothing(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(refused); n++) {
		struct credis_error err;
		struct credis_keyword *keyword = credis_keyword_new("K", refused[n].type, &err);
		char *before = credis_keyword_to_json(keyword), *after;

		if (credis_keyword_set(keyword, refused[n].setting, refused[n].json, &err))
			fail_msg("%s = %s was taken", refused[n].setting, refused[n].json);
		assert_string_equal(err.text, refused[n].why);
		assert_int_equal(err.code, CREDIS_EINVAL);
		after = credis_keyword_to_json(keyword);
		assert_string_equal(before, after);
		free(before);
		free(after);
		credis_keyword_free(keyword);
	}
}

static void
texts_have_a_most(void **state)
{
	struct credis_keyword *keyword = credis_keyword_new("K", CREDIS_STRING, NULL);
	struct credis_error err;
	char text[5000];

	(void)state;
	memset(text, 'x', sizeof(text));
	text[4097] = '\0';
	assert_false(credis_keyword_set(keyword, "help", text, &err));
	assert_string_equal(err.text, "help: 4097 bytes are more than the maximum 4096");
	text[4096] = '\0';
	assert_true(credis_keyword_set(keyword, "help", text, &err));
	text[65] = '\0';
	assert_false(credis_keyword_set(keyword, "units", text, &err));
	credis_keyword_free(keyword);
}

static void
every_setting_says_what_it_takes(void **state)
{
	const struct credis_setting *row;
	size_t n;

	(void)state;
	for (n = 0; (row = credis_keyword_setting(n)) != NULL; n++) {
		assert_true(
		    strlen(row->name) > 0 && strlen(row->allowed) > 0 && strlen(row->help) > 0);
		for (size_t m = 0; m < n; m++)
			assert_string_not_equal(credis_keyword_setting(m)->name, row->name);
	}
	assert_true(n >= 20);
	assert_null(credis_keyword_setting(n + 1));
	struct credis_keyword *keyword = credis_keyword_new("K", CREDIS_STRING, NULL);
	assert_null(credis_keyword_get(keyword, "rnage"));
	credis_keyword_free(keyword);
}

/* The whole: settings as pairs, then what finishing finds. */
static const struct {
	enum credis_type type;
	const char *settings[7];
	const char *blamed; /* NULL: nothing is wrong */
	const char *what;   /* the fault, or the initial value */
} wholes[] = {
	{ CREDIS_STRING, { NULL }, NULL, "" },
	{ CREDIS_BOOLEAN, { NULL }, NULL, "false" },
	{ CREDIS_INTEGER, { NULL }, NULL, "0" },
	{ CREDIS_DOUBLE, { "range", "[5, 10]" }, NULL, "5" },
	{ CREDIS_DOUBLE, { "range", "[null, -0.5]" }, NULL, "-0.5" },
	{ CREDIS_DOUBLE, { "range", "[-1, 1]" }, NULL, "0" },
	{ CREDIS_INTEGER, { "range", "[9007199254740993, null]" }, NULL, "9007199254740993" },
	{ CREDIS_FLOAT, { "range", "[0.1, null]" }, NULL, "0.1" },
	{ CREDIS_ENUMERATED, { "values", "[[9, \"open\"], [1, \"U\"]]" }, NULL, "open" },
	{ CREDIS_MASK, { "values", "[\"a\"]" }, NULL, "none" },
	{ CREDIS_DOUBLE_ARRAY, { NULL }, NULL, "[]" },
	{ CREDIS_DOUBLE_ARRAY, { "length", "[2, 5]", "range", "[1, 2]" }, NULL, "[1, 1]" },
	{ CREDIS_STRING_ARRAY, { "length", "2" }, NULL, "[\"\", \"\"]" },
	{ CREDIS_DOUBLE_ARRAY, { "labels", "[\"ra\", \"dec\"]", "length", "2" }, NULL, "[0, 0]" },
	{ CREDIS_DOUBLE, { "initial", "0x10", "range", "[0, 360]" }, NULL, "16" },
	{ CREDIS_INTEGER, { "heartbeat", "true", "period", "1 second" }, NULL, "0" },
	{ CREDIS_INTEGER, { "access", "read", "heartbeat", "true", "period", "1 second" }, NULL,
	    "0" },
	{ CREDIS_BOOLEAN, { "command", "true", "access", "write" }, NULL, "false" },
	{ CREDIS_STRING, { "pattern", "^[a-z]+$", "initial", "abc" }, NULL, "abc" },

	{ CREDIS_ENUMERATED, { "alarm", "{\"FAULT\": \"major\"}", "values", "[\"ok\", \"fault\"]" },
	    NULL, "ok" },
	{ CREDIS_BOOLEAN, { "alarm", "{\"yes\": \"major\"}" }, NULL, "false" },
	{ CREDIS_DOUBLE, { "calc", "$A + 1", "access", "read" }, NULL, "0" },

	{ CREDIS_ENUMERATED, { "alarm", "{\"falut\": \"major\"}", "values", "[\"ok\", \"fault\"]" },
	    "alarm", "alarm: unknown label 'falut' (did you mean 'fault'?)" },
	{ CREDIS_BOOLEAN,
	    { "alarm", "{\"yes\": \"major\", \"lit\": \"minor\"}", "values",
		"[\"dark\", \"lit\"]" },
	    "alarm", "alarm: label 'lit' is there twice" },
	{ CREDIS_DOUBLE, { "calc", "$A + 1" }, "access", "access: must be read: it is calculated" },
	{ CREDIS_DOUBLE, { "calc", "$A + 1", "access", "read", "period", "1 second" }, "calc",
	    "calc: it is calculated when what it is made from changes: neither period nor "
	    "schedule fit" },
	{ CREDIS_ENUMERATED, { NULL }, "values", "values: must be given: it is enumerated" },
	{ CREDIS_MASK, { NULL }, "values", "values: must be given: it is mask" },
	{ CREDIS_DOUBLE_ARRAY, { "labels", "[\"ra\", \"dec\"]", "length", "3" }, "labels",
	    "labels: 2 labels for 3 elements (length says how many)" },
	{ CREDIS_DOUBLE_ARRAY, { "labels", "[\"ra\"]" }, "labels",
	    "labels: 1 label for 65536 elements (length says how many)" },
	{ CREDIS_STRING, { "max_length", "2000", "pattern", "^a*$" }, "max_length",
	    "max_length: 2000 is above 1024, the maximum with a pattern" },
	{ CREDIS_INTEGER, { "heartbeat", "true" }, "period",
	    "period: must be given: it is a heartbeat" },
	{ CREDIS_INTEGER, { "heartbeat", "true", "period", "1 second", "access", "write" },
	    "access", "access: a heartbeat can only be read" },
	{ CREDIS_BOOLEAN, { "command", "true", "access", "read" }, "access",
	    "access: a command must be writable" },
	{ CREDIS_BOOLEAN, { "command", "true", "initial", "true" }, "initial",
	    "initial: a command always reads false" },
	{ CREDIS_DOUBLE, { "initial", "400", "range", "[0, 360]" }, "initial",
	    "initial: 400 is above the maximum 360" },
	{ CREDIS_DOUBLE, { "initial", "\"abc\"" }, "initial", "initial: 'abc' is not a number" },
	{ CREDIS_STRING, { "pattern", "^[a-z]+$" }, "initial",
	    "initial: must be given: '' does not match the pattern '^[a-z]+$'" },
	{ CREDIS_ENUMERATED, { "initial", "X", "values", "[\"open\"]" }, "initial",
	    "initial: 'X' is none of open" },
};

static struct credis_keyword *
make(enum credis_type type, const char *const *settings)
{
	struct credis_error err;
	struct credis_keyword *keyword = credis_keyword_new("K", type, &err);

	for (; *settings != NULL; settings += 2)
		if (!credis_keyword_set(keyword, settings[0], settings[1], &err))
			fail_msg("%s", err.text);
	return keyword;
}

static void
the_whole_is_checked_and_the_initial_value_settled(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(wholes); n++) {
		struct credis_keyword *keyword = make(wholes[n].type, wholes[n].settings);
		const char *blamed = NULL;
		struct credis_error err;

		bool ok = credis_keyword_finish(keyword, &blamed, &err);
		assert_int_equal(ok, wholes[n].blamed == NULL);
		assert_true(ok || err.code == CREDIS_EINVAL);
		assert_string_equal(ok ? keyword->initial : err.text, wholes[n].what);
		if (!ok)
			assert_string_equal(blamed, wholes[n].blamed);
		assert_int_equal(credis_keyword_finish(keyword, NULL, NULL), ok);
		credis_keyword_free(keyword);
	}
}

static void
a_heartbeat_can_only_be_read(void **state)
{
	struct credis_keyword *keyword = make(CREDIS_INTEGER,
	    (const char *const[]){ "heartbeat", "true", "period", "1 second", NULL });

	(void)state;
	assert_true(credis_keyword_finish(keyword, NULL, NULL));
	assert_int_equal(credis_keyword_access(keyword), CREDIS_READ);
	assert_false(keyword_is_writable(keyword));
	credis_keyword_free(keyword);
}

/* Writing it down and reading it back gives the same keyword. */
static char *
there_and_back(struct credis_keyword *keyword)
{
	struct credis_error err;
	char *json = credis_keyword_to_json(keyword);
	struct credis_keyword *back = credis_keyword_from_json(json, &err);

	if (back == NULL)
		fail_msg("%s: %s", json, err.text);
	assert_true(keyword_equal(keyword, back));
	if (keyword->initial != NULL)
		assert_string_equal(keyword->initial, back->initial);
	credis_keyword_free(back);
	credis_keyword_free(keyword);
	return json;
}

static void
descriptions_survive_the_way_there_and_back(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(wholes); n++) {
		struct credis_keyword *keyword = make(wholes[n].type, wholes[n].settings);
		if (credis_keyword_finish(keyword, NULL, NULL))
			free(there_and_back(keyword));
		else
			credis_keyword_free(keyword);
	}
}

static void
a_description_reads_like_a_page_of_documentation(void **state)
{
	struct credis_keyword *keyword = make(CREDIS_DOUBLE,
	    (const char *const[]){ "initial", "0.5", "range", "[0, 360]", "format", "%.3f",
		"persist", "false", "period", "1 second", "units", "deg", "help",
		"Azimuth, north through east", NULL });
	char *json;

	(void)state;
	assert_true(credis_keyword_finish(keyword, NULL, NULL));
	json = there_and_back(keyword);
	assert_string_equal(json,
	    "{\"name\": \"K\", \"type\": \"double\", "
	    "\"help\": \"Azimuth, north through east\", \"units\": \"deg\", \"format\": \"%.3f\", "
	    "\"range\": [0, 360], \"initial\": 0.5, \"persist\": false, \"period\": \"1 second\"}");
	free(json);
}

static void
a_newer_descriptions_news_are_passed_over(void **state)
{
	struct credis_error err;
	struct credis_keyword *keyword =
	    credis_keyword_from_json("{\"name\": \"az\", \"novelty\": {\"a\": [1]}, \"units\": "
				     "\"deg\", \"type\": \"double\","
				     " \"range\": {\"low\": 0}, \"access\": \"sometimes\", "
				     "\"values\": [\"a\"]}",
		&err);

	(void)state;
	assert_non_null(keyword);
	assert_string_equal(credis_keyword_name(keyword), "AZ");
	assert_string_equal(credis_keyword_units(keyword), "deg");
	assert_int_equal(credis_keyword_access(keyword), CREDIS_READ_WRITE);
	assert_string_equal(keyword->initial, "0");
	credis_keyword_free(keyword);
}

static void
what_is_no_description_is_refused(void **state)
{
	static const struct {
		const char *json, *why;
	} rows[] = {
		{ "", "the description is not JSON: '[' or '{' expected near end of file" },
		{ "[]", "the description has no name" },
		{ "{}", "the description has no name" },
		{ "{\"name\": 5}", "the description has no name" },
		{ "{\"name\": \"a\"}", "the description has no type" },
		{ "{\"name\": \"a\", \"type\": \"dubble\"}",
		    "the description has an unknown type 'dubble'" },
		{ "{\"name\": \"a b\", \"type\": \"double\"}",
		    "'a b' is not a name (a letter, then letters, digits and '_' '.')" },
	};
	struct credis_error err;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		assert_null(credis_keyword_from_json(rows[n].json, &err));
		assert_string_equal(err.text, rows[n].why);
		assert_int_equal(err.code, CREDIS_EINVAL);
	}
}

static void
keywords_are_equal_when_they_say_the_same(void **state)
{
	struct credis_keyword *a =
	    make(CREDIS_DOUBLE, (const char *const[]){ "range", "[0, 1]", NULL });
	struct credis_keyword *b = make(CREDIS_DOUBLE,
	    (const char *const[]){ "range", "[0.0, 1.0]", "timeout", "30 seconds", NULL });

	(void)state;
	assert_true(keyword_equal(a, b));
	assert_true(credis_keyword_set(b, "deadband", "0.1", NULL));
	assert_false(keyword_equal(a, b));
	credis_keyword_free(a);
	credis_keyword_free(b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_read_back_in_one_spelling),
		cmocka_unit_test(a_refused_setting_says_why_and_changes_nothing),
		cmocka_unit_test(texts_have_a_most),
		cmocka_unit_test(every_setting_says_what_it_takes),
		cmocka_unit_test(the_whole_is_checked_and_the_initial_value_settled),
		cmocka_unit_test(a_heartbeat_can_only_be_read),
		cmocka_unit_test(descriptions_survive_the_way_there_and_back),
		cmocka_unit_test(a_description_reads_like_a_page_of_documentation),
		cmocka_unit_test(a_newer_descriptions_news_are_passed_over),
		cmocka_unit_test(what_is_no_description_is_refused),
		cmocka_unit_test(keywords_are_equal_when_they_say_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
