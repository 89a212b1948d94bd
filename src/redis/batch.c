/* batch.c: pipelines: several commands in one flush, each with its own answer.
 * Knows which command goes where; whose answer is whose is answers.c's, the way lane.c's. */
#include <credis/batch.h>

#include "core/error.h"
#include "redis/answers.h"
#include "redis/command.h"
#include "redis/known.h"
#include "redis/observe.h"
#include "redis/server.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

struct entry {
	struct server *server; /* NULL once it was sent */
	size_t begin, end;     /* in the pipeline's bytes */
};

struct credis_pipeline {
	struct credis_store *store;
	char *name;
	struct buffer bytes;
	struct entry *entries;
	size_t count, room;
	unsigned flags; /* of all together */
};

struct credis_pipeline *
credis_pipeline_new(struct credis_store *store, const char *name, struct credis_error *err)
{
	struct credis_pipeline *pipeline = calloc(1, sizeof *pipeline);

	if (pipeline != NULL) {
		pipeline->store = store;
		pipeline->name = strdup(name != NULL ? name : "");
	}
	if (pipeline != NULL && pipeline->name != NULL)
		return pipeline;
	credis_pipeline_free(pipeline);
	error_no_memory(err);
	return NULL;
}

void
credis_pipeline_free(struct credis_pipeline *pipeline)
{
	if (pipeline == NULL)
		return;
	buffer_free(&pipeline->bytes);
	free(pipeline->entries);
	free(pipeline->name);
	free(pipeline);
}

static bool
make_room(struct credis_pipeline *pipeline)
{
	size_t room = pipeline->room > 0 ? 2 * pipeline->room : 16;
	struct entry *entries;

	if (pipeline->count < pipeline->room)
		return true;
	entries = realloc(pipeline->entries, room * sizeof *entries);
	if (entries == NULL)
		return false;
	pipeline->entries = entries;
	pipeline->room = room;
	return true;
}

static bool
append(struct credis_pipeline *pipeline, struct server *server, int argc, const char *const *argv,
    const size_t *lengths, struct credis_error *err)
{
	size_t begin = pipeline->bytes.length;

	if (!make_room(pipeline))
		return error_no_memory(err);
	command_words(&pipeline->bytes, argc, argv, lengths);
	if (pipeline->bytes.failed) {
		pipeline->bytes.length = begin;
		pipeline->bytes.failed = false;
		return error_no_memory(err);
	}
	pipeline->entries[pipeline->count++] =
	    (struct entry){ server, begin, pipeline->bytes.length };
	return true;
}

bool
credis_pipeline_add(struct credis_pipeline *pipeline, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, struct credis_error *err)
{
	const struct known *known = store_check(argc, argv, lengths, err);
	struct server *server;

	if (known == NULL)
		return false;
	if (known->traits & KNOWN_BLOCKS)
		return error_set(err, CREDIS_EINVAL, "%s: it would block the rest of the pipeline",
		    known->name);
	server = store_route(pipeline->store, known, argc, argv, lengths, flags, err);
	if (server == NULL || !append(pipeline, server, argc, argv, lengths, err))
		return false;
	pipeline->flags |= flags;
	return true;
}

/* All that go where the entry 'first' goes. */
static struct part *
collect(struct credis_pipeline *pipeline, size_t first, struct answers *answers,
    struct buffer *bytes)
{
	const struct server *server = pipeline->entries[first].server;
	struct part *part = part_new(answers, pipeline->count - first);

	buffer_reserve(bytes, pipeline->bytes.length - pipeline->entries[first].begin);
	for (size_t n = first; part != NULL && n < pipeline->count; n++) {
		struct entry *entry = &pipeline->entries[n];

		if (entry->server != server)
			continue;
		buffer_append(bytes, pipeline->bytes.bytes + entry->begin,
		    entry->end - entry->begin);
		part_add(part, n);
		entry->server = NULL;
	}
	return part;
}

static bool
send_part(struct credis_pipeline *pipeline, size_t first, struct answers *answers,
    int64_t timeout_ms)
{
	static const struct known plain;
	struct server *server = pipeline->entries[first].server;
	struct buffer bytes = BUFFER_EMPTY;
	struct part *part = collect(pipeline, first, answers, &bytes);
	struct parcel parcel = { .bytes = &bytes, .count = part != NULL ? part_count(part) : 0 };
	struct credis_error why;

	if (part == NULL)
		return false;
	if (bytes.failed)
		error_no_memory(&why);
	if (bytes.failed ||
	    !store_post(server, store_is_exclusive(server, &plain, pipeline->flags, timeout_ms),
		&parcel, timeout_ms, on_part_each, on_part_last, part, &why))
		part_refuse(part, &why);
	buffer_free(&bytes);
	return true;
}

static bool
send_all(struct credis_pipeline *pipeline, struct answers *answers, int64_t timeout_ms,
    struct credis_error *err)
{
	for (size_t n = 0; n < pipeline->count; n++) {
		if (pipeline->entries[n].server != NULL &&
		    !send_part(pipeline, n, answers, timeout_ms))
			answers_lack(answers, n);
	}
	return answers_begin(answers, err);
}

static bool
pipeline_post(struct credis_pipeline *pipeline, int64_t timeout_ms, credis_reply_cb *cb, void *arg,
    struct credis_error *err)
{
	struct answers *answers = answers_new(ANSWERS_EACH, pipeline->count, cb, arg);

	if (answers == NULL)
		return error_no_memory(err);
	return send_all(pipeline, answers, timeout_ms, err);
}

bool
credis_pipeline_send(struct credis_pipeline *pipeline, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err)
{
	struct observed *observed;
	struct credis_error own;
	bool sent = false;

	if (err == NULL)
		err = &own;
	if (pipeline->store->freed)
		error_set(err, CREDIS_ELOST, "the store is being closed");
	else if (pipeline->count == 0)
		error_set(err, CREDIS_EINVAL, "an empty pipeline");
	else if (observe_begin(pipeline->store, "pipeline_", pipeline->name, strlen(pipeline->name),
		     &cb, &arg, &observed, err))
		sent =
		    observe_sent(observed, pipeline_post(pipeline, timeout_ms, cb, arg, err), err);
	credis_pipeline_free(pipeline);
	return sent;
}

const struct credis_reply *
credis_pipeline_run(struct credis_pipeline *pipeline, int64_t timeout_ms, struct credis_error *err)
{
	struct asked asked;
	bool begun = false;

	if (asked_may(&asked, pipeline->store))
		begun = credis_pipeline_send(pipeline, timeout_ms, on_asked, &asked, &asked.err);
	else
		credis_pipeline_free(pipeline);
	return asked_wait(&asked, begun, err);
}
