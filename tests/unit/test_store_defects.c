/* test_store_defects.c: what went wrong in older libraries, each by the name of the defect, against a real
 * redis-server. Pool exhaustion is test_pool.c's, MGET and tags test_shards.c's, lock races test_lock.c's, stale
 * caches test_cache.c's; empty and falsy values and priority queues are tests/interop/test_models.py's. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/batch.h>

#include "loop.h"
#include "redis_server.h"

static int
start_server(void **state)
{
	struct redis_server *server = malloc(sizeof *server);

	redis_server_start(server, "--requirepass", "p@ss:w/rd", NULL);
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

/* With the password in it, and more behind it. */
static char *
url_of(const struct redis_server *server, const char *more, char url[256])
{
	snprintf(url, 256, "unix://:p%%40ss%%3Aw%%2Frd@%s%s", server->socket, more);
	return url;
}

static void
password_dropped_from_a_url(void **state)
{
	const struct redis_server *server = *state;
	char url[256], without[256];
	struct credis_store *store = credis_store_open(url_of(server, "?db=3", url), NULL, NULL);
	const char *words[] = { "PING" };
	struct credis_error err;

	assert_non_null(credis_store_ask_texts(store, &err, "PING", NULL));
	assert_non_null(credis_store_ask(store, 1, words, NULL, CREDIS_EXCLUSIVE, 0, &err));
	snprintf(without, sizeof without, "%s?db=3", server->url);
	assert_string_equal(credis_store_where(store), without);
	credis_store_free(store);
}

static void
execabort_leak(void **state)
{
	char url[256];
	const struct credis_store_options options = { .max_connections = 1 };
	struct credis_store *store = credis_store_open(url_of(*state, "", url), &options, NULL);
	const char *key = "k", *wrong[] = { "GET" };
	struct credis_pool_gauges gauges;
	struct credis_error err;

	for (int n = 0; n < 20; n++) {
		struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);

		assert_true(credis_transaction_watch_wait(transaction, 1, &key, NULL, 0, &err));
		assert_true(credis_transaction_add(transaction, 1, wrong, NULL, &err));
		assert_null(credis_transaction_run(transaction, 0, &err));
		assert_int_equal(err.code, CREDIS_ESTORE);
	}
	credis_store_pool(store, &gauges);
	assert_int_equal(gauges.size, 1);
	assert_int_equal(gauges.idle, 1);
	credis_store_free(store);
}

/* It accepts, and never says a word. */
static void
never_firing_connect(void **state)
{
	struct sockaddr_in address = { .sin_family = AF_INET };
	socklen_t length = sizeof address;
	int mute = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	const struct credis_store_options options = { .connect_timeout_ms = 200 };
	char url[64];
	struct credis_error err;

	(void)state;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(mute, (struct sockaddr *)&address, length), 0);
	assert_int_equal(listen(mute, 1), 0);
	assert_int_equal(getsockname(mute, (struct sockaddr *)&address, &length), 0);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d", ntohs(address.sin_port));
	struct credis_store *store = credis_store_open(url, &options, NULL);
	int64_t began_ms = loop_now_ms();
	assert_null(credis_store_ask_texts(store, &err, "PING", NULL));
	assert_int_equal(err.code, CREDIS_EUNREACHABLE);
	assert_in_range(loop_now_ms() - began_ms, 190, 5000);
	credis_store_free(store);
	close(mute);
}

static void
waits_without_limit(void **state)
{
	char url[256];
	struct credis_store *store =
	    credis_store_open(url_of(*state, "?socket_timeout=0.2", url), NULL, NULL);
	struct credis_error err;
	int64_t began_ms = loop_now_ms();

	assert_null(credis_store_ask_texts(store, &err, "BLPOP", "never", "0", NULL));
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	assert_in_range(loop_now_ms() - began_ms, 190, 5000);
	credis_store_free(store);
}

static void
whole_second_timeouts(void **state)
{
	struct redis_server *server = *state;
	char url[256];
	struct credis_store *store = credis_store_open(url_of(server, "", url), NULL, NULL);
	const char *words[] = { "PING" };
	struct credis_error err;

	assert_non_null(credis_store_ask(store, 1, words, NULL, 0, 0, &err));
	redis_server_signal(server, SIGSTOP);
	int64_t began_ms = loop_now_ms();
	assert_null(credis_store_ask(store, 1, words, NULL, 0, 30, &err));
	int64_t took_ms = loop_now_ms() - began_ms;
	redis_server_signal(server, SIGCONT);
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	assert_in_range(took_ms, 29, 900);
	credis_store_free(store);
}

struct inside {
	struct credis_store *store;
	bool called;
	struct credis_error err;
};

static void
block_inside(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct inside *inside = arg;

	(void)reply, (void)err;
	inside->called = true;
	assert_null(credis_store_ask_texts(inside->store, &inside->err, "PING", NULL));
	credis_store_run(inside->store, 100);
}

/* It would wait for an event loop that cannot run. */
static void
a_blocking_call_inside_a_callback(void **state)
{
	char url[256];
	struct inside inside = { .store = credis_store_open(url_of(*state, "", url), NULL, NULL) };
	const char *words[] = { "PING" };

	assert_true(
	    credis_store_command(inside.store, 1, words, NULL, 0, 0, block_inside, &inside, NULL));
	assert_non_null(credis_store_ask_texts(inside.store, NULL, "PING", NULL));
	assert_true(inside.called);
	assert_int_equal(inside.err.code, CREDIS_EINVAL);
	assert_string_equal(inside.err.text, "a call from inside a callback cannot block");
	credis_store_free(inside.store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(password_dropped_from_a_url),
		cmocka_unit_test(execabort_leak),
		cmocka_unit_test(never_firing_connect),
		cmocka_unit_test(waits_without_limit),
		cmocka_unit_test(whole_second_timeouts),
		cmocka_unit_test(a_blocking_call_inside_a_callback),
	};

	return cmocka_run_group_tests_name("store, older defects", tests, start_server,
	    stop_server);
}
