/* log.h: how the inside reports what an operator may want to know, as words to grep.
 * Where the lines go is the program's business: there is no global sink. */
#ifndef CORE_LOG_H
#define CORE_LOG_H

#include <credis/log.h>

#include <stdbool.h>

struct log {
	credis_log_sink *sink; /* NULL: nobody listens */
	void *arg;
	bool debug; /* CREDIS_LOG_DEBUG, an event a request, is wanted as well */
};

/* log_event(log, CREDIS_LOG_INFO, "+link", "%s after %d tries", where, tries); 'log' may be NULL. */
void log_event(const struct log *log, enum credis_log_level level, const char *word,
    const char *format, ...) __attribute__((format(printf, 4, 5)));

#endif
