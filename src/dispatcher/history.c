/* history.c: appends values to streams, and what to do about streams that do not take them.
 * Trims by whole portions (MAXLEN ~), which costs the store next to nothing. */
#include "dispatcher/history.h"

#include "core/table.h"
#include "dispatcher/store.h"
#include "redis/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct history {
	struct store *store;    /* NULL before the first value */
	uint64_t number;        /* for answers, in the store's table */
	struct names_pair name; /* of the keyword */
	int64_t last_us;        /* of the value appended last */
	int64_t top_us;         /* what lies in the stream is not above; 0: not known to matter */
	bool failing;           /* said so */
	UT_hash_handle hh;
};

struct history *
history_new(void)
{
	return calloc(1, sizeof(struct history));
}

void
history_free(struct history *history)
{
	if (history == NULL)
		return;
	if (history->store != NULL)
		HASH_DEL(history->store->histories, history);
	free(history);
}

static bool
enroll(struct store *store, struct history *history, const struct store_write *write)
{
	if (history->store != NULL)
		return true;
	snprintf(history->name.service, sizeof(history->name.service), "%s", write->service);
	snprintf(history->name.keyword, sizeof(history->name.keyword), "%s", write->keyword);
	history->number = ++store->last_history;
	HASH_ADD(hh, store->histories, number, sizeof(history->number), history);
	if (history->hh.tbl == NULL)
		return false;
	history->store = store;
	return true;
}

static struct history *
find(struct store *store, uint64_t number)
{
	struct history *history;

	HASH_FIND(hh, store->histories, &number, sizeof(number), history);
	return history;
}

static void
key_of(const struct history *history, struct name *key)
{
	names_keyword(key, history->store->ns, history->name.service, history->name.keyword,
	    NAMES_HISTORY);
}

/* The greatest id there is: new ones go above it, whatever the clock says. */
static void
on_top(void *arg, uint64_t number, const struct reply *reply, const struct credis_error *lost)
{
	struct history *history = find(arg, number);
	const struct reply *id;
	unsigned long long ms, rest;

	(void)lost;
	if (history == NULL || reply == NULL || reply->kind != REPLY_ARRAY)
		return;
	id = reply_item(reply_item(reply, 0), 0);
	if (id->kind == REPLY_TEXT && sscanf(id->text, "%llu-%llu", &ms, &rest) == 2 &&
	    ms < INT64_MAX / 1000)
		history->top_us = (int64_t)ms * 1000 + (int64_t)(rest < 999 ? rest : 999);
}

static void
learn_top(struct history *history)
{
	struct store *store = history->store;
	struct buffer *out = link_command(store->link, on_top, store, history->number, NULL);
	struct name key;

	if (out == NULL)
		return;
	key_of(history, &key);
	command_texts(out, "XREVRANGE", key.text, "+", "-", "COUNT", "1", NULL);
}

/* Something else lies under the key, which is ours. */
static void
make_way(struct history *history)
{
	struct store *store = history->store;
	struct buffer *out = link_command(store->link, NULL, NULL, 0, NULL);
	struct name key;

	if (out == NULL)
		return;
	key_of(history, &key);
	log_event(store->log, CREDIS_LOG_WARNING, "heal",
	    "%s.%s: another type lay where its history belongs", history->name.service,
	    history->name.keyword);
	command_texts(out, "DEL", key.text, NULL);
}

static void
fail(struct store *store, struct history *history, const char *why)
{
	store->histories_failed++;
	if (history == NULL || history->failing)
		return;
	history->failing = true;
	log_event(store->log, CREDIS_LOG_WARNING, "history", "%s.%s: a value is not kept: %s",
	    history->name.service, history->name.keyword, why);
}

static void
on_appended(void *arg, uint64_t number, const struct reply *reply, const struct credis_error *lost)
{
	struct store *store = arg;
	struct history *history = find(store, number);
	struct credis_error why;

	if (store_wrote(reply, lost, &why)) {
		if (history != NULL)
			history->failing = false;
		return;
	}
	fail(store, history, why.text);
	if (history == NULL || reply == NULL)
		return;
	if (reply_is_error(reply, "WRONGTYPE"))
		make_way(history);
	else if (reply_is_error(reply, "ERR"))
		learn_top(history);
}

static size_t
print_id(struct history *history, int64_t time_us, char *text)
{
	int64_t us = time_us > history->top_us ? time_us : history->top_us + 1;

	if (history->top_us > 0)
		history->top_us = us;
	return (size_t)sprintf(text, "%" PRId64 "-%" PRId64, us / 1000, us % 1000);
}

static void
format(struct store *store, struct buffer *out, const struct store_write *write)
{
	bool marks = write->severity != CREDIS_NONE;
	struct name key;
	char id[48];

	names_keyword(&key, store->ns, write->service, write->keyword, NAMES_HISTORY);
	command_begin(out, marks ? 10 : 8);
	command_word(out, "XADD", 4);
	command_word(out, key.text, key.length);
	command_word(out, "MAXLEN", 6);
	command_word(out, "~", 1);
	command_integer(out, write->keep);
	command_word(out, id, print_id(write->history, write->time_us, id));
	command_word(out, "value", 5);
	command_word(out, write->text, write->length);
	if (!marks)
		return;
	command_word(out, "severity", 8);
	command_text(out, credis_severity_name(write->severity));
}

void
history_append(struct store *store, const struct store_write *write)
{
	struct history *history = write->history;
	struct credis_error err;
	struct buffer *out;

	if (write->time_us <= history->last_us || !enroll(store, history, write))
		return;
	history->last_us = write->time_us;
	out = link_command(store->link, on_appended, store, history->number, &err);
	if (out != NULL)
		format(store, out, write);
	else
		fail(store, history, err.text);
}
