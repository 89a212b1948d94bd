/* group.c: sets from one payload: gathered, checked whole, driven where one has a source of its own, and
 * written in one transaction. */
#include "dispatcher/group.h"

#include "core/error.h"
#include "dispatcher/modify.h"
#include "dispatcher/served.h"
#include "dispatcher/steps.h"

#include <stdlib.h>

/* All of a set, until the store has answered for it. */
struct group {
	struct post *post;
	uint64_t number;
	uint64_t of;
	uint64_t gathered; /* messages of the set, refused ones among them */
	uint64_t *handles; /* requests in order */
	size_t count;
	uint64_t driven;   /* the request whose keyword has a source of its own */
	struct slice from; /* who asks for that; lent by the payload */
	bool has_driven;
	bool refused;
	struct credis_error why; /* the first refusal */
};

struct group *
group_new(struct post *post, uint64_t number, uint64_t of)
{
	struct group *group = calloc(1, sizeof(*group));

	if (group == NULL)
		return NULL;
	group->post = post;
	group->number = number;
	group->of = of;
	group->handles = calloc(of, sizeof(*group->handles));
	if (group->handles != NULL)
		return group;
	free(group);
	return NULL;
}

uint64_t
group_number(const struct group *group)
{
	return group->number;
}

static void
group_free(struct group *group)
{
	free(group->handles);
	free(group);
}

static struct request *
group_request(const struct group *group, size_t n)
{
	return request_find(group->post->requests, group->handles[n]);
}

static void
group_refuse(struct group *group, const struct asking *asking, const struct credis_error *err)
{
	requests_turn_away(asking, err);
	if (group->refused)
		return;
	group->refused = true;
	group->why = *err;
}

/* What one source has done another's refusal cannot undo. */
static bool
check_driven(struct group *group, const struct asking *asking, struct credis_error *err)
{
	if (asking->entry->lane == NULL || !group->has_driven)
		return true;
	return error_set(err, CREDIS_ECONFLICT,
	    "%s: an all-or-nothing set can drive one keyword, and has %s already",
	    asking->entry->keyword->name,
	    request_find(group->post->requests, group->driven)->entry->name);
}

void
group_add(struct group *group, const struct asking *asking)
{
	struct request *request;
	struct credis_error err;

	group->gathered++;
	if (group->count == group->of || asking->message->of != group->of) {
		error_set(&err, CREDIS_EMALFORMED,
		    "%s: its set holds %llu requests by 'of', not more",
		    asking->entry->keyword->name, (unsigned long long)group->of);
		group_refuse(group, asking, &err);
		return;
	}
	request = check_driven(group, asking, &err) ? modify_check(asking, &err) : NULL;
	if (request == NULL) {
		group_refuse(group, asking, &err);
		return;
	}
	request->group = group;
	group->handles[group->count++] = request->handle;
	if (asking->entry->lane == NULL)
		return;
	group->has_driven = true;
	group->driven = request->handle;
	group->from = asking->message->from;
}

/* None is written: each of those that were fine is told why. */
static void
group_refuse_rest(struct group *group, const struct request *but)
{
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);
		struct credis_error err;

		if (request == but)
			continue;
		error_set(&err, CREDIS_ECONFLICT,
		    "%s: not written, as another of its set was refused (%s)", request->entry->name,
		    group->why.text);
		request_finish_error(group->post->requests, request, &err);
	}
}

/* What became of item n of a set, which as a whole failed for 'all' where the items have no replies of their own. */
static bool
item_was_written(size_t n, const struct reply *exec, const struct credis_error *all,
    struct credis_error *why)
{
	if (exec != NULL && exec->kind == REPLY_ARRAY)
		return store_wrote(reply_item(exec, n), NULL, why);
	*why = *all;
	return false;
}

static void
add_value(const struct request *request, struct buffer *values)
{
	struct store_write write = modify_describe(request);

	write.severity = request->severity;
	values_add(request->served, values, entry_now(request->entry)->keyword, &write);
}

static void
on_executed(void *arg, uint64_t handle, const struct reply *reply, const struct credis_error *lost)
{
	struct post *post = arg;
	struct request *first = request_find(post->requests, handle);
	struct group *group = first != NULL ? first->group : NULL;
	struct buffer values = BUFFER_EMPTY;
	struct credis_error all, why;
	struct served *served;

	if (store_executed(&post->store, reply, lost, &all))
		error_set(&all, CREDIS_ESTORE, "the store gave the set up");
	if (group == NULL)
		return;
	served = first->served;
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		request->group = NULL;
		if (item_was_written(n, reply, &all, &why)) {
			add_value(request, &values);
			modify_conclude(post, request, NULL);
		} else if (reply == NULL || !reply_is_error(reply_item(reply, n), "WRONGTYPE") ||
		    !modify_replace(post, request, &why)) {
			modify_conclude(post, request, &why);
		}
	}
	values_publish(served, &values);
	buffer_free(&values);
	group_free(group);
}

static bool
send_all(struct group *group, struct credis_error *err)
{
	struct post *post = group->post;
	struct store_write *writes = calloc(group->count, sizeof(*writes));
	int64_t now_us = store_now_us(&post->store);
	bool sent;

	if (writes == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		writes[n] = modify_number(request, now_us);
		request_enter(post->requests, request, REQUEST_STORING);
	}
	sent = store_write_all(&post->store, writes, group->count, modify_on_queued, on_executed,
	    post, group->handles[0], err);
	free(writes);
	return sent;
}

static void
group_send(struct group *group)
{
	struct credis_error err;

	if (send_all(group, &err))
		return;
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		request->group = NULL;
		modify_conclude(group->post, request, &err);
	}
	group_free(group);
}

void
group_fail(struct group *group, struct request *request, const struct credis_error *err)
{
	group->why = *err;
	group_refuse_rest(group, request);
	request_finish_error(group->post->requests, request, err);
	group_free(group);
}

void
group_driven(struct group *group, struct request *driven)
{
	struct credis_error err, why;
	bool fine = served_may_write(driven->served, &why);

	for (size_t n = 0; fine && n < group->count; n++)
		fine = modify_refit(group_request(group, n), &why);
	if (fine) {
		group_send(group);
		return;
	}
	error_set(&err, CREDIS_EDRIVER, "%s: written, but not stored: %s", driven->entry->name,
	    why.text);
	group_fail(group, driven, &err);
}

bool
group_turn(struct group *group)
{
	struct request *driven = request_find(group->post->requests, group->driven);
	struct credis_error err;

	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		if (modify_may_still(group->post, request, &err))
			continue;
		group_fail(group, request, &err);
		return false;
	}
	if (!modify_is_needless(driven))
		return true;
	/* It is as one without a source then. */
	steps_leave(driven->turn);
	driven->turn = NULL;
	group_send(group);
	return false;
}

/* Between the messages of a payload the program may have brought another description. */
static bool
group_refit(struct group *group)
{
	struct credis_error err;

	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		if (modify_refit(request, &err))
			continue;
		group_fail(group, request, &err);
		return false;
	}
	return true;
}

void
group_execute(struct group *group)
{
	if (!group->refused && group->gathered < group->of) {
		group->refused = true;
		error_set(&group->why, CREDIS_EMALFORMED, "%llu of the set's %llu requests came",
		    (unsigned long long)group->gathered, (unsigned long long)group->of);
	}
	if (group->refused || group->count == 0) {
		group_refuse_rest(group, NULL);
		group_free(group);
		return;
	}
	if (!group_refit(group))
		return;
	if (group->has_driven)
		steps_write(group->post, request_find(group->post->requests, group->driven),
		    &group->from);
	else
		group_send(group);
}
