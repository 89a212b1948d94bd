/* memory.h: a program that runs out of memory says so and ends: nothing here is worth saving. */
#ifndef CLI_MEMORY_H
#define CLI_MEMORY_H

#include <stdio.h>
#include <stdlib.h>

/* Hands 'pointer' through, unless it is NULL. */
static inline void *
must(void *pointer)
{
	if (pointer == NULL) {
		fputs("credis: out of memory\n", stderr);
		exit(EXIT_FAILURE);
	}
	return pointer;
}

#endif
