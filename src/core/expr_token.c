/* expr_token.c: cuts an expression into words. Knows what a number, a label and a reference look
 * like; what they mean is the parser's business. */
#include "core/expr_token.h"

#include "core/error.h"
#include "core/number.h"
#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { QUOTED_MAX = 40 };

/* Longer ones first where one begins another. */
static const struct {
	const char *text;
	enum token_kind kind;
} operators[] = {
	{ "==", TOKEN_EQUAL },
	{ "!=", TOKEN_NOT_EQUAL },
	{ "<=", TOKEN_LESS_EQUAL },
	{ ">=", TOKEN_GREATER_EQUAL },
	{ "<", TOKEN_LESS },
	{ ">", TOKEN_GREATER },
	{ "+", TOKEN_PLUS },
	{ "-", TOKEN_MINUS },
	{ "*", TOKEN_TIMES },
	{ "/", TOKEN_DIVIDE },
	{ "%", TOKEN_REMAINDER },
	{ "(", TOKEN_OPEN },
	{ ")", TOKEN_CLOSE },
	{ ",", TOKEN_COMMA },
};

static const struct {
	const char *text;
	enum token_kind kind;
} words[] = {
	{ "or", TOKEN_OR },
	{ "and", TOKEN_AND },
	{ "not", TOKEN_NOT },
};

/* What people write who come from other languages. */
static const struct {
	const char *text;
	const char *instead;
} foreign[] = {
	{ "&&", "and" },
	{ "||", "or" },
	{ "!", "not" },
	{ "=", "==" },
	{ "^", "pow(a, b)" },
	{ "&", "and" },
	{ "|", "or" },
};
#define COUNT(table) (sizeof(table) / sizeof(*(table)))

/* What ends a word. */
#define BLANKS " \t\r\n\v\f"
#define STOPS BLANKS "=!<>+-*/%(),'\""
#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

static bool starts(const char *at, const char *with);
static size_t number_length(const char *at);
static bool take_quoted(struct token *token, const char **at, struct credis_error *err);
static bool take_reference(struct token *token, const char **at, struct credis_error *err);
static bool take_word(struct token *token, const char **at, struct credis_error *err);

bool
token_take(struct token *token, const char **at, struct credis_error *err)
{
	*at += strspn(*at, BLANKS);
	*token = (struct token){ .kind = TOKEN_END, .source = { *at, 1 }, .text = { *at, 1 } };
	if (**at == '\0')
		return true;
	if (**at == '\'' || **at == '"')
		return take_quoted(token, at, err);
	if (**at == '$')
		return take_reference(token, at, err);
	for (size_t i = 0; i < COUNT(operators); i++)
		if (starts(*at, operators[i].text)) {
			token->kind = operators[i].kind;
			token->source.length = strlen(operators[i].text);
			*at += token->source.length;
			return true;
		}
	for (size_t i = 0; i < COUNT(foreign); i++)
		if (starts(*at, foreign[i].text)) {
			token->kind = TOKEN_WORD;
			token->source.length = strlen(foreign[i].text);
			return token_fault(token, err, "write %s", foreign[i].instead);
		}
	return take_word(token, at, err);
}

bool
token_fault(const struct token *token, struct credis_error *err, const char *format, ...)
{
	char fault[CREDIS_ERROR_TEXT], quoted[QUOTED_MAX + 4];
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(fault, sizeof fault, format, arguments);
	va_end(arguments);
	if (token->kind == TOKEN_END)
		return error_set(err, CREDIS_EINVAL, "at the end: %s", fault);
	return error_set(err, CREDIS_EINVAL, "at '%s': %s",
	    text_quote(quoted, token->source.bytes, token->source.length, QUOTED_MAX), fault);
}

static bool
starts(const char *at, const char *with)
{
	return strncmp(at, with, strlen(with)) == 0;
}

static bool
take_quoted(struct token *token, const char **at, struct credis_error *err)
{
	const char *close = strchr(*at + 1, **at);

	token->kind = TOKEN_QUOTED;
	token->source.length = close != NULL ? (size_t)(close + 1 - *at) : strlen(*at);
	if (close == NULL)
		return token_fault(token, err, "the quote is not closed");
	token->text = (struct slice){ *at + 1, token->source.length - 2 };
	*at = close + 1;
	return true;
}

/* "$KEYWORD" or "$service.KEYWORD". A '-' may belong to a service's name only, so it does where
 * a '.' and a letter follow: "$a-b.C" is one reference, "$A-1.5" a difference. */
static bool
take_reference(struct token *token, const char **at, struct credis_error *err)
{
	const char *name = *at + 1;
	size_t service = strspn(name, LETTERS DIGITS "_-");
	size_t length;

	token->kind = TOKEN_REFERENCE;
	if (service > 0 && name[service] == '.' && strspn(name + service + 1, LETTERS) > 0) {
		token->service = (struct slice){ name, service };
		name += service + 1;
		length = strspn(name, LETTERS DIGITS "_.");
	} else
		length = strspn(name, LETTERS DIGITS "_");
	token->text = (struct slice){ name, length };
	token->source.length = (size_t)(name + length - *at);
	if (length == 0)
		return token_fault(token, err, "behind '$' belongs KEYWORD or service.KEYWORD");
	*at = name + length;
	return true;
}

static size_t
number_length(const char *at)
{
	if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X'))
		return 2 + strspn(at + 2, DIGITS "abcdefABCDEF");
	size_t length = strspn(at, DIGITS);
	size_t fraction = at[length] == '.' ? strspn(at + length + 1, DIGITS) : 0;
	if (length + fraction == 0)
		return 0;
	length += at[length] == '.' ? 1 + fraction : 0;
	if (at[length] == 'e' || at[length] == 'E') {
		size_t sign = at[length + 1] == '+' || at[length + 1] == '-';
		size_t digits = strspn(at + length + 1 + sign, DIGITS);
		length += digits > 0 ? 1 + sign + digits : 0;
	}
	return length;
}

/* A number is one only when nothing of a word follows: "2x2" and "12:30" are labels. */
static bool
take_word(struct token *token, const char **at, struct credis_error *err)
{
	size_t length = number_length(*at);

	if (length > 0 && strcspn(*at + length, STOPS) == 0) {
		token->kind = TOKEN_NUMBER;
	} else {
		token->kind = TOKEN_WORD;
		length = strcspn(*at, STOPS);
	}
	token->source = token->text = (struct slice){ *at, length };
	*at += length;
	if (token->kind == TOKEN_NUMBER &&
	    number_parse_double(token->text.bytes, length, &token->number) != NUMBER_FINE)
		return token_fault(token, err, "is not a number that fits");
	for (size_t i = 0; i < COUNT(words); i++)
		if (strlen(words[i].text) == length &&
		    memcmp(words[i].text, token->text.bytes, length) == 0)
			token->kind = words[i].kind;
	return true;
}
