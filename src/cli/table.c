/* table.c: rows of cells, each with a face for people and one for JSON. */
#include "table.h"

#include "memory.h"
#include "text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

struct table {
	const struct column *columns;
	size_t width;
	struct cell *cells; /* row after row */
	size_t count, room;
};

struct table *
table_new(const struct column *columns, size_t count)
{
	struct table *table = must(calloc(1, sizeof *table));

	table->columns = columns;
	table->width = count;
	return table;
}

void
table_free(struct table *table)
{
	if (table == NULL)
		return;
	for (size_t i = 0; i < table->count; i++) {
		free(table->cells[i].text);
		free(table->cells[i].json);
	}
	free(table->cells);
	free(table);
}

static char *print(const char *format, ...) __attribute__((format(printf, 1, 2)));

static char *
print(const char *format, ...)
{
	va_list list;
	char *text;
	int length;

	va_start(list, format);
	length = vasprintf(&text, format, list);
	va_end(list);
	return must(length < 0 ? NULL : text);
}

static void
take_cell(struct table *table, char *text, char *json)
{
	if (table->count == table->room) {
		table->room = table->room * 2 + 64;
		table->cells = must(realloc(table->cells, table->room * sizeof *table->cells));
	}
	table->cells[table->count++] = (struct cell){ text, json };
}

void
table_nothing(struct table *table, size_t cells)
{
	while (cells-- > 0)
		take_cell(table, must(strdup("-")), NULL);
}

void
table_text(struct table *table, const char *text)
{
	char *json;
	size_t length;
	FILE *to;

	if (text == NULL || text[0] == '\0') {
		table_nothing(table, 1);
		return;
	}
	to = must(open_memstream(&json, &length));
	text_print_json(to, text, strlen(text));
	if (fclose(to) != 0)
		must(NULL);
	take_cell(table, must(strdup(text)), json);
}

void
table_integer(struct table *table, int64_t value)
{
	take_cell(table, print("%" PRId64, value), print("%" PRId64, value));
}

void
table_real(struct table *table, double value, const char *unit)
{
	take_cell(table, print("%.*f %s", value < 10 ? 2 : 0, value, unit), print("%.9g", value));
}

void
table_boolean(struct table *table, bool value)
{
	const char *word = value ? "true" : "false";

	take_cell(table, must(strdup(word)), must(strdup(word)));
}

void
table_time(struct table *table, int64_t time_us)
{
	char text[TEXT_TIME];

	if (time_us <= 0) {
		table_nothing(table, 1);
		return;
	}
	text_time(text, time_us);
	take_cell(table, print("%.19sZ", text),
	    print("%" PRId64 ".%06" PRId64, time_us / 1000000, time_us % 1000000));
}

size_t
table_columns(const struct table *table)
{
	return table->width;
}

size_t
table_rows(const struct table *table)
{
	return table->count / table->width;
}

const struct column *
table_column(const struct table *table, size_t column)
{
	return &table->columns[column];
}

const struct cell *
table_cell(const struct table *table, size_t row, size_t column)
{
	return &table->cells[row * table->width + column];
}
