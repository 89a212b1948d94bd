/* test_value.c: text → value → text for every type: what is taken, stored, and refused. */
#include "core/value.h"

#include <credis/version.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* The labels that rows below refer to. */
enum which { NO_LABELS, FILTERS, LAMPS, DOORS, DIGITS, LABEL_SETS };

static struct labels sets[LABEL_SETS];

static int
make_labels(void **state)
{
	static const struct {
		enum which set;
		int64_t key;
		const char *text;
	} rows[] = {
		{ FILTERS, 0, "open" },
		{ FILTERS, 1, "U" },
		{ FILTERS, 20, "B" },
		{ FILTERS, -5, "R band" },
		{ LAMPS, 0, "neon" },
		{ LAMPS, 1, "argon" },
		{ LAMPS, 5, "flat field" },
		{ LAMPS, 62, "last" },
		{ DOORS, 0, "closed" },
		{ DOORS, 1, "open" },
		{ DIGITS, 0, "1" },
		{ DIGITS, 1, "0" },
		{ DIGITS, 2, "two" },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++)
		if (!labels_add(&sets[rows[n].set], rows[n].key, rows[n].text, strlen(rows[n].text),
			NULL))
			return -1;
	return 0;
}

static int
drop_labels(void **state)
{
	(void)state;
	for (int set = 0; set < LABEL_SETS; set++)
		labels_clear(&sets[set]);
	return 0;
}

static struct value_rules
rules_of(enum credis_type type, enum which set)
{
	return (struct value_rules){ .type = type,
		.finite = true,
		.labels = &sets[set],
		.max_count = 4 };
}

struct taken {
	enum credis_type type;
	enum which set;
	const char *text, *stored, *binary;
};

static const struct taken taken[] = {
	{ CREDIS_STRING, NO_LABELS, "", "", "" },
	{ CREDIS_STRING, NO_LABELS, " a\n\"é\" ", " a\n\"é\" ", " a\n\"é\" " },
	{ CREDIS_STRING, NO_LABELS, "longer than the room that a value has inside itself",
	    "longer than the room that a value has inside itself",
	    "longer than the room that a value has inside itself" },

	{ CREDIS_BOOLEAN, NO_LABELS, "1", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, "TRUE", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, "t", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, "Yes", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, "y", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, " on\n", "true", "1" },
	{ CREDIS_BOOLEAN, NO_LABELS, "0", "false", "0" },
	{ CREDIS_BOOLEAN, NO_LABELS, "False", "false", "0" },
	{ CREDIS_BOOLEAN, NO_LABELS, "F", "false", "0" },
	{ CREDIS_BOOLEAN, NO_LABELS, "nO", "false", "0" },
	{ CREDIS_BOOLEAN, NO_LABELS, "N", "false", "0" },
	{ CREDIS_BOOLEAN, NO_LABELS, "OFF", "false", "0" },
	{ CREDIS_BOOLEAN, DOORS, "Open", "true", "1" },
	{ CREDIS_BOOLEAN, DOORS, "closed", "false", "0" },
	{ CREDIS_BOOLEAN, DOORS, "true", "true", "1" },

	{ CREDIS_INTEGER, NO_LABELS, "42", "42", "42" },
	{ CREDIS_INTEGER, NO_LABELS, "0x2A", "42", "42" },
	{ CREDIS_INTEGER, NO_LABELS, "1e3", "1000", "1000" },
	{ CREDIS_INTEGER, NO_LABELS, "4.0", "4", "4" },
	{ CREDIS_INTEGER, NO_LABELS, "9007199254740993.0", "9007199254740993", "9007199254740993" },
	{ CREDIS_INTEGER, NO_LABELS, "-9223372036854775808", "-9223372036854775808",
	    "-9223372036854775808" },

	{ CREDIS_FLOAT, NO_LABELS, "0.1", "0.1", "0.1" },
	{ CREDIS_FLOAT, NO_LABELS, "16777217", "16777216", "16777216" },
	{ CREDIS_DOUBLE, NO_LABELS, " 12.50 ", "12.5", "12.5" },
	{ CREDIS_DOUBLE, NO_LABELS, "1e22", "1e+22", "1e+22" },
	{ CREDIS_DOUBLE, NO_LABELS, "-0", "-0", "-0" },
	{ CREDIS_DOUBLE, NO_LABELS, "-1.7976931348623157e308", "-1.7976931348623157e+308",
	    "-1.7976931348623157e+308" },

	{ CREDIS_ENUMERATED, FILTERS, "OPEN", "open", "0" },
	{ CREDIS_ENUMERATED, FILTERS, " r BAND", "R band", "-5" },
	{ CREDIS_ENUMERATED, FILTERS, "20", "B", "20" },
	{ CREDIS_ENUMERATED, FILTERS, "-5.0", "R band", "-5" },
	{ CREDIS_ENUMERATED, DIGITS, "1", "1", "0" },
	{ CREDIS_ENUMERATED, DIGITS, "0", "0", "1" },
	{ CREDIS_ENUMERATED, DIGITS, "2", "two", "2" },

	{ CREDIS_MASK, LAMPS, "none", "none", "0" },
	{ CREDIS_MASK, LAMPS, "0", "none", "0" },
	{ CREDIS_MASK, LAMPS, "NEON", "neon", "1" },
	{ CREDIS_MASK, LAMPS, "Flat Field , neon,argon,neon", "neon,argon,flat field", "35" },
	{ CREDIS_MASK, LAMPS, "0x21", "neon,flat field", "33" },
	{ CREDIS_MASK, LAMPS, "3.0", "neon,argon", "3" },
	{ CREDIS_MASK, LAMPS, "last", "last", "4611686018427387904" },
	{ CREDIS_MASK, DIGITS, "1", "1", "1" },
	{ CREDIS_MASK, DIGITS, "0,1", "1,0", "3" },
	{ CREDIS_MASK, DIGITS, "7", "1,0,two", "7" },

	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "", "[]", "[]" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, " [ ] ", "[]", "[]" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "1,0x2, 3.0", "[1, 2, 3]", "[1, 2, 3]" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[9007199254740993.0,\t-1]", "[9007199254740993, -1]",
	    "[9007199254740993, -1]" },
	{ CREDIS_FLOAT_ARRAY, NO_LABELS, "[0.1, 1e3]", "[0.1, 1000]", "[0.1, 1000]" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "0.30000000000000004, 1.0,-0, 1e300",
	    "[0.30000000000000004, 1, -0, 1e+300]", "[0.30000000000000004, 1, -0, 1e+300]" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "[\"1.5\"]", "[1.5]", "[1.5]" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[]", "[]", "[]" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, " a , b c,", "[\"a\", \"b c\", \"\"]",
	    "[\"a\", \"b c\", \"\"]" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"a, b\" ,\"\\\"\\\\\\/\\u00e9\\n]\", \"\"]",
	    "[\"a, b\", \"\\\"\\\\/é\\n]\", \"\"]", "[\"a, b\", \"\\\"\\\\/é\\n]\", \"\"]" },
};

static void
check_taken(const struct value_rules *rules, const struct taken *row)
{
	struct credis_value value, again;
	struct credis_error err;
	struct buffer binary = BUFFER_EMPTY;

	if (!value_parse(&value, rules, row->text, strlen(row->text), &err))
		fail_msg("'%s': %s", row->text, err.text);
	assert_string_equal(value_text(&value), row->stored);
	assert_int_equal(value.length, strlen(row->stored));
	value_print_binary(&value, &binary);
	assert_string_equal(binary.bytes, row->binary);
	buffer_free(&binary);

	if (!value_parse(&again, rules, value_text(&value), value.length, &err))
		fail_msg("stored '%s': %s", value_text(&value), err.text);
	assert_true(value_equal(&value, &again));
	value_clear(&again);

	assert_true(value_copy(&again, &value));
	value_clear(&value);
	assert_string_equal(value_text(&again), row->stored);
	value_take(&value, &again);
	assert_string_equal(value_text(&value), row->stored);
	value_clear(&value);
}

static void
every_type_takes_what_is_promised_and_its_own_stored_form(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(taken); n++) {
		struct value_rules rules = rules_of(taken[n].type, taken[n].set);
		check_taken(&rules, &taken[n]);
	}
}

static void
what_is_not_finite_is_taken_where_it_is_allowed(void **state)
{
	static const struct taken rows[] = {
		{ CREDIS_DOUBLE, NO_LABELS, "INF", "inf", "inf" },
		{ CREDIS_DOUBLE, NO_LABELS, "-infinity", "-inf", "-inf" },
		{ CREDIS_FLOAT, NO_LABELS, "NaN", "nan", "nan" },
		{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "1, inf, NAN", "[1, \"inf\", \"nan\"]",
		    "[1, \"inf\", \"nan\"]" },
		{ CREDIS_FLOAT_ARRAY, NO_LABELS, "[-inf, \"-inf\"]", "[\"-inf\", \"-inf\"]",
		    "[\"-inf\", \"-inf\"]" },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		struct value_rules rules = rules_of(rows[n].type, NO_LABELS);
		rules.finite = false;
		check_taken(&rules, &rows[n]);
	}
}

#define LONG "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"

static const struct {
	enum credis_type type;
	enum which set;
	const char *text;
	enum credis_code code;
	const char *why;
} refused[] = {
	{ CREDIS_STRING, NO_LABELS, "a\xff", CREDIS_ETYPE, "the text is not valid UTF-8" },
	{ CREDIS_BOOLEAN, NO_LABELS, "maybe", CREDIS_ETYPE,
	    "'maybe' is not a boolean (true or false, yes or no, on or off, 1 or 0)" },
	{ CREDIS_BOOLEAN, DOORS, "2", CREDIS_ETYPE,
	    "'2' is not a boolean (closed, open; true or false, yes or no, on or off, 1 or 0)" },
	{ CREDIS_INTEGER, NO_LABELS, "abc", CREDIS_ETYPE, "'abc' is not a number" },
	{ CREDIS_INTEGER, NO_LABELS, "", CREDIS_ETYPE, "'' is not a number" },
	{ CREDIS_INTEGER, NO_LABELS, " 4.1 ", CREDIS_ETYPE, "'4.1' is not a whole number" },
	{ CREDIS_INTEGER, NO_LABELS, "1e400", CREDIS_ERANGE, "'1e400' is more than 64 bits hold" },
	{ CREDIS_INTEGER, NO_LABELS, "9223372036854775808", CREDIS_ERANGE,
	    "'9223372036854775808' is more than 64 bits hold" },
	{ CREDIS_INTEGER, NO_LABELS, LONG, CREDIS_ETYPE,
	    "'abcdefghijklmnopqrstuvwxyzabcdefghijklmn…' is not a number" },
	{ CREDIS_FLOAT, NO_LABELS, "1e39", CREDIS_ERANGE, "'1e39' is more than a float holds" },
	{ CREDIS_DOUBLE, NO_LABELS, "1e400", CREDIS_ERANGE, "'1e400' is more than a double holds" },
	{ CREDIS_DOUBLE, NO_LABELS, "1.2.3", CREDIS_ETYPE, "'1.2.3' is not a number" },
	{ CREDIS_DOUBLE, NO_LABELS, "\x1b[31m", CREDIS_ETYPE, "'?[31m' is not a number" },
	{ CREDIS_DOUBLE, NO_LABELS, "-Inf", CREDIS_ETYPE, "'-inf' is not a finite number" },
	{ CREDIS_FLOAT, NO_LABELS, "nan", CREDIS_ETYPE, "'nan' is not a finite number" },
	{ CREDIS_ENUMERATED, FILTERS, "X", CREDIS_EVALUES, "'X' is none of open, U, B, R band" },
	{ CREDIS_ENUMERATED, FILTERS, "2", CREDIS_EVALUES, "'2' is none of open, U, B, R band" },
	{ CREDIS_ENUMERATED, FILTERS, "", CREDIS_EVALUES, "'' is none of open, U, B, R band" },
	{ CREDIS_MASK, LAMPS, "neon,xenon", CREDIS_EVALUES,
	    "'xenon' is none of neon, argon, flat field, last" },
	{ CREDIS_MASK, LAMPS, "neon,", CREDIS_EVALUES,
	    "'' is none of neon, argon, flat field, last" },
	{ CREDIS_MASK, LAMPS, "", CREDIS_EVALUES, "'' is none of neon, argon, flat field, last" },
	{ CREDIS_MASK, LAMPS, "neon,none", CREDIS_EVALUES,
	    "'none' is none of neon, argon, flat field, last" },
	{ CREDIS_MASK, LAMPS, "5", CREDIS_EVALUES, "5 has bit 2, which has no label" },
	{ CREDIS_MASK, LAMPS, "-1", CREDIS_EVALUES, "-1 is below 0: bits have no sign" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "1,2.5", CREDIS_ETYPE,
	    "element 2: '2.5' is not a whole number" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "1,,2", CREDIS_ETYPE, "element 2: '' is not a number" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[1,,2]", CREDIS_ETYPE, "element 2 is missing" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[1,]", CREDIS_ETYPE, "element 2 is missing" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[1, 2", CREDIS_ETYPE,
	    "the array has no ']' at its end" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[", CREDIS_ETYPE, "the array has no ']' at its end" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[1 2]", CREDIS_ETYPE,
	    "element 1: '1 2' is not a number" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "[[1]]", CREDIS_ETYPE,
	    "element 1: '[1]' is not a number" },
	{ CREDIS_INTEGER_ARRAY, NO_LABELS, "1,2,3,4,5", CREDIS_ELENGTH, "more than 4 elements" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "[true]", CREDIS_ETYPE,
	    "element 1: 'true' is not a number" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "1,inf", CREDIS_ETYPE,
	    "element 2: 'inf' is not a finite number" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "[1, \"", CREDIS_ETYPE,
	    "the array has no ']' at its end" },
	{ CREDIS_DOUBLE_ARRAY, NO_LABELS, "[1, \"]", CREDIS_ETYPE,
	    "element 2 has no quotation mark at its end" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"a\\\"]", CREDIS_ETYPE,
	    "element 1 has no quotation mark at its end" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"a\" b]", CREDIS_ETYPE,
	    "element 1 has something behind its quotation mark" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[a]", CREDIS_ETYPE,
	    "element 1: not a text in quotation marks" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"a\", 1]", CREDIS_ETYPE,
	    "element 2: not a text in quotation marks" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"a\\u0000\"]", CREDIS_ETYPE,
	    "element 1: the text holds a NUL byte" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "[\"\xff\"]", CREDIS_ETYPE,
	    "element 1: the text is not valid UTF-8" },
	{ CREDIS_STRING_ARRAY, NO_LABELS, "a,\xff", CREDIS_ETYPE,
	    "element 2: the text is not valid UTF-8" },
};

static void
refusals_say_what_is_wrong_and_leave_nothing(void **state)
{
	(void)state;
	for (size_t n = 0; n < COUNT(refused); n++) {
		struct value_rules rules = rules_of(refused[n].type, refused[n].set);
		struct credis_error err;
		struct credis_value value;

		if (value_parse(&value, &rules, refused[n].text, strlen(refused[n].text), &err))
			fail_msg("'%s' was taken as '%s'", refused[n].text, value_text(&value));
		assert_string_equal(err.text, refused[n].why);
		assert_int_equal(err.code, refused[n].code);
		assert_string_equal(value_text(&value), "");
		assert_int_equal(value.length, 0);
	}
}

static void
no_type_takes_a_nul_byte(void **state)
{
	(void)state;
	for (int type = 0; type < CREDIS_TYPES; type++) {
		struct value_rules rules = rules_of((enum credis_type)type, LAMPS);
		struct credis_value value;
		assert_false(value_parse(&value, &rules, "1\0", 2, NULL));
	}
}

static double
distance(enum credis_type type, const char *left, const char *right)
{
	struct value_rules rules = rules_of(type, LAMPS);
	struct credis_value a, b;

	rules.finite = false;
	assert_true(value_parse(&a, &rules, left, strlen(left), NULL));
	assert_true(value_parse(&b, &rules, right, strlen(right), NULL));
	double result = value_distance(&a, &b);
	assert_true(result == value_distance(&b, &a));
	value_clear(&a);
	value_clear(&b);
	return result;
}

static void
distances_are_the_largest_of_their_elements(void **state)
{
	(void)state;
	assert_true(distance(CREDIS_INTEGER, "9007199254740993", "9007199254740992") == 1);
	assert_true(
	    distance(CREDIS_INTEGER, "-9223372036854775808", "9223372036854775807") == 0x1p64);
	assert_true(distance(CREDIS_DOUBLE, "1.5", "-1") == 2.5);
	assert_true(distance(CREDIS_DOUBLE, "nan", "nan") == 0);
	assert_true(distance(CREDIS_DOUBLE, "inf", "inf") == 0);
	assert_true(isinf(distance(CREDIS_DOUBLE, "nan", "1")));
	assert_true(isinf(distance(CREDIS_FLOAT, "inf", "-inf")));
	assert_true(distance(CREDIS_DOUBLE_ARRAY, "1,2,3", "1,2.5,2") == 1);
	assert_true(distance(CREDIS_INTEGER_ARRAY, "1,2", "7,2") == 6);
	assert_true(isinf(distance(CREDIS_INTEGER_ARRAY, "1,2", "1")));
	assert_true(isinf(distance(CREDIS_STRING, "a", "a")));
	assert_true(isinf(distance(CREDIS_MASK, "neon", "argon")));
}

static void
formats_of_the_right_kind_pass(void **state)
{
	static const struct {
		const char *format;
		enum credis_type type;
	} rows[] = {
		{ "%.3f", CREDIS_DOUBLE },
		{ "%+08.2e", CREDIS_FLOAT },
		{ "%g%%", CREDIS_DOUBLE },
		{ "%a", CREDIS_DOUBLE },
		{ "%lf", CREDIS_DOUBLE },
		{ "%5ld", CREDIS_INTEGER },
		{ "%#llx", CREDIS_INTEGER },
		{ "%.1f", CREDIS_INTEGER },
		{ "<%-10s>", CREDIS_STRING },
		{ "%.64s", CREDIS_STRING },
		{ "%s", CREDIS_ENUMERATED },
		{ "%d", CREDIS_ENUMERATED },
		{ "%#o", CREDIS_MASK },
		{ "%s", CREDIS_BOOLEAN },
		{ "%i", CREDIS_BOOLEAN },
		{ "%6.2f", CREDIS_DOUBLE_ARRAY },
		{ "'%s'", CREDIS_STRING_ARRAY },
		{ "%u", CREDIS_INTEGER_ARRAY },
	};
	struct credis_error err;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++)
		if (!value_format_check(rows[n].format, rows[n].type, &err))
			fail_msg("%s: %s", rows[n].format, err.text);
}

static void
all_other_formats_are_refused(void **state)
{
	static const struct {
		const char *format;
		enum credis_type type;
		const char *why;
	} rows[] = {
		{ "", CREDIS_DOUBLE, "0 conversions instead of one" },
		{ "%%", CREDIS_DOUBLE, "0 conversions instead of one" },
		{ "%f %f", CREDIS_DOUBLE, "2 conversions instead of one" },
		{ "%d", CREDIS_DOUBLE, "%d does not fit the type double (one of eEfFgGaA)" },
		{ "%s", CREDIS_INTEGER, "%s does not fit the type integer (one of diuxXoeEfFgG)" },
		{ "%c", CREDIS_INTEGER, "%c does not fit the type integer (one of diuxXoeEfFgG)" },
		{ "%p", CREDIS_STRING, "%p does not fit the type string (one of s)" },
		{ "%n", CREDIS_INTEGER, "%n does not fit the type integer (one of diuxXoeEfFgG)" },
		{ "%*d", CREDIS_INTEGER, "%* does not fit the type integer (one of diuxXoeEfFgG)" },
		{ "%.*f", CREDIS_DOUBLE, "%* does not fit the type double (one of eEfFgGaA)" },
		{ "%1$s", CREDIS_STRING, "%$ does not fit the type string (one of s)" },
		{ "%'d", CREDIS_INTEGER, "%' does not fit the type integer (one of diuxXoeEfFgG)" },
		{ "%", CREDIS_STRING, "the conversion has no letter (one of s)" },
		{ "%5", CREDIS_STRING, "the conversion has no letter (one of s)" },
		{ "%65d", CREDIS_INTEGER, "width or precision above 64" },
		{ "%.65f", CREDIS_DOUBLE, "width or precision above 64" },
		{ "%99999999999999999999d", CREDIS_INTEGER, "width or precision above 64" },
		{ "%--------d", CREDIS_INTEGER, "more than 7 flags" },
		{ "%f", CREDIS_STRING_ARRAY, "%f does not fit the type string array (one of s)" },
		{ "%\x01", CREDIS_STRING, "%? does not fit the type string (one of s)" },
	};
	struct credis_error err;

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		if (value_format_check(rows[n].format, rows[n].type, &err))
			fail_msg("%s was taken", rows[n].format);
		assert_string_equal(err.text, rows[n].why);
	}
}

static void
formats_print_like_printf_and_wider_than_an_int(void **state)
{
	static const struct {
		enum credis_type type;
		const char *text, *format, *printed;
	} rows[] = {
		{ CREDIS_DOUBLE, "12.5", "%.3f", "12.500" },
		{ CREDIS_DOUBLE, "12.5", "", "12.5" },
		{ CREDIS_DOUBLE, "0.5", "%%%.0e%%", "%5e-01%" },
		{ CREDIS_DOUBLE, "1e308", "%64.64f", NULL },
		{ CREDIS_DOUBLE, "inf", "%05.1f", "  inf" },
		{ CREDIS_FLOAT, "0.1", "%g", "0.1" },
		{ CREDIS_INTEGER, "9223372036854775807", "%d", "9223372036854775807" },
		{ CREDIS_INTEGER, "-1", "%hhx", "ffffffffffffffff" },
		{ CREDIS_INTEGER, "3", "%.1f", "3.0" },
		{ CREDIS_INTEGER, "7", "%03d m", "007 m" },
		{ CREDIS_STRING, "é€", "<%6s>", "< é€>" },
		{ CREDIS_STRING, "é€", "<%-7s>", "<é€  >" },
		{ CREDIS_STRING, "é€", "<%.4s>", "<é>" },
		{ CREDIS_BOOLEAN, "yes", "%d", "1" },
		{ CREDIS_BOOLEAN, "yes", "%s", "true" },
		{ CREDIS_MASK, "neon,argon", "%#x", "0x3" },
		{ CREDIS_MASK, "neon,argon", "%s", "neon,argon" },
		{ CREDIS_DOUBLE_ARRAY, "1,2", "%.1f", "[1.0, 2.0]" },
		{ CREDIS_STRING_ARRAY, "a,b", "'%s'", "['a', 'b']" },
		{ CREDIS_INTEGER_ARRAY, "[]", "%d", "[]" },
	};

	(void)state;
	for (size_t n = 0; n < COUNT(rows); n++) {
		struct value_rules rules = rules_of(rows[n].type, LAMPS);
		struct buffer out = BUFFER_EMPTY;
		struct credis_value value;
		char expected[512];

		rules.finite = false;
		snprintf(expected, sizeof(expected), "%64.64f", 1e308);
		assert_true(value_parse(&value, &rules, rows[n].text, strlen(rows[n].text), NULL));
		value_print_format(&value, rows[n].format, &out);
		assert_string_equal(out.bytes,
		    rows[n].printed != NULL ? rows[n].printed : expected);
		buffer_free(&out);
		value_clear(&value);
	}
}

static void
types_and_severities_have_names(void **state)
{
	enum credis_type type = CREDIS_MASK;
	enum credis_severity severity = CREDIS_MAJOR;

	(void)state;
	for (int n = 0; n < CREDIS_TYPES; n++) {
		assert_true(credis_type_find(credis_type_name((enum credis_type)n), &type));
		assert_int_equal(type, n);
		assert_int_equal(type_is_array(type),
		    strstr(credis_type_name(type), "array") != NULL);
	}
	for (int n = 0; n < CREDIS_SEVERITIES; n++) {
		assert_true(
		    credis_severity_find(credis_severity_name((enum credis_severity)n), &severity));
		assert_int_equal(severity, n);
	}
	type = CREDIS_MASK;
	assert_false(credis_type_find("dubble", &type));
	assert_int_equal(type, CREDIS_MASK);
	assert_false(credis_severity_find("", &severity));
	assert_string_equal(credis_type_name((enum credis_type)99), "unknown");
	assert_int_equal(type_element(CREDIS_FLOAT_ARRAY), CREDIS_FLOAT);
	assert_int_equal(type_element(CREDIS_MASK), CREDIS_MASK);
	assert_string_equal(credis_version(), CREDIS_VERSION);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_type_takes_what_is_promised_and_its_own_stored_form),
		cmocka_unit_test(what_is_not_finite_is_taken_where_it_is_allowed),
		cmocka_unit_test(refusals_say_what_is_wrong_and_leave_nothing),
		cmocka_unit_test(no_type_takes_a_nul_byte),
		cmocka_unit_test(distances_are_the_largest_of_their_elements),
		cmocka_unit_test(formats_of_the_right_kind_pass),
		cmocka_unit_test(all_other_formats_are_refused),
		cmocka_unit_test(formats_print_like_printf_and_wider_than_an_int),
		cmocka_unit_test(types_and_severities_have_names),
	};

	return cmocka_run_group_tests(tests, make_labels, drop_labels);
}
