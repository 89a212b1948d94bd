/* transaction.c: commands between MULTI and EXEC: on the shared connection, or, once keys are watched, on one
 * that the transaction keeps until its end.
 * Knows what Redis answers to them; connections are server.c's, calls lane.c's. */
#include <credis/batch.h>

#include "core/error.h"
#include "core/slice.h"
#include "core/text.h"
#include "redis/command.h"
#include "redis/known.h"
#include "redis/observe.h"
#include "redis/server.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

struct credis_transaction {
	struct credis_store *store;
	char *name;
	struct server *server;     /* of its keys; NULL: none yet */
	struct lane *lane;         /* NULL: nothing is watched */
	size_t watching;           /* WATCHes without an answer */
	struct credis_error fault; /* of a WATCH, or of the first command that was not queued */
	struct buffer bytes;
	size_t count;  /* of its commands */
	size_t queued; /* answers to MULTI and to them */
	credis_reply_cb *cb;
	void *arg;
	bool ending; /* it is being given up: those told of it may wish the same */
};

struct watch {
	struct credis_transaction *transaction;
	credis_reply_cb *cb;
	void *arg;
};

struct credis_transaction *
credis_transaction_new(struct credis_store *store, const char *name, struct credis_error *err)
{
	struct credis_transaction *transaction = calloc(1, sizeof *transaction);

	if (transaction != NULL) {
		transaction->store = store;
		transaction->name = strdup(name != NULL ? name : "");
	}
	if (transaction != NULL && transaction->name != NULL)
		return transaction;
	credis_transaction_discard(transaction);
	error_no_memory(err);
	return NULL;
}

static void
transaction_free(struct credis_transaction *transaction)
{
	buffer_free(&transaction->bytes);
	free(transaction->name);
	free(transaction);
}

/* The connection's way back. */

static struct call *
find_call(const struct lane *lane)
{
	struct call *call;

	TAILQ_FOREACH(call, &lane->server->store->calls, place)
	{
		if (call->lane == lane)
			return call;
	}
	return NULL;
}

/* What is watched would fail the next user's EXEC. */
static bool
unwatch(struct lane *lane)
{
	static const char *const words[] = { "UNWATCH" };
	const struct parcel parcel = { .argc = 1, .argv = words };

	return lane->conn == NULL || lane_post(lane, &parcel, 0, NULL, NULL, NULL, NULL);
}

static void
release_lane(struct lane *lane)
{
	struct credis_store *store = lane->server->store;
	struct credis_error why;
	struct call *call;

	store_hold(store);
	lane->busy++;
	error_set(&why, CREDIS_ELOST, "the transaction was given up");
	while ((call = find_call(lane)) != NULL)
		call_close(call, &why);
	if (!store->freed && (lane->under_way > 0 || !unwatch(lane)))
		lane_abandon(lane);
	lane->owned = false;
	lane->busy--;
	lane_settle(lane);
	store_release(store);
}

void
credis_transaction_discard(struct credis_transaction *transaction)
{
	if (transaction == NULL || transaction->ending)
		return;
	transaction->ending = true;
	if (transaction->lane != NULL)
		release_lane(transaction->lane);
	transaction_free(transaction);
}

/* Before EXEC. */

static bool
find_server(struct credis_transaction *transaction, const struct known *known, int argc,
    const char *const *argv, const size_t *lengths, struct credis_error *err)
{
	struct server *server =
	    store_route(transaction->store, known, argc, argv, lengths, CREDIS_PRIMARY, err);

	if (server == NULL)
		return false;
	if (transaction->server != NULL && transaction->server != server)
		return error_set(err, CREDIS_EINVAL,
		    "%s: the keys of a transaction must lie on one shard", argv[0]);
	transaction->server = server;
	return true;
}

static void
on_watched(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct watch watch = *(struct watch *)arg;

	free(arg);
	watch.transaction->watching--;
	if (err->code != CREDIS_OK && watch.transaction->fault.code == CREDIS_OK)
		watch.transaction->fault = *err;
	if (watch.cb != NULL)
		watch.cb(watch.arg, reply, err);
}

static bool
own_lane(struct credis_transaction *transaction, struct credis_error *err)
{
	if (transaction->lane == NULL)
		transaction->lane = server_claim(transaction->server, err);
	if (transaction->lane == NULL)
		return false;
	transaction->lane->owned = true;
	return true;
}

static bool
post_watch(struct credis_transaction *transaction, const struct parcel *parcel, int64_t timeout_ms,
    credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct watch *watch = malloc(sizeof *watch);

	if (watch == NULL)
		return error_no_memory(err);
	*watch = (struct watch){ transaction, cb, arg };
	if (!own_lane(transaction, err) ||
	    !lane_post(transaction->lane, parcel, timeout_ms, NULL, on_watched, watch, err)) {
		free(watch);
		return false;
	}
	transaction->watching++;
	return true;
}

/* The words of WATCH, in one block with their lengths; to free(). */
static const char **
watch_words(size_t count, const char *const *keys, const size_t *lengths, size_t **word_lengths)
{
	const char **words = malloc((count + 1) * (sizeof *words + sizeof **word_lengths));

	if (words == NULL)
		return NULL;
	*word_lengths = (size_t *)(words + count + 1);
	words[0] = "WATCH";
	(*word_lengths)[0] = strlen(words[0]);
	for (size_t n = 0; n < count; n++) {
		words[n + 1] = keys[n];
		(*word_lengths)[n + 1] = lengths != NULL ? lengths[n] : strlen(keys[n]);
	}
	return words;
}

bool
credis_transaction_watch(struct credis_transaction *transaction, size_t count,
    const char *const *keys, const size_t *lengths, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err)
{
	size_t *word_lengths;
	const char **words;
	bool sent;

	if (transaction->store->freed)
		return error_set(err, CREDIS_ELOST, "the store is being closed");
	if (count == 0 || count > INT32_MAX)
		return error_set(err, CREDIS_EINVAL, "WATCH: it has too few words");
	words = watch_words(count, keys, lengths, &word_lengths);
	if (words == NULL)
		return error_no_memory(err);
	struct parcel parcel = { .argc = (int)count + 1, .argv = words, .lengths = word_lengths };
	sent = find_server(transaction, known_find("WATCH", 5), parcel.argc, words, word_lengths,
		   err) &&
	    post_watch(transaction, &parcel, timeout_ms, cb, arg, err);
	free(words);
	return sent;
}

bool
credis_transaction_command(struct credis_transaction *transaction, int argc,
    const char *const *argv, const size_t *lengths, int64_t timeout_ms, credis_reply_cb *cb,
    void *arg, struct credis_error *err)
{
	const struct parcel parcel = { .argc = argc, .argv = argv, .lengths = lengths };
	const struct known *known;

	if (transaction->lane == NULL)
		return credis_store_command(transaction->store, argc, argv, lengths, CREDIS_PRIMARY,
		    timeout_ms, cb, arg, err);
	known = store_check(argc, argv, lengths, err);
	return known != NULL && find_server(transaction, known, argc, argv, lengths, err) &&
	    lane_post(transaction->lane, &parcel, timeout_ms, NULL, cb, arg, err);
}

bool
credis_transaction_add(struct credis_transaction *transaction, int argc, const char *const *argv,
    const size_t *lengths, struct credis_error *err)
{
	const struct known *known = store_check(argc, argv, lengths, err);
	struct buffer *bytes = &transaction->bytes;
	size_t length = bytes->length;

	if (known == NULL || !find_server(transaction, known, argc, argv, lengths, err))
		return false;
	command_words(bytes, argc, argv, lengths);
	if (bytes->failed) {
		bytes->length = length;
		bytes->failed = false;
		return error_no_memory(err);
	}
	transaction->count++;
	return true;
}

/* EXEC. */

static const char *
skip_line(const char *at)
{
	return strchr(at, '\n') + 1;
}

/* The name of the n-th command: a bulk string in our own format (command.c). */
static struct slice
command_name(const struct buffer *bytes, size_t n)
{
	const char *at = bytes->bytes;

	while (n-- > 0) {
		unsigned long words = strtoul(at + 1, NULL, 10);

		for (at = skip_line(at); words > 0; words--)
			at = skip_line(at) + strtoul(at + 1, NULL, 10) + 2;
	}
	at = skip_line(at);
	return (struct slice){ skip_line(at), strtoul(at + 1, NULL, 10) };
}

static void
on_queued(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct credis_transaction *transaction = arg;
	size_t n = transaction->queued++;
	char name[ERROR_QUOTE + 4];
	struct slice command;

	(void)reply;
	if (err->code == CREDIS_OK || transaction->fault.code != CREDIS_OK)
		return;
	if (n == 0) {
		error_set(&transaction->fault, CREDIS_EUNKNOWN,
		    "MULTI was refused, and its commands may have been executed one by one: %s",
		    err->text);
		return;
	}
	command = command_name(&transaction->bytes, n - 1);
	text_quote(name, command.bytes, command.length, ERROR_QUOTE);
	transaction->fault = *err;
	error_prefix(&transaction->fault, name);
}

/* Of its commands that failed while the others were done. */
static void
first_fault(const struct credis_reply *reply, struct credis_error *err)
{
	for (size_t n = 0; n < credis_reply_count(reply); n++) {
		if (credis_reply_fault(credis_reply_element(reply, n), err))
			return;
	}
}

static void
explain_end(struct credis_transaction *transaction, const struct credis_reply *reply,
    struct credis_error *err)
{
	switch (credis_reply_kind(reply)) {
	case CREDIS_REPLY_ARRAY: first_fault(reply, err); break;
	case CREDIS_REPLY_NIL: error_set(err, CREDIS_ECONFLICT, "a watched key has changed"); break;
	default:
		if (transaction->fault.code != CREDIS_OK)
			*err = transaction->fault;
		break;
	}
}

/* Whoever gets the connection next must not find it within a transaction, nor watching. */
static void
on_executed(void *arg, const struct credis_reply *reply, const struct credis_error *told)
{
	struct credis_transaction *transaction = arg;
	struct credis_error err = *told;
	bool refused = credis_reply_kind(reply) == CREDIS_REPLY_ERROR;

	if (reply != NULL)
		explain_end(transaction, reply, &err);
	if (refused && transaction->lane != NULL &&
	    !reply_is_error((const struct reply *)reply, "EXECABORT"))
		lane_abandon(transaction->lane);
	if (transaction->cb != NULL)
		transaction->cb(transaction->arg,
		    credis_reply_kind(reply) == CREDIS_REPLY_ARRAY ? reply : NULL, &err);
	transaction_free(transaction);
}

static bool
may_execute(const struct credis_transaction *transaction, struct credis_error *err)
{
	if (transaction->store->freed)
		return error_set(err, CREDIS_ELOST, "the store is being closed");
	if (transaction->ending)
		return error_set(err, CREDIS_ELOST, "the transaction was given up");
	if (transaction->watching > 0)
		return error_set(err, CREDIS_EINVAL, "WATCH has not been answered yet");
	if (transaction->fault.code != CREDIS_OK)
		return error_set(err, transaction->fault.code, "%s", transaction->fault.text);
	if (transaction->server == NULL)
		return error_set(err, CREDIS_EINVAL, "an empty transaction");
	return true;
}

static bool
post(struct credis_transaction *transaction, int64_t timeout_ms, struct credis_error *err)
{
	static const struct known plain;
	struct buffer whole = BUFFER_EMPTY;
	struct parcel parcel = { .bytes = &whole, .count = transaction->count + 2 };
	bool sent = false;

	command_texts(&whole, "MULTI", NULL);
	buffer_append(&whole, transaction->bytes.bytes, transaction->bytes.length);
	command_texts(&whole, "EXEC", NULL);
	if (whole.failed)
		error_no_memory(err);
	else if (transaction->lane != NULL)
		sent = lane_post(transaction->lane, &parcel, timeout_ms, on_queued, on_executed,
		    transaction, err);
	else
		sent = store_post(transaction->server,
		    store_is_exclusive(transaction->server, &plain, 0, timeout_ms), &parcel,
		    timeout_ms, on_queued, on_executed, transaction, err);
	buffer_free(&whole);
	return sent;
}

bool
credis_transaction_exec(struct credis_transaction *transaction, int64_t timeout_ms,
    credis_reply_cb *cb, void *arg, struct credis_error *err)
{
	struct observed *observed;
	struct credis_error own;

	if (err == NULL)
		err = &own;
	if (!may_execute(transaction, err) ||
	    !observe_begin(transaction->store, "pipeline_", transaction->name,
		strlen(transaction->name), &cb, &arg, &observed, err)) {
		credis_transaction_discard(transaction);
		return false;
	}
	transaction->cb = cb;
	transaction->arg = arg;
	if (!observe_sent(observed, post(transaction, timeout_ms, err), err)) {
		credis_transaction_discard(transaction);
		return false;
	}
	/* The lane lives until EXEC has ended, and not longer. */
	if (transaction->lane != NULL)
		transaction->lane->owned = false;
	return true;
}

/* The same, waiting. */

bool
credis_transaction_watch_wait(struct credis_transaction *transaction, size_t count,
    const char *const *keys, const size_t *lengths, int64_t timeout_ms, struct credis_error *err)
{
	struct asked asked;
	bool begun = asked_may(&asked, transaction->store) &&
	    credis_transaction_watch(transaction, count, keys, lengths, timeout_ms, on_asked,
		&asked, &asked.err);

	asked_wait(&asked, begun, err);
	return asked.err.code == CREDIS_OK;
}

const struct credis_reply *
credis_transaction_ask(struct credis_transaction *transaction, int argc, const char *const *argv,
    const size_t *lengths, int64_t timeout_ms, struct credis_error *err)
{
	struct asked asked;
	bool begun = asked_may(&asked, transaction->store) &&
	    credis_transaction_command(transaction, argc, argv, lengths, timeout_ms, on_asked,
		&asked, &asked.err);

	return asked_wait(&asked, begun, err);
}

const struct credis_reply *
credis_transaction_run(struct credis_transaction *transaction, int64_t timeout_ms,
    struct credis_error *err)
{
	struct asked asked;
	bool begun = false;

	if (asked_may(&asked, transaction->store))
		begun =
		    credis_transaction_exec(transaction, timeout_ms, on_asked, &asked, &asked.err);
	else
		credis_transaction_discard(transaction);
	return asked_wait(&asked, begun, err);
}
