/* output_text.c: answers for people, a line or a column each; errors and notes on stderr. */
#include "output.h"

#include "memory.h"
#include "table.h"
#include "text.h"

#include <jansson.h>

#include <string.h>

enum { GAP = 2, KTL_NAME = 30, FIELD = 10 };

static void
print(FILE *to, const char *text)
{
	text_print(to, text, strlen(text));
}

static void
pad(FILE *to, const char *text, size_t width)
{
	print(to, text);
	fprintf(to, "%*s", (int)(width - text_width(text)), "");
}

static size_t
column_width(const struct table *table, size_t column, bool titles)
{
	const char *title = table_column(table, column)->title;
	size_t width = titles ? text_width(title) : 0;

	for (size_t row = 0; row < table_rows(table); row++) {
		size_t cell = text_width(table_cell(table, row, column)->text);

		if (cell > width)
			width = cell;
	}
	return width;
}

/* Nothing is padded in the last column: it is as long as its text. */
static void
print_row(FILE *to, const struct table *table, const size_t *widths, size_t row, bool title)
{
	size_t last = table_columns(table);
	const char *before = "";

	while (last > 0 && table_column(table, last - 1)->title == NULL)
		last--;
	for (size_t i = 0; i < last; i++) {
		const char *heading = table_column(table, i)->title;
		const char *text = title ? heading : table_cell(table, row, i)->text;

		if (heading == NULL)
			continue;
		fputs(before, to);
		if (i + 1 == last)
			print(to, text);
		else
			pad(to, text, widths[i] + GAP);
	}
	putc('\n', to);
}

static void
write_table(FILE *to, const struct table *table, bool titles)
{
	size_t *widths = must(calloc(table_columns(table), sizeof *widths));

	for (size_t i = 0; i < table_columns(table); i++) {
		if (table_column(table, i)->title != NULL)
			widths[i] = column_width(table, i, titles);
	}
	if (titles && table_rows(table) > 0)
		print_row(to, table, widths, 0, true);
	for (size_t row = 0; row < table_rows(table); row++)
		print_row(to, table, widths, row, false);
	free(widths);
}

static void
print_field(FILE *to, const char *name, const char *text)
{
	fprintf(to, "  %-*s ", FIELD, name);
	print(to, text);
	putc('\n', to);
}

/* Settings are JSON text; for people a text loses its quotes. */
static void
print_setting(FILE *to, const char *name, const char *json)
{
	json_t *value = json_loads(json, JSON_DECODE_ANY, NULL);

	print_field(to, name, json_is_string(value) ? json_string_value(value) : json);
	json_decref(value);
}

static void
write_description(FILE *to, const char *service, const struct credis_keyword *keyword)
{
	fprintf(to, "%s.%s\n", service, credis_keyword_name(keyword));
	print_field(to, "type", credis_type_name(credis_keyword_type(keyword)));
	for (size_t i = 0; credis_keyword_setting(i) != NULL; i++) {
		const char *name = credis_keyword_setting(i)->name;
		char *json = credis_keyword_get(keyword, name);

		if (json != NULL && strcmp(name, "name") != 0 && strcmp(name, "type") != 0)
			print_setting(to, name, json);
		free(json);
	}
}

static char *
present(const struct credis_reading *reading, enum credis_form form)
{
	if (reading->description == NULL)
		return must(strdup(reading->text));
	return must(
	    credis_keyword_present(reading->description, reading->text, reading->length, form));
}

static void
print_value(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	enum credis_form form = style->form;
	char *text;

	if (reading->seq == 0) {
		fputs(style->terse ? "" : "(no value)", to);
		return;
	}
	if (style->terse && form == CREDIS_ASCII)
		form = CREDIS_ASCII_BARE;
	text = present(reading, form);
	if (style->terse && style->raw)
		fputs(text, to);
	else
		print(to, text);
	free(text);
}

static void
print_severity(FILE *to, const struct credis_reading *reading, bool why)
{
	if (reading->severity == CREDIS_NONE)
		return;
	fprintf(to, " [%s", credis_severity_name(reading->severity));
	if (why && reading->reason[0] != '\0') {
		fputs(": ", to);
		print(to, reading->reason);
	}
	putc(']', to);
}

static void
print_name(FILE *to, const struct style *style, const char *service, const char *keyword)
{
	char name[CREDIS_SERVICE_MAX + CREDIS_KEYWORD_MAX + 2];

	snprintf(name, sizeof name, "%s%s%s", style->qualified ? service : "",
	    style->qualified ? "." : "", keyword);
	fprintf(to, "%*s", style->ktl ? KTL_NAME : 0, name);
}

static void
print_time(FILE *to, const struct credis_reading *reading)
{
	char time[TEXT_TIME];

	fprintf(to, "%s ", text_time(time, reading->time_us));
}

static void
write_reading(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	if (style->timestamp)
		print_time(to, reading);
	if (!style->terse) {
		print_name(to, style, reading->service, reading->keyword);
		fputs(" = ", to);
	}
	print_value(to, style, reading);
	if (!style->terse)
		print_severity(to, reading, true);
	putc('\n', to);
}

static void
write_writing(FILE *to, const char *name, const char *text, const char *how)
{
	fprintf(to, "setting %s = ", name);
	print(to, text);
	fprintf(to, " (%s)\n", how);
}

static void
write_written(FILE *to, const struct style *style, enum written how, const char *service,
    const char *keyword, const struct credis_reading *reading)
{
	(void)how;
	print_name(to, style, service, keyword);
	if (reading != NULL) {
		fputs(" = ", to);
		print_value(to, style, reading);
		print_severity(to, reading, false);
	}
	fputs(" (done)\n", to);
}

static void
write_change(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	print_time(to, reading);
	fprintf(to, "%s.%s ", reading->service, reading->keyword);
	print_value(to, style, reading);
	print_severity(to, reading, false);
	putc('\n', to);
}

static void
write_past(FILE *to, const struct style *style, const struct credis_reading *reading)
{
	print_time(to, reading);
	print_value(to, style, reading);
	print_severity(to, reading, false);
	putc('\n', to);
}

static void
print_complaint(const char *text)
{
	fputs("credis: ", stderr);
	print(stderr, text);
	putc('\n', stderr);
}

static void
write_event(const char *event, const char *service, const char *keyword, const char *text)
{
	(void)event;
	(void)service;
	(void)keyword;
	print_complaint(text);
}

static void
write_error(const char *service, const char *keyword, const struct credis_error *err)
{
	(void)service;
	(void)keyword;
	print_complaint(err->text);
}

const struct output output_text = {
	.table = write_table,
	.description = write_description,
	.reading = write_reading,
	.writing = write_writing,
	.written = write_written,
	.past = write_past,
	.change = write_change,
	.event = write_event,
	.error = write_error,
};
