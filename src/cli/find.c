/* find.c: the keywords that a target means: asks the store for services and descriptions.
 * Knows nothing of what is done with them. */
#include "find.h"

#include "fault.h"
#include "memory.h"
#include "nearest.h"
#include "session.h"
#include "target.h"

#include <fnmatch.h>
#include <string.h>

/* A search under way: in one service, or in each that matches. */
struct find {
	struct session *session;
	struct target target;
	find_each *each;
	find_end *end;
	void *arg;
	size_t parts; /* services still to answer */
	size_t found;
};

struct part {
	struct find *find;
	char service[CREDIS_SERVICE_MAX + 1];
};

static void
fail(struct find *find, const char *service, const struct credis_error *err)
{
	session_fail(find->session, service, NULL, err);
	find->found++;
}

static void
fail_no_match(struct find *find, const struct nearest *nearest)
{
	struct credis_error err;
	char hint[NEAREST_HINT];

	if (target_is_glob(find->target.service) || target_is_glob(find->target.keyword))
		fault(&err, CREDIS_ENOKEYWORD, "%s: no keyword matches", find->target.both);
	else
		fault(&err, CREDIS_ENOKEYWORD, "%s: no such keyword%s", find->target.both,
		    nearest_hint(nearest, "", hint));
	session_fail(find->session, find->target.service, find->target.keyword, &err);
}

/* 'nearest' is of the one service that was named; NULL where none was. */
static void
end_part(struct find *find, const struct nearest *nearest)
{
	if (--find->parts > 0)
		return;
	if (find->found == 0)
		fail_no_match(find, nearest);
	if (find->end != NULL)
		find->end(find->arg);
	session_ended(find->session);
	free(find);
}

static void
on_keywords(void *arg, const struct credis_error *err, const struct credis_keyword *const *keywords,
    size_t count)
{
	struct part *part = arg;
	struct find *find = part->find;
	struct nearest nearest = { 0 };

	if (err->code != CREDIS_OK)
		fail(find, part->service, err);
	for (size_t i = 0; err->code == CREDIS_OK && i < count; i++) {
		const char *name = credis_keyword_name(keywords[i]);

		nearest_try(&nearest, find->target.keyword, name);
		if (fnmatch(find->target.keyword, name, FNM_NOESCAPE) != 0)
			continue;
		find->found++;
		find->each(find->arg, part->service, keywords[i]);
	}
	end_part(find, &nearest);
	free(part);
}

static void
find_in(struct find *find, const char *service)
{
	struct part *part = must(calloc(1, sizeof *part));
	struct credis_error err;

	part->find = find;
	snprintf(part->service, sizeof part->service, "%s", service);
	find->parts++;
	if (credis_client_keywords(find->session->client, service, on_keywords, part, &err) != 0)
		return;
	fail(find, service, &err);
	free(part);
	end_part(find, NULL);
}

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct find *find = arg;

	if (err->code != CREDIS_OK)
		fail(find, NULL, err);
	for (size_t i = 0; err->code == CREDIS_OK && i < count; i++) {
		if (fnmatch(find->target.service, services[i].name, FNM_NOESCAPE) == 0)
			find_in(find, services[i].name);
	}
	end_part(find, NULL);
}

void
find_keywords(struct session *session, const struct target *target, find_each *each, find_end *end,
    void *arg)
{
	struct find *find = must(calloc(1, sizeof *find));
	struct credis_error err;

	*find = (struct find){ .session = session,
		.target = *target,
		.each = each,
		.end = end,
		.arg = arg };
	session_began(session);
	find->parts = 1;
	if (!target_is_glob(target->service)) {
		find_in(find, target->service);
		end_part(find, NULL);
		return;
	}
	if (credis_client_services(session->client, NULL, on_services, find, &err) != 0)
		return;
	fail(find, NULL, &err);
	end_part(find, NULL);
}

/* What one of several targets came to. */
struct matches {
	struct target *targets;
	size_t count, room;
};

static void
on_match(void *arg, const char *service, const struct credis_keyword *keyword)
{
	struct matches *matches = arg;

	if (matches->count == matches->room) {
		matches->room = matches->room * 2 + 16;
		matches->targets =
		    must(realloc(matches->targets, matches->room * sizeof *matches->targets));
	}
	target_set(&matches->targets[matches->count++], service, credis_keyword_name(keyword));
}

static void
append(struct matches *all, const struct target *targets, size_t count)
{
	if (count == 0)
		return;
	all->targets = must(realloc(all->targets, (all->count + count) * sizeof *targets));
	memcpy(all->targets + all->count, targets, count * sizeof *targets);
	all->count += count;
}

struct target *
find_exact(struct session *session, const struct target *targets, size_t count, bool services_only,
    size_t *found)
{
	struct matches *matches = must(calloc(count + 1, sizeof *matches));
	struct matches all = { .targets = must(calloc(1, sizeof *targets)) };
	bool *globs = must(calloc(count + 1, sizeof *globs));

	for (size_t i = 0; i < count; i++) {
		globs[i] = target_is_glob(targets[i].service) ||
		    (!services_only && target_is_glob(targets[i].keyword));
		if (globs[i])
			find_keywords(session, &targets[i], on_match, NULL, &matches[i]);
	}
	session_run(session);
	for (size_t i = 0; i < count; i++) {
		append(&all, globs[i] ? matches[i].targets : &targets[i],
		    globs[i] ? matches[i].count : 1);
		free(matches[i].targets);
	}
	free(globs);
	free(matches);
	*found = all.count;
	return all.targets;
}
