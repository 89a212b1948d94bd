/* plot.c: values gathered in buckets of time. What does not fit makes each bucket twice as wide, so
 * that it is one walk through values of any number, over any time. */
#include "plot.h"

#include "memory.h"

#include <math.h>
#include <string.h>

bool
plot_is_possible(const struct credis_keyword *keyword)
{
	return credis_keyword_type(keyword) != CREDIS_STRING &&
	    credis_keyword_type(keyword) <= CREDIS_MASK;
}

bool
plot_is_steps(const struct credis_keyword *keyword)
{
	switch (credis_keyword_type(keyword)) {
	case CREDIS_BOOLEAN:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK: return true;
	default: return false;
	}
}

static struct bucket
merge(const struct bucket *left, const struct bucket *right)
{
	struct bucket both = left->count > 0 ? *left : *right;

	both.severity = left->severity > right->severity ? left->severity : right->severity;
	both.gap = right->count > 0 ? right->gap : left->gap || right->gap;
	if (left->count == 0 || right->count == 0)
		return both;
	both.count = left->count + right->count;
	both.last = right->last;
	if (right->low.value < both.low.value)
		both.low = right->low;
	if (right->high.value > both.high.value)
		both.high = right->high;
	return both;
}

static void
widen(struct plot *plot)
{
	for (size_t n = 0; n < PLOT_BUCKETS / 2; n++)
		plot->buckets[n] = merge(&plot->buckets[2 * n], &plot->buckets[2 * n + 1]);
	memset(&plot->buckets[PLOT_BUCKETS / 2], 0, sizeof plot->buckets / 2);
	plot->width_us *= 2;
}

static struct bucket *
bucket_at(struct plot *plot, int64_t time_us)
{
	if (plot->width_us == 0) {
		plot->start_us = time_us;
		plot->width_us = 1;
	}
	while ((time_us - plot->start_us) / plot->width_us >= PLOT_BUCKETS)
		widen(plot);
	return &plot->buckets[(time_us - plot->start_us) / plot->width_us];
}

static bool
read_number(const struct credis_past *sample, double *value)
{
	char *text = must(credis_keyword_present(sample->description, sample->text, sample->length,
	    CREDIS_BINARY));
	char *end;
	bool ok;

	*value = strtod(text, &end);
	ok = end != text && *end == '\0' && isfinite(*value);
	free(text);
	return ok;
}

void
plot_add(struct plot *plot, const struct credis_past *sample)
{
	struct bucket *bucket;
	struct bucket one = { .severity = sample->severity };
	struct point point = { .time_us = sample->time_us };

	if (plot->width_us > 0 && sample->time_us < plot->end_us)
		return; /* streams are in order; a broken one is not drawn backwards */
	bucket = bucket_at(plot, sample->time_us);
	plot->end_us = sample->time_us;
	plot->count++;
	if (read_number(sample, &point.value)) {
		one.count = 1;
		one.first = one.last = one.low = one.high = point;
		if (!plot->any || point.value < plot->low.value)
			plot->low = point;
		if (!plot->any || point.value > plot->high.value)
			plot->high = point;
		plot->any = true;
	} else {
		one.gap = true;
	}
	*bucket = merge(bucket, &one);
}

char *
plot_label(char text[PLOT_LABEL], const struct credis_keyword *keyword, double value)
{
	const char *label = NULL;
	int64_t key;
	size_t n = 0;

	if (credis_keyword_type(keyword) == CREDIS_BOOLEAN)
		label = value != 0 ? "true" : "false";
	for (const char *next; credis_keyword_type(keyword) != CREDIS_MASK &&
	     (next = credis_keyword_label(keyword, n, &key)) != NULL;
	     n++) {
		if ((double)key == value)
			label = next;
	}
	if (label != NULL)
		snprintf(text, PLOT_LABEL, "%s", label);
	else
		snprintf(text, PLOT_LABEL, "%.10g", value);
	return text;
}
