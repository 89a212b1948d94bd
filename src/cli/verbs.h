/* verbs.h: the table of verbs. */
#ifndef CLI_VERBS_H
#define CLI_VERBS_H

#include <stdbool.h>
#include <stddef.h>

struct session;

/* Runs a verb with the words after it; outcomes go into the session. */
typedef void verb_run(struct session *session, char **words, int count);

verb_run run_shard, run_model, run_lock, run_dict;
verb_run run_alarms, run_bench, run_complete, run_describe, run_driver_check, run_history,
    run_import_ktlxml, run_list, run_modify, run_monitor, run_show, run_status, run_wait;

enum { VERB_ANY = 1 << 20 };

struct verb {
	const char *name;
	int min, max; /* words after it */
	verb_run *run;
	const char *arguments; /* in its usage line */
	const char *summary;
	const char *about; /* paragraphs for its help */
	const char *examples;
	bool offline; /* finds its store itself, if it needs one */
	bool hidden;
};

/* Row 0, 1, 2 … until NULL. */
const struct verb *verb_row(size_t n);
const struct verb *verb_find(const char *name);

/* The names of those that are not hidden, and NULL. */
enum { VERBS_MAX = 31 };
void verb_names(const char *names[VERBS_MAX + 1]);

#endif
