/* history.c: past values: pages of a stream, from the oldest that is wanted to the newest.
 * The last so many are counted from the newest back first, and then read forward like others. */
#include "client/calls.h"
#include "client/demand.h"
#include "client/session.h"
#include "core/error.h"
#include "core/keyword.h"
#include "redis/command.h"

#include <credis/history.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAGE = 1000, ID = 48 };

/* The id of an entry: its time in milliseconds, and the microseconds of it. */
struct id {
	uint64_t ms, rest;
};

struct history {
	struct call call;
	struct names_pair name;
	struct id from, to;      /* what is still to be read, both included */
	uint64_t to_skip;        /* to be counted back from the newest; 0: 'from' is known */
	bool bounded;            /* 'to' is a stream's own id */
	struct id back;          /* where counting stands */
	struct catalog *catalog; /* held */
	const struct credis_keyword *description;
	credis_call describing;
	credis_past_cb *each;
	credis_history_cb *end;
	void *arg;
};

static void
on_clear(struct call *call)
{
	struct history *history = (struct history *)call;

	credis_client_cancel(call->client, history->describing);
	catalog_release(history->catalog);
}

static void
finish(struct history *history, const struct credis_error *err)
{
	struct call *call = &history->call;

	call_hold(call);
	call_end(call);
	history->end(history->arg, err, err->code == CREDIS_OK ? history->description : NULL);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	finish((struct history *)call, err);
}

static void
finish_well(struct history *history)
{
	static const struct credis_error fine = { .code = CREDIS_OK };

	finish(history, &fine);
}

static struct id
id_of(int64_t time_us)
{
	return (struct id){ (uint64_t)time_us / 1000, (uint64_t)time_us % 1000 };
}

static int64_t
time_of(const struct id *id)
{
	uint64_t rest = id->rest < 999 ? id->rest : 999;

	return id->ms < INT64_MAX / 1000 ? (int64_t)(id->ms * 1000 + rest) : INT64_MAX;
}

static bool
is_above(const struct id *a, const struct id *b)
{
	return a->ms != b->ms ? a->ms > b->ms : a->rest > b->rest;
}

/* False at the end of all ids. */
static bool
step_up(struct id *id)
{
	if (++id->rest == 0)
		id->ms++;
	return id->rest != 0 || id->ms != 0;
}

static bool
step_down(struct id *id)
{
	if (id->rest-- == 0)
		return id->ms-- != 0;
	return true;
}

static bool
read_id(const struct reply *entry, struct id *id)
{
	const struct reply *text = reply_item(entry, 0);

	return text->kind == REPLY_TEXT &&
	    sscanf(text->text, "%" SCNu64 "-%" SCNu64, &id->ms, &id->rest) == 2;
}

static void
give(struct history *history, const struct id *id, const struct reply *fields)
{
	struct credis_past sample = {
		.time_us = time_of(id),
		.description = history->description,
	};

	for (size_t n = 0; n + 1 < fields->count; n += 2) {
		const struct reply *name = reply_item(fields, n),
				   *value = reply_item(fields, n + 1);

		if (name->kind != REPLY_TEXT || value->kind != REPLY_TEXT)
			continue;
		if (strcmp(name->text, "value") == 0) {
			sample.text = value->text;
			sample.length = value->length;
		} else if (strcmp(name->text, "severity") == 0) {
			credis_severity_find(value->text, &sample.severity);
		}
	}
	if (sample.text != NULL) /* an entry of somebody else's otherwise */
		history->each(history->arg, &sample);
}

static void ask(struct history *history);

/* The user may give the call up with any value. */
static void
give_page(struct history *history, const struct reply *reply)
{
	bool more = reply->count >= PAGE;
	struct id id;

	for (size_t n = 0; n < reply->count && history->call.state != CALL_ENDED; n++) {
		const struct reply *entry = reply_item(reply, n);

		if (!read_id(entry, &id))
			continue;
		history->from = id;
		more = step_up(&history->from) && more;
		give(history, &id, reply_item(entry, 1));
	}
	if (history->call.state == CALL_ENDED)
		return;
	if (more && !is_above(&history->from, &history->to))
		ask(history);
	else
		finish_well(history);
}

/* What comes in meanwhile is newer than the last so many. */
static void
count_page(struct history *history, const struct reply *reply)
{
	bool more = reply->count >= PAGE;
	struct id id;

	for (size_t n = 0; n < reply->count && history->to_skip > 0; n++) {
		if (!read_id(reply_item(reply, n), &id))
			continue;
		if (!history->bounded)
			history->to = id;
		history->bounded = true;
		history->back = id;
		more = step_down(&history->back) && more;
		if (--history->to_skip == 0)
			history->from = id;
	}
	if (!more || is_above(&history->from, &history->back))
		history->to_skip = 0;
	if (history->bounded)
		ask(history);
	else
		finish_well(history);
}

static void
on_page(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);
	struct history *history = (struct history *)call;

	(void)lost;
	if (call == NULL)
		return;
	call_hold(call);
	if (history->to_skip > 0)
		count_page(history, reply);
	else
		give_page(history, reply);
	call_release(call);
}

static void
print_id(char text[ID], const struct id *id)
{
	snprintf(text, ID, "%" PRIu64 "-%" PRIu64, id->ms, id->rest);
}

static void
ask(struct history *history)
{
	bool back = history->to_skip > 0;
	uint64_t count = back && history->to_skip < PAGE ? history->to_skip : PAGE;
	struct buffer *out = call_command(&history->call, on_page);
	char from[ID], to[ID], page[24];
	struct name key;

	if (out == NULL)
		return;
	names_keyword(&key, history->call.client->ns, history->name.service, history->name.keyword,
	    NAMES_HISTORY);
	print_id(from, &history->from);
	print_id(to, back ? &history->back : &history->to);
	snprintf(page, sizeof(page), "%" PRIu64, count);
	command_texts(out, back ? "XREVRANGE" : "XRANGE", key.text, back ? to : from,
	    back ? from : to, "COUNT", page, NULL);
}

static bool
check(const struct history *history, struct credis_error *err)
{
	const struct names_pair *name = &history->name;

	if (!keyword_is_readable(history->description))
		return error_set(err, CREDIS_EWRITEONLY, "%s.%s: may only be written",
		    name->service, name->keyword);
	return history->description->history > 0 ||
	    error_set(err, CREDIS_EIMPOSSIBLE,
		"%s.%s: keeps no history; its setting history says how many past values to keep",
		name->service, name->keyword);
}

static void
on_description(void *arg, const struct credis_error *why, struct catalog *catalog)
{
	struct history *history = arg;
	struct credis_error err = *why;

	history->describing = 0;
	if (why->code == CREDIS_OK) {
		history->catalog = catalog_hold(catalog);
		history->description = catalog_find(catalog, history->name.keyword);
		err.code = CREDIS_OK;
		check(history, &err);
	}
	if (err.code != CREDIS_OK)
		finish(history, &err);
	else
		ask(history);
}

/* Begun anew, it goes on behind what was given. */
static void
on_start(struct call *call)
{
	struct history *history = (struct history *)call;
	struct credis_error err;

	if (history->description != NULL) {
		ask(history);
		return;
	}
	credis_client_cancel(call->client, history->describing);
	history->describing = demand_descriptions(call->client, history->name.service,
	    history->name.keyword, on_description, history, &err);
	if (history->describing == 0)
		finish(history, &err);
}

static bool
check_range(const struct credis_range *range, struct credis_error *err)
{
	if (range->from_us < 0 || range->to_us < 0)
		return error_set(err, CREDIS_EINVAL, "a time before 1970 is in no history");
	return range->to_us == 0 || range->from_us <= range->to_us ||
	    error_set(err, CREDIS_EINVAL, "the times are in the wrong order: from is after to");
}

credis_call
credis_client_history(struct credis_client *client, const char *keyword,
    const struct credis_range *range, credis_past_cb *each, credis_history_cb *end, void *arg,
    struct credis_error *err)
{
	static const struct call_kind kind = {
		.start = on_start,
		.fail = on_fail,
		.clear = on_clear,
	};
	struct names_pair name;
	struct history *history;

	if (!names_split(keyword, NULL, false, &name, err) || !check_range(range, err) ||
	    !calls_have_room(client, 1, err))
		return 0;
	history = call_new(client, sizeof(*history), &kind, err);
	if (history == NULL)
		return 0;
	history->name = name;
	history->call.about = &history->name;
	history->from = id_of(range->from_us);
	history->to = (struct id){ UINT64_MAX, UINT64_MAX };
	if (range->to_us > 0)
		history->to = id_of(range->to_us);
	history->back = history->to;
	history->to_skip = range->last;
	history->each = each;
	history->end = end;
	history->arg = arg;
	return history->call.id;
}
