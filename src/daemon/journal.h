/* journal.h: where the daemon's words go: its stderr, one line an event, for people or for the journal. */
#ifndef DAEMON_JOURNAL_H
#define DAEMON_JOURNAL_H

#include <credis/log.h>

#include <stdbool.h>

/* "error", "warning", "info", "debug". */
bool journal_level_find(const char *name, enum credis_log_level *level);

void journal_set_level(enum credis_log_level level);

/* journal_event(CREDIS_LOG_INFO, "+ready", "%zu services", count); line breaks in it become blanks. */
void journal_event(enum credis_log_level level, const char *word, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For the library. */
credis_log_sink journal_sink;

#endif
