/* conf_grammar.c: a configuration is settings NAME = VALUE; a group { } holds such, a list ( ) values, an array
 * [ ] values without brackets of their own. */
#include "conf_grammar.h"

#include "refuse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

static bool
in_list(const struct grammar *grammar)
{
	return grammar->depth > 0 && grammar->open[grammar->depth - 1].kind != '{';
}

bool
grammar_wants_value(const struct grammar *grammar)
{
	return grammar->want == WANT_VALUE;
}

static bool
is(const char *word, const char *text, size_t length)
{
	return strlen(word) == length && strncasecmp(word, text, length) == 0;
}

/* Nothing but a name, '=' or comma is missing before 'shown'. */
static bool
refuse_value(const struct grammar *grammar, const char *shown, struct credis_error *err)
{
	if (grammar->want == WANT_EQUALS)
		return refuse(err, "'=' is missing between '%s' and %s", grammar->name, shown);
	if (in_list(grammar))
		return refuse(err, "a comma is missing before %s", shown);
	return refuse(err, "%s stands where the name of a setting is wanted", shown);
}

static bool
take_value(struct grammar *grammar, enum token token, const char *shown, struct credis_error *err)
{
	bool continued =
	    grammar->want == WANT_MORE && token == TOKEN_TEXT && grammar->last == TOKEN_TEXT;

	if (grammar->want != WANT_VALUE && !continued)
		return refuse_value(grammar, shown, err);
	grammar->want = WANT_MORE;
	return true;
}

static bool
take_word(struct grammar *grammar, const char *text, size_t length, const char *shown,
    struct credis_error *err)
{
	bool value =
	    is("true", text, length) || is("false", text, length) || is("null", text, length);

	if (grammar->want == WANT_VALUE)
		return value ? take_value(grammar, TOKEN_WORD, shown, err)
			     : refuse(err, "%s is no value (text stands in quotes)", shown);
	if (grammar->want == WANT_EQUALS || in_list(grammar))
		return refuse_value(grammar, shown, err);
	snprintf(grammar->name, sizeof grammar->name, "%.*s", (int)(strlen(shown) - 2), shown + 1);
	grammar->want = WANT_EQUALS;
	return true;
}

static bool
take_equals(struct grammar *grammar, const char *shown, struct credis_error *err)
{
	if (grammar->want != WANT_EQUALS)
		return refuse(err, "%s follows no name of a setting", shown);
	grammar->want = WANT_VALUE;
	return true;
}

static bool
take_separator(struct grammar *grammar, char mark, const char *shown, struct credis_error *err)
{
	if (in_list(grammar) && mark == ';')
		return refuse(err, "';' in a list (commas stand between its values)");
	if (grammar->want == WANT_EQUALS || grammar->want == WANT_VALUE)
		return refuse(err, "a value is missing before %s", shown);
	if (grammar->want == WANT_NAME)
		return refuse(err, "%s ends no setting", shown);
	grammar->want = in_list(grammar) ? WANT_VALUE : WANT_NAME;
	return true;
}

static bool
open_bracket(struct grammar *grammar, char mark, int line, const char *shown,
    struct credis_error *err)
{
	if (grammar->want != WANT_VALUE)
		return refuse_value(grammar, shown, err);
	if (grammar->depth > 0 && grammar->open[grammar->depth - 1].kind == '[')
		return refuse(err, "%s within an array [ ] (a list ( ) may hold any value)", shown);
	if (grammar->depth == GRAMMAR_NEST_MAX)
		return refuse(err, "%s is the %dth bracket within another (%d are allowed)", shown,
		    GRAMMAR_NEST_MAX + 1, GRAMMAR_NEST_MAX);
	grammar->open[grammar->depth].kind = mark;
	grammar->open[grammar->depth++].line = line;
	grammar->want = mark == '{' ? WANT_NAME : WANT_VALUE;
	return true;
}

/* The other of a pair of brackets. */
static char
partner(char mark)
{
	static const char pairs[] = "(){}[]";
	size_t at = (size_t)(strchr(pairs, mark) - pairs);

	return pairs[at ^ 1];
}

static bool
close_bracket(struct grammar *grammar, char mark, size_t base, const char *shown,
    struct credis_error *err)
{
	if (grammar->depth <= base)
		return refuse(err, "%s closes nothing ('%c' opens)", shown, partner(mark));
	if (grammar->open[grammar->depth - 1].kind != partner(mark))
		return refuse(err, "%s cannot close the '%c' of line %d ('%c' does)", shown,
		    grammar->open[grammar->depth - 1].kind, grammar->open[grammar->depth - 1].line,
		    partner(grammar->open[grammar->depth - 1].kind));
	/* A comma after the last value of a list is fine. */
	if (!in_list(grammar) && (grammar->want == WANT_EQUALS || grammar->want == WANT_VALUE))
		return refuse(err, "a value is missing before %s", shown);
	grammar->depth--;
	grammar->want = WANT_MORE;
	return true;
}

static bool
take_mark(struct grammar *grammar, char mark, int line, size_t base, const char *shown,
    struct credis_error *err)
{
	if (mark == '=' || mark == ':')
		return take_equals(grammar, shown, err);
	if (mark == ',' || mark == ';')
		return take_separator(grammar, mark, shown, err);
	if (strchr("({[", mark) != NULL)
		return open_bracket(grammar, mark, line, shown, err);
	return close_bracket(grammar, mark, base, shown, err);
}

bool
grammar_take(struct grammar *grammar, enum token token, const char *text, size_t length, int line,
    size_t base, struct credis_error *err)
{
	char shown[GRAMMAR_SHOWN + 16] = "a text";
	bool ok = false;

	if (token != TOKEN_TEXT)
		snprintf(shown, sizeof shown, "'%.*s%s'",
		    length > GRAMMAR_SHOWN ? GRAMMAR_SHOWN : (int)length, text,
		    length > GRAMMAR_SHOWN ? "…" : "");
	switch (token) {
	case TOKEN_WORD: ok = take_word(grammar, text, length, shown, err); break;
	case TOKEN_TEXT:
	case TOKEN_NUMBER: ok = take_value(grammar, token, shown, err); break;
	case TOKEN_MARK: ok = take_mark(grammar, text[0], line, base, shown, err); break;
	}
	grammar->last = token;
	return ok;
}

bool
grammar_end(const struct grammar *grammar, struct credis_error *err)
{
	if (grammar->want == WANT_EQUALS || grammar->want == WANT_VALUE)
		return refuse(err, "'%s' has no value", grammar->name);
	return true;
}
