/* check.c: what only services together show, before anybody serves them: what calculations name must be
 * there, and none may depend on itself. Knows nothing of values; calc.c computes them. */
#include "core/error.h"
#include "core/expr.h"
#include "core/keyword.h"
#include "core/table.h"
#include "dispatcher/service.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum color { FRESH, OPEN, DONE };

/* A calculated keyword. */
struct node {
	const struct credis_keyword *keyword; /* its name in the table */
	const struct credis_service *service;
	struct expr *expr; /* its grammar alone; NULL: it has a fault, which was told */
	size_t next;       /* reference to be followed next */
	enum color color;
	struct node *above; /* that it was come to from */
	UT_hash_handle hh;
};

struct check {
	const struct credis_service *const *services;
	size_t count;
	struct node *nodes;
	struct credis_keyword *own[OWN_KEYWORDS];
	const struct credis_service *service; /* of the expression being parsed */
	credis_check_cb *cb;
	void *arg;
	size_t faults;
};

static void
tell(struct check *check, const struct node *node, const struct credis_error *err)
{
	check->faults++;
	if (check->cb != NULL)
		check->cb(check->arg, node->service->name, node->keyword->name, err);
}

static const struct credis_service *
find_service(const struct check *check, const char *name)
{
	for (size_t n = 0; n < check->count; n++) {
		if (strcmp(check->services[n]->name, name) == 0)
			return check->services[n];
	}
	return NULL;
}

static const struct credis_keyword *
find_own(const struct check *check, const char *keyword)
{
	for (size_t n = 0; n < OWN_KEYWORDS; n++) {
		if (strcmp(own_keyword_name((enum own_keyword)n), keyword) == 0)
			return check->own[n];
	}
	return NULL;
}

/* Without an error code it is one of somebody else's service, who may be asked later. */
static const struct credis_keyword *
find(void *arg, const char *service, const char *keyword, struct credis_error *err)
{
	const struct check *check = arg;
	const struct credis_service *owner =
	    service != NULL ? find_service(check, service) : check->service;
	const struct credis_keyword *found = NULL;

	err->code = CREDIS_OK;
	if (owner == NULL)
		return NULL;
	found = service_find(owner, keyword);
	if (found == NULL)
		found = find_own(check, keyword);
	if (found == NULL)
		error_set(err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword", owner->name, keyword);
	return found;
}

/* Whether all that an expression names is known; tells what is known to be missing. */
static bool
check_names(struct check *check, const struct node *node, bool *missing)
{
	struct expr_reference reference;
	struct credis_error why, err;
	bool known = true;

	*missing = false;
	for (size_t n = 0; expr_reference(node->expr, n, &reference); n++) {
		if (find(check, reference.service, reference.keyword, &why) != NULL)
			continue;
		known = false;
		if (why.code == CREDIS_OK)
			continue;
		error_set(&err, why.code, "calc: %.400s", why.text);
		tell(check, node, &err);
		*missing = true;
	}
	return known;
}

/* Types can be compared where everything is known. */
static bool
check_expression(struct check *check, struct node *node)
{
	struct credis_error why, err;
	struct expr *typed;
	bool missing;

	check->service = node->service;
	node->expr = expr_parse(node->keyword->calc, NULL, NULL, &why);
	if (node->expr == NULL)
		return why.code != CREDIS_ENOMEM;
	if (!check_names(check, node, &missing))
		return true;
	typed = expr_parse(node->keyword->calc, find, check, &why);
	if (typed == NULL && why.code == CREDIS_ENOMEM)
		return false;
	if (typed == NULL) {
		error_set(&err, why.code, "calc: %.400s", why.text);
		tell(check, node, &err);
	}
	expr_free(typed);
	return true;
}

static bool
add(struct check *check, const struct credis_service *service, const struct credis_keyword *keyword)
{
	struct node *node = calloc(1, sizeof(*node));

	if (node == NULL)
		return false;
	node->service = service;
	node->keyword = keyword;
	HASH_ADD_PTR(check->nodes, keyword, node);
	if (node->hh.tbl == NULL) {
		free(node);
		return false;
	}
	return check_expression(check, node);
}

static bool
gather(struct check *check)
{
	struct credis_error err;

	for (size_t n = 0; n < OWN_KEYWORDS; n++) {
		check->own[n] = own_keyword_new((enum own_keyword)n, &err);
		if (check->own[n] == NULL)
			return false;
	}
	for (size_t n = 0; n < check->count; n++) {
		const struct credis_service *service = check->services[n];

		for (size_t k = 0; k < service->count; k++) {
			if (service->keywords[k]->calc != NULL &&
			    !add(check, service, service->keywords[k]))
				return false;
		}
	}
	return true;
}

/* Names the circle from the one that was come to first, through to it again. */
static void
tell_circle(struct check *check, const struct node *first, const struct node *last)
{
	char way[400] = "";
	struct credis_error err;

	for (const struct node *node = last; node != first; node = node->above) {
		char rest[sizeof(way)];

		memcpy(rest, way, sizeof(rest));
		/* what does not fit is left out at the far end */
		if ((size_t)snprintf(way, sizeof(way), ", %s.%s%s", node->service->name,
			node->keyword->name, rest) >= sizeof(way))
			memcpy(way + sizeof(way) - 4, "...", 4);
	}
	error_set(&err, CREDIS_EINVAL, "calc: depends on itself%s%s",
	    way[0] != '\0' ? ", by way of " : "", way[0] != '\0' ? way + 2 : "");
	tell(check, first, &err);
}

/* The next calculated keyword that a node depends on; NULL after the last. */
static struct node *
step(struct check *check, struct node *node)
{
	struct expr_reference reference;
	struct credis_error err;

	check->service = node->service;
	while (node->expr != NULL && expr_reference(node->expr, node->next, &reference)) {
		const struct credis_keyword *keyword =
		    find(check, reference.service, reference.keyword, &err);
		struct node *below = NULL;

		node->next++;
		if (keyword != NULL)
			HASH_FIND_PTR(check->nodes, &keyword, below);
		if (below != NULL)
			return below;
	}
	return NULL;
}

/* Not by recursion: a chain may be as long as a configuration. */
static void
walk(struct check *check, struct node *from)
{
	struct node *node = from;

	node->color = OPEN;
	while (node != NULL) {
		struct node *below = step(check, node);

		if (below == NULL) {
			node->color = DONE;
			node = node->above;
		} else if (below->color == OPEN) {
			tell_circle(check, below, node);
		} else if (below->color == FRESH) {
			below->color = OPEN;
			below->above = node;
			node = below;
		}
	}
}

static void
clear(struct check *check)
{
	struct node *node, *next;

	HASH_ITER(hh, check->nodes, node, next)
	{
		HASH_DEL(check->nodes, node);
		expr_free(node->expr);
		free(node);
	}
	for (size_t n = 0; n < OWN_KEYWORDS; n++)
		credis_keyword_free(check->own[n]);
}

bool
credis_services_check(const struct credis_service *const *services, size_t count,
    credis_check_cb *cb, void *arg, struct credis_error *err)
{
	struct check check = { .services = services, .count = count, .cb = cb, .arg = arg };
	struct node *node;
	bool done = gather(&check);

	for (node = check.nodes; done && node != NULL; node = node->hh.next) {
		if (node->color == FRESH)
			walk(&check, node);
	}
	clear(&check);
	if (!done)
		return error_no_memory(err);
	return check.faults == 0 ||
	    error_set(err, CREDIS_EINVAL, "%zu faults in calculated keywords", check.faults);
}
