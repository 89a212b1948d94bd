/* modify.c: CHECKED → STORING → finished, for one keyword or an all-or-nothing set.
 * Decides what may be written; store.c writes, requests.c answers. */
#include "dispatcher/modify.h"

#include "core/error.h"
#include "dispatcher/durability.h"
#include "dispatcher/served.h"

#include <stdlib.h>
#include <string.h>

/* All of a set, until the store has answered for it. */
struct group {
	struct post *post;
	uint64_t number;
	uint64_t of;
	uint64_t gathered; /* messages of the set, refused ones among them */
	uint64_t *handles; /* requests in order */
	size_t count;
	bool refused;
	struct credis_error why; /* the first refusal, or what the store said */
};

static void
refuse(const struct asking *asking, const struct credis_error *err)
{
	requests_turn_away(asking->post->requests, asking->served, asking->peer, asking->message,
	    asking->entry, err);
}

static bool
check_access(const struct asking *asking, struct credis_error *err)
{
	const struct credis_keyword *keyword = asking->entry->keyword;

	if (keyword_is_writable(keyword))
		return true;
	return error_set(err, CREDIS_EREADONLY, "%s: may only be read", keyword->name);
}

/* Where the keyword will stand when what is under way is written; numbers of writes that failed do not count. */
static uint64_t
sequence_to_come(const struct entry *entry)
{
	return entry->writes > 0 ? entry->given_seq : entry->seq;
}

static bool
check_sequence(const struct asking *asking, struct credis_error *err)
{
	const struct message *message = asking->message;
	uint64_t seq = sequence_to_come(asking->entry);

	if ((message->has & MESSAGE_IF_SEQ) == 0 || message->if_seq == seq)
		return true;
	return error_set(err, CREDIS_ECONFLICT, "%s: stands at sequence %llu, not at %llu",
	    asking->entry->keyword->name, (unsigned long long)seq,
	    (unsigned long long)message->if_seq);
}

/* Everything that can be refused, in the order a person would ask. On success a request that owns the
 * value; NULL with the reason. */
static struct request *
check(const struct asking *asking, struct credis_error *err)
{
	const struct message *message = asking->message;
	struct credis_value value;

	if (!check_access(asking, err) || !served_may_write(asking->served, err) ||
	    !keyword_parse_value(asking->entry->keyword, &value, message->body.bytes,
		message->body.length, err))
		return NULL;
	if (!check_sequence(asking, err)) {
		value_clear(&value);
		return NULL;
	}
	return request_new(asking->post->requests, asking->served, asking->entry, asking->peer,
	    message->id, &value, err);
}

/* A momentary keyword acts on true and reads false. */
static bool
is_idle_command(const struct request *request)
{
	return request->entry->keyword->command && request->value.as.integer == 0;
}

/* Where force is false the present value need not be written; one under way is not present yet. */
static bool
is_unnecessary(const struct request *request)
{
	const struct entry *entry = request->entry;

	return !entry->keyword->force && entry->writes == 0 &&
	    value_equal(&entry->value, &request->value);
}

/* Gives the write its number and says what is to be stored. */
static struct store_write
number_write(struct post *post, struct request *request)
{
	struct entry *entry = entry_now(request->entry);
	struct credis_value idle;
	struct store_write write;

	if (entry->keyword->command &&
	    value_parse(&idle,
		&(struct value_rules){ .type = CREDIS_BOOLEAN, .labels = &entry->keyword->labels },
		"false", 5, NULL))
		value_take(&request->value, &idle);
	entry_next(entry, store_now_us(&post->store), &request->seq, &request->time_us);
	write = (struct store_write){
		.service = served_name(request->served),
		.keyword = entry->keyword->name,
		.text = value_text(&request->value),
		.length = request->value.length,
		.seq = request->seq,
		.time_us = request->time_us,
	};
	if (entry->extra != NULL)
		extra_judge(entry, &request->value, &write);
	return write;
}

/* The store's refusal, named for the keyword. */
static void
fail(struct post *post, struct request *request, const struct credis_error *why)
{
	struct credis_error err;

	error_set(&err, why->code, "%s: not written: %s", request->entry->name, why->text);
	request->served->counters.faults++;
	served_report(request->served, err.text);
	request_finish_error(post->requests, request, &err);
}

static void
conclude(struct post *post, struct request *request, const struct credis_error *why)
{
	if (why != NULL)
		fail(post, request, why);
	else if (post->durability != NULL)
		durability_await(post->durability, request);
	else
		request_finish_done(post->requests, request);
}

static void on_stored(void *arg, uint64_t handle, const struct reply *reply,
    const struct credis_error *lost);

/* Something of another type lies under the key: it is ours, so write over it, once. */
static bool
replace(struct post *post, struct request *request)
{
	struct store_write write = {
		.service = served_name(request->served),
		.keyword = request->entry->name,
		.text = value_text(&request->value),
		.length = request->value.length,
		.seq = request->seq,
		.time_us = request->time_us,
	};

	if (request->replacing)
		return false;
	request->replacing = true;
	if (entry_now(request->entry)->extra != NULL)
		extra_judge(entry_now(request->entry), &request->value, &write);
	request->served->counters.healed++;
	log_event(post->log, CREDIS_LOG_WARNING, "heal", "%s.%s: another type lay under its key",
	    write.service, write.keyword);
	return store_replace(&post->store, &write, on_stored, post, request->handle, NULL);
}

static void
on_stored(void *arg, uint64_t handle, const struct reply *reply, const struct credis_error *lost)
{
	struct post *post = arg;
	struct request *request = request_find(post->requests, handle);
	struct credis_error why;

	if (request == NULL)
		return;
	if (store_wrote(reply, lost, &why))
		conclude(post, request, NULL);
	else if (!store_found_another_type(reply) || !replace(post, request))
		conclude(post, request, &why);
}

static void
store(struct post *post, struct request *request)
{
	struct store_write write = number_write(post, request);
	struct credis_error err;

	request_enter(post->requests, request, REQUEST_STORING);
	if (!store_write(&post->store, &write, on_stored, post, request->handle, &err)) {
		if (err.code != CREDIS_EBUSY)
			err.code = CREDIS_ESTORE;
		conclude(post, request, &err);
	}
}

void
modify_begin(const struct asking *asking)
{
	struct post *post = asking->post;
	struct credis_error err;
	struct request *request = check(asking, &err);

	if (request == NULL) {
		refuse(asking, &err);
		return;
	}
	if (!is_idle_command(request) && !is_unnecessary(request)) {
		store(post, request);
		return;
	}
	request->seq = request->entry->seq;
	request->time_us = request->entry->time_us;
	request_finish_done(post->requests, request);
}

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
	refuse(asking, err);
	if (group->refused)
		return;
	group->refused = true;
	group->why = *err;
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
	request = check(asking, &err);
	if (request == NULL) {
		group_refuse(group, asking, &err);
		return;
	}
	request->group = group;
	group->handles[group->count++] = request->handle;
}

/* None is written: each of those that were fine is told why. */
static void
group_refuse_rest(struct group *group)
{
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);
		struct credis_error err;

		error_set(&err, CREDIS_ECONFLICT,
		    "%s: not written, as another of its set was refused (%s)", request->entry->name,
		    group->why.text);
		request_finish_error(group->post->requests, request, &err);
	}
}

/* The reason lies in the reply of a queued write when EXEC says only that it was aborted. */
static void
on_queued(void *arg, uint64_t handle, const struct reply *reply, const struct credis_error *lost)
{
	struct post *post = arg;
	struct request *request = request_find(post->requests, handle);
	struct group *group = request != NULL ? request->group : NULL;

	if (group != NULL && group->why.code == CREDIS_OK)
		store_wrote(reply, lost, &group->why);
}

/* What became of item n of a set. */
static bool
item_was_written(const struct group *group, size_t n, const struct reply *exec,
    const struct credis_error *lost, struct credis_error *why)
{
	if (exec != NULL && exec->kind == REPLY_ARRAY)
		return store_wrote(reply_item(exec, n), lost, why);
	if (group->why.code != CREDIS_OK) {
		*why = group->why;
		return false;
	}
	return store_wrote(exec, lost, why) &&
	    error_set(why, CREDIS_ESTORE, "the store gave the set up");
}

static void
on_executed(void *arg, uint64_t handle, const struct reply *reply, const struct credis_error *lost)
{
	struct post *post = arg;
	struct request *first = request_find(post->requests, handle);
	struct group *group = first != NULL ? first->group : NULL;
	struct credis_error why;

	if (group == NULL)
		return;
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		request->group = NULL;
		if (item_was_written(group, n, reply, lost, &why))
			conclude(post, request, NULL);
		else if (reply == NULL || !reply_is_error(reply_item(reply, n), "WRONGTYPE") ||
		    !replace(post, request))
			conclude(post, request, &why);
	}
	group_free(group);
}

static bool
group_send(struct group *group, struct credis_error *err)
{
	struct post *post = group->post;
	struct store_write *writes = calloc(group->count, sizeof(*writes));
	bool sent;

	if (writes == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < group->count; n++) {
		struct request *request = group_request(group, n);

		writes[n] = number_write(post, request);
		request_enter(post->requests, request, REQUEST_STORING);
	}
	sent = store_write_all(&post->store, writes, group->count, on_queued, on_executed, post,
	    group->handles[0], err);
	free(writes);
	return sent;
}

void
group_execute(struct group *group)
{
	struct credis_error err;

	if (!group->refused && group->gathered < group->of) {
		group->refused = true;
		error_set(&group->why, CREDIS_EMALFORMED, "%llu of the set's %llu requests came",
		    (unsigned long long)group->gathered, (unsigned long long)group->of);
	}
	if (group->refused || group->count == 0) {
		group_refuse_rest(group);
		group_free(group);
		return;
	}
	if (group_send(group, &err))
		return;
	for (size_t n = 0; n < group->count; n++)
		conclude(group->post, group_request(group, n), &err);
	group_free(group);
}
