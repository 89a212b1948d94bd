/* test_expr.c: what core/expr.h promises, over a small telescope. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/expr.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The keywords there are, each with its present value. */
static struct {
	const char *name;
	enum credis_type type;
	const char *values; /* labels, as JSON; NULL: none */
	const char *value;  /* NULL: none that is valid */
	struct credis_keyword *keyword;
} keywords[] = {
	{ "AZ", CREDIS_DOUBLE, NULL, "12.5", NULL },
	{ "EL", CREDIS_FLOAT, NULL, "0.1", NULL },
	{ "COUNT", CREDIS_INTEGER, NULL, "9007199254740993", NULL },
	{ "NEAR", CREDIS_INTEGER, NULL, "9007199254740992", NULL },
	{ "FILTER", CREDIS_ENUMERATED, "[\"open\", \"U\", \"B\", \"off axis\", \"2\"]", "U", NULL },
	{ "WANTED", CREDIS_ENUMERATED, "[\"u\", \"open\"]", "u", NULL },
	{ "PARK", CREDIS_BOOLEAN, NULL, "false", NULL },
	{ "DOOR", CREDIS_BOOLEAN, "[\"shut\", \"open\"]", "true", NULL },
	{ "LAMPS", CREDIS_MASK, "[\"neon\", \"argon\", \"flat\"]", "neon,flat", NULL },
	{ "NAME", CREDIS_STRING, NULL, "NGC 1", NULL },
	{ "CODE", CREDIS_STRING, NULL, "10", NULL },
	{ "OFFSET", CREDIS_DOUBLE_ARRAY, NULL, "[1,2.5]", NULL },
	{ "LOST", CREDIS_DOUBLE, NULL, NULL, NULL },
	{ "ENDLESS", CREDIS_DOUBLE, NULL, "inf", NULL },
};
enum { KEYWORDS = sizeof keywords / sizeof *keywords };

static int
make_keywords(void **state)
{
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < KEYWORDS; i++) {
		struct credis_keyword *keyword =
		    credis_keyword_new(keywords[i].name, keywords[i].type, &err);
		keywords[i].keyword = keyword;
		if (keyword == NULL ||
		    (keywords[i].values != NULL &&
			!credis_keyword_set(keyword, "values", keywords[i].values, &err)) ||
		    (strcmp(keywords[i].name, "ENDLESS") == 0 &&
			!credis_keyword_set(keyword, "finite", "false", &err)) ||
		    !credis_keyword_finish(keyword, NULL, &err)) {
			fprintf(stderr, "# %s\n", err.text);
			return -1;
		}
	}
	return 0;
}

static int
free_keywords(void **state)
{
	(void)state;
	for (size_t i = 0; i < KEYWORDS; i++)
		credis_keyword_free(keywords[i].keyword);
	return 0;
}

static size_t
row_of(const char *name)
{
	size_t row = 0;

	while (row < KEYWORDS && strcmp(keywords[row].name, name) != 0)
		row++;
	return row;
}

static const struct credis_keyword *
find(void *arg, const char *service, const char *keyword, struct credis_error *err)
{
	size_t row = row_of(keyword);

	(void)arg;
	if (row < KEYWORDS && (service == NULL || strcmp(service, "telescope") == 0))
		return keywords[row].keyword;
	err->code = CREDIS_ENOKEYWORD;
	snprintf(err->text, sizeof err->text, "%s%s%s: no such keyword", service ? service : "",
	    service ? "." : "", keyword);
	return NULL;
}

/* Evaluates with the present values; the result's text is to free. */
static struct expr_result
evaluate(const char *text)
{
	struct credis_value *values[16] = { NULL };
	struct expr_reference reference;
	struct expr_result result;
	struct credis_error err;
	struct expr *expr = expr_parse(text, find, NULL, &err);

	if (expr == NULL)
		fail_msg("'%s': %s", text, err.text);
	assert_in_range(expr_references(expr), 0, 16);
	for (size_t i = 0; expr_reference(expr, i, &reference); i++) {
		const char *value = keywords[row_of(reference.keyword)].value;
		if (value == NULL)
			continue;
		values[i] = credis_value_new(reference.description, value, strlen(value), &err);
		if (values[i] == NULL)
			fail_msg("%s: %s", reference.keyword, err.text);
	}
	expr_evaluate(expr, (const struct credis_value *const *)values, &result);
	for (size_t i = 0; i < 16; i++)
		credis_value_free(values[i]);
	expr_free(expr);
	return result;
}

static void
numbers_are_calculated_as_in_mathematics(void **state)
{
	static const struct {
		const char *text;
		double number;
	} rows[] = {
		{ "1 + 2 * 3", 7 },
		{ "(1 + 2) * 3", 9 },
		{ "10 - 4 - 3", 3 },
		{ "24 / 4 / 2", 3 },
		{ "7 % 4", 3 },
		{ "-7 % 4", -3 },
		{ "2 * -3", -6 },
		{ "2 - -3", 5 },
		{ "--3", 3 },
		{ "-(1 + 1)", -2 },
		{ "1e3 + .5", 1000.5 },
		{ "1.", 1 },
		{ "1e-3", 0.001 },
		{ "0x10", 16 },
		{ "abs(-3)", 3 },
		{ "min(3, 1, 2)", 1 },
		{ "max(3, 1, 2)", 3 },
		{ "max(min(1, 2), -min(3, 4))", 1 },
		{ "round(2.5)", 3 },
		{ "floor(-0.5)", -1 },
		{ "ceil(0.5)", 1 },
		{ "sqrt(16)", 4 },
		{ "pow(2, 10)", 1024 },
		{ "exp(0)", 1 },
		{ "log(exp(2))", 2 },
		{ "sin(PI / 2) + cos(0) + tan(0)", 2 },
		{ "asin(1) + acos(1) - PI / 2", 0 },
		{ "4 * atan(1) - PI", 0 },
		{ "atan2(1, 1) - PI / 4", 0 },
		{ "$AZ * 2", 25 },
		{ "$telescope.AZ*2", 25 },
		{ "$az - 0.5", 12 },
		{ "$AZ-1.5", 11 },
		{ "$AZ -$AZ", 0 },
		{ "1 / cos((90 - 90) * PI / 180)", 1 },
		{ "$FILTER + 1", 2 },
		{ "$DOOR + ($AZ > 1) + $PARK", 2 },
		{ "$LAMPS % 8", 5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr_result result = evaluate(rows[i].text);
		if (result.kind != EXPR_NUMBER || fabs(result.number - rows[i].number) > 1e-12)
			fail_msg("'%s' is %d %.17g %s", rows[i].text, (int)result.kind,
			    result.number, result.why.text);
	}
}

static void
conditions_hold_or_do_not(void **state)
{
	static const struct {
		const char *text;
		bool holds;
	} rows[] = {
		{ "($telescope.AZ >= 9.9 and $FILTER == u) or not $PARK", true },
		{ "1 < 2 and 2 <= 2 and 3 > 2 and 2 >= 2 and 1 == 1.0 and 1 != 2", true },
		{ "2 < 2 or 2 > 2 or 1 == 2 or 1 != 1", false },
		{ "not 1 == 2", true },
		{ "not not $DOOR", true },
		{ "0 or 0.0", false },
		{ "1 or 0 and 0", true },
		{ "1 + 1 == 2", true },
		{ "$PARK == false", true },
		{ "$PARK == No", true },
		{ "$PARK == 0", true },
		{ "off == $PARK", true },
		{ "$DOOR == OPEN", true },
		{ "$DOOR == open and $DOOR == true and $DOOR != shut", true },
		{ "($AZ > 1) == true", true },
		{ "$DOOR == ($AZ > 1)", true },
		{ "$DOOR > 0", true },
		{ "$FILTER == u", true },
		{ "$FILTER == U", true },
		{ "$FILTER == 'U'", true },
		{ "$FILTER == 1", true },
		{ "$FILTER == 1.0 or $FILTER != 3", true },
		{ "$FILTER != open", true },
		{ "$FILTER == \"off axis\"", false },
		{ "u == $FILTER", true },
		{ "$FILTER == 2", false }, /* the label 2 wins over B's key */
		{ "$FILTER < 2", true },
		{ "$FILTER == $WANTED", true },
		{ "$WANTED == $FILTER", true },
		{ "$LAMPS == 'flat,neon'", true },
		{ "$LAMPS == 5", true },
		{ "$LAMPS != none", true },
		{ "$LAMPS > 4", true },
		{ "$NAME == 'NGC 1'", true },
		{ "$NAME == 'ngc 1'", false },
		{ "$NAME < 'NGC 10' and $NAME >= 'NGC'", true },
		{ "$CODE == 10", true },
		{ "$CODE == 10.0", false },
		{ "$CODE != $NAME", true },
		{ "$OFFSET == '1, 2.5'", true },
		{ "$OFFSET == '[1, 2.50]'", true },
		{ "$OFFSET != '1,2'", true },
		{ "$OFFSET == $OFFSET", true },
		{ "$EL == 0.1", true },
		{ "$EL == 0.1 and $EL >= 0.1 and $EL <= 0.1", true },
		{ "$COUNT == 9007199254740993", true },
		{ "$COUNT == 9007199254740992", false },
		{ "$COUNT > 9007199254740992", true },
		{ "$COUNT > $NEAR", true },
		{ "$COUNT != $NEAR", true },
		{ "$COUNT > 4.5", true },
		{ "$COUNT == 4.5", false },
		{ "$AZ > -1 and -1 < $AZ", true },
		{ "open == open and open != shut and a < b", true },
		{ "2x2 == '2x2'", true },
		{ "12:30 == '12:30'", true },
		{ "min == 'min'", true },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr_result result = evaluate(rows[i].text);
		if (result.kind != EXPR_BOOLEAN || expr_is_true(&result) != rows[i].holds)
			fail_msg("'%s' is %d %d %s", rows[i].text, (int)result.kind, result.boolean,
			    result.why.text);
	}
}

static void
texts_are_results_too_and_never_true(void **state)
{
	static const struct {
		const char *text;
		const char *result;
	} rows[] = {
		{ "$FILTER", "U" },
		{ "$NAME", "NGC 1" },
		{ "$LAMPS", "neon,flat" },
		{ "$OFFSET", "[1, 2.5]" },
		{ "true", "true" },
		{ "''", "" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr_result result = evaluate(rows[i].text);
		assert_int_equal(result.kind, EXPR_TEXT);
		assert_string_equal(result.text, rows[i].result);
		assert_false(expr_is_true(&result));
		free(result.text);
	}
}

static void
invalid_is_not_false(void **state)
{
	static const struct {
		const char *text;
		const char *why; /* NULL: valid all the same */
		bool holds;
	} rows[] = {
		{ "$LOST", "LOST has no valid value", false },
		{ "$telescope.LOST > 1", "telescope.LOST has no valid value", false },
		{ "not $LOST", "LOST has no valid value", false },
		{ "-$LOST", "LOST has no valid value", false },
		{ "max(1, $LOST)", "LOST has no valid value", false },
		{ "$LOST and 1", "LOST has no valid value", false },
		{ "1 and $LOST", "LOST has no valid value", false },
		{ "0 or $LOST > 1", "LOST has no valid value", false },
		{ "0 and $LOST", NULL, false },
		{ "$LOST and 0", NULL, false },
		{ "$LOST or 1", NULL, true },
		{ "1 or $LOST", NULL, true },
		{ "$LOST > 1 or $DOOR", NULL, true },
		{ "$ENDLESS > 1", "ENDLESS has no valid value", false },
		{ "1 / 0", "division by zero", false },
		{ "1 % 0", "division by zero", false },
		{ "sqrt(-1)", "the result of sqrt is not a finite number", false },
		{ "log(0)", "the result of log is not a finite number", false },
		{ "1e308 * 10", "the result of * is not a finite number", false },
		{ "1 / 0 == 1 / 0", "division by zero", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct expr_result result = evaluate(rows[i].text);
		if ((result.kind == EXPR_INVALID) != (rows[i].why != NULL))
			fail_msg("'%s' is %d", rows[i].text, (int)result.kind);
		assert_int_equal(expr_is_true(&result), rows[i].holds);
		assert_string_equal(result.why.text, rows[i].why != NULL ? rows[i].why : "");
	}
}

static void
a_fault_says_where_and_what_is_expected(void **state)
{
	static const struct {
		const char *text;
		const char *reason;
	} rows[] = {
		{ "", "at the end: expected a number, a label, a function or a $KEYWORD" },
		{ "1 +", "at the end: expected a number, a label, a function or a $KEYWORD" },
		{ "* 2", "at '*': expected a number, a label, a function or a $KEYWORD" },
		{ "1 2", "at '2': expected an operator or the end" },
		{ "(1", "at the end: expected an operator or ')'" },
		{ "1)", "at ')': expected an operator or the end" },
		{ "min(1, 2", "at the end: expected ',' or ')'" },
		{ "sine(1)", "at 'sine': is not a function; did you mean sin?" },
		{ "gamma(1)", "at 'gamma': is not a function" },
		{ "sin(1, 2)", "at 'sin': takes 1 number, not 2" },
		{ "atan2(1)", "at 'atan2': takes 2 numbers, not 1" },
		{ "min(1)", "at 'min': takes 2 numbers or more, not 1" },
		{ "sin()", "at ')': expected a number, a label, a function or a $KEYWORD" },
		{ "1 < 2 < 3", "at '<': comparisons do not chain: write a < b and b < c" },
		{ "$AZ = 1", "at '=': write ==" },
		{ "$AZ > 1 && $EL > 1", "at '&&': write and" },
		{ "!$PARK", "at '!': write not" },
		{ "1 + not 2", "at 'not': belongs in parentheses here" },
		{ "'open", "at ''open': the quote is not closed" },
		{ "$", "at '$': behind '$' belongs KEYWORD or service.KEYWORD" },
		{ "$1", "at '$1': '1' is not a name (a letter, then letters, digits and '_' '.')" },
		{ "1e999", "at '1e999': is not a number that fits" },
		{ "$NOSUCH", "NOSUCH: no such keyword" },
		{ "$other.AZ", "other.AZ: no such keyword" },
		{ "$FILTER == X", "at 'X': FILTER: 'X' is none of open, U, B, off axis, 2" },
		{ "X != $FILTER", "at 'X': FILTER: 'X' is none of open, U, B, off axis, 2" },
		{ "$FILTER < open", "at 'open': has no order beside enumerated" },
		{ "$PARK == open",
		    "at 'open': PARK: 'open' is not a boolean (true or false, yes or "
		    "no, on or off, 1 or 0)" },
		{ "$AZ == open", "at 'open': AZ: 'open' is not a number" },
		{ "$AZ > open", "at 'open': AZ: 'open' is not a number" },
		{ "$AZ == $NAME", "at '$NAME': is a text where a number is needed" },
		{ "$NAME < 5", "at '5': has no order beside a text" },
		{ "$NAME + 1", "at '$NAME': is a text where a number is needed" },
		{ "sin(open)", "at 'open': is a text where a number is needed" },
		{ "$OFFSET > 1",
		    "at '$OFFSET': is an array, which compares as a whole with a quoted "
		    "text by == and !=" },
		{ "$OFFSET == 1",
		    "at '$OFFSET': is an array, which compares as a whole with a quoted "
		    "text by == and !=" },
		{ "$OFFSET == $AZ", "at '$OFFSET': is an array where a number is needed" },
		{ "$FILTER and 1",
		    "at '$FILTER': is enumerated, neither true nor false; compare it" },
		{ "not open", "at 'open': is a text, neither true nor false; compare it" },
		{ "($AZ > 1) == $NAME", "at '>': is a boolean where a text is needed" },
	};
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (expr_parse(rows[i].text, find, NULL, &err) != NULL)
			fail_msg("'%s' was taken", rows[i].text);
		assert_string_equal(err.text, rows[i].reason);
	}
}

static void
references_are_listed_once_in_their_case(void **state)
{
	struct expr *expr =
	    expr_parse("$az + $Tel-2.El > $AZ and $tel-2.EL == x", NULL, NULL, NULL);
	struct expr_reference reference;

	(void)state;
	assert_non_null(expr);
	assert_int_equal(expr_references(expr), 2);
	assert_true(expr_reference(expr, 0, &reference));
	assert_null(reference.service);
	assert_string_equal(reference.keyword, "AZ");
	assert_true(expr_reference(expr, 1, &reference));
	assert_string_equal(reference.service, "tel-2");
	assert_string_equal(reference.keyword, "EL");
	assert_null(reference.description);
	assert_false(expr_reference(expr, 2, &reference));
	expr_free(expr);
}

static void
what_is_parsed_without_descriptions_is_never_valid(void **state)
{
	struct credis_value *value = credis_value_new(keywords[0].keyword, "1", 1, NULL);
	const struct credis_value *const values[] = { value };
	struct expr *expr = expr_parse("$AZ == 1", NULL, NULL, NULL);
	struct expr_result result;

	(void)state;
	expr_evaluate(expr, values, &result);
	assert_int_equal(result.kind, EXPR_INVALID);
	expr_free(expr);
	credis_value_free(value);
}

/* Repeats 'piece' and closes with 'end' as often; to free. */
static char *
repeat(const char *piece, size_t times, const char *middle, const char *end)
{
	size_t room = times * (strlen(piece) + strlen(end)) + strlen(middle) + 1;
	char *text = calloc(1, room), *at = text;

	assert_non_null(text);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, piece);
	at = stpcpy(at, middle);
	for (size_t i = 0; i < times; i++)
		at = stpcpy(at, end);
	return text;
}

static void
depth_and_length_are_bounded(void **state)
{
	static const struct {
		const char *piece, *end;
	} rows[] = {
		{ "(", ")" },
		{ "not ", "" },
		{ "- ", "" },
		{ "sin(", ")" },
		{ "0 or 1 and 1 == 1 + 1 * max(1, ", ")" },
	};
	struct credis_error err;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char *deep = repeat(rows[i].piece, EXPR_DEPTH_MAX - 1, "1", rows[i].end);
		struct expr_result result = evaluate(deep);
		assert_int_not_equal(result.kind, EXPR_INVALID);
		free(deep);
		deep = repeat(rows[i].piece, EXPR_DEPTH_MAX, "1", rows[i].end);
		assert_null(expr_parse(deep, find, NULL, &err));
		assert_string_equal(err.text, "at '1': is nested deeper than 64");
		free(deep);
	}
	char *wide = repeat("1+", EXPR_TEXT_MAX / 2 - 1, "11", "");
	assert_int_equal(strlen(wide), EXPR_TEXT_MAX);
	assert_int_equal(evaluate(wide).number, EXPR_TEXT_MAX / 2 - 1 + 11);
	free(wide);
	wide = repeat("1+", EXPR_TEXT_MAX / 2 - 1, "111", "");
	assert_null(expr_parse(wide, find, NULL, &err));
	assert_string_equal(err.text, "the expression: 4097 bytes are above the maximum 4096");
	free(wide);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_calculated_as_in_mathematics),
		cmocka_unit_test(conditions_hold_or_do_not),
		cmocka_unit_test(texts_are_results_too_and_never_true),
		cmocka_unit_test(invalid_is_not_false),
		cmocka_unit_test(a_fault_says_where_and_what_is_expected),
		cmocka_unit_test(references_are_listed_once_in_their_case),
		cmocka_unit_test(what_is_parsed_without_descriptions_is_never_valid),
		cmocka_unit_test(depth_and_length_are_bounded),
	};

	return cmocka_run_group_tests_name("expr", tests, make_keywords, free_keywords);
}
