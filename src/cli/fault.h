/* fault.h: making a credis_error of our own. */
#ifndef CLI_FAULT_H
#define CLI_FAULT_H

#include <credis/error.h>

#include <stdbool.h>

/* Fills '*err', which may not be lent to the arguments. Always false. */
bool fault(struct credis_error *err, enum credis_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "; did you mean WORD?" with 'before' before the word, or "" where 'nearest' is NULL. Returns 'text'. */
enum { FAULT_HINT = 160 };
const char *fault_hint(char text[FAULT_HINT], const char *before, const char *nearest);

#endif
