/* table.h: rows of cells, each with a face for people and one for JSON.
 * Says nothing of how a table looks: that is the output room's. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct column {
	const char *title; /* NULL: not for people */
	const char *name;  /* in JSON */
};

struct cell {
	char *text; /* "" where there is nothing */
	char *json; /* NULL: left out */
};

struct table;

/* 'columns' are lent for the table's life. */
struct table *table_new(const struct column *columns, size_t count);
void table_free(struct table *table);

/* Add a cell to the row, and a row to the table when it is full. Text that is NULL or "" is known to
 * nobody: "-" for people, left out of JSON. */
void table_text(struct table *table, const char *text);
void table_integer(struct table *table, int64_t value);
void table_real(struct table *table, double value, const char *unit);
void table_boolean(struct table *table, bool value);
void table_time(struct table *table, int64_t time_us);
void table_nothing(struct table *table, size_t cells);

size_t table_columns(const struct table *table);
size_t table_rows(const struct table *table);
const struct column *table_column(const struct table *table, size_t column);
const struct cell *table_cell(const struct table *table, size_t row, size_t column);

#endif
