/* log.c: makes one bounded, harmless line of an event and hands it on.
 * Knows nothing of where lines go. */
#include "core/log.h"

#include "core/text.h"

#include <stdarg.h>
#include <stdio.h>

enum { LOG_TEXT = 1024 }; /* bytes of a line; the rest is cut off */

void
log_event(const struct log *log, enum credis_log_level level, const char *word, const char *format,
    ...)
{
	char raw[LOG_TEXT + 2]; /* one byte more than is shown tells that something was cut */
	char text[LOG_TEXT + 4];
	va_list arguments;

	if (log == NULL || log->sink == NULL || (level == CREDIS_LOG_DEBUG && !log->debug))
		return;
	va_start(arguments, format);
	int length = vsnprintf(raw, sizeof raw, format, arguments);
	va_end(arguments);
	if (length < 0)
		length = 0;
	if ((size_t)length >= sizeof raw)
		length = sizeof raw - 1;
	log->sink(log->arg, level, word, text_quote(text, raw, (size_t)length, LOG_TEXT));
}
