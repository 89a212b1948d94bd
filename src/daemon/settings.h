/* settings.h: the settings of the configuration, a table a group, and filling a struct by one.
 * The settings of a keyword are the library's (credis_keyword_setting()); files are conf.c's. */
#ifndef DAEMON_SETTINGS_H
#define DAEMON_SETTINGS_H

#include "conf_tree.h"

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>

enum setting_kind {
	SETTING_TEXT,  /* char * */
	SETTING_TEXTS, /* char **, NULL-terminated, at least one */
	SETTING_SPAN,  /* int64_t, milliseconds, from 1 */
	SETTING_COUNT, /* int64_t, from 1 to SETTING_COUNT_MAX */
	SETTING_GROUP, /* its members go into the same struct */
	SETTING_LIST,  /* const config_setting_t *: somebody else reads it */
};

enum { SETTING_COUNT_MAX = 1 << 30 };

struct setting {
	const char *name;
	enum setting_kind kind;
	size_t at;            /* where its value is in the group's struct */
	const char *standard; /* its value when it is not given; NULL: none */
	const char *allowed;
	const char *help;
	/* What a text, or each of several, must fulfil beyond being one; may be NULL. */
	bool (*check)(const char *text, struct credis_error *err);
	const struct setting_group *group;
	bool restart; /* a change takes effect at a restart only */
};

struct setting_group {
	const char *name; /* "" for the top of the main file */
	const struct setting *rows;
	size_t count;
};

/* Ready-made for the rows of 'type's table. */
#define SETTING_AT(type, member) offsetof(struct type, member)
#define SETTING_GROUP_OF(name, rows) \
	{ \
		name, rows, sizeof(rows) / sizeof *(rows) \
	}

/* Fills in what is not given. */
void settings_begin(const struct setting_group *group, void *base);

/* Takes a group of a file; what is wrong becomes a fault, and the rest is taken. */
void settings_take(const struct conf_tree *tree, const config_setting_t *from,
    const struct setting_group *group, void *base);

void settings_free(const struct setting_group *group, void *base);

/* "store.ulr: no such setting; did you mean url? (url, namespace)" */
void settings_refuse_unknown(const struct conf_tree *tree, const config_setting_t *setting,
    const char *group, const char *const *names);

/* Calls 'each' with the name ("store.url") of every setting that differs and takes effect at a restart
 * only. */
void settings_need_restart(const struct setting_group *group, const void *a, const void *b,
    void (*each)(const char *name));

#endif
