/* test_store.c: what credis/store.h promises, against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/store.h>

#include <pthread.h>

#include "loop.h"
#include "redis_server.h"

struct heard {
	unsigned answers, messages;
	enum credis_code code;
	char text[64], channel[64];
	unsigned subscribed, resubscribed;
	struct credis_store *frees;
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
hear_reply(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct heard *heard = arg;
	const char *text = credis_reply_text(reply, NULL);

	heard->answers++;
	heard->code = err->code;
	snprintf(heard->text, sizeof heard->text, "%s", text != NULL ? text : "(none)");
	credis_store_free(heard->frees);
	heard->frees = NULL;
}

static bool
ask(struct credis_store *store, struct heard *heard, int64_t timeout_ms, const char *command,
    const char *argument, struct credis_error *err)
{
	const char *words[] = { command, argument };

	return credis_store_command(store, argument != NULL ? 2 : 1, words, NULL, 0, timeout_ms,
	    hear_reply, heard, err);
}

static void
a_blocking_store_sets_and_gets_bytes_of_any_kind(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	const char *words[] = { "SET", "k", "a\0b" };
	const size_t lengths[] = { 3, 1, 3 };
	struct credis_error err;
	size_t length;
	int64_t integer;
	double real;

	assert_non_null(credis_store_ask(store, 3, words, lengths, 0, 0, &err));
	assert_int_equal(err.code, CREDIS_OK);
	const struct credis_reply *reply = credis_store_ask_texts(store, &err, "GET", "k", NULL);
	assert_memory_equal(credis_reply_text(reply, &length), "a\0b", 3);
	assert_int_equal(length, 3);
	reply = credis_store_ask_texts(store, &err, "GET", "none", NULL);
	assert_non_null(reply);
	assert_int_equal(credis_reply_kind(reply), CREDIS_REPLY_NIL);
	assert_true(
	    credis_reply_integer(credis_store_ask_texts(store, &err, "INCRBY", "n", "-7", NULL),
		&integer));
	assert_int_equal(integer, -7);
	assert_non_null(credis_store_ask_texts(store, &err, "ZADD", "z", "-inf", "m", NULL));
	assert_true(credis_reply_real(credis_store_ask_texts(store, &err, "ZSCORE", "z", "m", NULL),
	    &real));
	assert_true(real < -1e308);
	reply = credis_store_ask_texts(store, &err, "MGET", "n", "none", NULL);
	struct credis_reply *copy = credis_reply_copy(reply);
	assert_non_null(credis_store_ask_texts(store, &err, "PING", NULL));
	assert_int_equal(credis_reply_count(copy), 2);
	assert_string_equal(credis_reply_text(credis_reply_element(copy, 0), NULL), "-7");
	assert_int_equal(credis_reply_kind(credis_reply_element(copy, 1)), CREDIS_REPLY_NIL);
	credis_reply_free(copy);
	credis_store_free(store);
}

static void
an_error_of_the_server_is_an_error_of_the_call(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_error err;

	assert_null(credis_store_ask_texts(store, &err, "GET", NULL));
	assert_int_equal(err.code, CREDIS_ESTORE);
	assert_non_null(strstr(err.text, "wrong number of arguments"));
	assert_null(credis_store_ask_texts(store, &err, "subscribe", "c", NULL));
	assert_string_equal(err.text,
	    "SUBSCRIBE: a store cannot take it: its connection is shared");
	credis_store_free(store);
}

static void
opening_a_store_without_a_server_succeeds_and_its_calls_fail_at_once(void **state)
{
	struct credis_store *store = credis_store_open("unix:///nowhere/redis.sock", NULL, NULL);
	struct credis_error err;
	int64_t began_ms = loop_now_ms();

	(void)state;
	assert_non_null(store);
	for (int n = 0; n < 3; n++) {
		assert_null(credis_store_ask_texts(store, &err, "PING", NULL));
		assert_int_equal(err.code, CREDIS_EUNREACHABLE);
	}
	assert_true(loop_now_ms() - began_ms < 5000);
	credis_store_free(store);
}

static void
a_waiting_store_waits_for_the_server_but_not_for_ever(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .wait = true, .backoff_ms = 50 };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard brief = { 0 }, patient = { 0 };

	redis_server_kill(server);
	assert_true(ask(store, &brief, 50, "PING", NULL, NULL));
	assert_true(ask(store, &patient, LOOP_LIMIT_MS, "PING", "late", NULL));
	EVENTUALLY(base, brief.answers == 1);
	assert_int_equal(brief.code, CREDIS_EUNREACHABLE);
	assert_int_equal(patient.answers, 0);
	redis_server_again(server);
	EVENTUALLY(base, patient.answers == 1);
	assert_string_equal(patient.text, "late");
	credis_store_free(store);
	event_base_free(base);
}

struct told {
	struct credis_store *store;
	struct heard heard;
};

static void
set_when_up(void *arg, enum credis_store_state state, const char *where,
    const struct credis_error *why)
{
	struct told *told = arg;
	const char *words[] = { "SET", "order", "second" };

	(void)where, (void)why;
	if (state == CREDIS_STORE_UP)
		assert_true(credis_store_command(told->store, 3, words, NULL, 0, 0, hear_reply,
		    &told->heard, NULL));
}

static void
what_was_held_goes_before_what_is_called_for_as_the_server_comes_up(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct told told = { 0 };
	const struct credis_store_options options = { .on_state = set_when_up, .arg = &told };
	const char *words[] = { "SET", "order", "first" };
	struct heard heard = { 0 };

	told.store = credis_store_new(base, server->url, &options, NULL);
	assert_true(
	    credis_store_command(told.store, 3, words, NULL, 0, 0, hear_reply, &heard, NULL));
	EVENTUALLY(base, heard.answers + told.heard.answers == 2);
	assert_true(ask(told.store, &heard, 0, "GET", "order", NULL));
	EVENTUALLY(base, heard.answers == 2);
	assert_string_equal(heard.text, "second");
	credis_store_free(told.store);
	event_base_free(base);
}

static void
a_server_that_does_not_answer_costs_a_deadline_of_milliseconds(void **state)
{
	struct redis_server *server = *state;
	char url[160];
	struct credis_error err;

	snprintf(url, sizeof url, "%s?socket_timeout=0.25", server->url);
	struct credis_store *store = credis_store_open(url, NULL, NULL);
	assert_non_null(credis_store_ask_texts(store, &err, "PING", NULL));
	redis_server_signal(server, SIGSTOP);
	int64_t began_ms = loop_now_ms();
	assert_null(credis_store_ask_texts(store, &err, "PING", NULL));
	int64_t took_ms = loop_now_ms() - began_ms;
	redis_server_signal(server, SIGCONT);
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	assert_in_range(took_ms, 245, 900);
	const struct credis_reply *reply =
	    credis_store_ask_texts(store, &err, "PING", "mine", NULL);
	assert_string_equal(credis_reply_text(reply, NULL), "mine");
	credis_store_free(store);
}

static void
a_deadline_of_milliseconds_is_kept_to_milliseconds(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	const char *ping = "PING";
	int64_t shortest_ms = LOOP_LIMIT_MS;
	struct credis_error err;

	for (int n = 0; n < 20; n++) {
		assert_non_null(credis_store_ask_texts(store, NULL, "PING", NULL));
		redis_server_signal(server, SIGSTOP);
		int64_t began_ms = loop_now_ms();
		assert_null(credis_store_ask(store, 1, &ping, NULL, 0, 6, &err));
		int64_t took_ms = loop_now_ms() - began_ms;
		redis_server_signal(server, SIGCONT);
		assert_int_equal(err.code, CREDIS_EDEADLINE);
		shortest_ms = took_ms < shortest_ms ? took_ms : shortest_ms;
	}
	assert_in_range(shortest_ms, 5, 9);
	credis_store_free(store);
}

static void
commands_under_way_are_answered_once_when_the_connection_is_lost(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .backoff_ms = 50,
		.timeout_ms = LOOP_LIMIT_MS };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard heard = { 0 }, lost = { 0 };

	assert_true(ask(store, &heard, 0, "PING", NULL, NULL));
	EVENTUALLY(base, heard.answers == 1);
	redis_server_signal(server, SIGSTOP);
	for (int n = 0; n < 100; n++)
		assert_true(ask(store, &lost, 0, "PING", NULL, NULL));
	loop_turn(base);
	redis_server_kill(server);
	EVENTUALLY(base, lost.answers == 100);
	assert_int_equal(lost.code, CREDIS_ELOST);
	redis_server_again(server);
	credis_store_free(store);
	event_base_free(base);
}

static void
an_answer_may_free_the_store(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	struct heard first = { .frees = store }, second = { 0 };

	assert_true(ask(store, &first, 0, "PING", NULL, NULL));
	assert_true(ask(store, &second, 0, "PING", NULL, NULL));
	EVENTUALLY(base, second.answers == 1);
	assert_int_equal(first.code, CREDIS_OK);
	assert_int_equal(second.code, CREDIS_ELOST);
	event_base_free(base);
}

static void
hear_message(void *arg, const char *channel, const char *payload, size_t length)
{
	struct heard *heard = arg;

	snprintf(heard->channel, sizeof heard->channel, "%s", channel);
	heard->messages++;
	snprintf(heard->text, sizeof heard->text, "%.*s", (int)length, payload);
}

static void
hear_event(void *arg, enum credis_subscription_event event, const struct credis_error *why)
{
	struct heard *heard = arg;

	(void)why;
	heard->subscribed += event == CREDIS_SUBSCRIBED;
	heard->resubscribed += event == CREDIS_RESUBSCRIBED;
}

static void
a_subscription_is_restored_after_a_loss_and_says_so(void **state)
{
	static const struct credis_listener listener = { hear_message, hear_event };
	struct redis_server *server = *state;
	const struct credis_store_options options = { .backoff_ms = 50 };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard heard = { 0 };
	struct credis_subscription *subscription =
	    credis_subscribe(store, "c", &listener, &heard, NULL);

	EVENTUALLY(base, heard.subscribed == 1);
	assert_true(credis_subscription_connection(subscription) > 0);
	redis_server_kill(server);
	redis_server_again(server);
	EVENTUALLY(base, heard.resubscribed == 1 && credis_subscription_is_live(subscription));
	redis_server_say(server, "PUBLISH c again");
	EVENTUALLY(base, heard.messages == 1);
	assert_string_equal(heard.text, "again");
	credis_unsubscribe(subscription);
	credis_store_free(store);
	event_base_free(base);
}

static void
ping_until(struct credis_store *store, const unsigned *count)
{
	int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS;

	while (*count == 0 && loop_now_ms() < limit_ms)
		assert_non_null(credis_store_ask_texts(store, NULL, "PING", NULL));
	assert_int_equal(*count, 1);
}

/* A blocking call waits on its own connection: the others must have their turn all the same. */
static void
a_message_is_heard_by_one_who_makes_blocking_calls_only(void **state)
{
	static const struct credis_listener listener = { hear_message, hear_event };
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct heard heard = { 0 };
	struct credis_subscription *subscription =
	    credis_subscribe(store, "c", &listener, &heard, NULL);

	ping_until(store, &heard.subscribed);
	redis_server_say(server, "PUBLISH c meanwhile");
	ping_until(store, &heard.messages);
	assert_string_equal(heard.text, "meanwhile");
	credis_unsubscribe(subscription);
	credis_store_free(store);
}

static void
a_store_runs_as_long_as_it_is_told_also_between_blocking_calls(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	unsigned long_ones = 0;

	for (int n = 0; n < 10; n++) {
		assert_non_null(credis_store_ask_texts(store, NULL, "PING", NULL));
		int64_t began_ms = loop_now_ms();
		credis_store_run(store, 30);
		long_ones += loop_now_ms() - began_ms >= 29;
	}
	assert_in_range(long_ones, 9, 10);
	credis_store_free(store);
}

static void
a_pattern_hears_the_channels_that_match_by_their_names(void **state)
{
	static const struct credis_listener listener = { hear_message, hear_event };
	struct redis_server *server = *state;
	const struct credis_store_options options = { .backoff_ms = 50 };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard heard = { 0 }, plain = { 0 };
	struct credis_subscription *subscription =
	    credis_subscribe_pattern(store, "dome.*", &listener, &heard, NULL);
	struct credis_subscription *literal =
	    credis_subscribe(store, "dome.*", &listener, &plain, NULL);

	EVENTUALLY(base, heard.subscribed == 1 && plain.subscribed == 1);
	redis_server_say(server, "PUBLISH other.az 1");
	redis_server_say(server, "PUBLISH dome.az 12");
	EVENTUALLY(base, heard.messages == 1);
	assert_string_equal(heard.text, "12");
	assert_string_equal(heard.channel, "dome.az");
	redis_server_kill(server);
	redis_server_again(server);
	EVENTUALLY(base, heard.resubscribed == 1 && credis_subscription_is_live(subscription));
	redis_server_say(server, "PUBLISH dome.el 3");
	EVENTUALLY(base, heard.messages == 2);
	assert_string_equal(heard.channel, "dome.el");
	assert_int_equal(plain.messages, 0);
	credis_unsubscribe(subscription);
	credis_unsubscribe(literal);
	credis_store_free(store);
	event_base_free(base);
}

static void *
count_up(void *url)
{
	struct credis_store *store = credis_store_open(url, NULL, NULL);
	uintptr_t done = 0;

	for (int n = 0; n < 100; n++)
		done += credis_store_ask_texts(store, NULL, "INCR", "threads", NULL) != NULL;
	credis_store_free(store);
	return (void *)done;
}

static void
many_threads_use_many_stores(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	pthread_t threads[8];
	void *done;

	assert_non_null(credis_store_ask_texts(store, NULL, "DEL", "threads", NULL));
	for (int n = 0; n < 8; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, count_up, server->url), 0);
	for (int n = 0; n < 8; n++) {
		pthread_join(threads[n], &done);
		assert_int_equal((uintptr_t)done, 100);
	}
	const struct credis_reply *reply =
	    credis_store_ask_texts(store, NULL, "GET", "threads", NULL);
	assert_string_equal(credis_reply_text(reply, NULL), "800");
	credis_store_free(store);
}

static void
a_command_that_blocks_keeps_no_other_waiting_and_ends_by_its_deadline(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	const char *words[] = { "BLPOP", "list", "0" };
	struct heard blocked = { 0 }, ping = { 0 }, popped = { 0 };

	assert_true(
	    credis_store_command(store, 3, words, NULL, 0, 300, hear_reply, &blocked, NULL));
	assert_true(ask(store, &ping, 0, "PING", "meanwhile", NULL));
	EVENTUALLY(base, ping.answers == 1);
	assert_int_equal(blocked.answers, 0);
	assert_string_equal(ping.text, "meanwhile");
	EVENTUALLY(base, blocked.answers == 1);
	assert_int_equal(blocked.code, CREDIS_EDEADLINE);
	assert_true(credis_store_command(store, 3, words, NULL, 0, LOOP_LIMIT_MS, hear_reply,
	    &popped, NULL));
	EVENTUALLY(base, redis_server_say(server, "LPUSH list x") >= 0 && popped.answers == 1);
	assert_int_equal(popped.code, CREDIS_OK);
	credis_store_free(store);
	event_base_free(base);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_blocking_store_sets_and_gets_bytes_of_any_kind),
		cmocka_unit_test(an_error_of_the_server_is_an_error_of_the_call),
		cmocka_unit_test(
		    opening_a_store_without_a_server_succeeds_and_its_calls_fail_at_once),
		cmocka_unit_test(a_waiting_store_waits_for_the_server_but_not_for_ever),
		cmocka_unit_test(
		    what_was_held_goes_before_what_is_called_for_as_the_server_comes_up),
		cmocka_unit_test(a_server_that_does_not_answer_costs_a_deadline_of_milliseconds),
		cmocka_unit_test(a_deadline_of_milliseconds_is_kept_to_milliseconds),
		cmocka_unit_test(commands_under_way_are_answered_once_when_the_connection_is_lost),
		cmocka_unit_test(an_answer_may_free_the_store),
		cmocka_unit_test(a_subscription_is_restored_after_a_loss_and_says_so),
		cmocka_unit_test(a_message_is_heard_by_one_who_makes_blocking_calls_only),
		cmocka_unit_test(a_store_runs_as_long_as_it_is_told_also_between_blocking_calls),
		cmocka_unit_test(a_pattern_hears_the_channels_that_match_by_their_names),
		cmocka_unit_test(many_threads_use_many_stores),
		cmocka_unit_test(
		    a_command_that_blocks_keeps_no_other_waiting_and_ends_by_its_deadline),
	};

	return cmocka_run_group_tests_name("store", tests, start_server, stop_server);
}
