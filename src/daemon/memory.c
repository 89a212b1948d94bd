/* memory.c: allocations that do not fail. */
#include "memory.h"

#include "status.h"

#include <stdio.h>

void *
must(void *pointer)
{
	if (pointer == NULL) {
		fputs("credisd: out of memory\n", stderr);
		exit(STATUS_CANNOT_RUN);
	}
	return pointer;
}

char *
must_vprint(const char *format, va_list list)
{
	char *text;

	return must(vasprintf(&text, format, list) >= 0 ? text : NULL);
}

char *
must_print(const char *format, ...)
{
	va_list list;
	char *text;

	va_start(list, format);
	text = must_vprint(format, list);
	va_end(list);
	return text;
}
