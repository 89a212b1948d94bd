/* conf_tree.c: parses a text with libconfig and says in our words what that finds wrong. */
#include "conf_tree.h"

#include "memory.h"

#include <string.h>

struct conf_tree {
	config_t config;
	struct conf_text *text;
	struct faults *faults;
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

static json_t *
json_of_members(const struct conf_tree *tree, const config_setting_t *setting)
{
	bool group = config_setting_is_group(setting);
	json_t *json = must(group ? json_object() : json_array());

	for (int i = 0, count = config_setting_length(setting); i < count; i++) {
		const config_setting_t *member = config_setting_get_elem(setting, (unsigned)i);
		json_t *value = conf_tree_json(tree, member);

		if (value == NULL) {
			json_decref(json);
			return NULL;
		}
		if (group)
			json_object_set_new(json, config_setting_name(member), value);
		else
			json_array_append_new(json, value);
	}
	return json;
}

json_t *
conf_tree_json(const struct conf_tree *tree, const config_setting_t *setting)
{
	json_t *json = NULL;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64: return must(json_integer(config_setting_get_int64(setting)));
	case CONFIG_TYPE_FLOAT: return must(json_real(config_setting_get_float(setting)));
	case CONFIG_TYPE_BOOL: return must(json_boolean(config_setting_get_bool(setting)));
	case CONFIG_TYPE_STRING:
		if (conf_tree_text(setting) == NULL)
			return json_null();
		/* The file was UTF-8; \x80 and its like need not be. */
		json = json_string(config_setting_get_string(setting));
		if (json == NULL)
			conf_tree_fault(tree, setting,
			    "not UTF-8 (\\xHH must spell characters in UTF-8)");
		return json;
	default: return json_of_members(tree, setting);
	}
}
