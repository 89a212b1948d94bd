/* object.c: one JSON object on one line, member by member. */
#include "object.h"

#include "text.h"

#include <inttypes.h>
#include <stdbool.h>
#include <string.h>

struct object
object_open(FILE *to)
{
	return (struct object){ .to = to, .before = "{" };
}

static void
name_member(struct object *object, const char *name)
{
	fprintf(object->to, "%s\"%s\":", object->before, name);
	object->before = ",";
}

void
object_bytes(struct object *object, const char *name, const char *text, size_t length)
{
	name_member(object, name);
	text_print_json(object->to, text, length);
}

static bool
is_text(const char *bytes, size_t length)
{
	size_t character;

	for (; length > 0; bytes += character, length -= character) {
		character = text_character(bytes, length);
		if (character == 0)
			return false;
	}
	return true;
}

void
object_data(struct object *object, const char *name, const char *bytes, size_t length)
{
	if (is_text(bytes, length)) {
		object_bytes(object, name, bytes, length);
		return;
	}
	name_member(object, name);
	fputs("{\"$bin\":\"", object->to);
	for (size_t n = 0; n < length; n++)
		fprintf(object->to, "%02x", (unsigned char)bytes[n]);
	fputs("\"}", object->to);
}

void
object_text(struct object *object, const char *name, const char *text)
{
	if (text != NULL)
		object_bytes(object, name, text, strlen(text));
}

void
object_json(struct object *object, const char *name, const char *json)
{
	name_member(object, name);
	fputs(json, object->to);
}

void
object_integer(struct object *object, const char *name, int64_t value)
{
	name_member(object, name);
	fprintf(object->to, "%" PRId64, value);
}

void
object_time(struct object *object, const char *name, int64_t time_us)
{
	name_member(object, name);
	fprintf(object->to, "%" PRId64 ".%06" PRId64, time_us / 1000000,
	    time_us < 0 ? 0 : time_us % 1000000);
}

void
object_members(struct object *object, const char *json)
{
	size_t length = strlen(json);

	if (length <= 2 || json[0] != '{')
		return;
	fprintf(object->to, "%s%.*s", object->before, (int)length - 2, json + 1);
	object->before = ",";
}

void
object_close(struct object *object)
{
	if (object->before[0] == '{')
		putc('{', object->to);
	fputs("}\n", object->to);
}
