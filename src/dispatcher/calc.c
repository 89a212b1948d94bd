/* calc.c: the graph of calculated keywords, rebuilt when services change, and the work it gives.
 * Knows what a keyword is made from; setting the result goes the way of every source (served.c). */
#include "dispatcher/calc.h"

#include "core/error.h"
#include "core/expr.h"
#include "dispatcher/calc_others.h"
#include "dispatcher/served.h"

#include <event2/event.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum color { FRESH, OPEN, DONE }; /* of a walk over the graph */

struct calc {
	struct calcs *calcs;
	struct served *served;
	struct entry *entry;   /* held */
	struct expr *expr;     /* NULL: 'fault' says why */
	struct entry **inputs; /* held; NULL where it is not one of ours */
	struct other **others; /* in the same places; NULL where it is */
	const struct credis_value **values;
	size_t count;
	uint32_t rank; /* above that of each input */
	enum color color;
	size_t looked_at;   /* inputs, on the walk */
	struct calc *above; /* that the walk came from */
	bool dirty;
	bool computing;
	struct calc *next; /* dirty, of the same rank */
	struct credis_error fault;
};

struct calcs {
	struct post *post;
	struct others *others;
	struct calc **all;
	size_t count, room;
	struct calc **dirty; /* lists by rank */
	uint32_t ranks;
	struct event *turn_ends;
	uint64_t computed;
	bool stale; /* to be rebuilt before anything is computed */
};

static void on_turn_ends(evutil_socket_t fd, short what, void *arg);

struct calcs *
calcs_new(struct post *post)
{
	struct calcs *calcs = calloc(1, sizeof(*calcs));

	if (calcs == NULL)
		return NULL;
	calcs->post = post;
	calcs->turn_ends = event_new(post->base, -1, 0, on_turn_ends, calcs);
	calcs->others = others_new(post, calcs);
	if (calcs->turn_ends != NULL && calcs->others != NULL)
		return calcs;
	calcs_free(calcs);
	return NULL;
}

static void
forget_followers(struct entry *entry)
{
	if (entry == NULL || entry->extra == NULL)
		return;
	free(entry->extra->followers);
	entry->extra->followers = NULL;
	entry->extra->follower_count = 0;
	entry->extra->calc = NULL;
}

static void
calc_free(struct calc *calc)
{
	for (size_t n = 0; n < calc->count; n++) {
		if (calc->inputs == NULL || calc->inputs[n] == NULL)
			continue;
		forget_followers(calc->inputs[n]);
		forget_followers(entry_now(calc->inputs[n]));
		entry_release(calc->inputs[n]);
	}
	forget_followers(calc->entry);
	forget_followers(entry_now(calc->entry));
	entry_release(calc->entry);
	expr_free(calc->expr);
	free(calc->inputs);
	free(calc->others);
	free(calc->values);
	free(calc);
}

static void
clear(struct calcs *calcs)
{
	for (size_t n = 0; n < calcs->count; n++)
		calc_free(calcs->all[n]);
	free(calcs->all);
	free(calcs->dirty);
	calcs->all = NULL;
	calcs->dirty = NULL;
	calcs->count = calcs->room = calcs->ranks = 0;
}

void
calcs_free(struct calcs *calcs)
{
	if (calcs == NULL)
		return;
	clear(calcs);
	others_free(calcs->others);
	if (calcs->turn_ends != NULL)
		event_free(calcs->turn_ends);
	free(calcs);
}

uint64_t
calcs_computed(const struct calcs *calcs)
{
	return calcs->computed;
}

static void
come_back(struct calcs *calcs)
{
	static const struct timeval at_once = { 0, 0 };

	if (!event_pending(calcs->turn_ends, EV_TIMEOUT, NULL))
		event_add(calcs->turn_ends, &at_once);
}

static void
mark(struct calc *calc)
{
	struct calcs *calcs = calc->calcs;

	if (calc->dirty || calc->computing || calcs->dirty == NULL)
		return;
	calc->dirty = true;
	calc->next = calcs->dirty[calc->rank];
	calcs->dirty[calc->rank] = calc;
	come_back(calcs);
}

void
calc_touch(struct entry *entry)
{
	struct extra *extra = entry->extra;

	if (extra->calc != NULL)
		mark(extra->calc);
	calc_touch_all(extra->followers, extra->follower_count);
}

void
calc_touch_all(struct calc *const *followers, size_t count)
{
	for (size_t n = 0; n < count; n++)
		mark(followers[n]);
}

/* The entry of a reference; NULL when it is not one of ours. */
static struct entry *
find_input(const struct calc *calc, const char *service, const char *keyword)
{
	struct served *served = service == NULL
	    ? calc->served
	    : post_find_name(calc->calcs->post, service, strlen(service));

	return served != NULL ? registry_find(&served->registry, keyword, strlen(keyword)) : NULL;
}

/* What somebody else serves; NULL for ours, or when out of memory. */
static struct other *
find_other(const struct calc *calc, const char *service, const char *keyword)
{
	if (service == NULL || post_find_name(calc->calcs->post, service, strlen(service)) != NULL)
		return NULL;
	return others_find(calc->calcs->others, service, keyword);
}

static const struct credis_keyword *
find_description(void *arg, const char *service, const char *keyword, struct credis_error *err)
{
	const struct calc *calc = arg;
	struct entry *entry = find_input(calc, service, keyword);
	struct other *other = find_other(calc, service, keyword);

	if (entry != NULL)
		return entry->keyword;
	if (other != NULL && other->description != NULL)
		return other->description;
	if (other != NULL)
		error_set(err, CREDIS_ENOKEYWORD, "%s", other_reason(other));
	else
		error_set(err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword here",
		    service != NULL ? service : served_name(calc->served), keyword);
	return NULL;
}

static bool
add_follower(struct calc ***followers, size_t *count, struct calc *calc)
{
	struct calc **more = realloc(*followers, (*count + 1) * sizeof(*more));

	if (more == NULL)
		return false;
	*followers = more;
	more[(*count)++] = calc;
	return true;
}

static bool
follow(struct calc *calc, struct entry *input)
{
	struct extra *extra = extra_of(input);

	return extra != NULL && add_follower(&extra->followers, &extra->follower_count, calc);
}

static bool
follow_other(struct calc *calc, const struct expr_reference *reference)
{
	struct other *other = find_other(calc, reference->service, reference->keyword);

	calc->others[calc->count] = other;
	return other == NULL || add_follower(&other->followers, &other->follower_count, calc);
}

static bool
connect_inputs(struct calc *calc)
{
	size_t count = expr_references(calc->expr);
	struct expr_reference reference;

	calc->inputs = calloc(count + 1, sizeof(*calc->inputs));
	calc->others = calloc(count + 1, sizeof(*calc->others));
	calc->values = calloc(count + 1, sizeof(*calc->values));
	if (calc->inputs == NULL || calc->others == NULL || calc->values == NULL)
		return false;
	for (; calc->count < count; calc->count++) {
		struct entry *input;

		expr_reference(calc->expr, calc->count, &reference);
		input = find_input(calc, reference.service, reference.keyword);
		if (input == NULL && !follow_other(calc, &reference))
			return false;
		if (input == NULL)
			continue;
		calc->inputs[calc->count] = entry_hold(input);
		if (!follow(calc, input)) {
			calc->count++;
			return false;
		}
	}
	return true;
}

static bool
add(struct calcs *calcs, struct served *served, struct entry *entry)
{
	struct calc *calc;

	if (calcs->count == calcs->room) {
		size_t room = calcs->room != 0 ? calcs->room * 2 : 64;
		struct calc **all = realloc(calcs->all, room * sizeof(struct calc *));

		if (all == NULL)
			return false;
		calcs->all = all;
		calcs->room = room;
	}
	calc = calloc(1, sizeof(*calc));
	if (calc == NULL || extra_of(entry) == NULL) {
		free(calc);
		return false;
	}
	calc->calcs = calcs;
	calc->served = served;
	calc->entry = entry_hold(entry);
	entry->extra->calc = calc;
	calcs->all[calcs->count++] = calc;
	calc->expr = expr_parse(entry->keyword->calc, find_description, calc, &calc->fault);
	return calc->expr == NULL || connect_inputs(calc);
}

/* What depends on itself stays without a value. */
static void
refuse_circle(struct calc *calc)
{
	error_set(&calc->fault, CREDIS_EINVAL, "it depends on itself, by way of %s",
	    calc->entry->name);
	expr_free(calc->expr);
	calc->expr = NULL;
}

/* The next calculated input; NULL after the last. */
static struct calc *
step(struct calc *calc)
{
	while (calc->expr != NULL && calc->looked_at < calc->count) {
		const struct entry *input = calc->inputs[calc->looked_at++];

		if (input != NULL && input->extra != NULL && input->extra->calc != NULL)
			return input->extra->calc;
	}
	return NULL;
}

static struct calc *
finish(struct calc *calc)
{
	calc->color = DONE;
	if (calc->calcs->ranks <= calc->rank)
		calc->calcs->ranks = calc->rank + 1;
	return calc->above;
}

/* Ranks are settled from the inputs up. Not by recursion: a chain may be as long as a configuration. */
static void
settle(struct calc *calc)
{
	calc->color = OPEN;
	while (calc != NULL) {
		struct calc *below = step(calc);

		if (below == NULL) {
			calc = finish(calc);
		} else if (below->color == OPEN) {
			refuse_circle(calc);
		} else if (below->color == FRESH) {
			calc->looked_at--; /* once more when its rank is known */
			below->color = OPEN;
			below->above = calc;
			calc = below;
		} else if (calc->rank <= below->rank) {
			calc->rank = below->rank + 1;
		}
	}
}

static bool
gather(struct calcs *calcs)
{
	for (struct served *s = calcs->post->served; s != NULL; s = s->next) {
		for (size_t n = 0; !s->doomed && n < s->registry.count; n++) {
			struct entry *entry = s->registry.entries[n];

			if (entry->keyword->calc != NULL && !add(calcs, s, entry))
				return false;
		}
	}
	return true;
}

void
calcs_change(struct calcs *calcs)
{
	calcs->stale = true;
	come_back(calcs);
}

void
calcs_renew(struct calcs *calcs)
{
	if (calcs->all != NULL) { /* with very many others, most find that done already */
		clear(calcs);
		others_begin(calcs->others);
	}
	calcs_change(calcs);
}

static void
rebuild(struct calcs *calcs)
{
	calcs->stale = false;
	clear(calcs);
	others_begin(calcs->others);
	if (!gather(calcs))
		log_event(calcs->post->log, CREDIS_LOG_ERROR, "memory",
		    "out of memory for calculated keywords");
	others_end(calcs->others);
	for (size_t n = 0; n < calcs->count; n++) {
		if (calcs->all[n]->color == FRESH)
			settle(calcs->all[n]);
	}
	calcs->dirty = calloc(calcs->ranks + 1, sizeof(struct calc *));
	for (size_t n = 0; n < calcs->count; n++)
		mark(calcs->all[n]);
}

/* A result as text that the keyword's type takes. */
static const char *
print(const struct credis_keyword *keyword, const struct expr_result *result, char *text)
{
	if (result->kind == EXPR_TEXT)
		return result->text;
	if (result->kind == EXPR_BOOLEAN)
		return keyword->type == CREDIS_STRING ? (result->boolean ? "true" : "false")
						      : (result->boolean ? "1" : "0");
	if (keyword->type == CREDIS_BOOLEAN)
		return result->number != 0 ? "1" : "0";
	if (result->number == floor(result->number) && fabs(result->number) < 9e15)
		number_print_integer(text, (int64_t)result->number);
	else
		number_print_double(text, result->number);
	return text;
}

/* Nothing to say where value and severity stay. */
static bool
is_news(const struct entry *entry, const char *text)
{
	struct credis_value value;
	bool equal;

	if (entry->extra->source.severity != CREDIS_NONE ||
	    !keyword_parse_value(entry->keyword, &value, text, strlen(text), NULL))
		return true;
	equal = value_equal(&entry->value, &value);
	value_clear(&value);
	return !equal;
}

static void
set(struct calc *calc, const struct expr_result *result)
{
	char text[NUMBER_TEXT];
	const char *printed = print(calc->entry->keyword, result, text);
	struct credis_error err;

	if (is_news(calc->entry, printed) &&
	    !served_set(calc->served, calc->entry, printed, strlen(printed), &err))
		served_set_severity(calc->served, calc->entry, CREDIS_INVALID, err.text);
}

static const struct credis_value *
input_value(const struct calc *calc, size_t n)
{
	const struct entry *input = calc->inputs[n];

	if (calc->others[n] != NULL)
		return other_value(calc->others[n]);
	return input != NULL && input->known && entry_severity(input) != CREDIS_INVALID
	    ? &input->value
	    : NULL;
}

static const char *
input_reason(const struct calc *calc, size_t n)
{
	if (calc->others[n] != NULL)
		return other_reason(calc->others[n]);
	return calc->inputs[n] != NULL ? entry_reason(calc->inputs[n]) : "";
}

/* Why an input is not valid, after what the expression says of it. */
static void
explain(const struct calc *calc, const struct credis_error *why, char *reason, size_t room)
{
	for (size_t n = 0; n < calc->count; n++) {
		const char *words = input_reason(calc, n);

		if (calc->values[n] != NULL || *words == '\0')
			continue;
		snprintf(reason, room, "%.120s (%.120s)", why->text, words);
		return;
	}
	snprintf(reason, room, "%.250s", why->text);
}

static void
evaluate(struct calc *calc)
{
	struct expr_result result = { .kind = EXPR_INVALID, .why = calc->fault };
	char reason[256];

	for (size_t n = 0; n < calc->count; n++)
		calc->values[n] = input_value(calc, n);
	if (calc->expr != NULL)
		expr_evaluate(calc->expr, calc->values, &result);
	if (result.kind != EXPR_INVALID) {
		set(calc, &result);
	} else {
		explain(calc, &result.why, reason, sizeof(reason));
		served_set_severity(calc->served, calc->entry, CREDIS_INVALID, reason);
	}
	free(result.text);
}

static void
compute(struct calc *calc)
{
	calc->dirty = false;
	if (!calc->entry->known)
		return; /* it will be: then it is touched again */
	calc->computing = true;
	calc->calcs->computed++;
	evaluate(calc);
	calc->computing = false;
}

static void
on_turn_ends(evutil_socket_t fd, short what, void *arg)
{
	struct calcs *calcs = arg;

	(void)fd;
	(void)what;
	if (calcs->stale)
		rebuild(calcs);
	for (uint32_t rank = 0; calcs->dirty != NULL && rank < calcs->ranks; rank++) {
		struct calc *calc;

		while ((calc = calcs->dirty[rank]) != NULL) {
			calcs->dirty[rank] = calc->next;
			compute(calc);
		}
	}
}
