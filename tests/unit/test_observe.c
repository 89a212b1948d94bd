/* test_observe.c: what credis/observer.h promises, against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/batch.h>
#include <credis/observer.h>

#include "redis_server.h"

struct seen {
	char before[256], after[256];
	int64_t elapsed_us;
	enum credis_code code;
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
see(char list[256], const char *name)
{
	size_t length = strlen(list);

	snprintf(list + length, 256 - length, "%s ", name);
}

static void
before(void *arg, const char *name)
{
	see(((struct seen *)arg)->before, name);
}

static void
after(void *arg, const char *name, int64_t elapsed_us, const struct credis_error *err)
{
	struct seen *seen = arg;

	see(seen->after, name);
	seen->elapsed_us = elapsed_us;
	seen->code = err->code;
}

static void
ask_some(struct credis_store *store)
{
	const char *words[] = { "SET", "k", "v" };
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "two", NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "both", NULL);

	assert_non_null(credis_store_ask_texts(store, NULL, "set", "k", "v", NULL));
	assert_true(credis_pipeline_add(pipeline, 3, words, NULL, 0, NULL));
	assert_non_null(credis_pipeline_run(pipeline, 0, NULL));
	assert_true(credis_transaction_add(transaction, 3, words, NULL, NULL));
	assert_non_null(credis_transaction_run(transaction, 0, NULL));
	assert_null(credis_store_ask_texts(store, NULL, "LPUSH", "k", "v", NULL));
}

static void
observers_are_told_before_and_after_with_name_time_and_fault(void **state)
{
	static const struct credis_observer observer = { before, after };
	struct redis_server *server = *state;
	const struct credis_store_options options = { .name = "foo" };
	struct credis_store *store = credis_store_open(server->url, &options, NULL);
	struct seen seen = { .code = CREDIS_OK };

	assert_true(credis_store_observe(store, &observer, &seen, NULL));
	ask_some(store);
	assert_string_equal(seen.before, "foo.SET foo.pipeline_two foo.pipeline_both foo.LPUSH ");
	assert_string_equal(seen.after, seen.before);
	assert_int_equal(seen.code, CREDIS_ESTORE);
	assert_true(seen.elapsed_us > 0);
	credis_store_free(store);
}

static void
a_call_that_is_not_sent_is_told_of_all_the_same(void **state)
{
	static const struct credis_observer observer = { before, after };
	const struct credis_store_options options = { .metrics = true };
	struct credis_store *store = credis_store_open("unix:///nowhere", &options, NULL);
	struct seen seen = { .code = CREDIS_OK };

	(void)state;
	assert_true(credis_store_observe(store, &observer, &seen, NULL));
	assert_null(credis_store_ask_texts(store, NULL, "GET", "k", NULL));
	assert_string_equal(seen.after, "redis.GET ");
	assert_int_equal(seen.code, CREDIS_EUNREACHABLE);
	credis_store_free(store);
}

static void
metrics_are_text_for_prometheus_under_the_known_names(void **state)
{
	static const char *const lines[] = {
		"# TYPE redis_client_latency_seconds histogram\n",
		"redis_client_requests_total{redis_client_name=\"m\",redis_database=\"0\","
		"redis_type=\"standalone\",redis_command=\"SET\",redis_success=\"true\"} 1\n",
		"redis_command=\"LPUSH\",redis_success=\"false\"} 1\n",
		"redis_command=\"pipeline_two\",redis_success=\"true\",le=\"30.0\"} 1\n",
		"redis_command=\"SET\",redis_success=\"true\",le=\"+Inf\"} 1\n",
		"redis_client_active_requests{redis_client_name=\"m\",redis_database=\"0\","
		"redis_type=\"standalone\",redis_command=\"SET\"} 0\n",
		"redis_client_pool_max_size{redis_client_name=\"m\",redis_database=\"0\","
		"redis_type=\"standalone\"} 50\n",
		"redis_client_pool_idle_connections{",
		"redis_client_pool_active_connections{",
	};
	struct redis_server *server = *state;
	const struct credis_store_options options = { .name = "m", .metrics = true };
	struct credis_store *store = credis_store_open(server->url, &options, NULL);

	ask_some(store);
	char *text = credis_store_metrics(store);
	for (size_t n = 0; n < sizeof lines / sizeof lines[0]; n++)
		if (strstr(text, lines[n]) == NULL)
			fail_msg("%s is not in\n%s", lines[n], text);
	free(text);
	credis_store_free(store);
}

static void
names_beyond_many_are_other_but_the_known_ones_go_on(void **state)
{
	const struct credis_store_options options = { .metrics = true };
	struct redis_server *server = *state;
	struct credis_store *store = credis_store_open(server->url, &options, NULL);
	char name[16];

	for (int n = 0; n < 300; n++) {
		snprintf(name, sizeof name, "NOSUCH%d", n);
		assert_null(credis_store_ask_texts(store, NULL, name, NULL));
		assert_non_null(credis_store_ask_texts(store, NULL, "GET", "k", NULL));
	}
	char *text = credis_store_metrics(store);
	assert_non_null(strstr(text, "redis_command=\"GET\",redis_success=\"true\"} 300\n"));
	assert_non_null(strstr(text, "redis_command=\"other\",redis_success=\"false\"} 45\n"));
	free(text);
	credis_store_free(store);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(observers_are_told_before_and_after_with_name_time_and_fault),
		cmocka_unit_test(a_call_that_is_not_sent_is_told_of_all_the_same),
		cmocka_unit_test(metrics_are_text_for_prometheus_under_the_known_names),
		cmocka_unit_test(names_beyond_many_are_other_but_the_known_ones_go_on),
	};

	return cmocka_run_group_tests_name("observe", tests, start_server, stop_server);
}
