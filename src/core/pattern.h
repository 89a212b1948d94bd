/* pattern.h: a POSIX extended regular expression whose cost is bounded.
 * Whoever asks keeps texts to PATTERN_TEXT_MAX: a search takes the square of their length. */
#ifndef CORE_PATTERN_H
#define CORE_PATTERN_H

#include <credis/error.h>

#include <stdbool.h>

enum {
	PATTERN_MAX = 1024,      /* bytes in a pattern */
	PATTERN_TEXT_MAX = 1024, /* bytes in a text */
};

struct pattern;

/* NULL with the reason when it does not compile, or would be too large written out. */
struct pattern *pattern_new(const char *text, struct credis_error *err);
void pattern_free(struct pattern *pattern);

const char *pattern_text(const struct pattern *pattern);

/* Whether it is found anywhere in the text, as regexec() does. */
bool pattern_matches(struct pattern *pattern, const char *text);

#endif
