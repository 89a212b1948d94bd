/* plot.h: values on their way into a picture: gathered in buckets of time, of which there are never more
 * than a picture can show, and which keep the extremes. How a picture looks is others' business. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include <credis/history.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { PLOT_BUCKETS = 2048 };

struct point {
	int64_t time_us;
	double value;
};

struct bucket {
	size_t count; /* numbers; what is none is not counted */
	struct point first, last, low, high;
	bool gap;                      /* something behind its last number was none */
	enum credis_severity severity; /* the worst */
};

struct plot {
	int64_t start_us, width_us; /* of the buckets; 'width_us' 0: nothing came yet */
	int64_t end_us;             /* of the last that came */
	size_t count;               /* values that came, numbers or not */
	struct point low, high;
	bool any; /* a number came */
	struct bucket buckets[PLOT_BUCKETS];
};

/* Whether values of a keyword are numbers, or stand for some. */
bool plot_is_possible(const struct credis_keyword *keyword);

/* Whether it goes from one value to the next at once. */
bool plot_is_steps(const struct credis_keyword *keyword);

/* Takes values in the order of time. */
void plot_add(struct plot *plot, const struct credis_past *sample);

/* A number as it stands at the axis: a label, or the shortest text. */
enum { PLOT_LABEL = 64 };
char *plot_label(char text[PLOT_LABEL], const struct credis_keyword *keyword, double value);

/* The pictures. 'name' is what they are headed with. */
void plot_svg(FILE *to, const struct plot *plot, const char *name,
    const struct credis_keyword *keyword);
void plot_spark(FILE *to, const struct plot *plot, const struct credis_keyword *keyword,
    size_t columns);

#endif
