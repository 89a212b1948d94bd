/* readings.h: the values of many keywords, asked for a bounded number at a time. */
#ifndef CLI_READINGS_H
#define CLI_READINGS_H

#include <credis/client.h>

#include <stdbool.h>
#include <stddef.h>

struct session;
struct target;

/* The end of the n-th question: a reading, or the error. What could not even be asked was reported, and has neither:
 * NULL, and CREDIS_OK. */
typedef void readings_end(void *arg, size_t n, const struct credis_error *err,
    const struct credis_reading *reading);

/* Asks for the value of each target, as the store has it or, with 'refresh', as its source has it, and waits for
 * all. */
void readings_take(struct session *session, const struct target *targets, size_t count,
    bool refresh, readings_end *end, void *arg);

#endif
