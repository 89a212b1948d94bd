/* boottime.h: a clock that goes on while the machine sleeps: locks and caches age then, too. */
#ifndef MODEL_BOOTTIME_H
#define MODEL_BOOTTIME_H

#include <stdint.h>

int64_t boottime_ms(void);

#endif
