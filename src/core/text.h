/* text.h: small questions about text: UTF-8, blanks, case, globs. Locale plays no part. */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

/* Well-formed UTF-8 by Unicode's table 3-7: no overlong forms, no surrogates, nothing past
 * U+10FFFF. NUL is a character like another. */
bool text_is_utf8(const char *text, size_t length);

/* How many of the first 'limit' bytes to keep so that no character is cut. */
size_t text_cut(const char *text, size_t length, size_t limit);

bool text_equal_nocase(const char *a, size_t a_length, const char *b, size_t b_length);

/* Blanks are those of isspace() in the C locale. */
bool text_is_blank(char c);
void text_trim(const char **text, size_t *length);

/* Well-formed UTF-8 without control characters: fit for a line of its own. */
bool text_is_printable(const char *text, size_t length);

/* '*' and '%' any run, '?' any one byte; ASCII case plays no part. */
bool text_matches_glob(const char *text, const char *glob);
bool text_is_glob(const char *text);

/* A copy of 'length' bytes, terminated; NULL when out of memory. */
char *text_copy(const char *text, size_t length);

/* Puts up to 'limit' bytes of 'text' into 'out' for a sentence: control bytes and what is not
 * UTF-8 as '?', "…" when cut. 'out' has room for limit + 4. Returns 'out'. */
char *text_quote(char *out, const char *text, size_t length, size_t limit);

#endif
