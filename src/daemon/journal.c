/* journal.c: puts an event on stderr: with the time before it, or under systemd, which knows the time, with
 * the priority that its journal understands. */
#include "journal.h"

#include "memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static const struct level {
	const char *name;
	int priority; /* of syslog(3) */
} levels[] = {
	[CREDIS_LOG_ERROR] = { "error", 3 },
	[CREDIS_LOG_WARNING] = { "warning", 4 },
	[CREDIS_LOG_INFO] = { "info", 6 },
	[CREDIS_LOG_DEBUG] = { "debug", 7 },
};

static enum credis_log_level most = CREDIS_LOG_INFO;

bool
journal_level_find(const char *name, enum credis_log_level *level)
{
	for (size_t i = 0; i < sizeof levels / sizeof *levels; i++) {
		if (strcmp(levels[i].name, name) == 0) {
			*level = (enum credis_log_level)i;
			return true;
		}
	}
	return false;
}

void
journal_set_level(enum credis_log_level level)
{
	most = level;
}

/* Whether stderr is the journal: systemd.exec(5) says how to tell. */
static bool
is_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	uintmax_t device, inode;
	struct stat stat_of;

	if (known == -1)
		known = stream != NULL && sscanf(stream, "%ju:%ju", &device, &inode) == 2 &&
		    fstat(STDERR_FILENO, &stat_of) == 0 && stat_of.st_dev == device &&
		    stat_of.st_ino == inode;
	return known;
}

static void
print_head(char *head, size_t room, enum credis_log_level level)
{
	struct timespec now;
	struct tm utc;
	char time[32];

	if (is_journal()) {
		snprintf(head, room, "<%d>", levels[level].priority);
		return;
	}
	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &utc);
	strftime(time, sizeof time, "%Y-%m-%dT%H:%M:%S", &utc);
	snprintf(head, room, "%s.%03ldZ %s ", time, now.tv_nsec / 1000000, levels[level].name);
}

void
journal_sink(void *arg, enum credis_log_level level, const char *word, const char *text)
{
	char head[64];

	(void)arg;
	if (level > most)
		return;
	print_head(head, sizeof head, level);
	/* One write a line, so that lines of several processes do not mix. */
	dprintf(STDERR_FILENO, "%s%s%s%s\n", head, word, text[0] != '\0' ? " " : "", text);
}

void
journal_event(enum credis_log_level level, const char *word, const char *format, ...)
{
	char *text;
	va_list list;

	va_start(list, format);
	text = must_vprint(format, list);
	va_end(list);
	for (char *at = text; *at != '\0'; at++) {
		if (iscntrl((unsigned char)*at))
			*at = ' ';
	}
	journal_sink(NULL, level, word, text);
	free(text);
}
