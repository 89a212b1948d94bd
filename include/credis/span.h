/* span.h: lengths of time as people write them: "2 seconds", "500 milliseconds".
 * Format: config.Timespan of baseplate.py; credis adds short forms for the command line. */
#ifndef CREDIS_SPAN_H
#define CREDIS_SPAN_H

#include <credis/error.h>

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads "<int> <unit>", the unit being millisecond, second, minute, hour or day, singular or
 * plural, into milliseconds. Negative spans and everything else are refused. Since 0.1. */
bool credis_span_parse(const char *text, int64_t *ms, struct credis_error *err);

/* The same, and also 500ms 2s 5m 1h 1d, and a bare number of seconds, whole or not ("0.5").
 * Since 0.1. */
bool credis_span_parse_short(const char *text, int64_t *ms, struct credis_error *err);

/* Writes a span in the largest unit that keeps it whole: "1500 milliseconds", "1 minute".
 * 'text' has room for 40. Returns 'text'. Since 0.1. */
char *credis_span_print(int64_t ms, char *text);

#ifdef __cplusplus
}
#endif
#endif
