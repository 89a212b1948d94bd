/* fuzz_expr.c: any expression is refused with a reason, or has a result whatever of its values is
 * missing; what is decided without a value does not depend on it. */
#include "fuzz.h"

#include "core/expr.h"

static const struct {
	const char *name;
	enum credis_type type;
	const char *values;
	const char *value;
} rows[] = {
	{ "D", CREDIS_DOUBLE, NULL, "12.5" },
	{ "F", CREDIS_FLOAT, NULL, "0.1" },
	{ "I", CREDIS_INTEGER, NULL, "-3" },
	{ "E", CREDIS_ENUMERATED, "[\"open\", \"U\", \"2\"]", "U" },
	{ "B", CREDIS_BOOLEAN, NULL, "true" },
	{ "M", CREDIS_MASK, "[\"neon\", \"argon\"]", "argon" },
	{ "S", CREDIS_STRING, NULL, "text" },
	{ "A", CREDIS_DOUBLE_ARRAY, NULL, "[1, 2]" },
};
enum { ROWS = sizeof rows / sizeof *rows };

static struct credis_keyword *keywords[ROWS];
static struct credis_value *present[ROWS];

static void
make_keywords(void)
{
	struct credis_error err;

	for (size_t i = 0; i < ROWS && keywords[i] == NULL; i++) {
		keywords[i] = credis_keyword_new(rows[i].name, rows[i].type, &err);
		PROMISE(keywords[i] != NULL);
		PROMISE(rows[i].values == NULL ||
		    credis_keyword_set(keywords[i], "values", rows[i].values, &err));
		PROMISE(credis_keyword_finish(keywords[i], NULL, &err));
		present[i] =
		    credis_value_new(keywords[i], rows[i].value, strlen(rows[i].value), &err);
		PROMISE(present[i] != NULL);
	}
}

static const struct credis_keyword *
find(void *arg, const char *service, const char *keyword, struct credis_error *err)
{
	(void)arg;
	for (size_t i = 0; i < ROWS; i++)
		if (service == NULL && strcmp(keyword, rows[i].name) == 0)
			return keywords[i];
	*err = (struct credis_error){ CREDIS_ENOKEYWORD, "no such keyword" };
	return NULL;
}

/* Evaluates with the values that 'mask' has a bit for. */
static void
evaluate(const struct expr *expr, unsigned mask, struct expr_result *result)
{
	const struct credis_value *values[ROWS] = { NULL };
	struct expr_reference reference;

	PROMISE(expr_references(expr) <= ROWS);
	for (size_t n = 0; expr_reference(expr, n, &reference); n++)
		for (size_t i = 0; i < ROWS; i++)
			if (reference.description == keywords[i] && mask & 1u << i)
				values[n] = present[i];
	expr_evaluate(expr, values, result);
	PROMISE((result->kind == EXPR_TEXT) == (result->text != NULL));
	PROMISE((result->kind == EXPR_INVALID) == (result->why.text[0] != '\0'));
	PROMISE(result->kind != EXPR_NUMBER || result->number - result->number == 0);
}

static void
check(const struct expr *expr, unsigned mask)
{
	struct expr_result all, some;

	evaluate(expr, ~0u, &all);
	evaluate(expr, mask, &some);
	PROMISE(some.kind == EXPR_INVALID || expr_is_true(&some) == expr_is_true(&all));
	free(all.text);
	free(some.text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct credis_error err = { 0 };
	unsigned mask = length > 0 ? bytes[0] : 0;
	char *text = fuzz_text(bytes, length);

	make_keywords();
	struct expr *expr = expr_parse(text, find, NULL, &err);
	if (expr != NULL)
		check(expr, mask);
	else
		PROMISE(err.code != CREDIS_OK && err.text[0] != '\0');
	struct expr *untyped = expr_parse(text, NULL, NULL, NULL);
	PROMISE(expr == NULL || untyped != NULL);
	expr_free(untyped);
	expr_free(expr);
	free(text);
	return 0;
}
