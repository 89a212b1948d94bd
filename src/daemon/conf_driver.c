/* conf_driver.c: the table of a driver's settings. */
#include "conf_driver.h"

#include "memory.h"
#include "refuse.h"

#include <errno.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { NAME_MAX_BYTES = 63 };

#define AT(member) SETTING_AT(conf_driver, member)

static bool check_name(const char *name, struct credis_error *err);
static bool check_directory(const char *path, struct credis_error *err);
static bool check_user(const char *user, struct credis_error *err);
static bool check_variable(const char *word, struct credis_error *err);

static const struct setting driver_rows[] = {
	{ "name", SETTING_TEXT, AT(name), NULL, "text: 1 to 63 letters, digits, _ . and -",
	    "what its keywords call it", check_name, NULL, false },
	{ "command", SETTING_TEXTS, AT(command), NULL,
	    "a list of texts: a program and its arguments", "what is started, without a shell",
	    NULL, NULL, false },
	{ "environment", SETTING_TEXTS, AT(environment), NULL, "a list of texts: NAME=VALUE",
	    "its environment beside PATH, LANG, CREDIS_SERVICE and CREDIS_DRIVER", check_variable,
	    NULL, false },
	{ "directory", SETTING_TEXT, AT(directory), "/", "an absolute path", "where it is started",
	    check_directory, NULL, false },
	{ "user", SETTING_TEXT, AT(user), NULL, "the name of a user",
	    "who it runs as; takes a credisd that runs as root", check_user, NULL, false },
};
const struct setting_group conf_driver_settings = SETTING_GROUP_OF("drivers", driver_rows);

static bool
check_name(const char *name, struct credis_error *err)
{
	static const char allowed[] =
	    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
	size_t length = strlen(name);

	return (length >= 1 && length <= NAME_MAX_BYTES && strspn(name, allowed) == length) ||
	    refuse(err, "'%.64s' is no name of a driver", name);
}

static bool
check_directory(const char *path, struct credis_error *err)
{
	return path[0] == '/' || refuse(err, "'%.256s' does not begin with /", path);
}

/* Whoever may not change to another user had better know before the night. */
static bool
check_user(const char *user, struct credis_error *err)
{
	const struct passwd *row;

	errno = 0;
	row = getpwnam(user);
	if (row == NULL)
		return refuse(err, "'%.64s': %s", user,
		    errno == 0 ? "there is no such user" : strerror(errno));
	return geteuid() == 0 || row->pw_uid == geteuid() ||
	    refuse(err, "'%.64s': only root may start programs as another user", user);
}

static bool
check_variable(const char *word, struct credis_error *err)
{
	const char *equals = strchr(word, '=');

	return (equals != NULL && equals != word) || refuse(err, "'%.64s' is no NAME=VALUE", word);
}

char *
conf_program(const struct conf_tree *tree, const config_setting_t *setting, const char *program)
{
	char *path, *here, *whole;

	if (program[0] == '/' || strchr(program, '/') == NULL)
		return must(strdup(program));
	path = conf_text_beside(conf_tree_place(tree, setting).file, program);
	if (path[0] == '/')
		return path;
	here = must(getcwd(NULL, 0));
	whole = must_print("%s/%s", strcmp(here, "/") == 0 ? "" : here, path);
	free(here);
	free(path);
	return whole;
}

static void
require(const struct conf_tree *tree, const config_setting_t *group, const char *name,
    const char *subject)
{
	if (config_setting_get_member(group, name) == NULL)
		conf_tree_fault(tree, group, "%s has no %s (%s = …; is required)", subject, name,
		    name);
}

static void
settle_program(const struct conf_tree *tree, const config_setting_t *command, char **program)
{
	char *path = conf_program(tree, command, *program);

	if (path[0] == '\0')
		conf_tree_fault(tree, command, "drivers.command: the program's name is empty");
	free(*program);
	*program = path;
}

struct conf_driver *
conf_driver_read(const struct conf_tree *tree, const config_setting_t *group)
{
	struct conf_driver *driver = must(calloc(1, sizeof *driver));

	settings_begin(&conf_driver_settings, driver);
	settings_take(tree, group, &conf_driver_settings, driver);
	require(tree, group, "name", "a driver");
	require(tree, group, "command", driver->name != NULL ? driver->name : "a driver");
	if (driver->command != NULL)
		settle_program(tree, config_setting_get_member(group, "command"),
		    &driver->command[0]);
	return driver;
}

void
conf_driver_free(struct conf_driver *driver)
{
	if (driver == NULL)
		return;
	settings_free(&conf_driver_settings, driver);
	free(driver->service);
	free(driver);
}

static bool
equal_texts(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool
equal_lists(char *const *a, char *const *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	for (; *a != NULL && *b != NULL; a++, b++) {
		if (strcmp(*a, *b) != 0)
			return false;
	}
	return *a == *b;
}

bool
conf_driver_equal(const struct conf_driver *a, const struct conf_driver *b)
{
	return equal_lists(a->command, b->command) && equal_lists(a->environment, b->environment) &&
	    equal_texts(a->directory, b->directory) && equal_texts(a->user, b->user);
}
