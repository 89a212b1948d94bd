/* fault.c: making a credis_error of our own. */
#include "fault.h"

#include <stdarg.h>
#include <stdio.h>

bool
fault(struct credis_error *err, enum credis_code code, const char *format, ...)
{
	va_list list;

	err->code = code;
	va_start(list, format);
	vsnprintf(err->text, sizeof err->text, format, list);
	va_end(list);
	return false;
}

const char *
fault_hint(char text[FAULT_HINT], const char *before, const char *nearest)
{
	text[0] = '\0';
	if (nearest != NULL)
		snprintf(text, FAULT_HINT, "; did you mean %s%s?", before, nearest);
	return text;
}
