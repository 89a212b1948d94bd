/* refuse.c: one sentence into a credis_error; cut when too long. */
#include "refuse.h"

#include <stdarg.h>
#include <stdio.h>

bool
refuse(struct credis_error *err, const char *format, ...)
{
	va_list list;

	if (err == NULL)
		return false;
	err->code = CREDIS_EINVAL;
	va_start(list, format);
	vsnprintf(err->text, sizeof err->text, format, list);
	va_end(list);
	return false;
}
