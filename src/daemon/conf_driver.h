/* conf_driver.h: the drivers of a service, as they are configured.
 * Knows nothing of how they run. */
#ifndef DAEMON_CONF_DRIVER_H
#define DAEMON_CONF_DRIVER_H

#include "settings.h"

#include <stdbool.h>

struct conf_driver {
	char *service;
	char *name;
	char **command; /* NULL-terminated; so is the environment, NULL when none was given */
	char **environment;
	char *directory;
	char *user; /* NULL: ours */
};

extern const struct setting_group conf_driver_settings;

/* Reads one; what is wrong becomes a fault. Never NULL, to conf_driver_free(). */
struct conf_driver *conf_driver_read(const struct conf_tree *tree, const config_setting_t *group);
void conf_driver_free(struct conf_driver *driver);

/* Whether both would run alike. */
bool conf_driver_equal(const struct conf_driver *a, const struct conf_driver *b);

/* A program as a file names it: with a slash, and not at its beginning, it is meant as seen from the file's own
 * directory. To free(). */
char *conf_program(const struct conf_tree *tree, const config_setting_t *setting,
    const char *program);

#endif
