/* moment.h: a time as people give it on the command line. */
#ifndef CLI_MOMENT_H
#define CLI_MOMENT_H

#include <credis/error.h>

#include <stdbool.h>
#include <stdint.h>

/* Reads "2026-11-20", "2026-11-20 20:01", "2026-11-20T20:01:05.123456Z" (UTC), "@1795208169.5" (Unix
 * seconds), "now", or how long before 'now_us': "1 day ago", "2h". False with the fault, which names
 * 'option'. */
bool moment_parse(int64_t *us, const char *text, int64_t now_us, const char *option,
    struct credis_error *err);

#endif
