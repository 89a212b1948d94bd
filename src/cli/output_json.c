/* output_json.c: answers for programs: one JSON object a line on standard output, errors too. */
#include "output.h"

#include "memory.h"
#include "object.h"
#include "table.h"

#include <jansson.h>

#include <string.h>

static void
write_table(FILE *to, const struct table *table, bool titles)
{
	(void)titles;
	for (size_t row = 0; row < table_rows(table); row++) {
		struct object object = object_open(to);

		for (size_t i = 0; i < table_columns(table); i++) {
			const struct cell *cell = table_cell(table, row, i);

			if (cell->json != NULL)
				object_json(&object, table_column(table, i)->name, cell->json);
		}
		object_close(&object);
	}
}

static void
write_description(FILE *to, const char *service, const struct credis_keyword *keyword)
{
	struct object object = object_open(to);
	char *json = must(credis_keyword_to_json(keyword));

	object_text(&object, "service", service);
	object_text(&object, "keyword", credis_keyword_name(keyword));
	object_members(&object, json);
	object_close(&object);
	free(json);
}

/* Whether a value's text is JSON as it stands: numbers, true and false, arrays; text is not, even if
 * it says 42. */
static bool
is_native(const struct credis_reading *reading, enum credis_form form, const char *text)
{
	json_t *json;
	bool native;

	if (reading->description == NULL)
		return false;
	switch (credis_keyword_type(reading->description)) {
	case CREDIS_STRING: return false;
	case CREDIS_ENUMERATED:
	case CREDIS_MASK:
		if (form != CREDIS_BINARY)
			return false;
		break;
	default: break;
	}
	/* not of numbers like "inf", nor of what somebody stored by hand */
	json = json_loads(text, JSON_DECODE_ANY, NULL);
	native = json_is_number(json) || json_is_boolean(json) || json_is_array(json);
	json_decref(json);
	return native;
}

static char *
present(const struct credis_reading *reading, enum credis_form form)
{
	return must(
	    credis_keyword_present(reading->description, reading->text, reading->length, form));
}

static void
put_value(struct object *object, const struct style *style, const struct credis_reading *reading)
{
	bool binary = style->form == CREDIS_BINARY && reading->description != NULL;
	char *value = binary ? present(reading, CREDIS_BINARY) : must(strdup(reading->text));

	if (reading->seq == 0)
		object_json(object, "value", "null");
	else if (is_native(reading, style->form, value))
		object_json(object, "value", value);
	else if (binary)
		object_text(object, "value", value);
	else
		object_bytes(object, "value", reading->text, reading->length);
	free(value);
}

static void
put_faces(struct object *object, const struct style *style, const struct credis_reading *reading)
{
	char *text;

	put_value(object, style, reading);
	if (reading->description == NULL)
		return;
	text = present(reading, CREDIS_ASCII_BARE);
	object_text(object, "text", text);
	object_text(object, "units", credis_keyword_units(reading->description));
	free(text);
}

static void
put_reading(struct object *object, const struct style *style, const struct credis_reading *reading)
{
	put_faces(object, style, reading);
	object_integer(object, "seq", (int64_t)reading->seq);
	object_time(object, "time", reading->time_us);
	object_text(object, "severity", credis_severity_name(reading->severity));
	if (reading->reason[0] != '\0')
		object_text(object, "reason", reading->reason);
}

static struct object
open_for(FILE *to, const char *service, const char *keyword)
{
	struct object object = object_open(to);

	object_text(&object, "service", service);
	object_text(&object, "keyword", keyword);
	return object;
}

static void
write_reading(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	struct object object = open_for(to, reading->service, reading->keyword);

	put_reading(&object, style, reading);
	object_close(&object);
}

static void
write_past(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	struct object object = open_for(to, reading->service, reading->keyword);

	put_faces(&object, style, reading);
	object_time(&object, "time", reading->time_us);
	object_text(&object, "severity", credis_severity_name(reading->severity));
	object_close(&object);
}

static void
write_writing(FILE *to, const char *name, const char *text, const char *how)
{
	/* the outcome says it all */
	(void)to;
	(void)name;
	(void)text;
	(void)how;
}

static void
write_written(FILE *to, const struct style *style, enum written how, const char *service,
    const char *keyword, const struct credis_reading *reading)
{
	struct object object = open_for(to, service, keyword);

	object_text(&object, "outcome", how == WRITTEN_SENT ? "sent" : "done");
	if (reading != NULL)
		put_reading(&object, style, reading);
	object_close(&object);
}

static void
write_event(const char *event, const char *service, const char *keyword, const char *text)
{
	struct object object = object_open(stdout);

	object_text(&object, "event", event);
	object_text(&object, "service", service);
	object_text(&object, "keyword", keyword);
	object_text(&object, "text", text);
	object_close(&object);
}

static void
write_error(const char *service, const char *keyword, const struct credis_error *err)
{
	struct object object = object_open(stdout);

	object_text(&object, "error", err->text);
	object_text(&object, "code", credis_code_word(err->code));
	object_text(&object, "service", service);
	object_text(&object, "keyword", keyword);
	object_close(&object);
}

const struct output output_json = {
	.table = write_table,
	.description = write_description,
	.reading = write_reading,
	.writing = write_writing,
	.written = write_written,
	.past = write_past,
	.change = write_reading,
	.event = write_event,
	.error = write_error,
};
