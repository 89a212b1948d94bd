/* modify.c: CHECKED → (WAITING → DRIVING) → STORING → finished.
 * Decides what may be written; steps.c waits for a source of the keyword's own, store.c writes,
 * requests.c answers. */
#include "dispatcher/modify.h"

#include "core/error.h"
#include "dispatcher/durability.h"
#include "dispatcher/group.h"
#include "dispatcher/served.h"
#include "dispatcher/steps.h"

#include <stdlib.h>
#include <string.h>

static bool
check_access(const struct credis_keyword *keyword, struct credis_error *err)
{
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
check_sequence(const struct entry *entry, uint64_t wanted, struct credis_error *err)
{
	uint64_t seq = sequence_to_come(entry);

	if (wanted == seq || wanted == UINT64_MAX)
		return true;
	return error_set(err, CREDIS_ECONFLICT, "%s: stands at sequence %llu, not at %llu",
	    entry->keyword->name, (unsigned long long)seq, (unsigned long long)wanted);
}

static bool
parse(const struct asking *asking, struct credis_value *value, struct credis_error *err)
{
	const struct slice *body = &asking->message->body;

	if (asking->entry->lane != NULL)
		return steps_parse(asking->entry, value, body->bytes, body->length, err);
	return keyword_parse_value(asking->entry->keyword, value, body->bytes, body->length, err);
}

struct request *
modify_check(const struct asking *asking, struct credis_error *err)
{
	const struct message *message = asking->message;
	uint64_t if_seq = (message->has & MESSAGE_IF_SEQ) != 0 ? message->if_seq : UINT64_MAX;
	struct credis_value value;
	struct request *request;

	if (!check_access(asking->entry->keyword, err) || !served_may_write(asking->served, err) ||
	    !parse(asking, &value, err))
		return NULL;
	/* Where a write waits its turn the sequence does, too. */
	if (asking->entry->lane == NULL && !check_sequence(asking->entry, if_seq, err)) {
		value_clear(&value);
		return NULL;
	}
	request = request_new(asking, &value, err);
	if (request == NULL)
		return NULL;
	request->if_seq = if_seq;
	if ((message->has & MESSAGE_EXPIRES) != 0)
		request->expires_us = message->expires_us;
	return request;
}

/* A momentary keyword acts on true and reads false. */
static bool
is_idle_command(const struct request *request)
{
	return entry_now(request->entry)->keyword->command && request->value.as.integer == 0;
}

/* Where force is false the present value need not be written; one under way is not present yet. */
static bool
is_unnecessary(const struct request *request)
{
	const struct entry *entry = entry_now(request->entry);

	return !entry->keyword->force && entry->writes == 0 &&
	    value_equal(&entry->value, &request->value);
}

struct store_write
modify_describe(const struct request *request)
{
	return (struct store_write){
		.service = served_name(request->served),
		.keyword = request->entry->name,
		.text = value_text(&request->value),
		.length = request->value.length,
		.seq = request->seq,
		.time_us = request->time_us,
	};
}

struct store_write
modify_number(struct request *request, int64_t now_us)
{
	struct entry *entry = entry_now(request->entry);
	struct credis_value idle;
	struct store_write write;

	if (entry->keyword->command &&
	    value_parse(&idle,
		&(struct value_rules){ .type = CREDIS_BOOLEAN, .labels = &entry->keyword->labels },
		"false", 5, NULL))
		value_take(&request->value, &idle);
	entry_next(entry, now_us, &request->seq, &request->time_us);
	write = modify_describe(request);
	if (entry->extra != NULL)
		extra_judge(entry, &request->value, &write);
	request->severity = write.severity;
	return write;
}

/* The store's refusal, named for the keyword. */
static void
fail(struct post *post, struct request *request, const struct credis_error *why)
{
	struct entry *entry = entry_now(request->entry);
	struct credis_error err;

	/* A severity that the write was to take away may lie there still. */
	if (entry->extra != NULL)
		entry->extra->marked = true;
	error_set(&err, why->code, "%s: not written: %s", request->entry->name, why->text);
	served_report(request->served, err.text);
	request_finish_error(post->requests, request, &err);
}

/* What the source did counts, whether or not the store is there to take it: it will be. */
static void
keep_driven(struct post *post, struct request *request, const struct credis_error *why)
{
	struct credis_error err;

	error_set(&err, CREDIS_ESTORE, "%s: written, but not stored yet: %s", request->entry->name,
	    why->text);
	modify_number(request, store_now_us(&post->store));
	served_report(request->served, err.text);
	request_finish_written(post->requests, request, &err);
}

void
modify_conclude(struct post *post, struct request *request, const struct credis_error *why)
{
	if (why != NULL && request->turn != NULL)
		keep_driven(post, request, why);
	else if (why != NULL)
		fail(post, request, why);
	else if (post->durability != NULL)
		durability_await(post->durability, request);
	else
		request_finish_done(post->requests, request);
}

static void on_stored(void *arg, uint64_t handle, const struct reply *reply,
    const struct credis_error *lost);

void
modify_on_queued(void *arg, uint64_t handle, const struct reply *reply,
    const struct credis_error *lost)
{
	struct post *post = arg;

	(void)handle;
	store_note_queued(&post->store, reply, lost);
}

/* Whether a later value is there, or one came since the first write of those that met another type was sent again.
 * At a source there is one write at a time. */
static bool
is_overtaken(const struct request *request, const struct entry *entry)
{
	return request->turn == NULL &&
	    (request->seq < entry->seq ||
		(request->seq < entry->replaced_seq && entry->replaced_seq < entry->given_seq));
}

bool
modify_replace(struct post *post, struct request *request, struct credis_error *why)
{
	struct entry *entry = entry_now(request->entry);
	struct store_write write;

	if (request->replacing)
		return false;
	if (is_overtaken(request, entry))
		return error_set(why, CREDIS_ESTORE,
		    "another type lay under its key, and a later value has come meanwhile");
	request->replacing = true;
	/* Writes with later numbers that met the same are ahead of this one, and come again behind it. */
	write = modify_number(request, store_now_us(&post->store));
	entry->replaced_seq = request->seq;
	request->served->counters.healed++;
	log_event(post->log, CREDIS_LOG_WARNING, "heal", "%s.%s: another type lay under its key",
	    write.service, write.keyword);
	return store_replace(&post->store, &write, modify_on_queued, on_stored, post,
	    request->handle, NULL);
}

static void
on_stored(void *arg, uint64_t handle, const struct reply *reply, const struct credis_error *lost)
{
	struct post *post = arg;
	struct request *request = request_find(post->requests, handle);
	struct credis_error why;
	bool wrote = store_executed(&post->store, reply, lost, &why);

	if (request == NULL)
		return;
	if (wrote)
		modify_conclude(post, request, NULL);
	else if (!store_found_another_type(reply) || !modify_replace(post, request, &why))
		modify_conclude(post, request, &why);
}

static void
store(struct post *post, struct request *request, int64_t now_us)
{
	struct store_write write = modify_number(request, now_us);
	struct credis_error err;

	request_enter(post->requests, request, REQUEST_STORING);
	values_announce(request->served, entry_now(request->entry)->keyword, &write);
	if (!store_write(&post->store, &write, modify_on_queued, on_stored, post, request->handle,
		&err)) {
		if (err.code != CREDIS_EBUSY)
			err.code = CREDIS_ESTORE;
		modify_conclude(post, request, &err);
	}
}

bool
modify_is_needless(const struct request *request)
{
	return is_idle_command(request) || is_unnecessary(request);
}

static bool
is_nothing_to_do(struct post *post, struct request *request)
{
	if (!modify_is_needless(request))
		return false;
	request_finish_present(post->requests, request);
	return true;
}

void
modify_begin(const struct asking *asking)
{
	struct post *post = asking->post;
	struct credis_error err;
	struct request *request = modify_check(asking, &err);

	if (request == NULL)
		requests_turn_away(asking, &err);
	else if (asking->entry->lane != NULL)
		steps_write(post, request, &asking->message->from);
	else if (!is_nothing_to_do(post, request))
		store(post, request, asking->now_us);
}

bool
modify_refit(struct request *request, struct credis_error *err)
{
	struct entry *entry = entry_now(request->entry);
	const struct registry *registry = &request->served->registry;
	struct credis_value value;

	if (registry_find(registry, entry->name, strlen(entry->name)) != entry)
		return error_set(err, CREDIS_ENOKEYWORD, "%s: no such keyword any more",
		    entry->name);
	if (entry == request->entry)
		return true;
	if (!check_access(entry->keyword, err) ||
	    !keyword_parse_value(entry->keyword, &value, value_text(&request->value),
		request->value.length, err))
		return false;
	value_take(&request->value, &value);
	entry_hold(entry);
	entry_release(request->entry);
	request->entry = entry;
	return true;
}

static bool
is_in_time(struct post *post, const struct request *request, struct credis_error *err)
{
	if (request->expires_us > store_now_us(&post->store))
		return true;
	return error_set(err, CREDIS_EEXPIRED,
	    "%s: not executed, its deadline passed while it waited its turn", request->entry->name);
}

bool
modify_may_still(struct post *post, struct request *request, struct credis_error *err)
{
	return is_in_time(post, request, err) && served_may_write(request->served, err) &&
	    modify_refit(request, err) && check_sequence(request->entry, request->if_seq, err);
}

bool
modify_turn(struct post *post, struct request *request)
{
	struct credis_error err;

	if (request->group != NULL)
		return group_turn(request->group);
	if (modify_may_still(post, request, &err))
		return !is_nothing_to_do(post, request);
	request_finish_error(post->requests, request, &err);
	return false;
}

void
modify_fail_driven(struct post *post, struct request *request, const struct credis_error *err)
{
	if (request->group != NULL)
		group_fail(request->group, request, err);
	else
		request_finish_error(post->requests, request, err);
}

void
modify_driven(struct post *post, struct request *request)
{
	struct credis_error err, why;

	if (request->group != NULL) {
		group_driven(request->group, request);
	} else if (!modify_refit(request, &why)) {
		error_set(&err, CREDIS_EDRIVER, "%s: written, but not stored: %s",
		    request->entry->name, why.text);
		request_finish_error(post->requests, request, &err);
	} else if (!served_may_write(request->served, &why)) {
		keep_driven(post, request, &why);
	} else {
		store(post, request, store_now_us(&post->store));
	}
}
