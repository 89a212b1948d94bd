/* fault.h: making a credis_error of our own. */
#ifndef CLI_FAULT_H
#define CLI_FAULT_H

#include <credis/error.h>

#include <stdbool.h>

/* Fills '*err', which may not be lent to the arguments. Always false. */
bool fault(struct credis_error *err, enum credis_code code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
