/* expr.h: expressions over keywords: parsed once, evaluated many times.
 * Knows nothing of where values come from: they are asked for through a callback. */
#ifndef CORE_EXPR_H
#define CORE_EXPR_H

#include "core/keyword.h"
#include "core/value.h"

#include <credis/error.h>

struct expr;

enum {
	EXPR_TEXT_MAX = 4096, /* bytes in an expression */
	EXPR_DEPTH_MAX = 64,  /* nesting */
};

/* Finds a keyword for "$service.KEYWORD" ('service' is NULL for "$KEYWORD"); NULL with the reason
 * when there is none. The description must outlive the expression. */
typedef const struct credis_keyword *expr_find(void *arg, const char *service, const char *keyword,
    struct credis_error *err);

/* Parses; 'find' tells types, so that labels, booleans and numbers compare as such. NULL with the
 * reason and where ("at 'foo': …") on failure. Without 'find' only the grammar is checked: the
 * references can be listed, and the result is EXPR_INVALID where one matters.
 *
 * A number or text beside a keyword is read as a value of that keyword, which is a fault when it
 * cannot be one. Where a number is needed a boolean counts as 0 or 1, an enumerated as its key, a
 * mask as its bits. Texts compare by bytes and have an order; labels and booleans compare in any
 * case and have none; an array compares as a whole with a text. */
struct expr *expr_parse(const char *text, expr_find *find, void *arg, struct credis_error *err);
void expr_free(struct expr *expr);

/* The references it holds, each once: 0, 1, 2 …; false past the last. 'service' may come back
 * NULL. */
struct expr_reference {
	const char *service; /* lower case */
	const char *keyword; /* upper case */
	const struct credis_keyword *description;
};
bool expr_reference(const struct expr *expr, size_t n, struct expr_reference *reference);
size_t expr_references(const struct expr *expr);

/* A result. */
enum expr_kind { EXPR_INVALID, EXPR_NUMBER, EXPR_BOOLEAN, EXPR_TEXT };
struct expr_result {
	enum expr_kind kind;
	double number;
	bool boolean;
	char *text;              /* with EXPR_TEXT: to free() */
	struct credis_error why; /* with EXPR_INVALID */
};

/* Evaluates with the present values of the references, in the order of expr_reference(); NULL where
 * there is none or it is invalid: the result is then EXPR_INVALID unless it does not matter
 * (false and X is false; true or X is true). Division by zero and what is not finite are
 * EXPR_INVALID too. */
void expr_evaluate(const struct expr *expr, const struct credis_value *const *values,
    struct expr_result *result);

/* Whether a result counts as true: boolean true, a number that is not 0; text never. */
bool expr_is_true(const struct expr_result *result);

#endif
