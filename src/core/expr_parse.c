/* expr_parse.c: the grammar of expressions, into typed postfix code.
 * Knows keywords through a callback. What may be compared with what is expr_types.c's business. */
#include "core/expr.h"

#include "core/error.h"
#include "core/expr_types.h"
#include "core/keyword.h"
#include "core/text.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum level {
	LEVEL_ANY,
	LEVEL_OR,
	LEVEL_AND,
	LEVEL_NOT,
	LEVEL_COMPARISON,
	LEVEL_SUM,
	LEVEL_PRODUCT
};

/* What stands between two operands; a higher level binds tighter. */
static const struct binary {
	enum level level; /* LEVEL_ANY: not a binary operator */
	enum expr_op op;
	enum expr_relation relation;
	const struct expr_function *function;
} binaries[] = {
	[TOKEN_OR] = { LEVEL_OR, OP_OR, 0, NULL },
	[TOKEN_AND] = { LEVEL_AND, OP_AND, 0, NULL },
	[TOKEN_EQUAL] = { LEVEL_COMPARISON, 0, EQUAL, NULL },
	[TOKEN_NOT_EQUAL] = { LEVEL_COMPARISON, 0, NOT_EQUAL, NULL },
	[TOKEN_LESS] = { LEVEL_COMPARISON, 0, LESS, NULL },
	[TOKEN_LESS_EQUAL] = { LEVEL_COMPARISON, 0, LESS_EQUAL, NULL },
	[TOKEN_GREATER] = { LEVEL_COMPARISON, 0, GREATER, NULL },
	[TOKEN_GREATER_EQUAL] = { LEVEL_COMPARISON, 0, GREATER_EQUAL, NULL },
	[TOKEN_PLUS] = { LEVEL_SUM, OP_CALL, 0, &expr_add },
	[TOKEN_MINUS] = { LEVEL_SUM, OP_CALL, 0, &expr_subtract },
	[TOKEN_TIMES] = { LEVEL_PRODUCT, OP_CALL, 0, &expr_multiply },
	[TOKEN_DIVIDE] = { LEVEL_PRODUCT, OP_CALL, 0, &expr_divide },
	[TOKEN_REMAINDER] = { LEVEL_PRODUCT, OP_CALL, 0, &expr_remainder },
	[TOKEN_COMMA] = { LEVEL_ANY, 0, 0, NULL }, /* the last kind: each has a row */
};

enum { WORD_MAX = 31 }; /* of what may be a function, as far as a guess goes */

struct parser {
	struct expr *expr;
	const char *at;
	struct token token; /* the next one, not yet taken */
	size_t depth;       /* of nesting */
	expr_find *find;
	void *arg;
	struct credis_error *err;
};

static bool parse_all(struct parser *parser);
static bool parse_operation(struct parser *parser, enum level least, struct operand *operand);
static bool parse_operand(struct parser *parser, enum level least, struct operand *operand);
static bool advance(struct parser *parser);

struct expr *
expr_parse(const char *text, expr_find *find, void *arg, struct credis_error *err)
{
	struct parser parser = { .at = text, .find = find, .arg = arg, .err = err };
	size_t length = strlen(text);

	if (length > EXPR_TEXT_MAX) {
		error_set(err, CREDIS_EINVAL, "the expression: %zu bytes are above the maximum %d",
		    length, EXPR_TEXT_MAX);
		return NULL;
	}
	if (!text_is_utf8(text, length)) {
		error_set(err, CREDIS_EINVAL, "the expression is not UTF-8");
		return NULL;
	}
	parser.expr = calloc(1, sizeof *parser.expr);
	if (parser.expr == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (!parse_all(&parser)) {
		expr_free(parser.expr);
		return NULL;
	}
	return parser.expr;
}

static bool
parse_all(struct parser *parser)
{
	struct operand whole;

	if (!advance(parser) || !parse_operation(parser, LEVEL_ANY, &whole))
		return false;
	if (parser->token.kind != TOKEN_END)
		return token_fault(&parser->token, parser->err, "expected an operator or the end");
	return true;
}

static bool
advance(struct parser *parser)
{
	return token_take(&parser->token, &parser->at, parser->err);
}

static bool
apply(struct parser *parser, const struct binary *binary, struct operand *left,
    struct operand *right)
{
	struct expr *expr = parser->expr;
	struct expr_node node = { .op = binary->op };

	if (binary->level == LEVEL_COMPARISON) {
		if (binaries[parser->token.kind].level == LEVEL_COMPARISON)
			return token_fault(&parser->token, parser->err,
			    "comparisons do not chain: write a < b and b < c");
		return operand_compare(expr, binary->relation, left, right, parser->err);
	}
	if (binary->function != NULL) {
		node.as.function = binary->function;
		return operand_be_number(expr, left, parser->err) &&
		    operand_be_number(expr, right, parser->err) &&
		    expr_emit(expr, node, parser->err);
	}
	return operand_be_condition(left, parser->err) &&
	    operand_be_condition(right, parser->err) && expr_emit(expr, node, parser->err);
}

/* Operands joined by operators of at least this level, from the left. */
static bool
parse_operation(struct parser *parser, enum level least, struct operand *operand)
{
	if (!parse_operand(parser, least, operand))
		return false;
	for (;;) {
		const struct binary *binary = &binaries[parser->token.kind];
		struct token sign = parser->token;
		struct operand right;
		if (binary->level == LEVEL_ANY || binary->level < least)
			return true;
		if (!advance(parser) || !parse_operation(parser, binary->level + 1, &right) ||
		    !apply(parser, binary, operand, &right))
			return false;
		*operand = (struct operand){ .token = sign,
			.type = binary->function != NULL ? OPERAND_NUMBER : OPERAND_BOOLEAN };
	}
}

static bool
parse_not(struct parser *parser, enum level least, struct operand *operand)
{
	struct token token = parser->token;

	if (least > LEVEL_NOT)
		return token_fault(&token, parser->err, "belongs in parentheses here");
	if (!advance(parser) || !parse_operation(parser, LEVEL_NOT, operand) ||
	    !operand_be_condition(operand, parser->err) ||
	    !expr_emit(parser->expr, (struct expr_node){ .op = OP_NOT }, parser->err))
		return false;
	*operand = (struct operand){ .type = OPERAND_BOOLEAN, .token = token };
	return true;
}

/* Directly before a number '-' is part of it, so that -1 is a literal, too. */
static bool
parse_minus(struct parser *parser, struct operand *operand)
{
	struct token token = parser->token;

	if (!advance(parser))
		return false;
	if (parser->token.kind == TOKEN_NUMBER &&
	    parser->token.source.bytes == token.source.bytes + 1) {
		parser->token.source.bytes--;
		parser->token.source.length++;
		parser->token.number = -parser->token.number;
		return parse_operand(parser, LEVEL_PRODUCT, operand);
	}
	if (!parse_operand(parser, LEVEL_PRODUCT, operand) ||
	    !operand_be_number(parser->expr, operand, parser->err) ||
	    !expr_emit(parser->expr, (struct expr_node){ .op = OP_NEGATE }, parser->err))
		return false;
	*operand = (struct operand){ .type = OPERAND_NUMBER, .token = token };
	return true;
}

static bool
expect(struct parser *parser, enum token_kind kind, const char *what)
{
	if (parser->token.kind != kind)
		return token_fault(&parser->token, parser->err, "expected %s", what);
	return advance(parser);
}

static bool
parse_parentheses(struct parser *parser, struct operand *operand)
{
	return advance(parser) && parse_operation(parser, LEVEL_ANY, operand) &&
	    expect(parser, TOKEN_CLOSE, "an operator or ')'");
}

/* The arguments of a function, already folded where it takes any number of them. */
static bool
parse_arguments(struct parser *parser, const struct token *name,
    const struct expr_function *function, size_t *count)
{
	struct expr_node call = { .op = OP_CALL, .as.function = function };
	struct operand argument;

	for (*count = 0; *count == 0 || parser->token.kind == TOKEN_COMMA;) {
		if (!advance(parser) || !parse_operation(parser, LEVEL_ANY, &argument) ||
		    !operand_be_number(parser->expr, &argument, parser->err))
			return false;
		if (++*count > 1 && function->any_number &&
		    !expr_emit(parser->expr, call, parser->err))
			return false;
	}
	size_t wanted = function->of_two != NULL ? 2 : 1;
	if (*count < wanted || (*count > wanted && !function->any_number))
		return token_fault(name, parser->err, "takes %zu%s, not %zu", wanted,
		    function->any_number ? " numbers or more"
			: wanted == 1    ? " number"
					 : " numbers",
		    *count);
	return true;
}

static bool
refuse_function(struct parser *parser, const struct token *name)
{
	char word[WORD_MAX + 1];
	size_t length = name->text.length < WORD_MAX ? name->text.length : WORD_MAX;

	memcpy(word, name->text.bytes, length);
	word[length] = '\0';
	const char *near = expr_function_nearest(word);
	return token_fault(name, parser->err, "is not a function%s%s%s",
	    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
}

static bool
parse_call(struct parser *parser, struct operand *operand)
{
	struct token name = operand->token;
	const struct expr_function *function =
	    expr_function_find(name.text.bytes, name.text.length);
	struct expr_node call = { .op = OP_CALL, .as.function = function };
	size_t count;

	if (function == NULL)
		return refuse_function(parser, &name);
	if (!parse_arguments(parser, &name, function, &count) ||
	    !expect(parser, TOKEN_CLOSE, "',' or ')'"))
		return false;
	*operand = (struct operand){ .type = OPERAND_NUMBER, .token = name };
	return function->any_number || expr_emit(parser->expr, call, parser->err);
}

/* A word is a function's name before '(', else PI or a label. */
static bool
parse_word(struct parser *parser, struct operand *operand)
{
	static const struct expr_node pi = { .op = OP_NUMBER, .as.number = M_PI };
	struct slice text = operand->token.text;

	if (!advance(parser))
		return false;
	if (parser->token.kind == TOKEN_OPEN)
		return parse_call(parser, operand);
	if (text.length != 2 || memcmp(text.bytes, "PI", 2) != 0)
		return operand_push_literal(parser->expr, operand, parser->err);
	operand->type = OPERAND_NUMBER;
	return expr_emit(parser->expr, pi, parser->err);
}

static bool
add_reference(struct parser *parser, const char *service, const char *keyword)
{
	struct expr *expr = parser->expr;
	struct expr_reference *reference;

	if (expr->reference_count == expr->reference_room) {
		size_t room = expr->reference_room > 0 ? expr->reference_room * 2 : 4;
		reference = realloc(expr->references, room * sizeof *reference);
		if (reference == NULL)
			return error_no_memory(parser->err);
		expr->references = reference;
		expr->reference_room = room;
	}
	reference = &expr->references[expr->reference_count];
	*reference = (struct expr_reference){ NULL, NULL, NULL };
	if (parser->find != NULL) {
		reference->description = parser->find(parser->arg, service, keyword, parser->err);
		if (reference->description == NULL)
			return false;
	}
	expr->reference_count++; /* from here on expr_free() sees to it */
	reference->keyword = text_copy(keyword, strlen(keyword));
	if (service != NULL)
		reference->service = text_copy(service, strlen(service));
	if (reference->keyword == NULL || (service != NULL && reference->service == NULL))
		return error_no_memory(parser->err);
	return true;
}

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
parse_reference(struct parser *parser, struct operand *operand)
{
	struct expr *expr = parser->expr;
	struct slice name = operand->token.text, prefix = operand->token.service;
	char keyword[CREDIS_KEYWORD_MAX + 1], room[CREDIS_SERVICE_MAX + 1];
	const char *service = prefix.length > 0 ? room : NULL;
	struct credis_error why;
	size_t n = 0;

	if ((service != NULL && !service_name_check(prefix.bytes, prefix.length, room, &why)) ||
	    !keyword_name_check(name.bytes, name.length, keyword, &why))
		return token_fault(&operand->token, parser->err, "%s", why.text);
	while (n < expr->reference_count &&
	    !(same_text(expr->references[n].service, service) &&
		same_text(expr->references[n].keyword, keyword)))
		n++;
	if (n == expr->reference_count && !add_reference(parser, service, keyword))
		return false;
	return operand_push_reference(expr, n, operand, parser->err) && advance(parser);
}

static bool
parse_one(struct parser *parser, enum level least, struct operand *operand)
{
	*operand = (struct operand){ .token = parser->token };
	switch (parser->token.kind) {
	case TOKEN_NOT: return parse_not(parser, least, operand);
	case TOKEN_MINUS: return parse_minus(parser, operand);
	case TOKEN_OPEN: return parse_parentheses(parser, operand);
	case TOKEN_REFERENCE: return parse_reference(parser, operand);
	case TOKEN_WORD: return parse_word(parser, operand);
	case TOKEN_NUMBER:
	case TOKEN_QUOTED:
		return operand_push_literal(parser->expr, operand, parser->err) && advance(parser);
	default:
		return token_fault(&parser->token, parser->err,
		    "expected a number, a label, a function or a $KEYWORD");
	}
}

static bool
parse_operand(struct parser *parser, enum level least, struct operand *operand)
{
	if (parser->depth >= EXPR_DEPTH_MAX)
		return token_fault(&parser->token, parser->err, "is nested deeper than %d",
		    EXPR_DEPTH_MAX);
	parser->depth++;
	bool ok = parse_one(parser, least, operand);
	parser->depth--;
	return ok;
}
