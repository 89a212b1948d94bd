/* conf_tree.c: parses a text with libconfig and says in our words what that finds wrong. */
#include "conf_tree.h"

#include "bytes.h"
#include "memory.h"

#include <jansson.h>

#include <math.h>
#include <stdio.h>
#include <string.h>

struct conf_tree {
	config_t config;
	struct conf_text *text;
	struct faults *faults;
	struct bytes *json; /* the last that was asked for */
};

/* libconfig's sentences, made of use. */
static const char *
explain(const char *text)
{
	if (strstr(text, "duplicate") != NULL)
		return "this setting is there already (once in each group is allowed)";
	if (strstr(text, "mismatched") != NULL)
		return "an array [ ] of different kinds (a list ( ) may hold any)";
	return "syntax error (a setting is NAME = VALUE; commas stand between the values of a "
	       "list)";
}

struct conf_tree *
conf_tree_take(struct conf_text *text, struct faults *faults)
{
	struct conf_tree *tree = must(calloc(1, sizeof *tree));

	tree->text = text;
	tree->faults = faults;
	tree->json = must(calloc(1, sizeof *tree->json));
	config_init(&tree->config);
	if (!conf_text_is_sound(text)) {
		conf_tree_free(tree);
		return NULL;
	}
	if (!config_read_string(&tree->config, conf_text_bytes(text))) {
		faults_add(faults, conf_text_place(text, config_error_line(&tree->config)), "%s",
		    explain(config_error_text(&tree->config)));
		conf_tree_free(tree);
		return NULL;
	}
	return tree;
}

void
conf_tree_free(struct conf_tree *tree)
{
	if (tree == NULL)
		return;
	config_destroy(&tree->config);
	conf_text_free(tree->text);
	free(tree->json->at);
	free(tree->json);
	free(tree);
}

const config_setting_t *
conf_tree_root(const struct conf_tree *tree)
{
	return config_root_setting(&tree->config);
}

struct place
conf_tree_place(const struct conf_tree *tree, const config_setting_t *setting)
{
	return conf_text_place(tree->text, (int)config_setting_source_line(setting));
}

struct faults *
conf_tree_faults(const struct conf_tree *tree)
{
	return tree->faults;
}

const char *
conf_tree_kind(const config_setting_t *setting)
{
	static const char *const kinds[] = {
		[CONFIG_TYPE_GROUP] = "a group { }",
		[CONFIG_TYPE_INT] = "a whole number",
		[CONFIG_TYPE_INT64] = "a whole number",
		[CONFIG_TYPE_FLOAT] = "a real number",
		[CONFIG_TYPE_STRING] = "text",
		[CONFIG_TYPE_BOOL] = "a boolean",
		[CONFIG_TYPE_ARRAY] = "an array [ ]",
		[CONFIG_TYPE_LIST] = "a list ( )",
	};

	if (config_setting_type(setting) == CONFIG_TYPE_STRING && conf_tree_text(setting) == NULL)
		return "null";
	return kinds[config_setting_type(setting)];
}

const char *
conf_tree_text(const config_setting_t *setting)
{
	const char *text = config_setting_get_string(setting);

	return text != NULL && strcmp(text, CONF_TEXT_NULL) != 0 ? text : NULL;
}

const char *
conf_tree_utf8(const struct conf_tree *tree, const config_setting_t *setting)
{
	const char *text = conf_tree_text(setting);

	/* The file was UTF-8; \x80 and its like need not be. */
	if (text == NULL || conf_text_is_utf8(text, strlen(text)))
		return text;
	conf_tree_fault(tree, setting, "not UTF-8 (\\xHH must spell characters in UTF-8)");
	return NULL;
}

static void
put(const struct conf_tree *tree, const char *text)
{
	bytes_append(tree->json, text, strlen(text));
}

/* Whether JSON has it as it is: most texts are so, and there may be millions. */
static bool
is_plain(const char *text)
{
	while (*text >= ' ' && *text <= '~' && *text != '"' && *text != '\\')
		text++;
	return *text == '\0';
}

static bool
put_text(const struct conf_tree *tree, const config_setting_t *setting)
{
	const char *text = conf_tree_text(setting);
	json_t *json;
	char *quoted;

	if (text == NULL) {
		put(tree, "null");
	} else if (is_plain(text)) {
		put(tree, "\"");
		put(tree, text);
		put(tree, "\"");
	} else if (conf_tree_utf8(tree, setting) == NULL) {
		return false;
	} else {
		json = must(json_string(text));
		quoted = must(json_dumps(json, JSON_ENCODE_ANY));
		put(tree, quoted);
		free(quoted);
		json_decref(json);
	}
	return true;
}

static void
put_whole(const struct conf_tree *tree, long long whole)
{
	char text[24];

	snprintf(text, sizeof text, "%lld", whole);
	put(tree, text);
}

/* As a real number, in digits that read back equal; most are whole. */
static void
put_real(const struct conf_tree *tree, double real)
{
	char text[32];
	bool small = fabs(real) < 1e15;

	if (small && (double)(long long)real == real && !signbit(real)) {
		put_whole(tree, (long long)real);
		put(tree, ".0");
		return;
	}
	snprintf(text, sizeof text, "%.15g", real);
	if (strtod(text, NULL) != real)
		snprintf(text, sizeof text, "%.17g", real);
	put(tree, text);
	if (strpbrk(text, ".e") == NULL)
		put(tree, ".0");
}

static bool put_value(const struct conf_tree *tree, const config_setting_t *setting);

static bool
put_members(const struct conf_tree *tree, const config_setting_t *setting)
{
	bool group = config_setting_is_group(setting);

	put(tree, group ? "{" : "[");
	for (int i = 0, count = config_setting_length(setting); i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);

		if (i > 0)
			put(tree, ",");
		if (group) {
			/* What may be a name needs no escapes. */
			put(tree, "\"");
			put(tree, config_setting_name(member));
			put(tree, "\":");
		}
		if (!put_value(tree, member))
			return false;
	}
	put(tree, group ? "}" : "]");
	return true;
}

static bool
put_value(const struct conf_tree *tree, const config_setting_t *setting)
{
	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64: put_whole(tree, config_setting_get_int64(setting)); return true;
	case CONFIG_TYPE_FLOAT: put_real(tree, config_setting_get_float(setting)); return true;
	case CONFIG_TYPE_BOOL:
		put(tree, config_setting_get_bool(setting) ? "true" : "false");
		return true;
	case CONFIG_TYPE_STRING: return put_text(tree, setting);
	default: return put_members(tree, setting);
	}
}

const char *
conf_tree_json(const struct conf_tree *tree, const config_setting_t *setting)
{
	tree->json->length = 0;
	return put_value(tree, setting) ? tree->json->at : NULL;
}
