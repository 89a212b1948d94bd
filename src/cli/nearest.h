/* nearest.h: what somebody who mistyped a word may have meant. */
#ifndef CLI_NEAREST_H
#define CLI_NEAREST_H

/* Remembers the nearest of the words it is shown. Start with a zeroed one. */
struct nearest {
	const char *word; /* lent; NULL while none is near */
	unsigned distance;
};

/* "; did you mean WORD?", or "". 'before' goes before the word. Returns 'text'. */
enum { NEAREST_HINT = 160 };
const char *nearest_hint(const struct nearest *nearest, const char *before,
    char text[NEAREST_HINT]);

void nearest_try(struct nearest *nearest, const char *typed, const char *word);

#endif
