/* memory.h: a program that runs out of memory says so and ends: its state is in the store, and the
 * service manager restarts it. */
#ifndef DAEMON_MEMORY_H
#define DAEMON_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/* Hands 'pointer' through, unless it is NULL. */
static inline void *
must(void *pointer)
{
	if (pointer == NULL) {
		fputs("credisd: out of memory\n", stderr);
		exit(3);
	}
	return pointer;
}

#endif
