/* test_shards.c: keys over several servers, and reads from replicas, against real redis-servers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/batch.h>

#include "core/ring.h"
#include "loop.h"
#include "redis_server.h"

enum { NODES = 3, KEYS = 60 };

struct shards {
	struct redis_server servers[NODES];
	const char *urls[NODES];
	char texts[NODES][64];
	struct credis_store_options options;
};

struct keys {
	char texts[KEYS][16];
	const char *argv[2 * KEYS + 1];
};

static int
start_servers(void **state)
{
	struct shards *shards = calloc(1, sizeof *shards);

	for (int n = 0; n < NODES; n++) {
		redis_server_start_on_port(&shards->servers[n], "--port", NULL);
		snprintf(shards->texts[n], sizeof shards->texts[n], "redis://127.0.0.1:%d",
		    shards->servers[n].port);
		shards->urls[n] = shards->texts[n];
	}
	shards->options = (struct credis_store_options){ .nodes = shards->urls,
		.node_count = NODES,
		.timeout_ms = 20000,
		.backoff_ms = 50 };
	*state = shards;
	return 0;
}

static int
stop_servers(void **state)
{
	struct shards *shards = *state;

	for (int n = 0; n < NODES; n++)
		redis_server_stop(&shards->servers[n]);
	free(shards);
	return 0;
}

/* "MGET", key 0, key 1 …; with values: "MSET", key 0, "value of 0" … */
static const char *const *
with_keys(struct keys *keys, const char *name)
{
	keys->argv[0] = name;
	for (int n = 0; n < KEYS; n++) {
		snprintf(keys->texts[n], sizeof keys->texts[n], "key:%d", n);
		keys->argv[n + 1] = keys->texts[n];
	}
	return keys->argv;
}

static const char *const *
with_values(struct keys *keys)
{
	with_keys(keys, "MSET");
	for (int n = 0; n < KEYS; n++)
		keys->argv[2 * n + 1] = keys->argv[2 * n + 2] = keys->texts[n];
	return keys->argv;
}

static size_t
shard_of(const struct credis_store *store, const char *key)
{
	return credis_store_shard(store, key, strlen(key));
}

static void
a_key_lies_where_the_ring_of_host_and_port_says(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	char names[NODES][32];
	const char *list[NODES];
	char key[16];

	for (int n = 0; n < NODES; n++) {
		snprintf(names[n], sizeof names[n], "127.0.0.1:%d", shards->servers[n].port);
		list[n] = names[n];
	}
	struct ring *ring = ring_new(list, NODES);
	for (int n = 0; n < 200; n++) {
		snprintf(key, sizeof key, "at:%d", n);
		size_t node = ring_find(ring, key, strlen(key));
		assert_int_equal(shard_of(store, key), node);
		assert_non_null(credis_store_ask_texts(store, NULL, "SET", key, "x", NULL));
		assert_int_equal(redis_server_say(&shards->servers[node], "DEL %s", key), 1);
	}
	ring_free(ring);
	credis_store_free(store);
}

static void
mget_order_and_tags_are_those_of_the_caller(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	struct keys keys;
	struct credis_error err;
	int64_t count;

	assert_non_null(
	    credis_store_ask(store, 2 * KEYS + 1, with_values(&keys), NULL, 0, 0, &err));
	const struct credis_reply *reply =
	    credis_store_ask(store, KEYS + 1, with_keys(&keys, "mget"), NULL, 0, 0, &err);
	assert_int_equal(credis_reply_count(reply), KEYS);
	for (int n = 0; n < KEYS; n++)
		assert_string_equal(credis_reply_text(credis_reply_element(reply, (size_t)n), NULL),
		    keys.texts[n]);
	reply = credis_store_ask(store, KEYS + 1, with_keys(&keys, "EXISTS"), NULL, 0, 0, &err);
	assert_true(credis_reply_integer(reply, &count));
	assert_int_equal(count, KEYS);
	reply = credis_store_ask(store, KEYS + 1, with_keys(&keys, "DEL"), NULL, 0, 0, &err);
	assert_true(credis_reply_integer(reply, &count));
	assert_int_equal(count, KEYS);
	for (int n = 0; n < KEYS; n++) {
		snprintf(keys.texts[n], sizeof keys.texts[n], "%d{tag}", n);
		assert_int_equal(shard_of(store, keys.texts[n]), shard_of(store, "tag"));
	}
	credis_store_free(store);
}

static void
what_cannot_be_sharded_is_refused_by_name(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	struct credis_error err;
	char other[16];
	int n = 0;

	assert_null(credis_store_ask_texts(store, &err, "KEYS", "*", NULL));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_string_equal(err.text, "KEYS: it has no key that tells which shard it is for");
	assert_null(credis_store_ask_texts(store, &err, "NOSUCH", "a", NULL));
	assert_string_equal(err.text, "NOSUCH: it has no key that tells which shard it is for");
	do
		snprintf(other, sizeof other, "o%d", n++);
	while (shard_of(store, other) == shard_of(store, "a"));
	assert_null(credis_store_ask_texts(store, &err, "RENAME", "a", other, NULL));
	assert_string_equal(err.text, "RENAME: its keys lie on different shards");
	assert_null(credis_store_ask_texts(store, &err, "MSET", "a", "1", "b", NULL));
	assert_string_equal(err.text, "MSET: it has too few words");
	assert_null(credis_store_ask_texts(store, &err, "GET", NULL));
	assert_string_equal(err.text, "GET: it has too few words");
	assert_non_null(
	    credis_store_ask_texts(store, &err, "EVAL", "return 1", "2", "a{t}", "b{t}", NULL));
	credis_store_free(store);
}

static void
a_dead_shard_fails_only_its_own_keys_and_within_the_deadline(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	struct keys keys;
	struct credis_error err, own;
	size_t failed = 0;

	assert_non_null(
	    credis_store_ask(store, 2 * KEYS + 1, with_values(&keys), NULL, 0, 0, &err));
	redis_server_kill(&shards->servers[1]);
	int64_t began_ms = loop_now_ms();
	const struct credis_reply *reply =
	    credis_store_ask(store, KEYS + 1, with_keys(&keys, "MGET"), NULL, 0, 0, &err);
	assert_true(loop_now_ms() - began_ms < 20000);
	assert_true(err.code == CREDIS_EUNREACHABLE || err.code == CREDIS_ELOST);
	assert_int_equal(credis_reply_count(reply), KEYS);
	for (size_t n = 0; n < KEYS; n++) {
		bool bad = credis_reply_fault(credis_reply_element(reply, n), &own);

		assert_int_equal(bad, shard_of(store, keys.texts[n]) == 1);
		failed += bad;
	}
	assert_in_range(failed, 1, KEYS - 1);
	redis_server_again(&shards->servers[1]);
	credis_store_free(store);
}

static void
a_pipeline_goes_to_all_shards_and_comes_back_in_order(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	struct credis_pipeline *pipeline = credis_pipeline_new(store, "p", NULL);
	struct keys keys;

	with_keys(&keys, "GET");
	for (int n = 0; n < KEYS; n++) {
		const char *words[] = { "GETSET", keys.texts[n], keys.texts[n] };
		const char *again[] = { "GET", keys.texts[n] };

		assert_true(credis_pipeline_add(pipeline, 3, words, NULL, 0, NULL));
		assert_true(credis_pipeline_add(pipeline, 2, again, NULL, 0, NULL));
	}
	const struct credis_reply *reply = credis_pipeline_run(pipeline, 0, NULL);
	for (size_t n = 0; n < KEYS; n++)
		assert_string_equal(credis_reply_text(credis_reply_element(reply, 2 * n + 1), NULL),
		    keys.texts[n]);
	credis_store_free(store);
}

static void
a_transaction_keeps_to_one_shard(void **state)
{
	struct shards *shards = *state;
	struct credis_store *store = credis_store_open(NULL, &shards->options, NULL);
	struct credis_transaction *transaction = credis_transaction_new(store, "t", NULL);
	const char *first[] = { "SET", "a", "1" };
	char other[16];
	const char *second[] = { "SET", other, "1" };
	struct credis_error err;
	int n = 0;

	do
		snprintf(other, sizeof other, "o%d", n++);
	while (shard_of(store, other) == shard_of(store, "a"));
	assert_true(credis_transaction_add(transaction, 3, first, NULL, &err));
	assert_false(credis_transaction_add(transaction, 3, second, NULL, &err));
	assert_string_equal(err.text, "SET: the keys of a transaction must lie on one shard");
	assert_int_equal(credis_reply_count(credis_transaction_run(transaction, 0, &err)), 1);
	credis_store_free(store);
}

/* Any other server will do for a replica: what it answers shows who was asked. */
static void
reads_go_to_a_replica_unless_the_primary_is_asked_for(void **state)
{
	struct shards *shards = *state;
	const struct credis_store_options options = { .replicas = &shards->urls[1],
		.replica_count = 1,
		.backoff_ms = 50 };
	struct credis_store *store = credis_store_open(shards->urls[0], &options, NULL);
	const char *words[] = { "GET", "who" };
	const char *text;

	assert_int_equal(redis_server_say(&shards->servers[1], "SET who replica"), 0);
	for (int n = 0; n < 1000; n++) {
		assert_non_null(credis_store_ask_texts(store, NULL, "SET", "who", "primary", NULL));
		text = credis_reply_text(credis_store_ask(store, 2, words, NULL, 0, 0, NULL), NULL);
		if (strcmp(text, "replica") == 0)
			break;
	}
	assert_string_equal(text, "replica");
	assert_string_equal(credis_reply_text(credis_store_ask(store, 2, words, NULL,
						  CREDIS_PRIMARY, 0, NULL),
				NULL),
	    "primary");
	redis_server_kill(&shards->servers[1]);
	assert_non_null(credis_store_ask_texts(store, NULL, "SET", "who", "primary", NULL));
	assert_string_equal(credis_reply_text(credis_store_ask(store, 2, words, NULL, 0, 0, NULL),
				NULL),
	    "primary");
	redis_server_again(&shards->servers[1]);
	credis_store_free(store);
}

static void
put_name_everywhere(const struct redis_server *server, const char *name)
{
	assert_int_equal(redis_server_say(server, "FLUSHALL"), 0);
	assert_int_equal(redis_server_say(server, "SET %s x", name), 0);
	assert_int_equal(redis_server_say(server, "HSET {of}h %s x", name), 1);
	assert_int_equal(redis_server_say(server, "SADD {of}s %s", name), 1);
	assert_int_equal(redis_server_say(server, "ZADD {of}z 1 %s", name), 1);
}

static void
walks_with_a_cursor_go_to_the_primary(void **state)
{
	static const char *const walks[][6] = { { "SCAN", "0", "MATCH", "[pr]*", "COUNT", "100" },
		{ "HSCAN", "{of}h", "0" }, { "SSCAN", "{of}s", "0" }, { "ZSCAN", "{of}z", "0" } };
	struct shards *shards = *state;
	const struct credis_store_options options = { .replicas = &shards->urls[1],
		.replica_count = 2 };
	struct credis_store *store = credis_store_open(shards->urls[0], &options, NULL);
	int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS;
	const struct credis_reply *reply;

	for (int n = 0; n < NODES; n++)
		put_name_everywhere(&shards->servers[n], n == 0 ? "primary" : "replica");
	do
		reply = credis_store_ask_texts(store, NULL, "KEYS", "replica", NULL);
	while (credis_reply_count(reply) == 0 && loop_now_ms() < limit_ms);
	for (size_t n = 0; n < sizeof walks / sizeof walks[0]; n++) {
		reply = credis_store_ask(store, n == 0 ? 6 : 3, walks[n], NULL, 0, 0, NULL);
		reply = credis_reply_element(credis_reply_element(reply, 1), 0);
		assert_string_equal(credis_reply_text(reply, NULL), "primary");
	}
	credis_store_free(store);
}

static void
a_store_has_a_url_or_nodes_and_says_so(void **state)
{
	struct shards *shards = *state;
	struct credis_store_options options = shards->options;
	struct credis_error err;

	assert_null(credis_store_open(NULL, NULL, &err));
	assert_string_equal(err.text, "a store has a URL, or nodes");
	assert_null(credis_store_open(shards->urls[0], &options, &err));
	options.replicas = shards->urls;
	options.replica_count = 1;
	assert_null(credis_store_open(NULL, &options, &err));
	assert_string_equal(err.text, "a store with nodes has no replicas");
}

static void
a_node_that_is_there_twice_is_refused(void **state)
{
	const char *const nodes[] = { "redis://a:1", "redis://b:1", "redis://u:pw@a:1/5" };
	const struct credis_store_options options = { .nodes = nodes, .node_count = 3 };
	struct credis_error err;

	(void)state;
	assert_null(credis_store_open(NULL, &options, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_string_equal(err.text, "the node a:1 is there twice");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_key_lies_where_the_ring_of_host_and_port_says),
		cmocka_unit_test(mget_order_and_tags_are_those_of_the_caller),
		cmocka_unit_test(what_cannot_be_sharded_is_refused_by_name),
		cmocka_unit_test(a_dead_shard_fails_only_its_own_keys_and_within_the_deadline),
		cmocka_unit_test(a_pipeline_goes_to_all_shards_and_comes_back_in_order),
		cmocka_unit_test(a_transaction_keeps_to_one_shard),
		cmocka_unit_test(reads_go_to_a_replica_unless_the_primary_is_asked_for),
		cmocka_unit_test(walks_with_a_cursor_go_to_the_primary),
		cmocka_unit_test(a_store_has_a_url_or_nodes_and_says_so),
		cmocka_unit_test(a_node_that_is_there_twice_is_refused),
	};

	return cmocka_run_group_tests_name("shards", tests, start_servers, stop_servers);
}
