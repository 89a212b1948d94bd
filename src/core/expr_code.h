/* expr_code.h: what the parser of expressions makes and the evaluator runs: nodes in postfix order,
 * already typed. Only for expr*.c. */
#ifndef CORE_EXPR_CODE_H
#define CORE_EXPR_CODE_H

#include "core/expr.h"
#include "core/slice.h"

enum expr_op {
	/* these push: a constant … */
	OP_NUMBER,
	OP_INTEGER,
	OP_TEXT,
	/* … or a reference's value */
	OP_LOAD_NUMBER,
	OP_LOAD_INTEGER,
	OP_LOAD_BOOLEAN,
	OP_LOAD_TEXT,
	OP_LOAD_NOTHING, /* of a keyword without description: never valid */
	/* these take one or two and push one */
	OP_NEGATE,
	OP_NOT,
	OP_AND,
	OP_OR,
	OP_COMPARE_NUMBERS,
	OP_COMPARE_INTEGERS,
	OP_COMPARE_TEXTS,
	OP_COMPARE_NOCASE,
	OP_CALL, /* functions, and + - * / % as functions of two */
};

/* How the order of two must be (-1, 0, 1 as bits 0, 1, 2) for a comparison to be true. */
enum expr_relation {
	LESS = 1,
	EQUAL = 2,
	LESS_EQUAL = 3,
	GREATER = 4,
	NOT_EQUAL = 5,
	GREATER_EQUAL = 6,
};

struct expr_function {
	const char *name;
	double (*of_one)(double);
	double (*of_two)(double, double);
	bool any_number; /* of two or more, folded from the left */
};

struct expr_node {
	enum expr_op op; /* up to OP_LOAD_NOTHING: pushes */
	enum expr_relation relation;
	union {
		double number;
		int64_t integer;
		struct slice text; /* owned, terminated */
		size_t reference;
		const struct expr_function *function;
	} as;
};

/* Operands that can wait at any time: a level of nesting leaves at most one for each of the five
 * levels of operators, and one before a comma. */
enum { EXPR_STACK_MAX = 6 * (EXPR_DEPTH_MAX + 2) };

struct expr {
	struct expr_node *nodes;
	size_t count, room;
	struct expr_reference *references;
	size_t reference_count, reference_room;
};

/* By name among those a person can call; NULL when there is none. */
const struct expr_function *expr_function_find(const char *name, size_t length);

/* The one that was probably meant; NULL when none is near. */
const char *expr_function_nearest(const char *name);

extern const struct expr_function expr_add, expr_subtract, expr_multiply, expr_divide,
    expr_remainder;

#endif
