/* memory.h: a program that runs out of memory says so and ends: its state is in the store, and the
 * service manager restarts it. */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include <stdarg.h>
#include <stdlib.h>

/* Hands 'pointer' through, unless it is NULL. */
void *must(void *pointer);

/* Text to free(). */
char *must_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
char *must_vprint(const char *format, va_list list) __attribute__((format(printf, 1, 0)));

#endif
