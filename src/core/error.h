/* error.h (core): how the inside words an error.
 * The struct and the codes are public (credis/error.h). */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <credis/error.h>

#include <stdbool.h>

enum { ERROR_QUOTE = 40 }; /* bytes of somebody's text in a sentence: text_quote() */

/* Fills 'err' (may be NULL) and returns false, so that a refusal is one line:
 *     return error_set(err, CREDIS_ERANGE, "%s: %s is above the maximum %s", ...); */
bool error_set(struct credis_error *err, enum credis_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same sentence for every failed allocation; returns false. */
bool error_no_memory(struct credis_error *err);

/* Puts "<subject>: " before what 'err' says; returns false. */
bool error_prefix(struct credis_error *err, const char *subject);

/* The name among 'names' (NULL-terminated) nearest to 'word' by edit distance, or NULL if none is
 * near enough to suggest. */
const char *error_nearest(const char *word, const char *const *names);

/* "unknown setting 'rnage' (did you mean 'range'?)", as CREDIS_EINVAL; returns false. */
bool error_unknown(struct credis_error *err, const char *kind, const char *word,
    const char *const *names);

#endif
