/* expr.c: runs parsed expressions over present values, on a stack of fixed size.
 * Types were settled by the parser: a node finds the operands it expects, or an invalid one. */
#include "core/expr.h"

#include "core/error.h"
#include "core/expr_code.h"
#include "core/text.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

struct slot {
	enum expr_kind kind;
	union {
		double number; /* of a boolean: 0 or 1 */
		int64_t integer;
		struct slice text;
		const struct expr_node *culprit; /* EXPR_INVALID: where it came up */
	} as;
};

static bool takes_two(const struct expr_node *node);
static struct slot push(const struct expr_node *node, const struct credis_value *const *values);
static struct slot operate(const struct expr_node *node, const struct slot *a,
    const struct slot *b);
static void settle(const struct expr *expr, const struct slot *slot, struct expr_result *result);
static void explain(const struct expr *expr, const struct expr_node *culprit,
    struct credis_error *why);

void
expr_free(struct expr *expr)
{
	if (expr == NULL)
		return;
	for (size_t i = 0; i < expr->count; i++)
		if (expr->nodes[i].op == OP_TEXT)
			free((char *)expr->nodes[i].as.text.bytes);
	for (size_t i = 0; i < expr->reference_count; i++) {
		free((char *)expr->references[i].service);
		free((char *)expr->references[i].keyword);
	}
	free(expr->nodes);
	free(expr->references);
	free(expr);
}

size_t
expr_references(const struct expr *expr)
{
	return expr->reference_count;
}

bool
expr_reference(const struct expr *expr, size_t n, struct expr_reference *reference)
{
	if (n >= expr->reference_count)
		return false;
	*reference = expr->references[n];
	return true;
}

void
expr_evaluate(const struct expr *expr, const struct credis_value *const *values,
    struct expr_result *result)
{
	struct slot stack[EXPR_STACK_MAX];
	size_t depth = 0;

	for (size_t i = 0; i < expr->count; i++) {
		const struct expr_node *node = &expr->nodes[i];
		if (node->op <= OP_LOAD_NOTHING) {
			assert(depth < EXPR_STACK_MAX);
			stack[depth++] = push(node, values);
		} else {
			depth -= takes_two(node);
			stack[depth - 1] = operate(node, &stack[depth - 1], &stack[depth]);
		}
	}
	assert(depth == 1);
	result->kind = stack->kind;
	result->number = 0;
	result->boolean = false;
	result->text = NULL;
	result->why.code = CREDIS_OK;
	result->why.text[0] = '\0';
	settle(expr, stack, result);
}

bool
expr_is_true(const struct expr_result *result)
{
	return (result->kind == EXPR_BOOLEAN && result->boolean) ||
	    (result->kind == EXPR_NUMBER && result->number != 0);
}

static void
settle(const struct expr *expr, const struct slot *slot, struct expr_result *result)
{
	switch (slot->kind) {
	case EXPR_INVALID: explain(expr, slot->as.culprit, &result->why); break;
	case EXPR_NUMBER: result->number = slot->as.number; break;
	case EXPR_BOOLEAN:
		result->number = slot->as.number;
		result->boolean = slot->as.number != 0;
		break;
	case EXPR_TEXT:
		result->text = text_copy(slot->as.text.bytes, slot->as.text.length);
		if (result->text == NULL) {
			result->kind = EXPR_INVALID;
			error_no_memory(&result->why);
		}
		break;
	}
}

static void
explain(const struct expr *expr, const struct expr_node *culprit, struct credis_error *why)
{
	if (culprit->op == OP_CALL) {
		const struct expr_function *function = culprit->as.function;
		if (function == &expr_divide || function == &expr_remainder)
			error_set(why, CREDIS_EINVAL, "division by zero");
		else
			error_set(why, CREDIS_EINVAL, "the result of %s is not a finite number",
			    function->name);
		return;
	}
	const struct expr_reference *reference = &expr->references[culprit->as.reference];
	error_set(why, CREDIS_EINVAL, "%s%s%s has no valid value",
	    reference->service != NULL ? reference->service : "",
	    reference->service != NULL ? "." : "", reference->keyword);
}

static struct slot
number(double number)
{
	return (struct slot){ .kind = EXPR_NUMBER, .as.number = number };
}

static struct slot
boolean(bool boolean)
{
	return (struct slot){ .kind = EXPR_BOOLEAN, .as.number = boolean };
}

static struct slot
text(const char *bytes, size_t length)
{
	return (struct slot){ .kind = EXPR_TEXT, .as.text = { bytes, length } };
}

static struct slot
invalid(const struct expr_node *culprit)
{
	return (struct slot){ .kind = EXPR_INVALID, .as.culprit = culprit };
}

static struct slot
load(const struct expr_node *node, const struct credis_value *value)
{
	struct slot slot = { .kind = EXPR_NUMBER };
	int64_t integer;
	double real;

	if (value == NULL || node->op == OP_LOAD_NOTHING)
		return invalid(node);
	if (node->op == OP_LOAD_TEXT)
		return text(value_text(value), value->length);
	if (node->op == OP_LOAD_INTEGER)
		return credis_value_integer(value, &slot.as.integer) ? slot : invalid(node);
	if (node->op == OP_LOAD_BOOLEAN)
		return credis_value_integer(value, &integer) ? boolean(integer != 0)
							     : invalid(node);
	if (!credis_value_real(value, &real) || !isfinite(real))
		return invalid(node);
	return number(real);
}

static struct slot
push(const struct expr_node *node, const struct credis_value *const *values)
{
	if (node->op == OP_NUMBER)
		return number(node->as.number);
	if (node->op == OP_INTEGER)
		return (struct slot){ .kind = EXPR_NUMBER, .as.integer = node->as.integer };
	if (node->op == OP_TEXT)
		return text(node->as.text.bytes, node->as.text.length);
	return load(node, values[node->as.reference]);
}

static bool
takes_two(const struct expr_node *node)
{
	return node->op == OP_CALL ? node->as.function->of_two != NULL : node->op >= OP_AND;
}

/* "and" is decided by a false one whatever the other is, "or" by a true one. */
static struct slot
decide(bool decisive, const struct slot *a, const struct slot *b)
{
	if (a->kind != EXPR_INVALID && (a->as.number != 0) == decisive)
		return boolean(decisive);
	if (b->kind != EXPR_INVALID && (b->as.number != 0) == decisive)
		return boolean(decisive);
	if (a->kind == EXPR_INVALID)
		return *a;
	return b->kind == EXPR_INVALID ? *b : boolean(!decisive);
}

static struct slot
call(const struct expr_node *node, double a, double b)
{
	const struct expr_function *function = node->as.function;
	double result = function->of_two != NULL ? function->of_two(a, b) : function->of_one(a);

	return isfinite(result) ? number(result) : invalid(node);
}

static int
order_texts(const struct slice *a, const struct slice *b, bool nocase)
{
	size_t shorter = a->length < b->length ? a->length : b->length;

	if (nocase)
		return !text_equal_nocase(a->bytes, a->length, b->bytes, b->length);
	int order = memcmp(a->bytes, b->bytes, shorter);
	return order != 0 ? order : (a->length > b->length) - (a->length < b->length);
}

static struct slot
compare(const struct expr_node *node, const struct slot *a, const struct slot *b)
{
	int order;

	if (node->op == OP_COMPARE_NUMBERS)
		order = (a->as.number > b->as.number) - (a->as.number < b->as.number);
	else if (node->op == OP_COMPARE_INTEGERS)
		order = (a->as.integer > b->as.integer) - (a->as.integer < b->as.integer);
	else
		order = order_texts(&a->as.text, &b->as.text, node->op == OP_COMPARE_NOCASE);
	enum expr_relation found = order < 0 ? LESS : order > 0 ? GREATER : EQUAL;
	return boolean((node->relation & found) != 0);
}

static struct slot
operate(const struct expr_node *node, const struct slot *a, const struct slot *b)
{
	bool two = takes_two(node);

	if (node->op == OP_AND || node->op == OP_OR)
		return decide(node->op == OP_OR, a, b);
	if (a->kind == EXPR_INVALID)
		return *a;
	if (two && b->kind == EXPR_INVALID)
		return *b;
	if (node->op == OP_NEGATE)
		return number(-a->as.number);
	if (node->op == OP_NOT)
		return boolean(a->as.number == 0);
	if (node->op == OP_CALL)
		return call(node, a->as.number, two ? b->as.number : 0);
	return compare(node, a, b);
}
