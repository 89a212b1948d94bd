/* service.c: a service as it is described, before and while somebody serves it. */
#include "dispatcher/service.h"

#include "core/error.h"
#include "core/keyword.h"
#include "core/table.h"
#include "core/text.h"
#include "dispatcher/source.h"

#include <stdlib.h>
#include <string.h>

/* A name taken; the key is the keyword's own text. */
struct service_name {
	size_t place;
	UT_hash_handle hh;
};

/* Names for as many keywords as there was room made at a time: a block goes back to the system as a whole, where
 * a million pieces would leave holes between the keywords. */
struct service_names {
	struct service_names *earlier;
	size_t from; /* the place of the first */
	struct service_name names[];
};

struct credis_service *
credis_service_new(const char *name, const char *help, const char *version,
    struct credis_error *err)
{
	struct credis_service *service = calloc(1, sizeof(*service));

	if (service == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (!service_name_check(name, strlen(name), service->name, err)) {
		free(service);
		return NULL;
	}
	help = help != NULL ? help : "";
	version = version != NULL ? version : "";
	service->help = text_copy(help, strlen(help));
	service->version = text_copy(version, strlen(version));
	if (service->help != NULL && service->version != NULL)
		return service;
	credis_service_free(service);
	error_no_memory(err);
	return NULL;
}

void
service_forget_names(struct credis_service *service)
{
	struct service_names *block, *earlier;

	HASH_CLEAR(hh, service->names);
	for (block = service->blocks; block != NULL; block = earlier) {
		earlier = block->earlier;
		free(block);
	}
	service->blocks = NULL;
}

void
credis_service_free(struct credis_service *service)
{
	if (service == NULL)
		return;
	service_forget_names(service);
	for (size_t n = 0; n < service->count; n++) {
		if (service->sources != NULL)
			source_release(service->sources[n]);
		credis_keyword_free(service->keywords[n]);
	}
	free(service->keywords);
	free(service->sources);
	free(service->help);
	free(service->version);
	free(service);
}

const char *
credis_service_name(const struct credis_service *service)
{
	return service->name;
}

const char *
credis_service_help(const struct credis_service *service)
{
	return service->help;
}

const char *
credis_service_version(const struct credis_service *service)
{
	return service->version;
}

static const char *const layout_names[CREDIS_LAYOUTS] = {
	[CREDIS_LAYOUT_NATIVE] = "native",
	[CREDIS_LAYOUT_CAULDRON] = "cauldron",
};

const char *
credis_layout_name(enum credis_layout layout)
{
	return layout_names[layout];
}

bool
credis_layout_find(const char *name, enum credis_layout *layout)
{
	for (int n = 0; n < CREDIS_LAYOUTS; n++) {
		if (strcmp(layout_names[n], name) != 0)
			continue;
		*layout = (enum credis_layout)n;
		return true;
	}
	return false;
}

bool
credis_service_set_layout(struct credis_service *service, enum credis_layout layout,
    const char *prefix, struct credis_error *err)
{
	if (prefix == NULL)
		prefix = "Cauldron.redis.common";
	if (layout == CREDIS_LAYOUT_NATIVE)
		prefix = "";
	else if (!names_prefix_check(prefix, err))
		return false;
	memcpy(service->prefix, prefix, strlen(prefix) + 1);
	return true;
}

enum credis_layout
credis_service_layout(const struct credis_service *service)
{
	return service->prefix[0] != '\0' ? CREDIS_LAYOUT_CAULDRON : CREDIS_LAYOUT_NATIVE;
}

const char *
credis_service_prefix(const struct credis_service *service)
{
	return service->prefix;
}

static bool
service_make_keyword_room(struct credis_service *service, size_t room)
{
	struct credis_keyword **keywords = realloc(service->keywords, room * sizeof(*keywords));

	if (keywords == NULL)
		return false;
	service->keywords = keywords;
	if (service->sources != NULL) {
		struct source **sources = realloc(service->sources, room * sizeof(struct source *));

		if (sources == NULL)
			return false;
		memset(sources + service->room, 0,
		    (room - service->room) * sizeof(struct source *));
		service->sources = sources;
	}
	return true;
}

static bool
service_make_room(struct credis_service *service)
{
	size_t more = service->room != 0 ? service->room : 16;
	struct service_names *block;

	if (service->count < service->room)
		return true;
	if (!service_make_keyword_room(service, service->room + more))
		return false;
	block = malloc(sizeof(*block) + more * sizeof(*block->names));
	if (block == NULL)
		return false;
	block->earlier = service->blocks;
	block->from = service->room;
	service->blocks = block;
	service->room += more;
	return true;
}

static struct service_name *
service_name_find(const struct credis_service *service, const char *keyword)
{
	struct service_name *name;

	HASH_FIND_STR(service->names, keyword, name);
	return name;
}

static bool
service_claim_name(struct credis_service *service, const char *text, struct credis_error *err)
{
	struct service_name *name;

	if (service_name_find(service, text) != NULL)
		return error_set(err, CREDIS_EINVAL,
		    "%s: the service %s has a keyword of this name already", text, service->name);
	name = &service->blocks->names[service->count - service->blocks->from];
	name->place = service->count;
	HASH_ADD_KEYPTR(hh, service->names, text, strlen(text), name);
	return name->hh.tbl != NULL || error_no_memory(err);
}

bool
credis_service_take_keyword(struct credis_service *service, struct credis_keyword *keyword,
    struct credis_error *err)
{
	const char *name = credis_keyword_name(keyword);

	if (own_keyword_is(name))
		return error_set(err, CREDIS_EINVAL, "%s: the name is one of the dispatcher's own",
		    name);
	if (!service_make_room(service))
		return error_no_memory(err);
	if (!service_claim_name(service, name, err))
		return false;
	service->keywords[service->count++] = keyword;
	return true;
}

const struct credis_keyword *
credis_service_keyword(const struct credis_service *service, size_t n)
{
	return n < service->count ? service->keywords[n] : NULL;
}

const struct credis_keyword *
service_find(const struct credis_service *service, const char *keyword)
{
	const struct service_name *name = service_name_find(service, keyword);

	return name != NULL ? service->keywords[name->place] : NULL;
}

bool
credis_service_find(const struct credis_service *service, const char *keyword, size_t *n)
{
	char text[CREDIS_KEYWORD_MAX + 1];
	const struct service_name *name = NULL;

	if (keyword_name_check(keyword, strlen(keyword), text, NULL))
		name = service_name_find(service, text);
	if (name != NULL)
		*n = name->place;
	return name != NULL;
}

bool
credis_service_set_callbacks(struct credis_service *service, const char *keyword,
    const struct credis_callbacks *callbacks, void *arg, struct credis_error *err)
{
	struct source *source;
	size_t n;

	if (!credis_service_find(service, keyword, &n))
		return error_set(err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword", service->name,
		    keyword);
	if (service->sources == NULL)
		service->sources = calloc(service->room, sizeof(struct source *));
	source = service->sources != NULL ? source_new(callbacks, arg) : NULL;
	if (source == NULL)
		return error_no_memory(err);
	source_release(service->sources[n]);
	service->sources[n] = source;
	return true;
}
