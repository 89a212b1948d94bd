/* store.c: writes a keyword's value and state to Redis, one command a write.
 * Knows the key layout through core/names.h; knows nothing of requests. */
#include "dispatcher/store.h"

#include "core/error.h"
#include "core/message.h"
#include "dispatcher/history.h"
#include "redis/clock.h"
#include "redis/command.h"

#include <string.h>

int64_t
store_now_us(const struct store *store)
{
	return clock_steady_us() + store->offset_us;
}

static void
format_fields(struct buffer *out, const struct store_write *write)
{
	char time[32];

	command_fixed(out, "$5\r\nvalue\r\n");
	command_word(out, write->text, write->length);
	command_fixed(out, "$4\r\ntime\r\n");
	command_word(out, time, message_print_time(time, write->time_us));
	command_fixed(out, "$3\r\nseq\r\n");
	command_integer(out, (int64_t)write->seq);
}

static void
format_write(const struct store *store, struct buffer *out, const struct store_write *write)
{
	struct name key;
	bool marks = write->severity != CREDIS_NONE;

	names_keyword(&key, store->ns, write->service, write->keyword, NAMES_VALUE);
	if (marks)
		command_fixed(out, "*12\r\n$4\r\nHSET\r\n");
	else
		command_fixed(out, "*8\r\n$4\r\nHSET\r\n");
	command_word(out, key.text, key.length);
	format_fields(out, write);
	if (!marks)
		return;
	command_text(out, "severity");
	command_text(out, credis_severity_name(write->severity));
	command_text(out, "reason");
	command_text(out, write->reason != NULL ? write->reason : "");
}

/* No transaction: that would announce what something of another type under the key kept from being written. */
static const char announcing_script[] =
    "local wrote = redis.pcall('hset', KEYS[1], unpack(ARGV, 4)) "
    "if type(wrote) == 'table' then return wrote end "
    "if ARGV[3] == '1' then redis.call('hdel', KEYS[1], 'severity', 'reason') end "
    "redis.call('publish', ARGV[1], ARGV[2]) return wrote";

static void
format_announcing(const struct store *store, struct buffer *out, const struct store_write *write)
{
	struct name key, channel;

	names_keyword(&key, store->ns, write->service, write->keyword, NAMES_VALUE);
	names_service(&channel, store->ns, write->service, NAMES_VALUES);
	command_begin(out, 13);
	command_text(out, "EVAL");
	command_word(out, announcing_script, sizeof(announcing_script) - 1);
	command_text(out, "1");
	command_word(out, key.text, key.length);
	command_word(out, channel.text, channel.length);
	command_word(out, write->announced.bytes, write->announced.length);
	command_text(out, write->unmark ? "1" : "0");
	format_fields(out, write);
}

static void
format_unmark(const struct store *store, struct buffer *out, const struct store_write *write)
{
	struct name key;

	names_keyword(&key, store->ns, write->service, write->keyword, NAMES_VALUE);
	command_texts(out, "HDEL", key.text, "severity", "reason", NULL);
}

bool
store_write(struct store *store, const struct store_write *write, link_answer *each,
    link_answer *last, void *arg, uint64_t id, struct credis_error *err)
{
	struct buffer *out;

	if (write->unmark && write->announced.length == 0)
		return store_write_all(store, write, 1, each, last, arg, id, err);
	out = link_command(store->link, last, arg, id, err);
	if (out == NULL)
		return false;
	if (write->announced.length > 0)
		format_announcing(store, out, write);
	else
		format_write(store, out, write);
	if (write->history != NULL)
		history_append(store, write);
	return true;
}

static size_t
count_unmarks(const struct store_write *writes, size_t count)
{
	size_t unmarks = 0;

	for (size_t n = 0; n < count; n++)
		unmarks += writes[n].unmark;
	return unmarks;
}

bool
store_write_all(struct store *store, const struct store_write *writes, size_t count,
    link_answer *each, link_answer *last, void *arg, uint64_t id, struct credis_error *err)
{
	struct buffer *out = link_batch(store->link, count + count_unmarks(writes, count) + 2, each,
	    last, arg, id, err);

	if (out == NULL)
		return false;
	command_texts(out, "MULTI", NULL);
	for (size_t n = 0; n < count; n++)
		format_write(store, out, &writes[n]);
	for (size_t n = 0; n < count; n++) {
		if (writes[n].unmark)
			format_unmark(store, out, &writes[n]);
	}
	command_texts(out, "EXEC", NULL);
	for (size_t n = 0; n < count; n++) {
		if (writes[n].history != NULL)
			history_append(store, &writes[n]);
	}
	return true;
}

bool
store_replace(struct store *store, const struct store_write *write, link_answer *each,
    link_answer *last, void *arg, uint64_t id, struct credis_error *err)
{
	struct buffer *out = link_batch(store->link, 4, each, last, arg, id, err);
	struct name key;

	if (out == NULL)
		return false;
	names_keyword(&key, store->ns, write->service, write->keyword, NAMES_VALUE);
	command_texts(out, "MULTI", NULL);
	command_texts(out, "DEL", key.text, NULL);
	format_write(store, out, write);
	command_texts(out, "EXEC", NULL);
	return true;
}

bool
store_read(struct store *store, const char *service, const char *keyword, link_answer *answer,
    void *arg, uint64_t id, struct credis_error *err)
{
	struct buffer *out = link_command(store->link, answer, arg, id, err);
	struct name key;

	if (out == NULL)
		return false;
	names_keyword(&key, store->ns, service, keyword, NAMES_VALUE);
	command_texts(out, "HMGET", key.text, "value", "time", "seq", "severity", "reason", NULL);
	return true;
}

void
store_read_reply(const struct reply *reply, struct stored *stored)
{
	const struct reply *value = reply_item(reply, 0);
	const struct reply *time = reply_item(reply, 1);
	const struct reply *severity = reply_item(reply, 3), *reason = reply_item(reply, 4);
	int64_t seq = 0;

	memset(stored, 0, sizeof(*stored));
	stored->wrong_type = reply_is_error(reply, "WRONGTYPE");
	stored->reason = reason->kind == REPLY_TEXT ? reason->text : "";
	stored->marked = severity->kind == REPLY_TEXT || reason->kind == REPLY_TEXT;
	if (severity->kind == REPLY_TEXT)
		credis_severity_find(severity->text, &stored->severity);
	if (value->kind != REPLY_TEXT || time->kind != REPLY_TEXT ||
	    !message_parse_time(time->text, time->length, &stored->time_us) ||
	    !reply_integer(reply_item(reply, 2), &seq) || seq < 1)
		return;
	stored->present = true;
	stored->text = value->text;
	stored->length = value->length;
	stored->seq = (uint64_t)seq;
}

/* An error anywhere in a transaction's reply. */
static const struct reply *
first_error(const struct reply *reply)
{
	if (reply->kind == REPLY_ERROR)
		return reply;
	for (size_t n = 0; reply->kind == REPLY_ARRAY && n < reply->count; n++) {
		if (reply->items[n]->kind == REPLY_ERROR)
			return reply->items[n];
	}
	return NULL;
}

bool
store_wrote(const struct reply *reply, const struct credis_error *lost, struct credis_error *err)
{
	const struct reply *fault;

	if (reply == NULL)
		return error_set(err, CREDIS_ESTORE, "%s", lost->text);
	fault = first_error(reply);
	if (fault == NULL)
		return true;
	reply_explain(fault, err);
	err->code = CREDIS_ESTORE;
	return false;
}

void
store_note_queued(struct store *store, const struct reply *reply, const struct credis_error *lost)
{
	if (store->queued.code == CREDIS_OK)
		store_wrote(reply, lost, &store->queued);
}

bool
store_executed(struct store *store, const struct reply *reply, const struct credis_error *lost,
    struct credis_error *err)
{
	bool wrote = store_wrote(reply, lost, err);

	if (!wrote && store->queued.code != CREDIS_OK)
		*err = store->queued;
	store->queued.code = CREDIS_OK;
	return wrote;
}

bool
store_found_another_type(const struct reply *reply)
{
	const struct reply *fault = reply != NULL ? first_error(reply) : NULL;

	return fault != NULL && reply_is_error(fault, "WRONGTYPE");
}
