/* settings.c: what a link was told, in copies of its own and with every default filled in.
 * Knows which of the URL and the program's options wins. */
#include "redis/settings.h"

#include "core/error.h"
#include "redis/tls.h"

#include <stdlib.h>
#include <string.h>

enum {
	CONNECT_TIMEOUT_MS = 3000,
	COMMAND_TIMEOUT_MS = 2000,
	OUTPUT_MAX = 64 * 1024 * 1024,
};

#define MAX_MS (INT64_C(365) * 86400 * 1000)

static bool
copy_text(char **copy, const char *text)
{
	*copy = text != NULL ? strdup(text) : NULL;
	return text == NULL || *copy != NULL;
}

static bool
copy_url(struct url *copy, const struct url *url)
{
	*copy = *url;
	copy->path = copy->host = copy->user = copy->password = NULL;
	copy->client_name = copy->ca = copy->certificate = copy->key = NULL;
	copy->sentinels = copy->primary = copy->sentinel_user = copy->sentinel_password = NULL;
	return copy_text(&copy->path, url->path) && copy_text(&copy->host, url->host) &&
	    copy_text(&copy->user, url->user) && copy_text(&copy->password, url->password) &&
	    copy_text(&copy->client_name, url->client_name) && copy_text(&copy->ca, url->ca) &&
	    copy_text(&copy->certificate, url->certificate) && copy_text(&copy->key, url->key) &&
	    copy_text(&copy->sentinels, url->sentinels) &&
	    copy_text(&copy->primary, url->primary) &&
	    copy_text(&copy->sentinel_user, url->sentinel_user) &&
	    copy_text(&copy->sentinel_password, url->sentinel_password);
}

int64_t
settings_first(int64_t first, int64_t second, int64_t otherwise)
{
	int64_t given = first > 0 ? first : second > 0 ? second : otherwise;

	return given < MAX_MS ? given : MAX_MS;
}

static void
fill_in(struct link_options *plain, const struct url *url)
{
	plain->url = NULL;
	plain->name = plain->role = NULL;
	plain->connect_timeout_ms =
	    settings_first(url->connect_timeout_ms, plain->connect_timeout_ms, CONNECT_TIMEOUT_MS);
	plain->command_timeout_ms =
	    settings_first(url->timeout_ms, plain->command_timeout_ms, COMMAND_TIMEOUT_MS);
	if (plain->max_output == 0)
		plain->max_output = OUTPUT_MAX;
}

bool
settings_copy(struct settings *settings, const struct link_options *options,
    struct credis_error *err)
{
	const struct url *url = options->url;

	*settings = (struct settings){ .options = *options };
	fill_in(&settings->options, url);
	if (!copy_url(&settings->url, url) ||
	    !copy_text(&settings->name, url->client_name ? url->client_name : options->name) ||
	    !copy_text(&settings->role, options->role != NULL ? options->role : "link"))
		return error_no_memory(err);
	settings->where = url_print(url);
	if (settings->where == NULL)
		return error_no_memory(err);
	if (!url->tls)
		return true;
	settings->tls = tls_new(&settings->url, err);
	return settings->tls != NULL || error_prefix(err, settings->where);
}

void
settings_clear(struct settings *settings)
{
	tls_free(settings->tls);
	url_clear(&settings->url);
	free(settings->name);
	free(settings->role);
	free(settings->where);
	*settings = (struct settings){ 0 };
}
