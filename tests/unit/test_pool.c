/* test_pool.c: connections that calls have to themselves: opened on demand, used again, never waited for
 * without limit. Against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/store.h>

#include "loop.h"
#include "redis_server.h"

struct heard {
	unsigned answers;
	enum credis_code code;
	char text[CREDIS_ERROR_TEXT];
	int64_t id;
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
	const char *text = credis_reply_text(reply, NULL);

	heard->answers++;
	heard->code = err->code;
	credis_reply_integer(reply, &heard->id);
	snprintf(heard->text, sizeof heard->text, "%s", text != NULL ? text : err->text);
}

static bool
ask(struct credis_store *store, const char *first, const char *second, const char *third,
    int64_t timeout_ms, struct heard *heard)
{
	const char *words[] = { first, second, third };

	return credis_store_command(store,
	    third != NULL        ? 3
		: second != NULL ? 2
				 : 1,
	    words, NULL, CREDIS_EXCLUSIVE, timeout_ms, hear, heard, NULL);
}

static struct credis_pool_gauges
gauges(const struct credis_store *store)
{
	struct credis_pool_gauges gauges;

	credis_store_pool(store, &gauges);
	return gauges;
}

/* The id of the connection that a call got. */
static int64_t
connection(struct credis_store *store)
{
	const char *words[] = { "CLIENT", "ID" };
	int64_t id = 0;

	assert_true(
	    credis_reply_integer(credis_store_ask(store, 2, words, NULL, CREDIS_EXCLUSIVE, 0, NULL),
		&id));
	return id;
}

static void
a_pool_opens_on_demand_and_uses_again_what_is_idle(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);

	assert_int_equal(gauges(store).size, 0);
	assert_int_equal(gauges(store).max, 50);
	int64_t id = connection(store);
	for (int n = 0; n < 20; n++)
		assert_int_equal(connection(store), id);
	assert_int_equal(gauges(store).size, 1);
	assert_int_equal(gauges(store).idle, 1);
	assert_int_equal(gauges(store).in_use, 0);
	credis_store_free(store);
}

static void
of_idle_connections_the_last_used_comes_first(void **state)
{
	struct redis_server *server = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, NULL, NULL);
	struct heard slow = { 0 }, quick = { 0 }, again = { 0 };

	assert_true(ask(store, "BLPOP", "slow", "0", 0, &slow));
	assert_true(ask(store, "CLIENT", "ID", NULL, 0, &quick));
	EVENTUALLY(base, quick.answers == 1);
	EVENTUALLY(base, redis_server_say(server, "LPUSH slow x") >= 0 && slow.answers == 1);
	assert_int_equal(gauges(store).idle, 2);
	/* The slow one has come back last. */
	assert_true(ask(store, "CLIENT", "ID", NULL, 0, &again));
	EVENTUALLY(base, again.answers == 1);
	assert_int_not_equal(again.id, quick.id);
	assert_int_equal(gauges(store).size, 2);
	credis_store_free(store);
	event_base_free(base);
}

static void
pool_exhaustion_is_a_clear_error_after_a_bounded_wait(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .max_connections = 2, .pool_wait_ms = 200 };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard blocked = { 0 }, third = { 0 };
	int64_t began_ms = loop_now_ms();
	char sentence[200];

	assert_true(ask(store, "BLPOP", "never", "0", LOOP_LIMIT_MS, &blocked));
	assert_true(ask(store, "BLPOP", "never", "0", LOOP_LIMIT_MS, &blocked));
	assert_true(ask(store, "PING", NULL, NULL, LOOP_LIMIT_MS, &third));
	assert_int_equal(gauges(store).waiters, 1);
	EVENTUALLY(base, third.answers == 1);
	assert_true(loop_now_ms() - began_ms >= 190);
	assert_int_equal(third.code, CREDIS_EBUSY);
	snprintf(sentence, sizeof sentence, "%s: all its 2 connections are in use",
	    credis_store_where(store));
	assert_string_equal(third.text, sentence);
	assert_int_equal(gauges(store).exhausted, 1);
	assert_int_equal(gauges(store).waiters, 0);
	assert_int_equal(gauges(store).in_use, 2);
	assert_int_equal(blocked.answers, 0);
	credis_store_free(store);
	assert_int_equal(blocked.answers, 2);
	event_base_free(base);
}

static void
times_beyond_reason_are_long_and_leave_others_theirs(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .timeout_ms = INT64_MAX,
		.connect_timeout_ms = INT64_MAX,
		.backoff_ms = INT64_MAX,
		.pool_wait_ms = INT64_MAX,
		.max_connections = 1 };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard first = { 0 }, second = { 0 }, brief = { 0 }, shared = { 0 };
	const char *ping = "PING";

	assert_true(ask(store, "BLPOP", "reason", "0", INT64_MAX, &first));
	assert_true(ask(store, "BLPOP", "reason", "0", 0, &second));
	assert_true(ask(store, "BLPOP", "reason", "0", 50, &brief));
	assert_true(credis_store_command(store, 1, &ping, NULL, 0, 0, hear, &shared, NULL));
	EVENTUALLY(base, shared.answers == 1 && brief.answers == 1);
	assert_int_equal(first.answers + second.answers, 0);
	EVENTUALLY(base, redis_server_say(server, "LPUSH reason x") >= 0 && second.answers == 1);
	assert_int_equal(first.code, CREDIS_OK);
	assert_int_equal(second.code, CREDIS_OK);
	assert_int_equal(shared.code, CREDIS_OK);
	credis_store_free(store);
	event_base_free(base);
}

static void
a_thousand_calls_share_a_pool_of_three(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .pooled = true,
		.max_connections = 3,
		.pool_wait_ms = LOOP_LIMIT_MS };
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, server->url, &options, NULL);
	struct heard heard = { 0 };

	for (int n = 0; n < 1000; n++)
		assert_true(ask(store, "INCR", "shared", NULL, LOOP_LIMIT_MS, &heard));
	EVENTUALLY(base, heard.answers == 1000);
	assert_int_equal(heard.code, CREDIS_OK);
	assert_int_equal(redis_server_say(server, "INCR shared"), 1001);
	assert_int_equal(gauges(store).size, 3);
	assert_int_equal(gauges(store).idle, 3);
	credis_store_free(store);
	event_base_free(base);
}

static void
a_dead_idle_connection_is_replaced_unseen(void **state)
{
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);

	for (int n = 0; n < 5; n++) {
		int64_t id = connection(store);

		assert_int_equal(redis_server_say(server, "CLIENT KILL ID %lld", (long long)id), 1);
		assert_int_not_equal(connection(store), id);
		assert_int_equal(gauges(store).size, 1);
	}
	credis_store_free(store);
}

static void
a_connection_whose_call_ran_out_of_time_is_not_used_again(void **state)
{
	struct redis_server *server = *state;
	const struct credis_store_options options = { .max_connections = 1 };
	struct credis_store *store = credis_store_open(server->url, &options, NULL);
	const char *words[] = { "BLPOP", "nothing", "0" };
	struct credis_error err;

	for (int n = 0; n < 3; n++) {
		assert_null(credis_store_ask(store, 3, words, NULL, 0, 60, &err));
		assert_int_equal(err.code, CREDIS_EDEADLINE);
		assert_true(connection(store) > 0);
	}
	credis_store_free(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pool_opens_on_demand_and_uses_again_what_is_idle),
		cmocka_unit_test(of_idle_connections_the_last_used_comes_first),
		cmocka_unit_test(pool_exhaustion_is_a_clear_error_after_a_bounded_wait),
		cmocka_unit_test(times_beyond_reason_are_long_and_leave_others_theirs),
		cmocka_unit_test(a_thousand_calls_share_a_pool_of_three),
		cmocka_unit_test(a_dead_idle_connection_is_replaced_unseen),
		cmocka_unit_test(a_connection_whose_call_ran_out_of_time_is_not_used_again),
	};

	return cmocka_run_group_tests_name("pool", tests, start_server, stop_server);
}
