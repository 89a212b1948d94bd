/* fuzz_url.c: any URL is refused with a reason, or prints as one that names the same place; a
 * password shows in neither. */
#include "fuzz.h"

#include "core/url.h"

static int
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static void
check_printed(const struct url *url)
{
	struct url again;
	char *printed = url_print(url);

	PROMISE(printed != NULL);
	PROMISE(url_parse(&again, printed, NULL));
	PROMISE(again.tls == url->tls && again.port == (url->path ? again.port : url->port) &&
	    again.db == url->db);
	PROMISE(same_text(again.path, url->path) && same_text(again.host, url->host) &&
	    same_text(again.user, url->user) && again.password == NULL);
	url_clear(&again);
	free(printed);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct credis_error err;
	struct url url;
	char *text = fuzz_text(bytes, length);

	if (url_parse(&url, text, &err)) {
		PROMISE((url.path != NULL) + (url.host != NULL) + (url.sentinels != NULL) == 1);
		PROMISE(url.port >= 1 && url.port <= 65535 && url.db >= 0);
		check_printed(&url);
		url_clear(&url);
	} else {
		PROMISE(err.code == CREDIS_EINVAL && strncmp(err.text, "URL: ", 5) == 0);
		PROMISE(url.path == NULL && url.host == NULL && url.password == NULL);
	}
	free(text);
	return 0;
}
