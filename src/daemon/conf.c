/* conf.c: reads the main file, then every file of services_dir, and checks what only the whole shows.
 * The tables of settings are here; walking them is settings.c's, services are conf_service.c's. */
#include "conf.h"

#include "conf_service.h"
#include "journal.h"
#include "memory.h"
#include "metrics.h"
#include "refuse.h"

#include <event2/event.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#define SERVICES_DIR "/etc/credis/services.d"
#define SOCKET "redis.sock"
#define LIST_OF_SERVICES "a list of groups: ( { name = \"telescope\"; keywords = ( … ); }, … )"

static bool check_url(const char *url, struct credis_error *err);
static bool check_namespace(const char *ns, struct credis_error *err);
static bool check_durability(const char *text, struct credis_error *err);
static bool check_directory(const char *path, struct credis_error *err);
static bool check_level(const char *level, struct credis_error *err);
static bool check_listen(const char *address, struct credis_error *err);

#define AT(member) SETTING_AT(conf, member)

static const struct setting store_rows[] = {
	{ "url", SETTING_TEXT, AT(store_url), "redis://localhost:6379/0",
	    "redis://HOST:PORT/DB, rediss://…, unix:///PATH, redis+sentinel://…, or embedded",
	    "where values are kept; embedded is a"
	    " Redis server that credisd runs itself",
	    check_url, NULL, true },
	{ "namespace", SETTING_TEXT, AT(store_namespace), "credis",
	    "1 to 32 letters, digits, _ . and -", "what the names of all keys begin with",
	    check_namespace, NULL, true },
	{ "connect_timeout", SETTING_SPAN, AT(connect_timeout_ms), "3 seconds",
	    "a span of time from \"1 millisecond\" as \"3 seconds\"",
	    "how long connecting may take", NULL, NULL, true },
	{ "command_timeout", SETTING_SPAN, AT(command_timeout_ms), "2 seconds",
	    "a span of time from \"1 millisecond\" as \"2 seconds\"",
	    "how long an answer of the store may take", NULL, NULL, true },
	{ "durability", SETTING_TEXT, AT(durability), "none",
	    "none, or replicas:N with N from 1 to 16",
	    "how many replicas must have a write before it is answered done", check_durability,
	    NULL, true },
};
static const struct setting_group store_group = SETTING_GROUP_OF("store", store_rows);

static const struct setting log_rows[] = {
	{ "level", SETTING_TEXT, AT(log_level), "info", "error, warning, info or debug",
	    "how much to tell", check_level, NULL, false },
};
static const struct setting_group log_group = SETTING_GROUP_OF("log", log_rows);

static const struct setting metrics_rows[] = {
	{ "listen", SETTING_TEXT, AT(metrics_listen), NULL,
	    "ADDRESS:PORT as 127.0.0.1:9121 or [::1]:9121",
	    "where to serve /metrics for Prometheus; nowhere unless given", check_listen, NULL,
	    true },
};
static const struct setting_group metrics_group = SETTING_GROUP_OF("metrics", metrics_rows);

static const struct setting limits_rows[] = {
	{ "clients", SETTING_COUNT, AT(limit_clients), "4096", "a whole number from 1",
	    "clients whose requests are remembered, so that none is executed twice", NULL, NULL,
	    true },
	{ "answers", SETTING_COUNT, AT(limit_answers), "65536", "a whole number of bytes from 1",
	    "answers remembered for each client", NULL, NULL, true },
	{ "requests", SETTING_COUNT, AT(limit_requests), "65536", "a whole number from 1",
	    "requests under way at a time; more are refused as busy", NULL, NULL, true },
	{ "bytes", SETTING_COUNT, AT(limit_bytes), "67108864", "a whole number of bytes from 1",
	    "values under way at a time; more are refused as busy", NULL, NULL, true },
};
static const struct setting_group limits_group = SETTING_GROUP_OF("limits", limits_rows);

static const struct setting top_rows[] = {
	{ "store", SETTING_GROUP, 0, NULL, "a group: { url = \"…\"; }", "the Redis server", NULL,
	    &store_group, false },
	{ "log", SETTING_GROUP, 0, NULL, "a group: { level = \"…\"; }", "the log", NULL, &log_group,
	    false },
	{ "metrics", SETTING_GROUP, 0, NULL, "a group: { listen = \"…\"; }",
	    "figures for Prometheus", NULL, &metrics_group, false },
	{ "limits", SETTING_GROUP, 0, NULL, "a group: { clients = …; }", "bounds of memory", NULL,
	    &limits_group, false },
	{ "services_dir", SETTING_TEXT, AT(services_dir), NULL,
	    "the path of a directory, or \"\" for none",
	    "its files *.conf, in the order of their names, hold services", NULL, NULL, false },
	{ "state_dir", SETTING_TEXT, AT(state_dir), NULL, "an absolute path",
	    "where the embedded store keeps its data", check_directory, NULL, true },
	{ "runtime_dir", SETTING_TEXT, AT(runtime_dir), NULL, "an absolute path",
	    "where the embedded store's socket is", check_directory, NULL, true },
	{ "services", SETTING_LIST, AT(service_list), NULL, LIST_OF_SERVICES, "the services", NULL,
	    NULL, false },
};
const struct setting_group conf_settings = SETTING_GROUP_OF("", top_rows);

/* A file of services_dir holds the last of them only. */
const struct setting_group conf_file_settings = { "",
	&top_rows[sizeof top_rows / sizeof *top_rows - 1], 1 };

/* What the library thinks of a URL and a namespace. */
static bool
check_store(const char *url, const char *ns, struct credis_error *err)
{
	struct event_base *base = must(event_base_new());
	struct credis_dispatcher *dispatcher = credis_dispatcher_new(base, url, err);
	bool ok = dispatcher != NULL &&
	    (ns == NULL || credis_dispatcher_set_namespace(dispatcher, ns, err));

	credis_dispatcher_free(dispatcher);
	event_base_free(base);
	return ok;
}

static bool
check_url(const char *url, struct credis_error *err)
{
	return strcmp(url, CONF_EMBEDDED) == 0 || check_store(url, NULL, err);
}

static bool
check_namespace(const char *ns, struct credis_error *err)
{
	return check_store("redis://localhost", ns, err);
}

/* "replicas:2" → 2, "none" → 0; -1 for anything else. */
static int
parse_durability(const char *text)
{
	static const char prefix[] = "replicas:";
	const char *digits = text + strlen(prefix);
	int replicas;

	if (strcmp(text, "none") == 0)
		return 0;
	if (strncmp(text, prefix, strlen(prefix)) != 0 || strlen(digits) > 2 ||
	    digits[strspn(digits, "0123456789")] != '\0')
		return -1;
	replicas = atoi(digits);
	return replicas >= 1 && replicas <= 16 ? replicas : -1;
}

static bool
check_durability(const char *text, struct credis_error *err)
{
	return parse_durability(text) >= 0 || refuse(err, "'%.64s' is no durability", text);
}

unsigned
conf_replicas(const struct conf *conf)
{
	return (unsigned)parse_durability(conf->durability);
}

static bool
check_directory(const char *path, struct credis_error *err)
{
	return path[0] == '/' || refuse(err, "'%.256s' does not begin with /", path);
}

static bool
check_level(const char *level, struct credis_error *err)
{
	enum credis_log_level found;

	return journal_level_find(level, &found) || refuse(err, "'%.64s' is no level", level);
}

static bool
check_listen(const char *address, struct credis_error *err)
{
	return metrics_address_check(address) ||
	    refuse(err, "'%.64s' is no address with a port", address);
}

/* The first of the directories that the service manager made for us, or what it would be without one. */
static void
settle_directory(char **directory, const char *variable, const char *otherwise)
{
	const char *made = getenv(variable);

	if (*directory != NULL)
		return;
	if (made == NULL || made[0] != '/')
		made = otherwise;
	*directory = must(strndup(made, strcspn(made, ":")));
}

bool
conf_is_embedded(const struct conf *conf)
{
	return strcmp(conf->store_url, CONF_EMBEDDED) == 0;
}

char *
conf_socket(const struct conf *conf)
{
	return must_print("%s/" SOCKET, conf->runtime_dir);
}

static void
check_socket(const struct conf *conf, const struct conf_tree *tree)
{
	const size_t most = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	const config_setting_t *root = conf_tree_root(tree);
	const config_setting_t *blame = config_setting_get_member(root, "runtime_dir");
	char *path = conf_socket(conf);

	if (conf_is_embedded(conf) && strlen(path) > most)
		conf_tree_fault(tree, blame != NULL ? blame : root,
		    "runtime_dir: %s has %zu bytes"
		    " (a socket's name may have %zu)",
		    path, strlen(path), most);
	free(path);
}

static void
take_services(struct conf *conf, const struct conf_tree *tree, struct seen **seen)
{
	if (conf->service_list != NULL)
		conf_service_take(conf, tree, conf->service_list, seen);
	conf->service_list = NULL;
}

static void
read_file(struct conf *conf, const char *path, struct faults *faults, struct seen **seen)
{
	struct conf_tree *tree = conf_tree_take(conf_text_read(path, faults), faults);

	if (tree == NULL)
		return;
	settings_take(tree, conf_tree_root(tree), &conf_file_settings, conf);
	take_services(conf, tree, seen);
	conf_tree_free(tree);
}

static int
is_configuration(const struct dirent *entry)
{
	const char *dot = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && dot != NULL && strcmp(dot, ".conf") == 0;
}

/* By bytes: the order must not depend on anybody's language. */
static int
by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static void
read_directory(struct conf *conf, struct place blame, struct faults *faults, struct seen **seen)
{
	struct dirent **entries;
	int count = scandir(conf->services_dir, &entries, is_configuration, by_name);

	if (count == -1) {
		faults_add(faults, blame, "services_dir: %s: %s (a directory that can be read)",
		    conf->services_dir, strerror(errno));
		return;
	}
	for (int i = 0; i < count; i++) {
		char *path = must_print("%s/%s", conf->services_dir, entries[i]->d_name);

		read_file(conf, path, faults, seen);
		free(path);
		free(entries[i]);
	}
	free(entries);
}

/* The directory that is named must be there; the usual one need not. */
static void
take_directory(struct conf *conf, const struct conf_tree *tree, struct seen **seen)
{
	const config_setting_t *root = conf_tree_root(tree);
	const config_setting_t *setting = config_setting_get_member(root, "services_dir");
	struct place place = conf_tree_place(tree, setting != NULL ? setting : root);

	if (conf->services_dir != NULL && conf->services_dir[0] != '\0') {
		char *path = conf_text_beside(place.file, conf->services_dir);

		free(conf->services_dir);
		conf->services_dir = path;
		read_directory(conf, place, conf_tree_faults(tree), seen);
	} else if (conf->services_dir == NULL) {
		conf->services_dir = must(strdup(SERVICES_DIR));
		if (access(SERVICES_DIR, F_OK) == 0)
			read_directory(conf, place, conf_tree_faults(tree), seen);
	}
}

static struct conf *
read_main(struct conf_text *text, bool alone, struct faults *faults)
{
	struct conf *conf = must(calloc(1, sizeof *conf));
	struct conf_tree *tree = conf_tree_take(text, faults);
	struct seen *seen = NULL;

	settings_begin(&conf_settings, conf);
	if (tree != NULL) {
		settings_take(tree, conf_tree_root(tree), &conf_settings, conf);
		take_services(conf, tree, &seen);
		if (!alone)
			take_directory(conf, tree, &seen);
		settle_directory(&conf->state_dir, "STATE_DIRECTORY", "/var/lib/credis");
		settle_directory(&conf->runtime_dir, "RUNTIME_DIRECTORY", "/run/credis");
		check_socket(conf, tree);
	}
	if (faults_count(faults) == 0) /* what has a fault itself is missing to others */
		conf_service_check(conf, seen, faults);
	seen_free(&seen);
	conf_tree_free(tree);
	if (faults_count(faults) == 0)
		return conf;
	conf_free(conf);
	return NULL;
}

struct conf *
conf_read(const char *path, struct faults *faults)
{
	return read_main(conf_text_read(path, faults), false, faults);
}

struct conf *
conf_read_bytes(const char *bytes, size_t length, struct faults *faults)
{
	return read_main(conf_text_scan("credisd.conf", bytes, length, faults), true, faults);
}

void
conf_free(struct conf *conf)
{
	if (conf == NULL)
		return;
	for (size_t i = 0; i < conf->service_count; i++)
		credis_service_free(conf->services[i]);
	free(conf->services);
	for (size_t i = 0; i < conf->driver_count; i++)
		conf_driver_free(conf->drivers[i]);
	free(conf->drivers);
	settings_free(&conf_settings, conf);
	free(conf);
}

size_t
conf_keyword_count(const struct conf *conf)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->service_count; i++) {
		for (size_t n = 0; credis_service_keyword(conf->services[i], n) != NULL; n++)
			count++;
	}
	return count;
}
