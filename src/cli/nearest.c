/* nearest.c: the distance between words in letters dropped, added, changed or swapped. */
#include "nearest.h"

#include <stdio.h>
#include <string.h>

enum {
	WORD_MAX = 32, /* nobody mistypes more than that */
	NEAR = 2,
};

static unsigned
least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned
distance(const char *a, const char *b)
{
	unsigned rows[WORD_MAX + 1][WORD_MAX + 1];
	size_t a_length = strlen(a), b_length = strlen(b);

	if (a_length > WORD_MAX || b_length > WORD_MAX)
		return WORD_MAX;
	for (size_t i = 0; i <= a_length; i++) {
		for (size_t j = 0; j <= b_length; j++) {
			if (i == 0 || j == 0) {
				rows[i][j] = (unsigned)(i + j);
				continue;
			}
			rows[i][j] = least(rows[i - 1][j - 1] + (a[i - 1] != b[j - 1]),
			    least(rows[i - 1][j], rows[i][j - 1]) + 1);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				rows[i][j] = least(rows[i][j], rows[i - 2][j - 2] + 1);
		}
	}
	return rows[a_length][b_length];
}

void
nearest_try(struct nearest *nearest, const char *typed, const char *word)
{
	size_t length = strlen(typed);
	unsigned d = distance(typed, word);

	/* Half a word typed right is nearer than a whole word typed wrong. */
	if (length >= 2 && strncmp(typed, word, length) == 0)
		d = 1;
	if (d > NEAR || d >= strlen(word))
		return;
	if (nearest->word == NULL || d < nearest->distance) {
		nearest->word = word;
		nearest->distance = d;
	}
}

const char *
nearest_hint(const struct nearest *nearest, const char *before, char text[NEAREST_HINT])
{
	text[0] = '\0';
	if (nearest->word != NULL)
		snprintf(text, NEAREST_HINT, "; did you mean %s%s?", before, nearest->word);
	return text;
}
