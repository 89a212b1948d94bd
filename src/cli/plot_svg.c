/* plot_svg.c: the picture of a plot as an SVG file: axes with units and times, a line or steps through
 * first, least, greatest and last of each bucket, and a strip where values were not fine. */
#include "plot.h"
#include "text.h"

#include <math.h>
#include <string.h>
#include <time.h>

/* In pixels. */
enum {
	WIDTH = 960,
	HEIGHT = 400,
	LEFT = 110,
	RIGHT = 30,
	TOP = 50,
	BOTTOM = 70,
	ACROSS = WIDTH - LEFT - RIGHT,
	DOWN = HEIGHT - TOP - BOTTOM,
	STRIP = 4,
	TICKS = 8, /* at most so many, or twice as many */
};

static const char *const colours[] = {
	[CREDIS_MINOR] = "#e0a800",
	[CREDIS_MAJOR] = "#d03020",
	[CREDIS_INVALID] = "#9030b0",
};

struct canvas {
	FILE *to;
	const struct plot *plot;
	const struct credis_keyword *keyword;
	int64_t start_us, end_us;
	double low, high;
};

static void
print_escaped(FILE *to, const char *text)
{
	size_t length = strlen(text);

	for (size_t i = 0; i < length;) {
		size_t bytes = text_character(text + i, length - i);

		if (strchr("&<>\"'", text[i]) != NULL)
			fprintf(to, "&#%d;", text[i]);
		else if (bytes > 1 || (bytes == 1 && (unsigned char)text[i] >= 0x20))
			fwrite(text + i, 1, bytes, to);
		else
			putc('?', to);
		i += bytes > 0 ? bytes : 1;
	}
}

static void
write_text(FILE *to, double x, double y, const char *anchor, const char *text)
{
	fprintf(to, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
	print_escaped(to, text);
	fputs("</text>\n", to);
}

static double
x_of(const struct canvas *canvas, int64_t time_us)
{
	double share =
	    (double)(time_us - canvas->start_us) / (double)(canvas->end_us - canvas->start_us);

	return LEFT + share * ACROSS;
}

/* Halves first: the range of doubles is wider than a double. */
static double
y_of(const struct canvas *canvas, double value)
{
	double share = (value / 2 - canvas->low / 2) / (canvas->high / 2 - canvas->low / 2);

	return TOP + DOWN - share * DOWN;
}

static void
write_level(const struct canvas *canvas, double value)
{
	char label[PLOT_LABEL];
	double y = y_of(canvas, value);

	fprintf(canvas->to, "<path class=\"grid\" d=\"M%d %.1fh%d\"/>\n", LEFT, y, ACROSS);
	write_text(canvas->to, LEFT - 8, y + 4, "end", plot_label(label, canvas->keyword, value));
}

/* 1, 2 or 5 times a power of ten. */
static double
nice_step(double range)
{
	double power = pow(10, floor(log10(range / TICKS)));

	for (double step = power; step < 10 * power; step *= step == 2 * power ? 2.5 : 2) {
		if (range / step <= TICKS)
			return step;
	}
	return 10 * power;
}

static void
write_levels(const struct canvas *canvas)
{
	double range = canvas->high - canvas->low;
	double step = isfinite(range) ? nice_step(range) : range;

	if (plot_is_steps(canvas->keyword) && step < 1)
		step = 1;
	if (!isfinite(step) || canvas->low + step == canvas->low) {
		write_level(canvas, canvas->plot->low.value);
		write_level(canvas, canvas->plot->high.value);
		return;
	}
	for (double n = ceil(canvas->low / step); n * step <= canvas->high; n++)
		write_level(canvas, n * step + 0.0);
}

static int64_t
time_step(int64_t range_us)
{
	static const int64_t steps_ms[] = { 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000,
		10000, 15000, 30000, 60000, 120000, 300000, 600000, 900000, 1800000, 3600000,
		7200000, 10800000, 21600000, 43200000 };
	const int64_t day_us = INT64_C(86400000000);
	int64_t step_us = day_us;

	for (size_t n = 0; n < sizeof steps_ms / sizeof *steps_ms; n++) {
		if (range_us / (steps_ms[n] * 1000) <= TICKS)
			return steps_ms[n] * 1000;
	}
	while (range_us / step_us > TICKS)
		step_us *= 2;
	return step_us;
}

static void
write_time(const struct canvas *canvas, int64_t time_us, int64_t step_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm parts;
	char text[32] = "", millis[8] = "";
	double x = x_of(canvas, time_us);
	bool days = step_us >= INT64_C(86400000000), minutes = step_us >= 60000000;

	if (gmtime_r(&seconds, &parts) != NULL)
		strftime(text, sizeof text - sizeof millis,
		    days ? "%Y-%m-%d" : (minutes ? "%H:%M" : "%H:%M:%S"), &parts);
	if (step_us < 1000000)
		snprintf(millis, sizeof millis, ".%03d", (int)(time_us / 1000 % 1000));
	strcat(text, millis);
	fprintf(canvas->to, "<path class=\"grid\" d=\"M%.1f %dv%d\"/>\n", x, TOP, DOWN);
	write_text(canvas->to, x, TOP + DOWN + 18, "middle", text);
}

static void
write_times(const struct canvas *canvas)
{
	int64_t step_us = time_step(canvas->end_us - canvas->start_us);
	int64_t first_us = (canvas->start_us + step_us - 1) / step_us * step_us;
	char from[TEXT_TIME], to[TEXT_TIME], text[2 * TEXT_TIME + 8];

	for (int64_t at_us = first_us; at_us <= canvas->end_us; at_us += step_us)
		write_time(canvas, at_us, step_us);
	snprintf(text, sizeof text, "%s to %s", text_time(from, canvas->start_us),
	    text_time(to, canvas->end_us));
	write_text(canvas->to, LEFT + ACROSS / 2.0, HEIGHT - 20, "middle", text);
}

/* A line being drawn. */
struct pen {
	bool down, steps;
};

/* A lone point is a dot: its line is of no length, and its ends are round. */
static void
draw(const struct canvas *canvas, struct pen *pen, const struct point *point)
{
	double x = x_of(canvas, point->time_us), y = y_of(canvas, point->value);

	if (!pen->down)
		fprintf(canvas->to, "M%.1f %.1fh0", x, y);
	else if (pen->steps)
		fprintf(canvas->to, "H%.1fV%.1f", x, y);
	else
		fprintf(canvas->to, "L%.1f %.1f", x, y);
	pen->down = true;
}

static void
draw_bucket(const struct canvas *canvas, struct pen *pen, const struct bucket *bucket)
{
	bool low_first = bucket->low.time_us < bucket->high.time_us;

	if (bucket->count > 0)
		draw(canvas, pen, &bucket->first);
	if (bucket->count > 2) {
		draw(canvas, pen, low_first ? &bucket->low : &bucket->high);
		draw(canvas, pen, low_first ? &bucket->high : &bucket->low);
	}
	if (bucket->count > 1)
		draw(canvas, pen, &bucket->last);
	if (bucket->gap)
		pen->down = false;
}

static void
write_line(const struct canvas *canvas)
{
	const struct plot *plot = canvas->plot;
	struct pen pen = { .steps = plot_is_steps(canvas->keyword) };

	fputs("<path class=\"line\" d=\"", canvas->to);
	for (size_t n = 0; n < PLOT_BUCKETS; n++)
		draw_bucket(canvas, &pen, &plot->buckets[n]);
	fputs("\"/>\n", canvas->to);
}

static void
write_strip(const struct canvas *canvas)
{
	const struct plot *plot = canvas->plot;

	for (size_t n = 0, next; n < PLOT_BUCKETS; n = next) {
		enum credis_severity severity = plot->buckets[n].severity;
		double x = x_of(canvas, plot->start_us + (int64_t)n * plot->width_us), end;

		for (next = n + 1; next < PLOT_BUCKETS && plot->buckets[next].severity == severity;)
			next++;
		if (severity == CREDIS_NONE)
			continue;
		end = x_of(canvas, plot->start_us + (int64_t)next * plot->width_us);
		end = fmax(fmin(end, LEFT + ACROSS), x + 1);
		fprintf(canvas->to,
		    "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"%s\"/>\n", x,
		    TOP + DOWN - STRIP, end - x, STRIP, colours[severity]);
	}
}

static void
write_head(FILE *to, const char *name, const struct credis_keyword *keyword)
{
	const char *units = credis_keyword_units(keyword);

	fprintf(to,
	    "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
	    "viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" font-size=\"12\">\n"
	    "<style>.grid{stroke:#ddd;fill:none}"
	    ".line{stroke:#1060b0;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round;"
	    "fill:none}</style>\n"
	    "<rect width=\"100%%\" height=\"100%%\" fill=\"white\"/>\n<title>",
	    WIDTH, HEIGHT, WIDTH, HEIGHT);
	print_escaped(to, name);
	fputs("</title>\n", to);
	write_text(to, LEFT, 20, "start", name);
	write_text(to, WIDTH - RIGHT, 20, "end", credis_keyword_help(keyword));
	write_text(to, LEFT, TOP - 8, "end", units);
}

static struct canvas
canvas_of(FILE *to, const struct plot *plot, const struct credis_keyword *keyword)
{
	struct canvas canvas = { .to = to,
		.plot = plot,
		.keyword = keyword,
		.start_us = plot->start_us,
		.end_us = plot->end_us,
		.low = plot->low.value,
		.high = plot->high.value };
	double room = fmax(fabs(canvas.low) / 10, 1);

	if (canvas.start_us == canvas.end_us)
		canvas.end_us += 1000000;
	if (credis_keyword_type(keyword) == CREDIS_BOOLEAN) {
		canvas.low = 0;
		canvas.high = 1;
	} else if (canvas.high - canvas.low <= fabs(canvas.high) * 1e-12) {
		canvas.low -= room;
		canvas.high += room;
	}
	return canvas;
}

void
plot_svg(FILE *to, const struct plot *plot, const char *name, const struct credis_keyword *keyword)
{
	struct canvas canvas = canvas_of(to, plot, keyword);

	write_head(to, name, keyword);
	if (plot->count > 0)
		write_times(&canvas);
	if (plot->any) {
		write_levels(&canvas);
		write_line(&canvas);
	} else {
		write_text(to, WIDTH / 2.0, HEIGHT / 2.0, "middle", "no values");
	}
	if (plot->count > 0)
		write_strip(&canvas);
	fprintf(to, "<path stroke=\"black\" fill=\"none\" d=\"M%d %dv%dh%d\"/>\n</svg>\n", LEFT,
	    TOP, DOWN, ACROSS);
}
