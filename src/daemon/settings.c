/* settings.c: walks a group of the configuration by its table. */
#include "settings.h"

#include "memory.h"

#include <credis/span.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	NAMES_MAX = 64,    /* settings in any one group */
	SETTING_NAME = 64, /* bytes of "group.setting" */
};

static char **
text_at(const void *base, const struct setting *row)
{
	return (char **)((char *)base + row->at);
}

static char ***
texts_at(const void *base, const struct setting *row)
{
	return (char ***)((char *)base + row->at);
}

static int64_t *
number_at(const void *base, const struct setting *row)
{
	return (int64_t *)((char *)base + row->at);
}

void
settings_begin(const struct setting_group *group, void *base)
{
	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		if (row->kind == SETTING_GROUP)
			settings_begin(row->group, base);
		else if (row->kind == SETTING_SPAN && row->standard != NULL)
			credis_span_parse(row->standard, number_at(base, row), NULL);
		else if (row->kind == SETTING_COUNT)
			*number_at(base, row) = atoll(row->standard);
		else if (row->kind == SETTING_TEXT && row->standard != NULL)
			*text_at(base, row) = must(strdup(row->standard));
	}
}

static void
free_texts(char **texts)
{
	for (char **text = texts; texts != NULL && *text != NULL; text++)
		free(*text);
	free(texts);
}

void
settings_free(const struct setting_group *group, void *base)
{
	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		if (row->kind == SETTING_GROUP)
			settings_free(row->group, base);
		else if (row->kind == SETTING_TEXT)
			free(*text_at(base, row));
		else if (row->kind == SETTING_TEXTS)
			free_texts(*texts_at(base, row));
	}
}

/* "store.url", or "log" of the top. */
static const char *
full_name(char *name, const struct setting_group *group, const struct setting *row)
{
	snprintf(name, SETTING_NAME, "%s%s%s", group->name, group->name[0] != '\0' ? "." : "",
	    row->name);
	return name;
}

void
settings_refuse_unknown(const struct conf_tree *tree, const config_setting_t *setting,
    const char *group, const char *const *names)
{
	const char *name = config_setting_name(setting);
	const char *nearest = credis_nearest(name, names);
	char allowed[1024] = "";

	for (size_t i = 0, length = 0; names[i] != NULL && length < sizeof allowed; i++)
		length += (size_t)snprintf(allowed + length, sizeof allowed - length, "%s%s",
		    i != 0 ? ", " : "", names[i]);
	conf_tree_fault(tree, setting, "%s%s%.64s: no such setting%s%s (%s)", group,
	    group[0] != '\0' ? "." : "", name, nearest != NULL ? "; did you mean " : "",
	    nearest != NULL ? nearest : "", allowed);
}

static const struct setting *
find(const struct setting_group *group, const char *name)
{
	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		if (strcmp(row->name, name) == 0)
			return row;
	}
	return NULL;
}

static void
refuse_unknown(const struct conf_tree *tree, const config_setting_t *setting,
    const struct setting_group *group)
{
	const char *names[NAMES_MAX + 1] = { NULL };

	for (size_t i = 0; i < group->count && i < NAMES_MAX; i++)
		names[i] = group->rows[i].name;
	settings_refuse_unknown(tree, setting, group->name, names);
}

static void
take_text(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name, void *base)
{
	const char *text = conf_tree_utf8(tree, setting);
	struct credis_error err;

	if (text == NULL)
		return;
	if (row->check == NULL || row->check(text, &err)) {
		free(*text_at(base, row));
		*text_at(base, row) = must(strdup(text));
	} else {
		conf_tree_fault(tree, setting, "%s: %s (%s)", name, err.text, row->allowed);
	}
}

/* One of several texts; NULL and a fault when it is none. To free(). */
static char *
take_word(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name)
{
	const char *text = conf_tree_utf8(tree, setting);
	struct credis_error err;

	if (conf_tree_text(setting) == NULL)
		conf_tree_fault(tree, setting, "%s: one is %s (%s)", name, conf_tree_kind(setting),
		    row->allowed);
	if (text == NULL)
		return NULL;
	if (row->check == NULL || row->check(text, &err))
		return must(strdup(text));
	conf_tree_fault(tree, setting, "%s: %s (%s)", name, err.text, row->allowed);
	return NULL;
}

static void
take_texts(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name, void *base)
{
	size_t count = (size_t)config_setting_length(setting), taken = 0;
	char **texts = must(calloc(count + 1, sizeof *texts));

	for (unsigned i = 0; i < count; i++) {
		texts[taken] = take_word(tree, config_setting_get_elem(setting, i), row, name);
		taken += texts[taken] != NULL;
	}
	free_texts(*texts_at(base, row));
	*texts_at(base, row) = texts;
	if (taken > 0)
		return;
	if (count == 0)
		conf_tree_fault(tree, setting, "%s: is empty (%s)", name, row->allowed);
	free(texts);
	*texts_at(base, row) = NULL;
}

static void
take_span(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name, void *base)
{
	const char *text = conf_tree_text(setting);
	struct credis_error err;
	int64_t ms;

	if (!credis_span_parse(text, &ms, &err))
		conf_tree_fault(tree, setting, "%s: %s (%s)", name, err.text, row->allowed);
	else if (ms == 0)
		conf_tree_fault(tree, setting, "%s: %s is no time at all (%s)", name, text,
		    row->allowed);
	else
		*number_at(base, row) = ms;
}

static void
take_count(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name, void *base)
{
	long long count = config_setting_get_int64(setting);

	if (config_setting_type(setting) == CONFIG_TYPE_INT)
		count = config_setting_get_int(setting);
	if (count >= 1 && count <= SETTING_COUNT_MAX)
		*number_at(base, row) = count;
	else
		conf_tree_fault(tree, setting, "%s: %lld is not from 1 to %d (%s)", name, count,
		    SETTING_COUNT_MAX, row->allowed);
}

static bool
has_kind(const config_setting_t *setting, enum setting_kind kind)
{
	int type = config_setting_type(setting);

	switch (kind) {
	case SETTING_TEXT:
	case SETTING_SPAN: return conf_tree_text(setting) != NULL;
	case SETTING_COUNT: return type == CONFIG_TYPE_INT || type == CONFIG_TYPE_INT64;
	case SETTING_TEXTS: return type == CONFIG_TYPE_LIST || type == CONFIG_TYPE_ARRAY;
	case SETTING_GROUP: return type == CONFIG_TYPE_GROUP;
	case SETTING_LIST:
		/* An empty array is as good as an empty list. */
		return type == CONFIG_TYPE_LIST ||
		    (type == CONFIG_TYPE_ARRAY && config_setting_length(setting) == 0);
	}
	return false;
}

static void
take_row(const struct conf_tree *tree, const config_setting_t *setting, const struct setting *row,
    const char *name, void *base)
{
	if (!has_kind(setting, row->kind)) {
		conf_tree_fault(tree, setting, "%s: is %s (%s)", name, conf_tree_kind(setting),
		    row->allowed);
		return;
	}
	switch (row->kind) {
	case SETTING_TEXT: take_text(tree, setting, row, name, base); break;
	case SETTING_TEXTS: take_texts(tree, setting, row, name, base); break;
	case SETTING_SPAN: take_span(tree, setting, row, name, base); break;
	case SETTING_COUNT: take_count(tree, setting, row, name, base); break;
	case SETTING_GROUP: settings_take(tree, setting, row->group, base); break;
	case SETTING_LIST: *(const config_setting_t **)((char *)base + row->at) = setting; break;
	}
}

void
settings_take(const struct conf_tree *tree, const config_setting_t *from,
    const struct setting_group *group, void *base)
{
	char name[SETTING_NAME];

	for (int i = 0, count = config_setting_length(from); i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(from, (unsigned)i);
		const struct setting *row = find(group, config_setting_name(setting));

		if (row == NULL)
			refuse_unknown(tree, setting, group);
		else
			take_row(tree, setting, row, full_name(name, group, row), base);
	}
}

static bool
texts_differ(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a != b : strcmp(a, b) != 0;
}

static bool
differs(const struct setting *row, const void *a, const void *b)
{
	if (row->kind == SETTING_TEXT)
		return texts_differ(*text_at(a, row), *text_at(b, row));
	return (row->kind == SETTING_SPAN || row->kind == SETTING_COUNT) &&
	    *number_at(a, row) != *number_at(b, row);
}

void
settings_need_restart(const struct setting_group *group, const void *a, const void *b,
    void (*each)(const char *name))
{
	char name[SETTING_NAME];

	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		if (row->kind == SETTING_GROUP)
			settings_need_restart(row->group, a, b, each);
		else if (row->restart && differs(row, a, b))
			each(full_name(name, group, row));
	}
}
