/* conf_grammar.h: what may follow what in a configuration, with a sentence for what may not.
 * libconfig knows too, but says "syntax error" and no more, and leaks memory over it. */
#ifndef DAEMON_CONF_GRAMMAR_H
#define DAEMON_CONF_GRAMMAR_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>

enum {
	GRAMMAR_NEST_MAX = 64, /* brackets within each other */
	GRAMMAR_SHOWN = 40,    /* bytes of a token shown in a sentence */
};

enum token {
	TOKEN_WORD, /* a setting's name; true, false, null */
	TOKEN_TEXT,
	TOKEN_NUMBER,
	TOKEN_MARK, /* one of (){}[]=:,; */
};

struct grammar {
	struct {
		char kind;
		int line;
	} open[GRAMMAR_NEST_MAX];
	size_t depth;
	enum { WANT_NAME, WANT_EQUALS, WANT_VALUE, WANT_MORE } want;
	enum token last;
	char name[GRAMMAR_SHOWN + 8]; /* of the last setting */
};

/* Whether a word at this place is a value. */
bool grammar_wants_value(const struct grammar *grammar);

/* Takes the next token; false with the reason when it cannot stand here. 'base' is how many brackets were open
 * when its file began: those are not its to close. */
bool grammar_take(struct grammar *grammar, enum token token, const char *text, size_t length,
    int line, size_t base, struct credis_error *err);

/* The end of the last file. */
bool grammar_end(const struct grammar *grammar, struct credis_error *err);

#endif
