/* test_batch.c: what credis/batch.h promises, against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/batch.h>

#include "loop.h"
#include "redis_server.h"

struct heard {
	unsigned answers;
	enum credis_code code;
	char text[512];
	size_t count;
};

static int
start_server(void **state)
{
	struct redis_server *server = malloc(sizeof *server);

	redis_server_start(server, NULL);
	*state = server;
	return 0;
}

static int
stop_server(void **state)
{
	redis_server_stop(*state);
	free(*state);
	return 0;
}

static void
hear(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct heard *heard = arg;

	heard->answers++;
	heard->code = err->code;
	heard->count = credis_reply_count(reply);
	snprintf(heard->text, sizeof heard->text, "%s", err->text);
}

/* The words of "SET k 1". */
struct words {
	char text[256];
	const char *argv[32];
	int argc;
};

static struct words *
split(struct words *words, const char *text)
{
	char *rest;

	snprintf(words->text, sizeof words->text, "%s", text);
	words->argc = 0;
	for (char *word = strtok_r(words->text, " ", &rest); word != NULL;
	     word = strtok_r(NULL, " ", &rest))
		words->argv[words->argc++] = word;
	return words;
}

static bool
pipe_in(struct credis_pipeline *pipeline, const char *text, struct credis_error *err)
{
	struct words words;

	split(&words, text);
	return credis_pipeline_add(pipeline, words.argc, words.argv, NULL, 0, err);
}

static bool
add(struct credis_transaction *transaction, const char *text)
{
	struct words words;

	split(&words, text);
	return credis_transaction_add(transaction, words.argc, words.argv, NULL, NULL);
}

static bool
watch(struct credis_transaction *transaction, const char *key, struct credis_error *err)
{
	return credis_transaction_watch_wait(transaction, 1, &key, NULL, 0, err);
}

static const char *
text_of(const struct credis_reply *reply, size_t n)
{
	const char *text = credis_reply_text(credis_reply_element(reply, n), NULL);

	return text != NULL ? text : "(none)";
}

static const char *
get(struct credis_store *store, const char *key)
{
	const char *text =
	    credis_reply_text(credis_store_ask_texts(store, NULL, "GET", key, NULL), NULL);

	return text != NULL ? text : "(none)";
}

static void
each_command_of_a_pipeline_has_its_own_answer_or_error(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "three", NULL);
	struct credis_error err, own;

	assert_true(pipe_in(pipeline, "SET each 1", &err));
	assert_true(pipe_in(pipeline, "LPUSH each x", &err));
	assert_true(pipe_in(pipeline, "GET each", &err));
	assert_false(pipe_in(pipeline, "BLPOP each 0", &err));
	assert_string_equal(err.text, "BLPOP: it would block the rest of the pipeline");
	assert_false(pipe_in(pipeline, "MULTI", &err));
	const struct credis_reply *reply = credis_pipeline_run(pipeline, 0, &err);
	assert_int_equal(err.code, CREDIS_ESTORE);
	assert_int_equal(credis_reply_count(reply), 3);
	assert_string_equal(text_of(reply, 0), "OK");
	assert_true(credis_reply_fault(credis_reply_element(reply, 1), &own));
	assert_non_null(strstr(own.text, "another type"));
	assert_string_equal(text_of(reply, 2), "1");
	credis_store_free(store);
}

static void
a_pipeline_of_ten_thousand_comes_back_in_order(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "many", NULL);
	char text[32];

	for (int n = 0; n < 10000; n++) {
		snprintf(text, sizeof text, "ECHO %d", n);
		assert_true(pipe_in(pipeline, text, NULL));
	}
	const struct credis_reply *reply = credis_pipeline_run(pipeline, LOOP_LIMIT_MS, NULL);
	assert_int_equal(credis_reply_count(reply), 10000);
	for (int n = 0; n < 10000; n++)
		assert_int_equal(atoi(text_of(reply, (size_t)n)), n);
	credis_store_free(store);
}

static void
a_pipeline_whose_server_is_lost_fails_for_each_of_its_commands(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "lost", NULL);
	struct heard ready = { 0 }, heard = { 0 };
	const char *ping = "PING";

	assert_true(credis_store_command(store, 1, &ping, NULL, 0, 0, hear, &ready, NULL));
	EVENTUALLY(base, ready.answers == 1);
	redis_server_signal(server, SIGSTOP);
	for (int n = 0; n < 5; n++)
		assert_true(pipe_in(pipeline, "PING", NULL));
	assert_true(credis_pipeline_send(pipeline, 0, hear, &heard, NULL));
	loop_turn(base);
	redis_server_kill(server);
	EVENTUALLY(base, heard.answers == 1);
	assert_int_equal(heard.code, CREDIS_ELOST);
	assert_int_equal(heard.count, 5);
	redis_server_again(server);
	credis_store_free(store);
	event_base_free(base);
}

static void
a_pipeline_ends_by_its_deadline(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "late", NULL);
	struct credis_error err;

	assert_non_null(credis_store_ask_texts(store, NULL, "PING", NULL));
	assert_true(pipe_in(pipeline, "PING", NULL));
	assert_true(pipe_in(pipeline, "PING", NULL));
	redis_server_signal(server, SIGSTOP);
	assert_int_equal(credis_reply_count(credis_pipeline_run(pipeline, 100, &err)), 2);
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	redis_server_signal(server, SIGCONT);
	credis_store_free(store);
}

static void
the_results_of_a_transaction_align_with_its_commands(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	struct credis_error err;
	int64_t integer;

	assert_true(add(transaction, "SET align 41"));
	assert_true(add(transaction, "INCR align"));
	assert_true(add(transaction, "HGET align f"));
	assert_true(add(transaction, "GET align"));
	const struct credis_reply *reply = credis_transaction_run(transaction, 0, &err);
	assert_int_equal(credis_reply_count(reply), 4);
	assert_true(credis_reply_integer(credis_reply_element(reply, 1), &integer));
	assert_int_equal(integer, 42);
	assert_true(credis_reply_fault(credis_reply_element(reply, 2), NULL));
	assert_int_equal(err.code, CREDIS_ESTORE);
	assert_string_equal(text_of(reply, 3), "42");
	credis_store_free(store);
}

static void
a_user_who_may_not_say_multi_is_told_what_may_have_been_done(void **state)
{
	struct redis_server *server = *state;
	char url[160];
	struct credis_error err;

	assert_int_equal(redis_server_say(server, "ACL SETUSER jane on >apple ~* +@all -multi"), 0);
	snprintf(url, sizeof url, "unix://jane:apple@%s", server->socket);
	struct credis_store *store = credis_store_open(url, NULL, NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	assert_true(add(transaction, "SET alone 1"));
	assert_true(add(transaction, "GET"));
	assert_null(credis_transaction_run(transaction, 0, &err));
	assert_int_equal(err.code, CREDIS_EUNKNOWN);
	assert_non_null(strstr(err.text, "MULTI was refused"));
	assert_string_equal(get(store, "alone"), "1");
	credis_store_free(store);
}

static void
a_watched_key_that_changes_is_a_conflict_and_nothing_is_done(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_error err;

	for (int n = 0; n < 200; n++) {
		struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);

		assert_true(watch(transaction, "watched", &err));
		if (n % 2 == 0)
			redis_server_say(server, "SET watched %d", n);
		assert_true(add(transaction, "SET watched mine"));
		const struct credis_reply *reply = credis_transaction_run(transaction, 0, &err);
		assert_int_equal(err.code, n % 2 == 0 ? CREDIS_ECONFLICT : CREDIS_OK);
		assert_int_equal(credis_reply_count(reply), n % 2);
	}
	credis_store_free(store);
}

static void
what_is_read_while_watching_decides_what_is_written(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	const char *words[] = { "GET", "decides" };

	redis_server_say(server, "SET decides 7");
	assert_true(watch(transaction, "decides", NULL));
	const struct credis_reply *reply =
	    credis_transaction_ask(transaction, 2, words, NULL, 0, NULL);
	assert_string_equal(credis_reply_text(reply, NULL), "7");
	assert_true(add(transaction, "SET decides 8"));
	assert_non_null(credis_transaction_run(transaction, 0, NULL));
	assert_string_equal(get(store, "decides"), "8");
	credis_store_free(store);
}

/* Of each, more than a pool of two could bear if one of them kept its connection. */
static void
a_transaction_releases_its_connection_after_execabort_conflict_deadline_and_discard(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .max_connections = 2 };
	struct credis_store *store = credis_store_open(server->url, &options, NULL);
	struct credis_error err;

	for (int n = 0; n < 5; n++) {
		struct credis_transaction *aborted = credis_transaction_new(store, "t", NULL);
		struct credis_transaction *dropped = credis_transaction_new(store, "t", NULL);

		assert_true(watch(aborted, "released", &err));
		assert_true(add(aborted, "SET released 1"));
		assert_true(add(aborted, "GET"));
		assert_null(credis_transaction_run(aborted, 0, &err));
		assert_int_equal(err.code, CREDIS_ESTORE);
		assert_non_null(strstr(err.text, "GET: "));

		assert_true(watch(dropped, "released", &err));
		credis_transaction_discard(dropped);

		struct credis_transaction *late = credis_transaction_new(store, "t", NULL);
		assert_true(watch(late, "released", &err));
		assert_true(add(late, "SET late x"));
		redis_server_signal(server, SIGSTOP);
		assert_null(credis_transaction_run(late, 50, &err));
		assert_int_equal(err.code, CREDIS_EDEADLINE);
		redis_server_signal(server, SIGCONT);
	}
	assert_string_equal(get(store, "released"), "(none)");
	credis_store_free(store);
}

static void
a_connection_given_back_watches_nothing(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .max_connections = 1 };
	struct credis_store *store = credis_store_open(server->url, &options, NULL);
	struct credis_error err;

	for (int n = 0; n < 3; n++) {
		struct credis_transaction *first = credis_transaction_new(store, "t", NULL);
		assert_true(watch(first, "left", &err));
		credis_transaction_discard(first);
		redis_server_say(server, "INCR left");
		struct credis_transaction *second = credis_transaction_new(store, "t", NULL);
		assert_true(watch(second, "other", &err));
		assert_true(add(second, "GET left"));
		assert_int_equal(credis_reply_count(credis_transaction_run(second, 0, &err)), 1);
	}
	credis_store_free(store);
}

static void
a_transaction_whose_watching_connection_was_lost_is_not_executed(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	struct credis_error err;

	assert_true(watch(transaction, "gone", &err));
	assert_true(add(transaction, "SET gone 1"));
	redis_server_kill(server);
	redis_server_again(server);
	assert_null(credis_transaction_run(transaction, 0, &err));
	assert_int_equal(err.code, CREDIS_ELOST);
	assert_string_equal(get(store, "gone"), "(none)");
	credis_store_free(store);
}

struct watching {
	struct credis_transaction *transaction;
	unsigned answers;
	enum credis_code code;
};

static void
discard_again(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct watching *watching = arg;

	(void)reply;
	watching->answers++;
	watching->code = err->code;
	credis_transaction_discard(watching->transaction);
}

static void
a_watch_that_ends_with_its_transaction_may_discard_it_as_well(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	struct watching watching = { .transaction = credis_transaction_new(store, "t", NULL) };
	const char *key = "k";

	assert_true(credis_transaction_watch(watching.transaction, 1, &key, NULL, 0, discard_again,
	    &watching, NULL));
	credis_transaction_discard(watching.transaction);
	assert_int_equal(watching.answers, 1);
	assert_int_equal(watching.code, CREDIS_ELOST);
	credis_store_free(store);
	event_base_free(base);
}

static void
what_waits_when_the_store_is_freed_is_told_so_once(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "p", NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	struct heard piped = { 0 }, executed = { 0 };

	assert_true(pipe_in(pipeline, "PING", NULL));
	assert_true(add(transaction, "PING"));
	assert_true(credis_pipeline_send(pipeline, 0, hear, &piped, NULL));
	assert_true(credis_transaction_exec(transaction, 0, hear, &executed, NULL));
	credis_store_free(store);
	assert_int_equal(piped.answers, 1);
	assert_int_equal(executed.answers, 1);
	assert_int_equal(executed.code, CREDIS_ELOST);
	event_base_free(base);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_command_of_a_pipeline_has_its_own_answer_or_error),
		cmocka_unit_test(a_pipeline_of_ten_thousand_comes_back_in_order),
		cmocka_unit_test(a_pipeline_whose_server_is_lost_fails_for_each_of_its_commands),
		cmocka_unit_test(a_pipeline_ends_by_its_deadline),
		cmocka_unit_test(the_results_of_a_transaction_align_with_its_commands),
		cmocka_unit_test(a_user_who_may_not_say_multi_is_told_what_may_have_been_done),
		cmocka_unit_test(a_watched_key_that_changes_is_a_conflict_and_nothing_is_done),
		cmocka_unit_test(what_is_read_while_watching_decides_what_is_written),
		cmocka_unit_test(
		    a_transaction_releases_its_connection_after_execabort_conflict_deadline_and_discard),
		cmocka_unit_test(a_connection_given_back_watches_nothing),
		cmocka_unit_test(a_transaction_whose_watching_connection_was_lost_is_not_executed),
		cmocka_unit_test(a_watch_that_ends_with_its_transaction_may_discard_it_as_well),
		cmocka_unit_test(what_waits_when_the_store_is_freed_is_told_so_once),
	};

	return cmocka_run_group_tests_name("batch", tests, start_server, stop_server);
}
