/* conf_service.c: reads services and keywords out of a file.
 * Hands each setting of a keyword to the library as JSON and gives its refusals their place. */
#include "conf_service.h"

#include "memory.h"

#include <credis/keyword.h>

#include <jansson.h>

#include <string.h>
#include <uthash.h>

enum { ROWS_MAX = 64 }; /* settings of a keyword */

/* A name, and where it stood first. */
struct seen {
	char *name;
	struct place place;
	UT_hash_handle hh;
};

/* What a service says of itself. */
struct service {
	char *name;
	char *help;
	char *version;
	char *layout;
	char *prefix;
	const config_setting_t *driver_list;
	const config_setting_t *keywords;

	struct conf_driver **drivers;
	size_t driver_count;

	const config_setting_t **taken; /* the group of each keyword without a fault */
	size_t taken_count;
};

#define AT(member) SETTING_AT(service, member)

static const struct setting service_rows[] = {
	{ "name", SETTING_TEXT, AT(name), NULL, "text: a letter, then letters, digits, _ and -",
	    "what keywords are addressed by: name.KEYWORD", NULL, NULL, false },
	{ "help", SETTING_TEXT, AT(help), "", "text", "what it is, for people", NULL, NULL, false },
	{ "version", SETTING_TEXT, AT(version), "", "text", "its version, for people", NULL, NULL,
	    false },
	{ "layout", SETTING_TEXT, AT(layout), "native", "native, cauldron",
	    "cauldron: clients of Cauldron's Redis backend are served as well", NULL, NULL, false },
	{ "prefix", SETTING_TEXT, AT(prefix), NULL, "text: 1 to 64 letters, digits, _ . and -",
	    "what Cauldron's keys begin with", NULL, NULL, false },
	{ "drivers", SETTING_LIST, AT(driver_list), NULL,
	    "a list of groups: ( { name = \"mount\"; command = [ \"…\" ]; }, … )",
	    "programs that own keywords", NULL, NULL, false },
	{ "keywords", SETTING_LIST, AT(keywords), NULL,
	    "a list of groups: ( { name = \"AZ\"; type = \"double\"; }, … )", "its keywords", NULL,
	    NULL, false },
};
const struct setting_group conf_service_settings = SETTING_GROUP_OF("services", service_rows);

/* Where 'name' stood before; NULL, and remembered from now on, when it did not. */
static const struct place *
seen_before(struct seen **seen, const char *name, struct place place)
{
	struct seen *entry;

	HASH_FIND_STR(*seen, name, entry);
	if (entry != NULL)
		return &entry->place;
	entry = must(calloc(1, sizeof *entry));
	entry->name = must(strdup(name));
	entry->place = place;
	HASH_ADD_KEYPTR(hh, *seen, entry->name, strlen(entry->name), entry);
	return NULL;
}

void
seen_free(struct seen **seen)
{
	struct seen *entry, *next;

	HASH_ITER(hh, *seen, entry, next)
	{
		HASH_DEL(*seen, entry);
		free(entry->name);
		free(entry);
	}
}

/* Where a group's member stands, or else the group itself. */
static const config_setting_t *
member_or_group(const config_setting_t *group, const char *name)
{
	const config_setting_t *member =
	    name != NULL ? config_setting_get_member(group, name) : NULL;

	return member != NULL ? member : group;
}

/* A member that must be text; NULL and a fault when it is not. */
static const char *
required_text(const struct conf_tree *tree, const config_setting_t *group, const char *name,
    const char *subject)
{
	const config_setting_t *member = config_setting_get_member(group, name);

	if (member == NULL)
		conf_tree_fault(tree, group, "%s has no %s (%s = \"…\"; is required)", subject,
		    name, name);
	else if (conf_tree_text(member) == NULL)
		conf_tree_fault(tree, member, "keywords.%s: is %s (text is wanted)", name,
		    conf_tree_kind(member));
	else
		return conf_tree_text(member);
	return NULL;
}

static bool
take_type(const struct conf_tree *tree, const config_setting_t *group, const char *subject,
    enum credis_type *type)
{
	const char *names[CREDIS_TYPES + 1] = { NULL };
	const char *text = required_text(tree, group, "type", subject), *nearest;
	char allowed[256] = "";

	if (text == NULL || credis_type_find(text, type))
		return text != NULL;
	for (int i = 0; i < CREDIS_TYPES; i++) {
		names[i] = credis_type_name((enum credis_type)i);
		strcat(strcat(allowed, i != 0 ? ", " : ""), names[i]);
	}
	nearest = credis_nearest(text, names);
	conf_tree_fault(tree, member_or_group(group, "type"),
	    "%s: type: '%.64s' is no type%s%s (%s)", subject, text,
	    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "", allowed);
	return false;
}

/* The library's row of a setting; NULL for name and type, which are read first, and for no setting. */
static const struct credis_setting *
find_row(const char *name)
{
	const struct credis_setting *row;

	for (size_t i = 0; (row = credis_keyword_setting(i)) != NULL; i++) {
		if (row->name[0] == name[0] && strcmp(row->name, name) == 0 &&
		    strcmp(name, "type") != 0)
			return row;
	}
	return NULL;
}

static void
refuse_unknown(const struct conf_tree *tree, const config_setting_t *setting)
{
	const char *names[ROWS_MAX + 3] = { "name", "type" };
	const struct credis_setting *row;

	for (size_t i = 0, n = 2; n < ROWS_MAX && (row = credis_keyword_setting(i)) != NULL; i++) {
		if (find_row(row->name) != NULL)
			names[n++] = row->name;
	}
	settings_refuse_unknown(tree, setting, "keywords", names);
}

/* A number where text belongs is taken by the library for text without quotation marks; in a file it is
 * a mistake, but for an initial value. */
static bool
became_text(const struct credis_keyword *keyword, const struct credis_setting *row,
    const config_setting_t *setting)
{
	char *text;
	bool became;

	if (conf_tree_text(setting) != NULL || strcmp(row->name, "initial") == 0)
		return false;
	text = credis_keyword_get(keyword, row->name);
	became = text != NULL && text[0] == '"';
	free(text);
	return became;
}

/* A command in JSON with its program, whose path may be one from this file. To free(). */
static char *
settle_program(const struct conf_tree *tree, const config_setting_t *setting, const char *command)
{
	json_t *json = must(json_loads(command, JSON_DECODE_ANY, NULL));
	const char *program = json_string_value(json_array_get(json, 0));
	char *path, *settled;

	if (program != NULL) {
		path = conf_program(tree, setting, program);
		json_array_set_new(json, 0, must(json_string(path)));
		free(path);
	}
	settled = must(json_dumps(json, JSON_ENCODE_ANY));
	json_decref(json);
	return settled;
}

/* Hands one setting over; what is refused becomes a fault. */
static void
set(const struct conf_tree *tree, const config_setting_t *setting, const struct credis_setting *row,
    struct credis_keyword *keyword)
{
	bool command = strcmp(row->name, "read") == 0 || strcmp(row->name, "write") == 0;
	const char *json = conf_tree_json(tree, setting);
	char *settled = NULL;
	struct credis_error err;

	if (json == NULL)
		return;
	if (command)
		json = settled = settle_program(tree, setting, json);
	if (!credis_keyword_set(keyword, row->name, json, &err))
		conf_tree_fault(tree, setting, "%s: %s", credis_keyword_name(keyword), err.text);
	else if (became_text(keyword, row, setting))
		conf_tree_fault(tree, setting, "%s: %s: is %s (%s)", credis_keyword_name(keyword),
		    row->name, conf_tree_kind(setting), row->allowed);
	free(settled);
}

/* Every setting but name and type; without a keyword, only their names are looked at. */
static void
set_all(const struct conf_tree *tree, const config_setting_t *group, struct credis_keyword *keyword)
{
	for (int i = 0, count = config_setting_length(group); i < count; i++) {
		const config_setting_t *setting = config_setting_get_elem(group, (unsigned)i);
		const char *name = config_setting_name(setting);
		const struct credis_setting *row;

		if (strcmp(name, "name") == 0 || strcmp(name, "type") == 0)
			continue;
		row = find_row(name);
		if (row == NULL)
			refuse_unknown(tree, setting);
		else if (keyword != NULL)
			set(tree, setting, row, keyword);
	}
}

/* A keyword, to free; NULL when it had a fault. */
static struct credis_keyword *
read_keyword(const struct conf_tree *tree, const config_setting_t *group)
{
	size_t before = faults_count(conf_tree_faults(tree));
	const char *name = required_text(tree, group, "name", "a keyword"), *blame = NULL;
	struct credis_keyword *keyword = NULL;
	struct credis_error err;
	enum credis_type type;

	if (take_type(tree, group, name != NULL ? name : "a keyword", &type) && name != NULL) {
		keyword = credis_keyword_new(name, type, &err);
		if (keyword == NULL)
			conf_tree_fault(tree, member_or_group(group, "name"), "%s", err.text);
	}
	set_all(tree, group, keyword);
	if (keyword == NULL || faults_count(conf_tree_faults(tree)) != before) {
		credis_keyword_free(keyword);
		return NULL;
	}
	if (credis_keyword_finish(keyword, &blame, &err))
		return keyword;
	conf_tree_fault(tree, member_or_group(group, blame), "%s: %s", credis_keyword_name(keyword),
	    err.text);
	credis_keyword_free(keyword);
	return NULL;
}

/* The driver that a keyword names must be one of its service's. */
static void
check_driver(const struct conf_tree *tree, const config_setting_t *group, const char *keyword,
    const struct service *said)
{
	const config_setting_t *member = config_setting_get_member(group, "driver");
	const char *names[ROWS_MAX + 1] = { NULL }, *nearest;
	char allowed[512] = "";

	for (size_t i = 0, length = 0; i < said->driver_count && i < ROWS_MAX; i++) {
		names[i] = said->drivers[i]->name;
		if (strcmp(names[i], conf_tree_text(member)) == 0)
			return;
		if (length < sizeof allowed)
			length += (size_t)snprintf(allowed + length, sizeof allowed - length,
			    "%s%s", i > 0 ? ", " : "", names[i]);
	}
	nearest = credis_nearest(conf_tree_text(member), names);
	conf_tree_fault(tree, member, "%s: driver: '%.64s' is no driver of this service%s%s (%s)",
	    keyword, conf_tree_text(member), nearest != NULL ? "; did you mean " : "",
	    nearest != NULL ? nearest : "",
	    allowed[0] != '\0' ? allowed : "drivers = ( … ); lists them");
}

static void
refuse_again(const struct conf_tree *tree, const config_setting_t *group,
    const config_setting_t *first, const char *keyword, const struct credis_service *service)
{
	struct place place = conf_tree_place(tree, member_or_group(first, "name"));

	conf_tree_fault(tree, member_or_group(group, "name"),
	    "%s: %s has a keyword of this name at %s:%d (once is allowed)", keyword,
	    credis_service_name(service), place.file, place.line);
}

static void
take_keyword(const struct conf_tree *tree, const config_setting_t *group, struct service *said,
    struct credis_service *service)
{
	struct credis_keyword *keyword;
	struct credis_error err;
	size_t first;

	if (!config_setting_is_group(group)) {
		conf_tree_fault(tree, group,
		    "a keyword is %s (a group { name = \"AZ\"; … } is wanted)",
		    conf_tree_kind(group));
		return;
	}
	keyword = read_keyword(tree, group);
	if (keyword == NULL)
		return;
	if (config_setting_get_member(group, "driver") != NULL)
		check_driver(tree, group, credis_keyword_name(keyword), said);
	if (credis_service_take_keyword(service, keyword, &err)) {
		said->taken[said->taken_count++] = group;
		return;
	}
	if (credis_service_find(service, credis_keyword_name(keyword), &first))
		refuse_again(tree, group, said->taken[first], credis_keyword_name(keyword),
		    service);
	else
		conf_tree_fault(tree, member_or_group(group, "name"), "%s", err.text);
	credis_keyword_free(keyword);
}

static void
take_keywords(const struct conf_tree *tree, struct service *said, struct credis_service *service)
{
	size_t count = said->keywords != NULL ? (size_t)config_setting_length(said->keywords) : 0;

	said->taken = must(calloc(count + 1, sizeof(*said->taken)));
	for (size_t i = 0; i < count; i++)
		take_keyword(tree, config_setting_get_elem(said->keywords, (unsigned)i), said,
		    service);
	free(said->taken);
}

static void
take_driver(const struct conf_tree *tree, const config_setting_t *group, struct service *said)
{
	struct conf_driver *driver;

	if (!config_setting_is_group(group)) {
		conf_tree_fault(tree, group,
		    "a driver is %s (a group { name = \"mount\"; … } is wanted)",
		    conf_tree_kind(group));
		return;
	}
	driver = conf_driver_read(tree, group);
	for (size_t i = 0; driver->name != NULL && i < said->driver_count; i++) {
		if (strcmp(said->drivers[i]->name, driver->name) == 0)
			conf_tree_fault(tree, group,
			    "%s: a driver of this name is there already (once is allowed)",
			    driver->name);
	}
	/* One with a fault is kept: the keywords that name it have none. */
	if (driver->name == NULL) {
		conf_driver_free(driver);
		return;
	}
	said->drivers =
	    must(reallocarray(said->drivers, said->driver_count + 1, sizeof *said->drivers));
	said->drivers[said->driver_count++] = driver;
}

static void
take_layout(const struct conf_tree *tree, const config_setting_t *group, const struct service *said,
    struct credis_service *service)
{
	const char *names[CREDIS_LAYOUTS + 1] = { NULL }, *nearest;
	enum credis_layout layout;
	struct credis_error err;

	for (int i = 0; i < CREDIS_LAYOUTS; i++)
		names[i] = credis_layout_name((enum credis_layout)i);
	if (!credis_layout_find(said->layout, &layout)) {
		nearest = credis_nearest(said->layout, names);
		conf_tree_fault(tree, member_or_group(group, "layout"),
		    "services.layout: '%.64s' is no layout%s%s (native, cauldron)", said->layout,
		    nearest != NULL ? "; did you mean " : "", nearest != NULL ? nearest : "");
	} else if (layout == CREDIS_LAYOUT_NATIVE && said->prefix != NULL) {
		conf_tree_fault(tree, member_or_group(group, "prefix"),
		    "services.prefix: the native layout has none (layout = \"cauldron\"; has)");
	} else if (!credis_service_set_layout(service, layout, said->prefix, &err)) {
		conf_tree_fault(tree, member_or_group(group, "prefix"), "services.prefix: %s",
		    err.text);
	}
}

/* A service with its keywords; without a name of its own it lives only to have its keywords checked. */
static struct credis_service *
read_service(const struct conf_tree *tree, const config_setting_t *group, struct service *said)
{
	struct credis_service *service = NULL;
	struct credis_error err;

	settings_begin(&conf_service_settings, said);
	settings_take(tree, group, &conf_service_settings, said);
	if (said->name != NULL)
		service = credis_service_new(said->name, said->help, said->version, &err);
	if (said->name != NULL && service == NULL)
		conf_tree_fault(tree, member_or_group(group, "name"), "%s", err.text);
	if (config_setting_get_member(group, "name") == NULL)
		conf_tree_fault(tree, group, "a service has no name (name = \"…\"; is required)");
	if (config_setting_get_member(group, "keywords") == NULL)
		conf_tree_fault(tree, group, "%s has no keywords (keywords = ( … ); is required)",
		    said->name != NULL ? said->name : "a service");
	if (service == NULL)
		service = must(credis_service_new("unnamed", "", "", NULL));
	if (said->layout != NULL)
		take_layout(tree, group, said, service);
	for (int i = 0; said->driver_list != NULL && i < config_setting_length(said->driver_list);
	     i++)
		take_driver(tree, config_setting_get_elem(said->driver_list, (unsigned)i), said);
	take_keywords(tree, said, service);
	return service;
}

/* They become the configuration's, which comes to nothing if there are faults. */
static void
take_drivers(struct conf *conf, const struct credis_service *service, struct service *said)
{
	conf->drivers = must(reallocarray(conf->drivers,
	    conf->driver_count + said->driver_count + 1, sizeof *conf->drivers));
	for (size_t i = 0; i < said->driver_count; i++) {
		said->drivers[i]->service = must(strdup(credis_service_name(service)));
		conf->drivers[conf->driver_count++] = said->drivers[i];
	}
	free(said->drivers);
}

/* Where "service.KEYWORD" is said to be calculated; no service has a name with a dot. Keywords without a
 * fault are in the order of the file. */
static void
remember_calculations(const struct conf_tree *tree, const config_setting_t *group,
    const struct credis_service *service, struct seen **seen)
{
	const config_setting_t *list = config_setting_get_member(group, "keywords");

	for (unsigned i = 0; credis_service_keyword(service, i) != NULL; i++) {
		const config_setting_t *calc =
		    config_setting_get_member(config_setting_get_elem(list, i), "calc");
		char *name;

		if (calc == NULL)
			continue;
		name = must_print("%s.%s", credis_service_name(service),
		    credis_keyword_name(credis_service_keyword(service, i)));
		seen_before(seen, name, conf_tree_place(tree, calc));
		free(name);
	}
}

static void
take_service(struct conf *conf, const struct conf_tree *tree, const config_setting_t *group,
    struct seen **seen)
{
	size_t before = faults_count(conf_tree_faults(tree));
	const config_setting_t *name = member_or_group(group, "name");
	struct service said = { .name = NULL };
	struct credis_service *service = read_service(tree, group, &said);
	const struct place *first;

	take_drivers(conf, service, &said);
	settings_free(&conf_service_settings, &said);
	if (faults_count(conf_tree_faults(tree)) != before) {
		credis_service_free(service);
		return;
	}
	first = seen_before(seen, credis_service_name(service), conf_tree_place(tree, name));
	if (first != NULL) {
		conf_tree_fault(tree, name,
		    "%s: a service of this name is at %s:%d (once is allowed)",
		    credis_service_name(service), first->file, first->line);
		credis_service_free(service);
		return;
	}
	conf->services =
	    must(reallocarray(conf->services, conf->service_count + 1, sizeof *conf->services));
	conf->services[conf->service_count++] = service;
	remember_calculations(tree, group, service, seen);
}

struct checking {
	struct faults *faults;
	struct seen *seen;
};

static void
on_fault(void *arg, const char *service, const char *keyword, const struct credis_error *err)
{
	struct checking *checking = arg;
	char *name = must_print("%s.%s", service, keyword);
	struct seen *entry;

	HASH_FIND_STR(checking->seen, name, entry);
	if (entry != NULL)
		faults_add(checking->faults, entry->place, "%s: %s", keyword, err->text);
	free(name);
}

void
conf_service_check(const struct conf *conf, struct seen *seen, struct faults *faults)
{
	struct checking checking = { faults, seen };
	struct credis_error err;

	if (!credis_services_check((const struct credis_service *const *)conf->services,
		conf->service_count, on_fault, &checking, &err) &&
	    err.code == CREDIS_ENOMEM)
		must(NULL);
}

void
conf_service_take(struct conf *conf, const struct conf_tree *tree, const config_setting_t *list,
    struct seen **seen)
{
	for (int i = 0, count = config_setting_length(list); i < count; i++) {
		const config_setting_t *group = config_setting_get_elem(list, (unsigned)i);

		if (config_setting_is_group(group))
			take_service(conf, tree, group, seen);
		else
			conf_tree_fault(tree, group,
			    "a service is %s (a group { name = \"…\"; … } is wanted)",
			    conf_tree_kind(group));
	}
}
