/* expr_types.h: what may stand where in an expression. Only for expr*.c. */
#ifndef CORE_EXPR_TYPES_H
#define CORE_EXPR_TYPES_H

#include "core/expr_code.h"
#include "core/expr_token.h"

enum operand_type {
	OPERAND_ANY, /* a keyword without description */
	OPERAND_NUMBER,
	OPERAND_INTEGER,
	OPERAND_BOOLEAN,
	OPERAND_TEXT,
	OPERAND_ENUMERATED,
	OPERAND_MASK,
	OPERAND_ARRAY,
};

/* Something whose value lies on the stack. */
struct operand {
	enum operand_type type;
	bool literal; /* as written: takes the type of the keyword beside it */
	const struct credis_keyword *keyword; /* of a reference by itself; else NULL */
	size_t node;        /* the one that pushes it, when it is a literal or a reference */
	struct token token; /* to blame */
};

/* Appends a node; a text in it is copied. */
bool expr_emit(struct expr *expr, struct expr_node node, struct credis_error *err);

bool operand_push_reference(struct expr *expr, size_t reference, struct operand *operand,
    struct credis_error *err);
bool operand_push_literal(struct expr *expr, struct operand *operand, struct credis_error *err);

/* Where a number is needed a boolean counts as 0 or 1, an enumerated as its key, a mask as its
 * bits. */
bool operand_be_number(struct expr *expr, const struct operand *operand, struct credis_error *err);

/* Where a condition is needed a number counts as true unless it is 0. */
bool operand_be_condition(const struct operand *operand, struct credis_error *err);

/* Settles how the two, the last pushed, compare, and appends the comparison. */
bool operand_compare(struct expr *expr, enum expr_relation relation, const struct operand *left,
    const struct operand *right, struct credis_error *err);

#endif
