/* setting_command.c: settings about who gives a keyword its values and takes them: a driver, or commands.
 * Kept as they were given; what runs them is the dispatcher's program. */
#include "core/setting.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

enum { DRIVER_NAME_MAX = 63 }; /* bytes */

static char **
place(const struct credis_keyword *keyword, const struct setting *row)
{
	return (char **)((char *)keyword->source + row->at);
}

/* Takes 'text', or NULL for none. */
static bool
put(struct credis_keyword *keyword, const struct setting *row, char *text, struct credis_error *err)
{
	if (keyword->source == NULL)
		keyword->source = calloc(1, sizeof(*keyword->source));
	if (keyword->source == NULL) {
		free(text);
		return error_no_memory(err);
	}
	free(*place(keyword, row));
	*place(keyword, row) = text;
	return true;
}

bool
setting_set_driver(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	const char *name = json_string_value(json);
	char *copy;

	if (name == NULL || *name == '\0' || json_string_length(json) > DRIVER_NAME_MAX)
		return setting_must_be(row, err);
	copy = text_copy(name, strlen(name));
	return copy != NULL ? put(keyword, row, copy, err) : error_no_memory(err);
}

void
setting_get_driver(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const char *name = keyword->source != NULL ? *place(keyword, row) : NULL;

	if (name != NULL)
		json_text_append(out, name, strlen(name));
}

static bool
is_command(const json_t *json)
{
	const char *program = json_string_value(json_array_get(json, 0));
	size_t n;
	json_t *word;

	if (program == NULL || *program == '\0' || strstr(program, "%v") != NULL)
		return false;
	json_array_foreach(json, n, word)
	{
		if (!json_is_string(word) ||
		    strlen(json_string_value(word)) != json_string_length(word))
			return false;
	}
	return true;
}

bool
setting_set_argv(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	char *copy;

	if (!is_command(json))
		return setting_must_be(row, err);
	copy = json_dumps(json, 0);
	return copy != NULL ? put(keyword, row, copy, err) : error_no_memory(err);
}

void
setting_get_argv(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	if (keyword->source != NULL && *place(keyword, row) != NULL)
		buffer_text(out, *place(keyword, row));
}

void
keyword_source_free(struct keyword_source *source)
{
	if (source == NULL)
		return;
	free(source->driver);
	free(source->read);
	free(source->write);
	free(source);
}
