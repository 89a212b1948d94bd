/* catalog.c: HGETALL or HMGET of descriptions, and the generation that tells whether what is kept
 * still holds. The dispatcher writes descriptions first and the generation last; it is read first here, so that
 * what is kept under it is never older than it says. */
#include "client/catalog.h"

#include "client/calls.h"
#include "client/session.h"
#include "core/error.h"
#include "core/text.h"
#include "redis/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { KEPT_MAX = 64 }; /* services whose descriptions are kept */

struct catalogs {
	size_t count;
	struct catalog *kept[KEPT_MAX]; /* the one asked for last comes last */
};

struct catalogs *
catalogs_new(void)
{
	return calloc(1, sizeof(struct catalogs));
}

void
catalogs_free(struct catalogs *catalogs)
{
	if (catalogs == NULL)
		return;
	for (size_t n = 0; n < catalogs->count; n++)
		catalog_release(catalogs->kept[n]);
	free(catalogs);
}

struct catalog *
catalog_hold(struct catalog *catalog)
{
	catalog->holders++;
	return catalog;
}

void
catalog_release(struct catalog *catalog)
{
	if (catalog == NULL || --catalog->holders > 0)
		return;
	for (size_t n = 0; n < catalog->count; n++)
		credis_keyword_free(catalog->keywords[n]);
	free(catalog->keywords);
	free(catalog->generation);
	free(catalog);
}

static int
compare_name(const void *name, const void *keyword)
{
	return strcmp(name, credis_keyword_name(*(struct credis_keyword *const *)keyword));
}

static int
compare_keywords(const void *a, const void *b)
{
	return compare_name(credis_keyword_name(*(struct credis_keyword *const *)a), b);
}

const struct credis_keyword *
catalog_find(const struct catalog *catalog, const char *keyword)
{
	struct credis_keyword **found = catalog->count == 0
	    ? NULL
	    : bsearch(keyword, catalog->keywords, catalog->count, sizeof(*catalog->keywords),
		  compare_name);

	return found != NULL ? *found : NULL;
}

/* Where a service's descriptions are among those kept; 'count' when they are not. */
static size_t
find_kept(const struct catalogs *catalogs, const char *service)
{
	size_t n = 0;

	while (n < catalogs->count && strcmp(catalogs->kept[n]->service, service) != 0)
		n++;
	return n;
}

static void
drop_kept(struct catalogs *catalogs, size_t n)
{
	catalog_release(catalogs->kept[n]);
	catalogs->count--;
	memmove(&catalogs->kept[n], &catalogs->kept[n + 1],
	    (catalogs->count - n) * sizeof(catalogs->kept[n]));
}

/* Those asked for longest ago make room. */
static void
keep(struct catalogs *catalogs, struct catalog *catalog)
{
	size_t n = find_kept(catalogs, catalog->service);

	catalog_hold(catalog);
	if (n < catalogs->count)
		drop_kept(catalogs, n);
	else if (catalogs->count == KEPT_MAX)
		drop_kept(catalogs, 0);
	catalogs->kept[catalogs->count++] = catalog;
}

static struct catalog *
catalog_new(const char *service, const char *generation, size_t room)
{
	struct catalog *catalog = calloc(1, sizeof(*catalog));

	if (catalog == NULL)
		return NULL;
	catalog->holders = 1;
	snprintf(catalog->service, sizeof(catalog->service), "%s", service);
	catalog->generation = text_copy(generation, strlen(generation));
	catalog->keywords = calloc(room + 1, sizeof(*catalog->keywords));
	if (catalog->generation != NULL && catalog->keywords != NULL)
		return catalog;
	catalog_release(catalog);
	return NULL;
}

struct question {
	struct call call;
	struct names_pair name; /* the service */
	char **names;           /* NULL: all */
	size_t count;
	char *generation;     /* as the store has it; NULL: none */
	struct catalog *kept; /* held: what we have, if it still holds */
	catalog_end *end;
	void *arg;
};

static void
on_clear(struct call *call)
{
	struct question *question = (struct question *)call;

	for (size_t n = 0; question->names != NULL && n < question->count; n++)
		free(question->names[n]);
	free(question->names);
	free(question->generation);
	catalog_release(question->kept);
}

static void
finish(struct question *question, const struct credis_error *err, struct catalog *catalog)
{
	struct call *call = &question->call;

	call_hold(call);
	call_end(call);
	question->end(question->arg, err, catalog);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	finish((struct question *)call, err, NULL);
}

static void
finish_well(struct question *question, struct catalog *catalog)
{
	static const struct credis_error fine = { .code = CREDIS_OK };

	if (question->names == NULL && catalog->generation[0] != '\0')
		keep(question->call.client->catalogs, catalog);
	finish(question, &fine, catalog);
}

/* One that cannot be understood is as good as none, and said so. False when out of memory. */
static bool
add_description(struct catalog *catalog, const struct reply *json, const struct log *log,
    struct credis_error *err)
{
	struct credis_keyword *keyword = NULL;

	if (json->kind != REPLY_TEXT)
		return true;
	keyword = credis_keyword_from_json(json->text, err);
	if (keyword != NULL)
		catalog->keywords[catalog->count++] = keyword;
	else if (err->code != CREDIS_ENOMEM)
		log_event(log, CREDIS_LOG_WARNING, "description", "%s: %s", catalog->service,
		    err->text);
	return keyword != NULL || err->code != CREDIS_ENOMEM;
}

/* 'stride': whether names and descriptions alternate (2), or descriptions stand alone (1). */
static void
take_descriptions(struct question *question, const struct reply *reply, size_t stride)
{
	const char *generation = question->generation != NULL ? question->generation : "";
	struct catalog *catalog =
	    catalog_new(question->name.service, generation, reply->count / stride);
	struct credis_error err;
	bool whole = catalog != NULL;

	if (!whole)
		error_no_memory(&err);
	for (size_t n = stride - 1; whole && n < reply->count; n += stride)
		whole = add_description(catalog, reply_item(reply, n), &question->call.client->log,
		    &err);
	if (whole) {
		qsort(catalog->keywords, catalog->count, sizeof(*catalog->keywords),
		    compare_keywords);
		finish_well(question, catalog);
	} else {
		finish(question, &err, NULL);
	}
	catalog_release(catalog);
}

static void
on_all(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);

	(void)lost;
	if (call != NULL)
		take_descriptions((struct question *)call, reply, 2);
}

static void
on_named(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);

	(void)lost;
	if (call != NULL)
		take_descriptions((struct question *)call, reply, 1);
}

static void
ask_descriptions(struct question *question)
{
	struct buffer *out =
	    call_command(&question->call, question->names == NULL ? on_all : on_named);
	struct name key;

	if (out == NULL)
		return;
	names_service(&key, question->call.client->ns, question->name.service, NAMES_KEYWORDS);
	if (question->names == NULL) {
		command_texts(out, "HGETALL", key.text, NULL);
		return;
	}
	command_begin(out, 2 + question->count);
	command_text(out, "HMGET");
	command_word(out, key.text, key.length);
	for (size_t n = 0; n < question->count; n++)
		command_text(out, question->names[n]);
}

static void
on_generation(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);
	struct question *question = (struct question *)call;

	(void)lost;
	if (call == NULL)
		return;
	free(question->generation);
	question->generation =
	    reply->kind == REPLY_TEXT ? text_copy(reply->text, reply->length) : NULL;
	if (question->kept == NULL)
		return; /* the descriptions are on their way */
	if (question->generation != NULL &&
	    strcmp(question->generation, question->kept->generation) == 0) {
		finish_well(question, question->kept);
		return;
	}
	catalog_release(question->kept);
	question->kept = NULL;
	ask_descriptions(question);
}

static void
on_start(struct call *call)
{
	struct question *question = (struct question *)call;
	struct catalogs *catalogs = call->client->catalogs;
	size_t n = find_kept(catalogs, question->name.service);
	struct buffer *out;
	struct name about;

	if (question->kept == NULL && n < catalogs->count)
		question->kept = catalog_hold(catalogs->kept[n]);
	out = call_command(call, on_generation);
	if (out == NULL)
		return;
	names_service(&about, call->client->ns, question->name.service, NAMES_ABOUT);
	command_texts(out, "HGET", about.text, "generation", NULL);
	if (question->kept == NULL)
		ask_descriptions(question);
}

static bool
copy_names(struct question *question, const char *const *names, size_t count)
{
	if (names == NULL)
		return true;
	question->names = calloc(count + 1, sizeof(*question->names));
	if (question->names == NULL)
		return false;
	for (; question->count < count; question->count++) {
		const char *name = names[question->count];

		question->names[question->count] = text_copy(name, strlen(name));
		if (question->names[question->count] == NULL)
			return false;
	}
	return true;
}

credis_call
catalog_ask(struct credis_client *client, const char *service, const char *const *names,
    size_t count, catalog_end *end, void *arg, struct credis_error *err)
{
	static const struct call_kind kind = {
		.start = on_start,
		.fail = on_fail,
		.clear = on_clear,
	};
	struct question *question = call_new(client, sizeof(*question), &kind, err);

	if (question == NULL)
		return 0;
	snprintf(question->name.service, sizeof(question->name.service), "%s", service);
	question->call.about = &question->name;
	question->end = end;
	question->arg = arg;
	if (copy_names(question, names, count))
		return question->call.id;
	call_end(&question->call);
	error_no_memory(err);
	return 0;
}
