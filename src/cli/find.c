/* find.c: the keywords that a target means: asks the store for services and descriptions.
 * Knows nothing of what is done with them. */
#include "find.h"

#include "fault.h"
#include "memory.h"
#include "progress.h"
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

/* What was reported is not reported as missing, too. */
static void
fail(struct find *find, const char *service, const char *keyword, const struct credis_error *err)
{
	session_fail(find->session, service, keyword, err);
	find->found++;
}

/* One keyword was named, and is not among those there are. */
static void
fail_unknown(struct find *find, const struct credis_keyword *const *keywords, size_t count)
{
	const char **names = must(calloc(count + 1, sizeof *names));
	char hint[FAULT_HINT];
	struct credis_error err;

	for (size_t i = 0; i < count; i++)
		names[i] = credis_keyword_name(keywords[i]);
	fault(&err, CREDIS_ENOKEYWORD, "%s: no such keyword%s", find->target.both,
	    fault_hint(hint, "", credis_nearest(find->target.keyword, names)));
	fail(find, find->target.service, find->target.keyword, &err);
	free(names);
}

static void
end_part(struct find *find)
{
	struct credis_error err;

	if (--find->parts > 0)
		return;
	if (find->found == 0) {
		fault(&err, CREDIS_ENOKEYWORD, "%s: no keyword matches", find->target.both);
		fail(find, find->target.service, find->target.keyword, &err);
	}
	if (find->end != NULL)
		find->end(find->arg);
	session_ended(find->session);
	free(find);
}

static void
match(struct find *find, const char *service, const struct credis_keyword *const *keywords,
    size_t count)
{
	size_t before = find->found;

	for (size_t i = 0; i < count; i++) {
		const char *name = credis_keyword_name(keywords[i]);

		if (fnmatch(find->target.keyword, name, FNM_NOESCAPE) != 0)
			continue;
		find->found++;
		find->each(find->arg, service, keywords[i]);
	}
	if (find->found == before && !target_is_glob(find->target.both))
		fail_unknown(find, keywords, count);
}

static void
on_keywords(void *arg, const struct credis_error *err, const struct credis_keyword *const *keywords,
    size_t count)
{
	struct part *part = arg;

	if (err->code == CREDIS_OK)
		match(part->find, part->service, keywords, count);
	else
		fail(part->find, part->service, NULL, err);
	end_part(part->find);
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
	fail(find, service, NULL, &err);
	free(part);
	end_part(find);
}

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct find *find = arg;

	if (err->code != CREDIS_OK)
		fail(find, NULL, NULL, err);
	for (size_t i = 0; err->code == CREDIS_OK && i < count; i++) {
		if (fnmatch(find->target.service, services[i].name, FNM_NOESCAPE) == 0)
			find_in(find, services[i].name);
	}
	end_part(find);
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
	progress_say(session->progress, target->both);
	find->parts = 1;
	if (!target_is_glob(target->service)) {
		find_in(find, target->service);
		end_part(find);
		return;
	}
	if (credis_client_services(session->client, NULL, on_services, find, &err) != 0)
		return;
	fail(find, NULL, NULL, &err);
	end_part(find);
}

/* What one of several targets came to. */
struct matches {
	struct target *targets;
	size_t count, room;
	size_t unreadable; /* that match, too */
};

static void
on_match(void *arg, const char *service, const struct credis_keyword *keyword)
{
	struct matches *matches = arg;

	if (credis_keyword_access(keyword) == CREDIS_WRITE) {
		matches->unreadable++;
		return;
	}
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

static void
fail_unreadable(struct session *session, const struct target *target)
{
	struct credis_error err;

	fault(&err, CREDIS_EWRITEONLY, "%s: all that match may only be written", target->both);
	session_fail(session, target->service, target->keyword, &err);
}

struct target *
find_readable(struct session *session, const struct target *targets, size_t count,
    bool services_only, size_t *found)
{
	struct matches *matches = must(calloc(count + 1, sizeof *matches));
	struct matches all = { .targets = must(calloc(1, sizeof *targets)) };

	for (size_t i = 0; i < count; i++) {
		if (target_is_glob(targets[i].both))
			find_keywords(session, &targets[i], on_match, NULL, &matches[i]);
	}
	session_run(session);
	for (size_t i = 0; i < count; i++) {
		bool stays = !target_is_glob(services_only ? targets[i].service : targets[i].both);

		if (matches[i].count == 0 && matches[i].unreadable > 0)
			fail_unreadable(session, &targets[i]);
		else
			append(&all, stays ? &targets[i] : matches[i].targets,
			    stays ? 1 : matches[i].count);
		free(matches[i].targets);
	}
	free(matches);
	*found = all.count;
	return all.targets;
}
