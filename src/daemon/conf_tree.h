/* conf_tree.h: a configuration file as libconfig's tree, each setting with its place.
 * Knows libconfig; knows no setting by name. */
#ifndef DAEMON_CONF_TREE_H
#define DAEMON_CONF_TREE_H

#include "conf_text.h"
#include "faults.h"

#include <libconfig.h>

struct conf_tree;

/* Takes a text and parses it; NULL, and the reason among the faults, when it cannot be. */
struct conf_tree *conf_tree_take(struct conf_text *text, struct faults *faults);
void conf_tree_free(struct conf_tree *tree);

const config_setting_t *conf_tree_root(const struct conf_tree *tree);

struct place conf_tree_place(const struct conf_tree *tree, const config_setting_t *setting);
struct faults *conf_tree_faults(const struct conf_tree *tree);

/* Adds a fault at a setting. */
#define conf_tree_fault(tree, setting, ...) \
	faults_add(conf_tree_faults(tree), conf_tree_place(tree, setting), __VA_ARGS__)

/* "text", "a whole number", "a group": what stands there. */
const char *conf_tree_kind(const config_setting_t *setting);

/* A setting's text; NULL when it is none. */
const char *conf_tree_text(const config_setting_t *setting);

/* The same in UTF-8; NULL, and a fault, when it is not. */
const char *conf_tree_utf8(const struct conf_tree *tree, const config_setting_t *setting);

/* A setting's value as JSON, lent until the next is asked for; NULL, and a fault, when it has none. */
const char *conf_tree_json(const struct conf_tree *tree, const config_setting_t *setting);

#endif
