/* durability.c: gathers what was written in a turn, asks WAIT once, finishes all of it.
 * A write that too few replicas have is answered failed: it may be lost with the primary. */
#include "dispatcher/durability.h"

#include "core/error.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <event2/event.h>
#include <stdlib.h>

enum { WAIT_MS = 1000 }; /* at most */

/* Handles of requests that one WAIT answers for. */
struct batch {
	TAILQ_ENTRY(batch) link;
	struct buffer handles;
};

struct durability {
	struct post *post;
	unsigned replicas;
	struct event *turn_ends;
	struct batch *gathering; /* NULL: nothing was written in this turn */
	TAILQ_HEAD(, batch) waiting;
};

static void on_turn_ends(evutil_socket_t fd, short what, void *arg);

/* WAIT takes 0 for ever. */
static int64_t
patience_ms(const struct link *link)
{
	int64_t half_ms = link_command_timeout_ms(link) / 2;

	if (half_ms > WAIT_MS)
		return WAIT_MS;
	return half_ms > 0 ? half_ms : 1;
}

struct durability *
durability_new(struct post *post, unsigned replicas)
{
	struct durability *durability = calloc(1, sizeof(*durability));

	if (durability == NULL)
		return NULL;
	durability->post = post;
	durability->replicas = replicas;
	TAILQ_INIT(&durability->waiting);
	durability->turn_ends = event_new(post->base, -1, 0, on_turn_ends, durability);
	if (durability->turn_ends != NULL)
		return durability;
	free(durability);
	return NULL;
}

static void
batch_free(struct batch *batch)
{
	if (batch == NULL)
		return;
	buffer_free(&batch->handles);
	free(batch);
}

void
durability_free(struct durability *durability)
{
	struct batch *batch;

	if (durability == NULL)
		return;
	while ((batch = TAILQ_FIRST(&durability->waiting)) != NULL) {
		TAILQ_REMOVE(&durability->waiting, batch, link);
		batch_free(batch);
	}
	batch_free(durability->gathering);
	event_free(durability->turn_ends);
	free(durability);
}

static void
finish(struct durability *durability, struct request *request, int64_t reached,
    const struct credis_error *lost)
{
	struct requests *requests = durability->post->requests;
	struct credis_error err;

	if (lost == NULL && reached >= (int64_t)durability->replicas) {
		request_finish_done(requests, request);
		return;
	}
	if (lost != NULL)
		error_set(&err, CREDIS_ESTORE,
		    "%s: written, but nothing is known of its replicas: %s", request->entry->name,
		    lost->text);
	else
		error_set(&err, CREDIS_ESTORE,
		    "%s: written, but %lld replicas have it, of %u that must", request->entry->name,
		    (long long)reached, durability->replicas);
	served_report(request->served, err.text);
	request_finish_written(requests, request, &err);
}

static void
finish_batch(struct durability *durability, struct batch *batch, int64_t reached,
    const struct credis_error *lost)
{
	const uint64_t *handles = (const uint64_t *)(const void *)batch->handles.bytes;

	for (size_t n = 0; n < batch->handles.length / sizeof(*handles); n++) {
		struct request *request = request_find(durability->post->requests, handles[n]);

		if (request != NULL)
			finish(durability, request, reached, lost);
	}
	batch_free(batch);
}

/* Replies come in the order of the batches. */
static void
on_waited(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct durability *durability = arg;
	struct batch *batch = TAILQ_FIRST(&durability->waiting);
	struct credis_error why;
	int64_t reached = 0;

	(void)id;
	TAILQ_REMOVE(&durability->waiting, batch, link);
	if (reply != NULL && reply_is_error(reply, NULL)) {
		reply_explain(reply, &why);
		lost = &why;
	} else if (reply != NULL) {
		reply_integer(reply, &reached);
		lost = NULL;
	}
	finish_batch(durability, batch, reached, lost);
}

static void
on_turn_ends(evutil_socket_t fd, short what, void *arg)
{
	struct durability *durability = arg;
	struct batch *batch = durability->gathering;
	struct credis_error why;
	struct buffer *out =
	    link_command(durability->post->store.link, on_waited, durability, 0, &why);

	(void)fd;
	(void)what;
	durability->gathering = NULL;
	if (out == NULL) {
		finish_batch(durability, batch, 0, &why);
		return;
	}
	TAILQ_INSERT_TAIL(&durability->waiting, batch, link);
	command_begin(out, 3);
	command_text(out, "WAIT");
	command_integer(out, durability->replicas);
	command_integer(out, patience_ms(durability->post->store.link));
}

void
durability_await(struct durability *durability, struct request *request)
{
	static const struct credis_error no_memory = { CREDIS_ENOMEM, "out of memory" };

	if (durability->gathering == NULL) {
		durability->gathering = calloc(1, sizeof(struct batch));
		if (durability->gathering != NULL)
			event_active(durability->turn_ends, EV_TIMEOUT, 0);
	}
	if (durability->gathering != NULL) {
		request_enter(durability->post->requests, request, REQUEST_REPLICATING);
		buffer_append(&durability->gathering->handles, &request->handle,
		    sizeof(request->handle));
		if (!durability->gathering->handles.failed)
			return;
	}
	finish(durability, request, 0, &no_memory);
}
