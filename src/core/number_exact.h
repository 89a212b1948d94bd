/* number_exact.h: numbers of daily life between ten and two, exactly, in 128 bits.
 * What does not fit is refused, and left to the C library. */
#ifndef CORE_NUMBER_EXACT_H
#define CORE_NUMBER_EXACT_H

#include <stdbool.h>
#include <stdint.h>

/* whole × 10^scale, rounded once to a double, or with 'single' to a float. 'whole' is not 0. */
bool exact_compose(double *real, bool single, uint64_t whole, int64_t scale);

/* 'real', which is above 0, rounded to 'count' digits (at most 17): whole × 10^scale. */
bool exact_decompose(uint64_t *whole, int *scale, int count, double real);

#endif
