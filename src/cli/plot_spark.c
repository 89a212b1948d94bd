/* plot_spark.c: the picture of a plot in one line of a terminal. A column shows what lies farthest from
 * the middle, so that a peak of one value is seen; one without values goes on with the last. */
#include "plot.h"
#include "text.h"

#include <math.h>
#include <string.h>

enum { LEVELS = 8 };

static const char *const blocks[LEVELS] = { "▁", "▂", "▃", "▄", "▅", "▆", "▇", "█" };

/* What a column has to show. */
struct column {
	bool any, gap;
	double low, high, last;
};

static void
take(struct column *column, const struct bucket *bucket)
{
	if (bucket->count > 0) {
		column->low =
		    column->any ? fmin(column->low, bucket->low.value) : bucket->low.value;
		column->high =
		    column->any ? fmax(column->high, bucket->high.value) : bucket->high.value;
		column->last = bucket->last.value;
		column->any = true;
		column->gap = false;
	}
	column->gap |= bucket->gap;
}

static struct column
column_at(const struct plot *plot, size_t n, size_t columns, size_t used)
{
	struct column column = { .any = false };

	for (size_t at = n * used / columns; at < (n + 1) * used / columns; at++)
		take(&column, &plot->buckets[at]);
	return column;
}

static const char *
block(const struct plot *plot, double value)
{
	double range = plot->high.value / 2 - plot->low.value / 2;
	double share = range > 0 ? (value / 2 - plot->low.value / 2) / range : 0;

	return blocks[(size_t)fmin(share * LEVELS, LEVELS - 1)];
}

static void
draw(FILE *to, const struct plot *plot, size_t columns)
{
	size_t used = (size_t)((plot->end_us - plot->start_us) / plot->width_us) + 1;
	double middle = plot->low.value / 2 + plot->high.value / 2, held = 0;
	bool holding = false;

	if (columns > used)
		columns = used;
	for (size_t n = 0; n < columns; n++) {
		struct column column = column_at(plot, n, columns, used);
		bool up = column.high - middle >= middle - column.low;

		if (column.any)
			fputs(block(plot, up ? column.high : column.low), to);
		else
			fputs(holding && !column.gap ? block(plot, held) : " ", to);
		held = column.any ? column.last : held;
		holding = (holding || column.any) && !column.gap;
	}
}

void
plot_spark(FILE *to, const struct plot *plot, const struct credis_keyword *keyword, size_t columns)
{
	char low[PLOT_LABEL], high[PLOT_LABEL], from[TEXT_TIME], end[TEXT_TIME];
	const char *units = credis_keyword_units(keyword);

	if (!plot->any)
		return;
	draw(to, plot, columns);
	putc('\n', to);
	plot_label(low, keyword, plot->low.value);
	plot_label(high, keyword, plot->high.value);
	text_print(to, low, strlen(low));
	fputs(" to ", to);
	text_print(to, high, strlen(high));
	fputs(units[0] != '\0' ? " " : "", to);
	text_print(to, units, strlen(units));
	fprintf(to, ", %s to %s\n", text_time(from, plot->start_us), text_time(end, plot->end_us));
}
