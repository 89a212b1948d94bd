/* expr_types.c: decides how operands of each type meet, and appends the code for it.
 * Rule of all comparisons: a literal beside a keyword is read as a value of that keyword. */
#include "core/expr_types.h"

#include "core/error.h"
#include "core/keyword.h"
#include "core/text.h"
#include "core/value.h"

#include <stdlib.h>

static const struct {
	enum operand_type type;
	enum expr_op load;
} of_keyword[CREDIS_TYPES] = {
	[CREDIS_STRING] = { OPERAND_TEXT, OP_LOAD_TEXT },
	[CREDIS_BOOLEAN] = { OPERAND_BOOLEAN, OP_LOAD_BOOLEAN },
	[CREDIS_INTEGER] = { OPERAND_INTEGER, OP_LOAD_NUMBER },
	[CREDIS_FLOAT] = { OPERAND_NUMBER, OP_LOAD_NUMBER },
	[CREDIS_DOUBLE] = { OPERAND_NUMBER, OP_LOAD_NUMBER },
	[CREDIS_ENUMERATED] = { OPERAND_ENUMERATED, OP_LOAD_TEXT },
	[CREDIS_MASK] = { OPERAND_MASK, OP_LOAD_TEXT },
	[CREDIS_INTEGER_ARRAY] = { OPERAND_ARRAY, OP_LOAD_TEXT },
	[CREDIS_FLOAT_ARRAY] = { OPERAND_ARRAY, OP_LOAD_TEXT },
	[CREDIS_DOUBLE_ARRAY] = { OPERAND_ARRAY, OP_LOAD_TEXT },
	[CREDIS_STRING_ARRAY] = { OPERAND_ARRAY, OP_LOAD_TEXT },
};

static const char *const type_names[] = {
	[OPERAND_ANY] = "unknown",
	[OPERAND_NUMBER] = "a number",
	[OPERAND_INTEGER] = "a number",
	[OPERAND_BOOLEAN] = "a boolean",
	[OPERAND_TEXT] = "a text",
	[OPERAND_ENUMERATED] = "enumerated",
	[OPERAND_MASK] = "a mask",
	[OPERAND_ARRAY] = "an array",
};

bool
expr_emit(struct expr *expr, struct expr_node node, struct credis_error *err)
{
	if (expr->count == expr->room) {
		size_t room = expr->room > 0 ? expr->room * 2 : 8;
		struct expr_node *nodes = realloc(expr->nodes, room * sizeof *nodes);
		if (nodes == NULL)
			return error_no_memory(err);
		expr->nodes = nodes;
		expr->room = room;
	}
	if (node.op == OP_TEXT) {
		node.as.text.bytes = text_copy(node.as.text.bytes, node.as.text.length);
		if (node.as.text.bytes == NULL)
			return error_no_memory(err);
	}
	expr->nodes[expr->count++] = node;
	return true;
}

bool
operand_push_reference(struct expr *expr, size_t reference, struct operand *operand,
    struct credis_error *err)
{
	const struct credis_keyword *keyword = expr->references[reference].description;
	struct expr_node node = { .op = OP_LOAD_NOTHING, .as.reference = reference };

	operand->node = expr->count;
	operand->keyword = keyword;
	operand->type = OPERAND_ANY;
	if (keyword != NULL) {
		operand->type = of_keyword[keyword->type].type;
		node.op = of_keyword[keyword->type].load;
	}
	return expr_emit(expr, node, err);
}

bool
operand_push_literal(struct expr *expr, struct operand *operand, struct credis_error *err)
{
	operand->node = expr->count;
	operand->literal = true;
	if (operand->token.kind == TOKEN_NUMBER) {
		operand->type = OPERAND_NUMBER;
		return expr_emit(expr,
		    (struct expr_node){ .op = OP_NUMBER, .as.number = operand->token.number }, err);
	}
	operand->type = OPERAND_TEXT;
	return expr_emit(expr, (struct expr_node){ .op = OP_TEXT, .as.text = operand->token.text },
	    err);
}

bool
operand_be_number(struct expr *expr, const struct operand *operand, struct credis_error *err)
{
	if (operand->type == OPERAND_TEXT || operand->type == OPERAND_ARRAY)
		return token_fault(&operand->token, err, "is %s where a number is needed",
		    type_names[operand->type]);
	if (operand->type == OPERAND_ENUMERATED || operand->type == OPERAND_MASK)
		expr->nodes[operand->node].op = OP_LOAD_NUMBER;
	return true;
}

bool
operand_be_condition(const struct operand *operand, struct credis_error *err)
{
	if (operand->type <= OPERAND_BOOLEAN)
		return true;
	return token_fault(&operand->token, err, "is %s, neither true nor false; compare it",
	    type_names[operand->type]);
}

/* Puts another constant where the literal's was. */
static bool
replace_literal(struct expr *expr, const struct operand *literal, struct expr_node node,
    struct credis_error *err)
{
	struct expr_node *old = &expr->nodes[literal->node];

	if (node.op == OP_TEXT) {
		node.as.text.bytes = text_copy(node.as.text.bytes, node.as.text.length);
		if (node.as.text.bytes == NULL)
			return error_no_memory(err);
	}
	if (old->op == OP_TEXT)
		free((char *)old->as.text.bytes);
	*old = node;
	return true;
}

static bool
is_number(const struct operand *operand)
{
	return operand->type == OPERAND_NUMBER || operand->type == OPERAND_INTEGER;
}

/* Reads a literal as a value of what stands beside it. */
static bool
read_literal(const struct operand *literal, const struct operand *beside,
    struct credis_value *value, struct credis_error *err)
{
	const struct credis_keyword *keyword = beside->keyword;
	struct value_rules rules = { .type = CREDIS_BOOLEAN };
	struct slice text =
	    literal->token.kind == TOKEN_NUMBER ? literal->token.source : literal->token.text;
	struct credis_error why;

	if (keyword != NULL)
		rules = (struct value_rules){ keyword->type, true, &keyword->labels,
			KEYWORD_MAX_COUNT };
	if (value_parse(value, &rules, text.bytes, text.length, &why))
		return true;
	if (why.code == CREDIS_ENOMEM)
		return error_no_memory(err);
	return token_fault(&literal->token, err, "%s%s%s", keyword != NULL ? keyword->name : "",
	    keyword != NULL ? ": " : "", why.text);
}

/* Makes the literal the constant that 'value' is, and tells how to compare with it. */
static bool
use_literal(struct expr *expr, const struct operand *literal, const struct operand *beside,
    const struct credis_value *value, enum expr_op *op, struct credis_error *err)
{
	struct expr_node node = { .op = OP_NUMBER };

	*op = OP_COMPARE_NUMBERS;
	if (beside->type == OPERAND_ARRAY) {
		*op = OP_COMPARE_TEXTS;
		node.op = OP_TEXT;
		node.as.text = (struct slice){ value_text(value), value->length };
	} else if (beside->type == OPERAND_NUMBER) {
		node.as.number = value->as.real;
	} else if (beside->keyword == NULL) {
		node.as.number = (double)value->as.integer;
	} else {
		*op = OP_COMPARE_INTEGERS;
		node.op = OP_INTEGER;
		node.as.integer = value->as.integer;
		expr->nodes[beside->node].op = OP_LOAD_INTEGER;
	}
	return replace_literal(expr, literal, node, err);
}

static bool
compare_literal(struct expr *expr, bool ordered, const struct operand *literal,
    const struct operand *beside, enum expr_op *op, struct credis_error *err)
{
	struct credis_value value;
	bool number = literal->token.kind == TOKEN_NUMBER;

	if (beside->type == OPERAND_TEXT) {
		*op = OP_COMPARE_TEXTS;
		if (!number)
			return true;
		if (ordered)
			return token_fault(&literal->token, err, "has no order beside a text");
		return replace_literal(expr, literal,
		    (struct expr_node){ .op = OP_TEXT, .as.text = literal->token.source }, err);
	}
	if (beside->type == OPERAND_ARRAY && (number || ordered))
		return token_fault(&beside->token, err,
		    "is an array, which compares as a whole with a quoted text by == and !=");
	if (ordered && !is_number(beside)) {
		if (!number)
			return token_fault(&literal->token, err, "has no order beside %s",
			    type_names[beside->type]);
		*op = OP_COMPARE_NUMBERS;
		return operand_be_number(expr, beside, err);
	}
	/* 4.5 beside an integer is a number all the same. */
	*op = OP_COMPARE_NUMBERS;
	bool either_way = number && is_number(beside);
	if (!read_literal(literal, beside, &value, either_way ? NULL : err))
		return either_way;
	bool ok = use_literal(expr, literal, beside, &value, op, err);
	value_clear(&value);
	return ok;
}

/* Lets a reference be compared by its stored form. */
static bool
be_text(struct expr *expr, const struct operand *operand, struct credis_error *err)
{
	if (operand->type == OPERAND_BOOLEAN && operand->keyword == NULL)
		return token_fault(&operand->token, err, "is a boolean where a text is needed");
	if (operand->keyword != NULL)
		expr->nodes[operand->node].op = OP_LOAD_TEXT;
	return true;
}

static bool
has_case(const struct operand *operand)
{
	return operand->type != OPERAND_ENUMERATED && operand->type != OPERAND_BOOLEAN;
}

static bool
compare_alike(struct expr *expr, bool ordered, const struct operand *left,
    const struct operand *right, enum expr_op *op, struct credis_error *err)
{
	if (left->type == OPERAND_ANY || right->type == OPERAND_ANY) {
		*op = OP_COMPARE_TEXTS; /* never run */
		return true;
	}
	if (left->type == OPERAND_INTEGER && right->type == OPERAND_INTEGER) {
		*op = OP_COMPARE_INTEGERS;
		expr->nodes[left->node].op = expr->nodes[right->node].op = OP_LOAD_INTEGER;
		return true;
	}
	*op = OP_COMPARE_NUMBERS;
	if (is_number(left) || is_number(right))
		return operand_be_number(expr, left, err) && operand_be_number(expr, right, err);
	if (left->type == OPERAND_BOOLEAN && right->type == OPERAND_BOOLEAN)
		return true;
	if (ordered && (left->type != OPERAND_TEXT || right->type != OPERAND_TEXT))
		return token_fault(&right->token, err, "has no order beside %s",
		    type_names[left->type]);
	*op = has_case(left) && has_case(right) ? OP_COMPARE_TEXTS : OP_COMPARE_NOCASE;
	return be_text(expr, left, err) && be_text(expr, right, err);
}

bool
operand_compare(struct expr *expr, enum expr_relation relation, const struct operand *left,
    const struct operand *right, struct credis_error *err)
{
	bool ordered = relation != EQUAL && relation != NOT_EQUAL;
	bool left_typed = left->keyword != NULL || left->type == OPERAND_BOOLEAN;
	bool right_typed = right->keyword != NULL || right->type == OPERAND_BOOLEAN;
	enum expr_op op = OP_COMPARE_NUMBERS;
	bool ok;

	if (right->literal && left_typed)
		ok = compare_literal(expr, ordered, right, left, &op, err);
	else if (left->literal && right_typed)
		ok = compare_literal(expr, ordered, left, right, &op, err);
	else
		ok = compare_alike(expr, ordered, left, right, &op, err);
	return ok && expr_emit(expr, (struct expr_node){ .op = op, .relation = relation }, err);
}
