/* fuzz_keyword.c: any description, and any settings, make a keyword that says of itself what it
 * is, or are refused with a reason.
 * Lines: a description in JSON, or else a type, then "setting json", then values to try. */
#include "fuzz.h"

#include "core/keyword.h"
#include "core/text.h"

static void
check_reason(const struct credis_error *err)
{
	PROMISE(err->code != CREDIS_OK && err->text[0] != '\0');
	PROMISE(text_is_printable(err->text, strlen(err->text)));
}

/* It reads back as itself, setting by setting and whole. */
static void
check_description(const struct credis_keyword *keyword)
{
	const struct credis_setting *row;
	struct credis_error err;
	char *json = credis_keyword_to_json(keyword);
	struct credis_keyword *back = credis_keyword_from_json(json, &err);
	struct credis_keyword *built =
	    credis_keyword_new(keyword->name, (enum credis_type)keyword->type, &err);

	PROMISE(back != NULL && built != NULL);
	PROMISE(keyword_equal(keyword, back));
	for (size_t n = 0; (row = credis_keyword_setting(n)) != NULL; n++) {
		char *setting = credis_keyword_get(keyword, row->name);
		PROMISE(setting == NULL || credis_keyword_set(built, row->name, setting, &err));
		free(setting);
	}
	PROMISE(credis_keyword_finish(built, NULL, &err));
	PROMISE(keyword_equal(keyword, built));
	credis_keyword_free(back);
	credis_keyword_free(built);
	free(json);
}

static void
check_value(const struct credis_keyword *keyword, const char *text)
{
	struct credis_error err = { .code = CREDIS_OK };
	struct credis_value *value = credis_value_new(keyword, text, strlen(text), &err), *again;

	for (int form = CREDIS_STORED; form <= CREDIS_BINARY; form++) {
		char *shown =
		    credis_keyword_present(keyword, text, strlen(text), (enum credis_form)form);
		PROMISE(shown != NULL);
		free(shown);
	}
	if (value == NULL) {
		check_reason(&err);
		return;
	}
	again = credis_value_new(keyword, value_text(value), value->length, &err);
	PROMISE(again != NULL && value_equal(value, again));
	credis_value_free(value);
	credis_value_free(again);
}

/* Takes the next line; NULL at the end. */
static char *
next_line(char **rest)
{
	char *line = *rest;

	if (line != NULL) {
		char *end = strchr(line, '\n');
		*rest = end != NULL ? end + 1 : NULL;
		if (end != NULL)
			*end = '\0';
	}
	return line;
}

static struct credis_keyword *
begin(const char *line)
{
	struct credis_error err = { .code = CREDIS_OK };
	struct credis_keyword *keyword;
	enum credis_type type;

	if (credis_type_find(line, &type))
		return credis_keyword_new("K", type, &err);
	keyword = credis_keyword_from_json(line, &err);
	if (keyword == NULL)
		check_reason(&err);
	return keyword;
}

/* "setting json"; false when the line is none. */
static bool
set(struct credis_keyword *keyword, char *line)
{
	struct credis_error err = { .code = CREDIS_OK };
	char *json = strchr(line, ' ');

	if (json == NULL)
		return false;
	*json++ = '\0';
	if (!credis_keyword_set(keyword, line, json, &err))
		check_reason(&err);
	return true;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct credis_error err = { .code = CREDIS_OK };
	char *copy = fuzz_text(data, size), *rest = copy, *line;
	struct credis_keyword *keyword = begin(next_line(&rest));

	if (keyword != NULL) {
		while ((line = next_line(&rest)) != NULL && set(keyword, line))
			continue;
		if (credis_keyword_finish(keyword, NULL, &err)) {
			check_value(keyword, keyword->initial);
			check_description(keyword);
		} else {
			check_reason(&err);
		}
		while ((line = next_line(&rest)) != NULL)
			check_value(keyword, line);
	}
	credis_keyword_free(keyword);
	free(copy);
	return 0;
}
