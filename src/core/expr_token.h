/* expr_token.h: the words of an expression. Only for expr*.c. */
#ifndef CORE_EXPR_TOKEN_H
#define CORE_EXPR_TOKEN_H

#include "core/slice.h"

#include <credis/error.h>

#include <stdbool.h>

enum token_kind {
	TOKEN_END,
	TOKEN_NUMBER,
	TOKEN_WORD, /* a label, or a function's name */
	TOKEN_QUOTED,
	TOKEN_REFERENCE,
	TOKEN_OR,
	TOKEN_AND,
	TOKEN_NOT,
	TOKEN_EQUAL,
	TOKEN_NOT_EQUAL,
	TOKEN_LESS,
	TOKEN_LESS_EQUAL,
	TOKEN_GREATER,
	TOKEN_GREATER_EQUAL,
	TOKEN_PLUS,
	TOKEN_MINUS,
	TOKEN_TIMES,
	TOKEN_DIVIDE,
	TOKEN_REMAINDER,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_COMMA,
};

struct token {
	enum token_kind kind;
	struct slice source;  /* as it stands in the expression */
	struct slice text;    /* without quotes or '$' */
	struct slice service; /* of a reference; empty when not named; text is the keyword */
	double number;
};

/* Takes the next token off '*at'. False with the reason. */
bool token_take(struct token *token, const char **at, struct credis_error *err);

/* "at 'foo': <fault>"; returns false. */
bool token_fault(const struct token *token, struct credis_error *err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
