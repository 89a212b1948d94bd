/* refuse.h: filling a credis_error of our own. */
#ifndef DAEMON_REFUSE_H
#define DAEMON_REFUSE_H

#include <credis/error.h>

#include <stdbool.h>

/* Always false, so that a refusal is one line. 'err' may be NULL. */
bool refuse(struct credis_error *err, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
