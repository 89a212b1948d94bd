/* wait.c: an expression over keywords, watched by a monitor and evaluated at each change until true.
 * Parsed twice: first to learn which keywords it names, then with their types. */
#include <credis/monitor.h>

#include "client/catalog.h"
#include "client/monitor.h"
#include "client/session.h"
#include "core/buffer.h"
#include "core/error.h"
#include "core/expr.h"

#include <credis/span.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum wait_state {
	WAIT_STARTING, /* not all values are known yet */
	WAIT_RUNNING,
	WAIT_BLIND, /* the store is away: what is known may be out of date */
	WAIT_ENDED,
};

/* A keyword that the expression names. */
struct term {
	struct names_pair name;
	struct catalog *catalog;    /* held: the expression needs its description */
	struct credis_value *value; /* NULL: none, or not a valid one */
};

struct credis_wait {
	struct credis_client *client;
	enum wait_state state;
	char *text;
	char *service; /* of "$KEYWORD"; NULL: none */
	struct expr *expr;
	struct term *terms; /* in the order of expr_reference() */
	size_t count;
	struct credis_monitor *monitor;
	struct event *timer; /* the deadline; at once, where no keyword is named */
	int64_t timeout_ms;
	credis_wait_cb *cb;
	void *arg;
};

/* The callback may free the wait: nothing of it is touched afterwards. */
static void
finish(struct credis_wait *wait, const struct credis_error *err)
{
	if (wait->state == WAIT_ENDED)
		return;
	wait->state = WAIT_ENDED;
	event_del(wait->timer);
	wait->cb(wait->arg, err);
}

static struct term *
find_term(const struct credis_wait *wait, const char *service, const char *keyword)
{
	for (size_t n = 0; n < wait->count; n++) {
		const struct names_pair *name = &wait->terms[n].name;

		if (strcmp(name->keyword, keyword) == 0 && strcmp(name->service, service) == 0)
			return &wait->terms[n];
	}
	return NULL;
}

static const struct credis_keyword *
describe(void *arg, const char *service, const char *keyword, struct credis_error *err)
{
	const struct credis_wait *wait = arg;
	const char *in = service != NULL ? service : wait->service;
	const struct term *term = find_term(wait, in, keyword);
	const struct credis_keyword *description =
	    term != NULL && term->catalog != NULL ? catalog_find(term->catalog, keyword) : NULL;

	if (description == NULL)
		error_set(err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword", in, keyword);
	return description;
}

/* The value as the description of now has it; none, where that does not allow it. False when out of
 * memory. */
static bool
retype(struct term *term, struct credis_error *err)
{
	struct credis_value *value = term->value;
	const struct credis_keyword *description =
	    term->catalog != NULL ? catalog_find(term->catalog, term->name.keyword) : NULL;
	size_t length;
	const char *text;

	if (value == NULL)
		return true;
	text = credis_value_text(value, &length);
	term->value = description != NULL ? credis_value_new(description, text, length, err) : NULL;
	credis_value_free(value);
	return description == NULL || term->value != NULL || err->code != CREDIS_ENOMEM;
}

/* Parses anew, by the descriptions of now. */
static bool
learn_types(struct credis_wait *wait, struct credis_error *err)
{
	struct expr *expr;

	for (size_t n = 0; n < wait->count; n++) {
		struct term *term = &wait->terms[n];
		struct catalog *catalog = monitor_catalog(wait->monitor, term->name.service);

		if (catalog != NULL)
			catalog_hold(catalog);
		catalog_release(term->catalog);
		term->catalog = catalog;
		if (!retype(term, err))
			return false;
	}
	expr_free(wait->expr);
	wait->expr = NULL;
	expr = expr_parse(wait->text, describe, wait, err);
	wait->expr = expr;
	return expr != NULL;
}

/* Of what is not true, and stays so. */
static const char *
why_never(const struct expr_result *result)
{
	switch (result->kind) {
	case EXPR_INVALID: return result->why.text;
	case EXPR_TEXT: return "it is text, which has to be compared";
	case EXPR_NUMBER:
	case EXPR_BOOLEAN: break;
	}
	return "it names no keyword and is false";
}

static void
evaluate(struct credis_wait *wait)
{
	const struct credis_value **values = calloc(wait->count + 1, sizeof(*values));
	struct expr_result result;
	struct credis_error err = { .code = CREDIS_OK };
	bool is_true;

	if (values == NULL) {
		error_no_memory(&err);
		finish(wait, &err);
		return;
	}
	for (size_t n = 0; n < wait->count; n++)
		values[n] = wait->terms[n].value;
	expr_evaluate(wait->expr, values, &result);
	is_true = expr_is_true(&result);
	free(result.kind == EXPR_TEXT ? result.text : NULL);
	free(values);
	if (result.kind == EXPR_INVALID && result.why.code == CREDIS_ENOMEM) {
		finish(wait, &result.why);
		return;
	}
	if (!is_true && wait->count > 0 && result.kind != EXPR_TEXT)
		return;
	if (!is_true)
		error_set(&err, CREDIS_EIMPOSSIBLE, "'%.200s' cannot become true: %s", wait->text,
		    why_never(&result));
	finish(wait, &err);
}

/* An invalid value is as good as none. False when out of memory. */
static bool
take_reading(struct credis_wait *wait, const struct credis_reading *reading,
    struct credis_error *err)
{
	bool valid = reading->severity != CREDIS_INVALID && reading->description != NULL;

	/* "$AZ" and "$telescope.AZ" may both be in it */
	for (size_t n = 0; n < wait->count; n++) {
		struct term *term = &wait->terms[n];

		if (strcmp(term->name.keyword, reading->keyword) != 0 ||
		    strcmp(term->name.service, reading->service) != 0)
			continue;
		credis_value_free(term->value);
		term->value = !valid
		    ? NULL
		    : credis_value_new(reading->description, reading->text, reading->length, err);
		if (valid && term->value == NULL && err->code == CREDIS_ENOMEM)
			return false;
	}
	return true;
}

/* The descriptions may have changed with the value. */
static bool
types_are_known(const struct credis_wait *wait)
{
	for (size_t n = 0; n < wait->count; n++) {
		if (wait->terms[n].catalog == NULL ||
		    wait->terms[n].catalog !=
			monitor_catalog(wait->monitor, wait->terms[n].name.service))
			return false;
	}
	return true;
}

static void
look(struct credis_wait *wait)
{
	struct credis_error err;

	if (types_are_known(wait) || learn_types(wait, &err))
		evaluate(wait);
	else
		finish(wait, &err);
}

static void
on_event(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	struct credis_wait *wait = arg;
	struct credis_error gone, why;

	if (wait->state == WAIT_ENDED)
		return;
	switch (event) {
	case CREDIS_MONITOR_VALUE:
		if (!take_reading(wait, reading, &why))
			finish(wait, &why);
		else if (wait->state == WAIT_RUNNING)
			look(wait);
		return;
	case CREDIS_MONITOR_PRIMED:
	case CREDIS_MONITOR_RESTORED:
		wait->state = WAIT_RUNNING;
		look(wait);
		return;
	case CREDIS_MONITOR_GAP: wait->state = WAIT_BLIND; return;
	case CREDIS_MONITOR_GONE:
		error_set(&gone, CREDIS_ENOKEYWORD, "%s.%s: the keyword exists no more",
		    reading->service, reading->keyword);
		finish(wait, &gone);
		return;
	case CREDIS_MONITOR_FAILED: finish(wait, err); return;
	case CREDIS_MONITOR_UNSERVED:
	case CREDIS_MONITOR_SERVED: return; /* whoever serves it next may make it true */
	}
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct credis_wait *wait = arg;
	char span[40];
	struct credis_error err;

	(void)fd;
	(void)what;
	if (wait->count == 0) {
		evaluate(wait);
		return;
	}
	if (wait->state == WAIT_STARTING && !session_is_up(wait->client))
		session_unreachable(wait->client, wait->timeout_ms, &err);
	else
		error_set(&err, CREDIS_EDEADLINE, "'%.200s' did not become true within %s%s",
		    wait->text, credis_span_print(wait->timeout_ms, span),
		    wait->state == WAIT_BLIND ? "; the store is away" : "");
	finish(wait, &err);
}

/* What the expression names, as names to watch. */
static bool
take_terms(struct credis_wait *wait, struct credis_error *err)
{
	struct expr_reference reference;

	size_t count = expr_references(wait->expr);

	wait->terms = calloc(count + 1, sizeof(*wait->terms));
	if (wait->terms == NULL)
		return error_no_memory(err);
	wait->count = count;
	for (size_t n = 0; expr_reference(wait->expr, n, &reference); n++) {
		const char *service = reference.service != NULL ? reference.service : wait->service;
		struct names_pair *name = &wait->terms[n].name;

		if (service == NULL)
			return error_set(err, CREDIS_EINVAL,
			    "'$%s' names no service: a keyword is $service.KEYWORD",
			    reference.keyword);
		snprintf(name->service, sizeof(name->service), "%s", service);
		snprintf(name->keyword, sizeof(name->keyword), "%s", reference.keyword);
	}
	return true;
}

static bool
watch_terms(struct credis_wait *wait, struct credis_error *err)
{
	char(*names)[sizeof(struct names_pair)] = calloc(wait->count + 1, sizeof(*names));
	const char **list = calloc(wait->count + 1, sizeof(*list));

	if (names == NULL || list == NULL) {
		error_no_memory(err);
	} else {
		for (size_t n = 0; n < wait->count; n++) {
			snprintf(names[n], sizeof(names[n]), "%s.%s", wait->terms[n].name.service,
			    wait->terms[n].name.keyword);
			list[n] = names[n];
		}
		wait->monitor =
		    monitor_new(wait->client, list, wait->count, 0, on_event, wait, err);
	}
	free(list);
	free(names);
	return wait->monitor != NULL;
}

static bool
copy_texts(struct credis_wait *wait, const char *text, const char *service,
    struct credis_error *err)
{
	char lower[CREDIS_SERVICE_MAX + 1];

	if (service != NULL && !service_name_check(service, strlen(service), lower, err))
		return false;
	wait->text = strdup(text);
	wait->service = service != NULL ? strdup(lower) : NULL;
	return (wait->text != NULL && (service == NULL || wait->service != NULL)) ||
	    error_no_memory(err);
}

static bool
set_up(struct credis_wait *wait, const char *text, const char *service, struct credis_error *err)
{
	if (!copy_texts(wait, text, service, err))
		return false;
	wait->expr = expr_parse(text, NULL, NULL, err);
	if (wait->expr == NULL || !take_terms(wait, err))
		return false;
	wait->timer = evtimer_new(wait->client->base, on_timer, wait);
	if (wait->timer == NULL)
		return error_no_memory(err);
	return wait->count == 0 || watch_terms(wait, err);
}

struct credis_wait *
credis_wait_new(struct credis_client *client, const char *expression, const char *service,
    int64_t timeout_ms, credis_wait_cb *cb, void *arg, struct credis_error *err)
{
	struct credis_wait *wait = calloc(1, sizeof(*wait));
	int64_t after_ms;

	if (wait == NULL) {
		error_no_memory(err);
		return NULL;
	}
	wait->client = client;
	wait->timeout_ms = timeout_ms >= 0 ? timeout_ms : client->timeout_ms;
	wait->cb = cb;
	wait->arg = arg;
	if (!set_up(wait, expression, service, err)) {
		credis_wait_free(wait);
		return NULL;
	}
	after_ms = wait->count > 0 ? wait->timeout_ms : 0;
	event_add(wait->timer, &(struct timeval){ after_ms / 1000, after_ms % 1000 * 1000 });
	return wait;
}

void
credis_wait_free(struct credis_wait *wait)
{
	if (wait == NULL)
		return;
	credis_monitor_free(wait->monitor);
	if (wait->timer != NULL)
		event_free(wait->timer);
	expr_free(wait->expr);
	for (size_t n = 0; n < wait->count; n++) {
		catalog_release(wait->terms[n].catalog);
		credis_value_free(wait->terms[n].value);
	}
	free(wait->terms);
	free(wait->service);
	free(wait->text);
	free(wait);
}
