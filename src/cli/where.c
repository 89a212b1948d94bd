/* where.c: which store to talk to: -u, CREDIS_URL, 'store' of credis.conf, credisd's own store if it is
 * there, the local Redis. CREDIS_CONF names another file than /etc/credis/credis.conf; "" is none. */
#include "where.h"

#include "fault.h"
#include "memory.h"

#include <libconfig.h>

#include <ctype.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#define CONF "/etc/credis/credis.conf"
#define NO_STORE_CONFIGURED "redis://localhost:6379/0"

enum { CONF_MAX = 65536 };

/* A path within a URL. */
static char *
url_of_socket(const char *path)
{
	char *url, *end;

	url = must(malloc(strlen("unix://") + 3 * strlen(path) + 1));
	end = url + sprintf(url, "unix://");
	for (; *path != '\0'; path++) {
		if (isalnum((unsigned char)*path) || strchr("/._-", *path) != NULL)
			*end++ = *path;
		else
			end += sprintf(end, "%%%02X", (unsigned char)*path);
	}
	*end = '\0';
	return url;
}

/* To free(). Several runtime directories are divided by colons; credisd uses the first. */
static char *
embedded_socket(void)
{
	const char *directory = getenv("RUNTIME_DIRECTORY");
	char *path;

	if (directory == NULL || directory[0] == '\0')
		directory = "/run/credis";
	if (asprintf(&path, "%.*s/redis.sock", (int)strcspn(directory, ":"), directory) < 0)
		path = NULL;
	return must(path);
}

/* The text of a file, to free(). NULL with the reason; with CREDIS_OK there is no such file. */
static char *
read_text(const char *path, struct credis_error *err)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t length;

	if (file == NULL) {
		fault(err, errno == ENOENT ? CREDIS_OK : CREDIS_EINVAL, "%s: %s", path,
		    strerror(errno));
		return NULL;
	}
	text = must(calloc(1, CONF_MAX + 1));
	length = fread(text, 1, CONF_MAX + 1, file);
	if (ferror(file))
		fault(err, CREDIS_EINVAL, "%s: %s", path, strerror(errno));
	else if (length > CONF_MAX || memchr(text, '\0', length) != NULL)
		fault(err, CREDIS_EINVAL,
		    "%s: not a configuration: too long (%d bytes are allowed)"
		    " or binary",
		    path, CONF_MAX);
	else
		err->code = CREDIS_OK;
	fclose(file);
	if (err->code == CREDIS_OK)
		return text;
	free(text);
	return NULL;
}

/* libconfig ends the program when an @include names a directory, so it never gets to see one. */
static bool
has_no_include(const char *path, const char *text, struct credis_error *err)
{
	int line = 1;

	for (const char *at = text; at != NULL; line++) {
		at += strspn(at, " \t");
		if (strncmp(at, "@include", strlen("@include")) == 0)
			return fault(err, CREDIS_EINVAL, "%s:%d: @include is not allowed here",
			    path, line);
		at = strchr(at, '\n');
		if (at != NULL)
			at++;
	}
	return true;
}

static bool
is_among(const char *word, const char *const *known)
{
	while (*known != NULL && strcmp(*known, word) != 0)
		known++;
	return *known != NULL;
}

static bool
has_only(const char *path, const config_setting_t *group, const char *const *known,
    struct credis_error *err)
{
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(member);
		char hint[FAULT_HINT];

		if (!is_among(name, known))
			return fault(err, CREDIS_EINVAL, "%s:%d: unknown setting '%.64s'%s", path,
			    config_setting_source_line(member), name,
			    fault_hint(hint, "", credis_nearest(name, known)));
	}
	return true;
}

/* Copies a setting of 'store', if it is there, to '*text', unless that is known already. */
static bool
take_text(const char *path, const config_setting_t *store, const char *name, char **text,
    struct credis_error *err)
{
	const config_setting_t *member = config_setting_get_member(store, name);

	if (member == NULL)
		return true;
	if (config_setting_type(member) != CONFIG_TYPE_STRING)
		return fault(err, CREDIS_EINVAL, "%s:%d: '%s' is not text in quotes", path,
		    config_setting_source_line(member), name);
	if (*text == NULL)
		*text = must(strdup(config_setting_get_string(member)));
	return true;
}

static bool
take_store(struct where *where, const char *path, const config_t *config, struct credis_error *err)
{
	static const char *const top[] = { "store", NULL };
	static const char *const members[] = { "url", "namespace", NULL };
	const config_setting_t *store = config_lookup(config, "store");

	if (!has_only(path, config_root_setting(config), top, err))
		return false;
	if (store == NULL)
		return true;
	if (!config_setting_is_group(store))
		return fault(err, CREDIS_EINVAL, "%s:%d: 'store' is not a group: { url = \"…\"; }",
		    path, config_setting_source_line(store));
	return has_only(path, store, members, err) &&
	    take_text(path, store, "url", &where->url, err) &&
	    take_text(path, store, "namespace", &where->name_space, err);
}

static bool
take_file(struct where *where, const char *path, bool must_exist, struct credis_error *err)
{
	char *text = read_text(path, err);
	config_t config;
	bool ok;

	if (text == NULL && err->code == CREDIS_OK && must_exist)
		err->code = CREDIS_EINVAL;
	if (text == NULL)
		return err->code == CREDIS_OK;
	config_init(&config);
	ok = has_no_include(path, text, err);
	if (ok && !config_read_string(&config, text))
		ok = fault(err, CREDIS_EINVAL, "%s:%d: %s", path, config_error_line(&config),
		    config_error_text(&config));
	ok = ok && take_store(where, path, &config, err);
	config_destroy(&config);
	free(text);
	return ok;
}

/* The store that credisd runs itself, when it is meant or, with nothing else said, when it is there. */
static void
settle(struct where *where)
{
	bool meant = where->url != NULL && strcmp(where->url, "embedded") == 0;
	char *path;
	struct stat stat_of;

	if (where->url != NULL && !meant)
		return;
	free(where->url);
	path = embedded_socket();
	if (meant || (stat(path, &stat_of) == 0 && S_ISSOCK(stat_of.st_mode)))
		where->url = url_of_socket(path);
	else
		where->url = must(strdup(NO_STORE_CONFIGURED));
	free(path);
}

bool
where_find(struct where *where, const char *url, struct credis_error *err)
{
	const char *path = getenv("CREDIS_CONF");

	*where = (struct where){ 0 };
	if (url == NULL)
		url = getenv("CREDIS_URL");
	if (path == NULL || path[0] != '\0') {
		if (!take_file(where, path != NULL ? path : CONF, path != NULL, err))
			return false;
	}
	if (url != NULL && url[0] != '\0') {
		free(where->url);
		where->url = must(strdup(url));
		return true;
	}
	settle(where);
	return true;
}

void
where_clear(struct where *where)
{
	free(where->url);
	free(where->name_space);
	*where = (struct where){ 0 };
}
