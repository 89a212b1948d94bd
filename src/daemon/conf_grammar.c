/* conf_grammar.c: a configuration is settings NAME = VALUE; a group { } holds such, a list ( ) values, an array
 * [ ] values without brackets of their own. */
#include "conf_grammar.h"

#include "refuse.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

/* The token under consideration. */
struct word {
	enum token token;
	const char *text;
	size_t length;
};

/* As sentences show it; made only when there is something to say. */
static const char *
show(const struct word *word, char room[GRAMMAR_SHOWN + 16])
{
	bool cut = word->length > GRAMMAR_SHOWN;

	if (word->token == TOKEN_TEXT)
		return "a text";
	snprintf(room, GRAMMAR_SHOWN + 16, "'%.*s%s'", cut ? GRAMMAR_SHOWN : (int)word->length,
	    word->text, cut ? "…" : "");
	return room;
}

#define SHOWN(word) show(word, (char[GRAMMAR_SHOWN + 16]){ "" })

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
is(const char *text, const struct word *word)
{
	return strlen(text) == word->length && strncasecmp(text, word->text, word->length) == 0;
}

/* Nothing but a name, '=' or comma is missing before it. */
static bool
refuse_value(const struct grammar *grammar, const struct word *word, struct credis_error *err)
{
	if (grammar->want == WANT_EQUALS)
		return refuse(err, "'=' is missing between '%s' and %s", grammar->name,
		    SHOWN(word));
	if (in_list(grammar))
		return refuse(err, "a comma is missing before %s", SHOWN(word));
	return refuse(err, "%s stands where the name of a setting is wanted", SHOWN(word));
}

static bool
take_value(struct grammar *grammar, const struct word *word, struct credis_error *err)
{
	bool continued =
	    grammar->want == WANT_MORE && word->token == TOKEN_TEXT && grammar->last == TOKEN_TEXT;

	if (grammar->want != WANT_VALUE && !continued)
		return refuse_value(grammar, word, err);
	grammar->want = WANT_MORE;
	return true;
}

static void
keep_name(struct grammar *grammar, const struct word *word)
{
	size_t length = word->length > GRAMMAR_SHOWN ? GRAMMAR_SHOWN : word->length;

	memcpy(grammar->name, word->text, length);
	strcpy(grammar->name + length, word->length > GRAMMAR_SHOWN ? "…" : "");
}

static bool
take_word(struct grammar *grammar, const struct word *word, struct credis_error *err)
{
	if (grammar->want == WANT_VALUE)
		return is("true", word) || is("false", word) || is("null", word)
		    ? take_value(grammar, word, err)
		    : refuse(err, "%s is no value (text stands in quotes)", SHOWN(word));
	if (grammar->want == WANT_EQUALS || in_list(grammar))
		return refuse_value(grammar, word, err);
	keep_name(grammar, word);
	grammar->want = WANT_EQUALS;
	return true;
}

static bool
take_equals(struct grammar *grammar, const struct word *word, struct credis_error *err)
{
	if (grammar->want != WANT_EQUALS)
		return refuse(err, "%s follows no name of a setting", SHOWN(word));
	grammar->want = WANT_VALUE;
	return true;
}

static bool
take_separator(struct grammar *grammar, const struct word *word, struct credis_error *err)
{
	if (in_list(grammar) && word->text[0] == ';')
		return refuse(err, "';' in a list (commas stand between its values)");
	if (grammar->want == WANT_EQUALS || grammar->want == WANT_VALUE)
		return refuse(err, "a value is missing before %s", SHOWN(word));
	if (grammar->want == WANT_NAME)
		return refuse(err, "%s ends no setting", SHOWN(word));
	grammar->want = in_list(grammar) ? WANT_VALUE : WANT_NAME;
	return true;
}

static bool
open_bracket(struct grammar *grammar, int line, const struct word *word, struct credis_error *err)
{
	char mark = word->text[0];

	if (grammar->want != WANT_VALUE)
		return refuse_value(grammar, word, err);
	if (grammar->depth > 0 && grammar->open[grammar->depth - 1].kind == '[')
		return refuse(err, "%s within an array [ ] (a list ( ) may hold any value)",
		    SHOWN(word));
	if (grammar->depth == GRAMMAR_NEST_MAX)
		return refuse(err, "%s is the %dth bracket within another (%d are allowed)",
		    SHOWN(word), GRAMMAR_NEST_MAX + 1, GRAMMAR_NEST_MAX);
	grammar->open[grammar->depth].kind = mark;
	grammar->open[grammar->depth++].line = line;
	grammar->want = mark == '{' ? WANT_NAME : WANT_VALUE;
	return true;
}

/* The other of a pair of brackets. */
static char
partner(char mark)
{
	switch (mark) {
	case '(': return ')';
	case ')': return '(';
	case '{': return '}';
	case '}': return '{';
	case '[': return ']';
	default: return '[';
	}
}

static bool
close_bracket(struct grammar *grammar, size_t base, const struct word *word,
    struct credis_error *err)
{
	char mark = word->text[0];

	if (grammar->depth <= base)
		return refuse(err, "%s closes nothing ('%c' opens)", SHOWN(word), partner(mark));
	if (grammar->open[grammar->depth - 1].kind != partner(mark))
		return refuse(err, "%s cannot close the '%c' of line %d ('%c' does)", SHOWN(word),
		    grammar->open[grammar->depth - 1].kind, grammar->open[grammar->depth - 1].line,
		    partner(grammar->open[grammar->depth - 1].kind));
	/* A comma after the last value of a list is fine. */
	if (!in_list(grammar) && (grammar->want == WANT_EQUALS || grammar->want == WANT_VALUE))
		return refuse(err, "a value is missing before %s", SHOWN(word));
	grammar->depth--;
	grammar->want = WANT_MORE;
	return true;
}

static bool
take_mark(struct grammar *grammar, int line, size_t base, const struct word *word,
    struct credis_error *err)
{
	char mark = word->text[0];

	if (mark == '=' || mark == ':')
		return take_equals(grammar, word, err);
	if (mark == ',' || mark == ';')
		return take_separator(grammar, word, err);
	if (mark == '(' || mark == '{' || mark == '[')
		return open_bracket(grammar, line, word, err);
	return close_bracket(grammar, base, word, err);
}

bool
grammar_take(struct grammar *grammar, enum token token, const char *text, size_t length, int line,
    size_t base, struct credis_error *err)
{
	const struct word word = { token, text, length };
	bool ok = false;

	switch (token) {
	case TOKEN_WORD: ok = take_word(grammar, &word, err); break;
	case TOKEN_TEXT:
	case TOKEN_NUMBER: ok = take_value(grammar, &word, err); break;
	case TOKEN_MARK: ok = take_mark(grammar, line, base, &word, err); break;
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
