/* test_cache.c: what credis/cache.h promises, on a real server: remembered while announced, forgotten on doubt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/cache.h>

#include "loop.h"
#include "model/answer.h"
#include "model/lru.h"
#include "redis_server.h"

struct stage {
	struct redis_server server;
	struct event_base *base;
	struct credis_store *store;
	struct credis_cache *cache;
	unsigned answers;
	char text[64]; /* of the last answer; "-" for nil, "!" for an error */
	unsigned live, lost;
};

static void
start(struct stage *stage)
{
	memset(stage, 0, sizeof *stage);
	redis_server_start(&stage->server, NULL);
	stage->base = event_base_new();
	stage->store = credis_store_new(stage->base, stage->server.url,
	    &(struct credis_store_options){ .backoff_ms = 50 }, NULL);
	assert_non_null(stage->store);
}

static void
stop(struct stage *stage)
{
	credis_cache_free(stage->cache);
	credis_store_free(stage->store);
	event_base_free(stage->base);
	redis_server_stop(&stage->server);
}

static void
on_live(void *arg, bool live, const struct credis_error *why)
{
	struct stage *stage = arg;

	assert_int_equal(live, why->code == CREDIS_OK);
	stage->live += live;
	stage->lost += !live;
}

/* Raw values, so that a test can write them with a plain SET. */
static void
open_cache(struct stage *stage, struct credis_cache_options options)
{
	struct credis_error err;

	options.on_live = on_live;
	options.arg = stage;
	stage->cache = credis_cache_new(stage->store, "ns", CREDIS_AS_RAW, &options, &err);
	assert_non_null(stage->cache);
	EVENTUALLY(stage->base, credis_cache_is_live(stage->cache));
	assert_int_equal(stage->live, 1);
}

static void
read_answer(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	struct stage *stage = arg;

	stage->answers++;
	strcpy(stage->text, "!");
	if (err->code != CREDIS_OK)
		return;
	switch (answer->kind) {
	case CREDIS_ANSWER_VALUE:
		snprintf(stage->text, sizeof stage->text, "%s", answer->items[0].text);
		break;
	case CREDIS_ANSWER_INTEGER:
		snprintf(stage->text, sizeof stage->text, "%d", (int)answer->integer);
		break;
	case CREDIS_ANSWER_DONE: strcpy(stage->text, "done"); break;
	default: strcpy(stage->text, "-");
	}
}

static void
call(struct stage *stage, const char *operation, const char *key, const char *value)
{
	const char *words[] = { key, value };

	assert_true(credis_cache_call(stage->cache, operation, value != NULL ? 2 : 1, words, NULL,
	    0, read_answer, stage, NULL));
}

static const char *
ask(struct stage *stage, const char *operation, const char *key, const char *value)
{
	unsigned before = stage->answers;

	call(stage, operation, key, value);
	assert_int_equal(stage->answers, before); /* never inside the call */
	EVENTUALLY(stage->base, stage->answers == before + 1);
	return stage->text;
}

static struct credis_cache_statistics
statistics(const struct stage *stage)
{
	struct credis_cache_statistics now;

	credis_cache_statistics(stage->cache, &now);
	return now;
}

static bool
knows(struct stage *stage, const char *key)
{
	return credis_cache_find(stage->cache, key, strlen(key)) != NULL;
}

static void
what_was_read_is_remembered_and_so_is_what_is_not_there(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	redis_server_say(&stage.server, "SET ns/k v");
	assert_false(knows(&stage, "k"));
	assert_string_equal(ask(&stage, "get", "k", NULL), "v");
	assert_string_equal(ask(&stage, "get", "none", NULL), "-");
	assert_int_equal(statistics(&stage).misses, 2);
	/* Nobody announces this: what is answered now is from memory. */
	redis_server_say(&stage.server, "DEL ns/k");
	redis_server_say(&stage.server, "SET ns/none x");
	assert_string_equal(ask(&stage, "get", "k", NULL), "v");
	assert_string_equal(ask(&stage, "has", "k", NULL), "1");
	assert_string_equal(ask(&stage, "get", "none", NULL), "-");
	assert_string_equal(ask(&stage, "has", "none", NULL), "0");
	assert_string_equal(credis_cache_find(stage.cache, "k", 1)->items[0].text, "v");
	assert_int_equal(statistics(&stage).hits, 5);
	assert_int_equal(statistics(&stage).misses, 2);
	assert_int_equal(statistics(&stage).entries, 2);
	credis_cache_flush(stage.cache);
	assert_int_equal(statistics(&stage).bytes, 0);
	assert_string_equal(ask(&stage, "get", "k", NULL), "-");
	stop(&stage);
}

static void
what_others_announce_is_forgotten(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	redis_server_say(&stage.server, "SET ns/k 1");
	ask(&stage, "get", "k", NULL);
	ask(&stage, "get", "other", NULL);
	redis_server_say(&stage.server, "SET ns/k 2");
	redis_server_say(&stage.server, "PUBLISH ns/update k");
	EVENTUALLY(stage.base, !knows(&stage, "k"));
	assert_true(knows(&stage, "other"));
	assert_string_equal(ask(&stage, "get", "k", NULL), "2");
	redis_server_say(&stage.server, "DEL ns/k");
	redis_server_say(&stage.server, "PUBLISH ns/delete k");
	EVENTUALLY(stage.base, !knows(&stage, "k"));
	assert_string_equal(ask(&stage, "get", "k", NULL), "-");
	assert_int_equal(statistics(&stage).invalidations, 2);
	stop(&stage);
}

/* A message after all earlier ones have been heard. */
static void
hear_all(struct stage *stage)
{
	uint64_t before = statistics(stage).invalidations;

	redis_server_say(&stage->server, "PUBLISH ns/update nobody's");
	EVENTUALLY(stage->base, statistics(stage).invalidations > before);
}

static void
what_was_written_here_is_not_fetched_again(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	assert_string_equal(ask(&stage, "set", "k", "mine"), "done");
	hear_all(&stage);
	assert_string_equal(ask(&stage, "get", "k", NULL), "mine");
	assert_string_equal(ask(&stage, "del", "k", NULL), "1");
	hear_all(&stage);
	assert_string_equal(ask(&stage, "get", "k", NULL), "-");
	assert_int_equal(statistics(&stage).misses, 0);
	assert_int_equal(statistics(&stage).invalidations, 2);
	/* The next announcement is somebody else's. */
	redis_server_say(&stage.server, "PUBLISH ns/update k");
	EVENTUALLY(stage.base, !knows(&stage, "k"));
	stop(&stage);
}

static void
two_writes_at_once_are_remembered_as_the_server_has_them(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	for (int n = 0; n < 50; n++) {
		call(&stage, "get", "k", NULL);
		call(&stage, "set", "k", "one");
		call(&stage, "set", "k", "two");
		call(&stage, "get", "k", NULL);
	}
	EVENTUALLY(stage.base, stage.answers == 200);
	hear_all(&stage);
	assert_string_equal(ask(&stage, "get", "k", NULL), "two");
	stop(&stage);
}

/* Whichever comes first, the reply or the announcement. */
static void
what_was_under_way_during_a_change_is_not_remembered(void **state)
{
	struct stage stage;
	unsigned rounds = 0, remembered = 0;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	redisContext *other = redis_server_connect(&stage.server);
	for (; rounds < 200; rounds++) {
		unsigned before = stage.answers;
		uint64_t heard = statistics(&stage).invalidations;

		call(&stage, "get", "k", NULL);
		event_base_loop(stage.base, EVLOOP_NONBLOCK);
		freeReplyObject(redisCommand(other, "SET ns/k %u", rounds));
		freeReplyObject(redisCommand(other, "PUBLISH ns/update k"));
		EVENTUALLY(stage.base,
		    stage.answers > before && statistics(&stage).invalidations > heard);
		remembered += knows(&stage, "k");
	}
	assert_int_equal(remembered, 0);
	redisFree(other);
	stop(&stage);
}

static void
a_lost_subscription_forgets_everything(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	redis_server_say(&stage.server, "SET ns/k 1");
	assert_string_equal(ask(&stage, "get", "k", NULL), "1");
	assert_true(redis_server_say(&stage.server, "CLIENT KILL TYPE pubsub") > 0);
	redis_server_say(&stage.server, "SET ns/k 2");
	EVENTUALLY(stage.base, stage.live == 2);
	assert_int_equal(stage.lost, 1);
	assert_int_equal(statistics(&stage).flushes, 1);
	assert_false(knows(&stage, "k"));
	assert_string_equal(ask(&stage, "get", "k", NULL), "2");
	assert_true(knows(&stage, "k"));
	stop(&stage);
}

/* What was read on it may have been another server's. */
static void
a_lost_connection_forgets_everything(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	ask(&stage, "get", "k", NULL);
	assert_true(redis_server_say(&stage.server, "CLIENT KILL TYPE normal") > 0);
	EVENTUALLY(stage.base, !knows(&stage, "k"));
	assert_int_equal(statistics(&stage).flushes, 1);
	assert_int_equal(stage.lost, 0);
	EVENTUALLY(stage.base, (ask(&stage, "get", "k", NULL), knows(&stage, "k")));
	stop(&stage);
}

static void
without_its_server_nothing_is_remembered(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	ask(&stage, "get", "k", NULL);
	redis_server_kill(&stage.server);
	EVENTUALLY(stage.base, stage.lost == 1);
	assert_false(knows(&stage, "k"));
	redis_server_again(&stage.server);
	EVENTUALLY(stage.base, stage.live == 2);
	assert_string_equal(ask(&stage, "set", "k", "v"), "done");
	assert_true(knows(&stage, "k"));
	stop(&stage);
}

static void
tracking_hears_of_writers_that_announce_nothing(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ .tracking = true });
	redis_server_say(&stage.server, "SET ns/k 1");
	hear_all(&stage);
	ask(&stage, "get", "k", NULL);
	ask(&stage, "get", "other", NULL);
	redis_server_say(&stage.server, "SET ns/k 2");
	EVENTUALLY(stage.base, !knows(&stage, "k"));
	assert_true(knows(&stage, "other"));
	assert_string_equal(ask(&stage, "get", "k", NULL), "2");
	redis_server_say(&stage.server, "PEXPIRE ns/k 30");
	EVENTUALLY(stage.base, strcmp(ask(&stage, "get", "k", NULL), "-") == 0);
	assert_true(knows(&stage, "other"));
	redis_server_say(&stage.server, "FLUSHALL");
	EVENTUALLY(stage.base, !knows(&stage, "other"));
	stop(&stage);
}

static void
a_lost_tracking_connection_forgets_everything_and_comes_back(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ .tracking = true });
	ask(&stage, "get", "k", NULL);
	for (unsigned n = 1; n <= 3; n++) {
		redis_server_say(&stage.server, "CLIENT KILL TYPE pubsub");
		EVENTUALLY(stage.base, stage.live == 1 + n);
		assert_false(knows(&stage, "k"));
		redis_server_say(&stage.server, "SET ns/k %u", n);
		EVENTUALLY(stage.base, atoi(ask(&stage, "get", "k", NULL)) == (int)n);
	}
	stop(&stage);
}

static void
tracking_that_is_refused_is_told_and_nothing_is_remembered(void **state)
{
	struct stage stage;
	struct credis_cache_options options = { .tracking = true,
		.on_live = on_live,
		.arg = &stage };

	(void)state;
	start(&stage);
	redis_server_say(&stage.server, "ACL SETUSER default -client|tracking");
	stage.cache = credis_cache_new(stage.store, "ns", CREDIS_AS_RAW, &options, NULL);
	EVENTUALLY(stage.base, stage.lost > 0);
	assert_string_equal(ask(&stage, "set", "k", "v"), "done");
	assert_string_equal(ask(&stage, "get", "k", NULL), "v");
	assert_false(knows(&stage, "k"));
	redis_server_say(&stage.server, "ACL SETUSER default +client|tracking");
	EVENTUALLY(stage.base, stage.live == 1); /* asked again */
	ask(&stage, "get", "k", NULL);
	assert_true(knows(&stage, "k"));
	stop(&stage);
}

static void
what_is_remembered_is_bounded_by_number_and_bytes(void **state)
{
	struct stage stage;
	char key[24], value[1001];

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ .entries = 3, .bytes = 8000 });
	for (int n = 0; n < 4; n++) {
		snprintf(key, sizeof key, "%d", n);
		ask(&stage, "get", key, NULL);
		assert_true(knows(&stage, "0")); /* used, and so not the oldest */
	}
	assert_int_equal(statistics(&stage).entries, 3);
	assert_int_equal(statistics(&stage).evictions, 1);
	assert_false(knows(&stage, "1"));
	memset(value, 'x', 1000);
	value[1000] = '\0';
	for (int n = 0; n < 9; n++) {
		snprintf(key, sizeof key, "%d", n);
		redis_server_say(&stage.server, "SET ns/%d %s%s%s", n, value, value, value);
		redis_server_say(&stage.server, "PUBLISH ns/update %d", n);
		hear_all(&stage);
		ask(&stage, "get", key, NULL);
		assert_true(statistics(&stage).bytes <= 8000);
	}
	assert_int_equal(statistics(&stage).entries, 2);
	redis_server_say(&stage.server, "SET ns/huge %s%s%s%s%s%s%s%s", value, value, value, value,
	    value, value, value, value);
	assert_int_equal(strlen(ask(&stage, "get", "huge", NULL)), sizeof stage.text - 1);
	assert_false(knows(&stage, "huge"));
	assert_int_equal(statistics(&stage).entries, 2);
	stop(&stage);
}

static void
calls_of_a_freed_cache_still_end(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	ask(&stage, "set", "k", "v");
	call(&stage, "get", "k", NULL);
	call(&stage, "get", "k2", NULL);
	call(&stage, "set", "k3", "v");
	credis_cache_free(stage.cache);
	stage.cache = NULL;
	assert_int_equal(stage.answers, 2); /* the one from memory */
	EVENTUALLY(stage.base, stage.answers == 4);
	stop(&stage);
}

static void
what_is_wrong_is_refused(void **state)
{
	const char *words[] = { "k", "{", "x" };
	struct stage stage;
	struct credis_error err;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	assert_false(credis_cache_call(stage.cache, "gte", 1, words, NULL, 0, NULL, NULL, &err));
	assert_string_equal(err.text, "ns: unknown operation 'gte' (did you mean 'get'?)");
	assert_false(credis_cache_call(stage.cache, "get", 2, words, NULL, 0, NULL, NULL, &err));
	assert_string_equal(err.text, "ns: get takes KEY");
	assert_null(credis_cache_ask(stage.cache, "get", 1, words, NULL, 0, &err));
	assert_int_equal(err.code, CREDIS_EINVAL); /* the loop is not the store's own */
	credis_cache_free(stage.cache);
	assert_null(credis_cache_new(stage.store, "ns", CREDIS_SERIALIZERS, NULL, &err));
	stage.cache = credis_cache_new(stage.store, "ns", CREDIS_AS_JSON, NULL, &err);
	EVENTUALLY(stage.base, credis_cache_is_live(stage.cache));
	assert_false(credis_cache_call(stage.cache, "set", 2, words, NULL, 0, NULL, NULL, &err));
	assert_int_equal(err.code, CREDIS_ETYPE);
	redis_server_say(&stage.server, "LPUSH ns/list x");
	assert_string_equal(ask(&stage, "get", "list", NULL), "!");
	assert_false(knows(&stage, "list"));
	/* As a reader will see it, not as it was spelled. */
	assert_string_equal(ask(&stage, "set", "k", " [1, 2]"), "done");
	assert_string_equal(ask(&stage, "get", "k", NULL), "[1,2]");
	assert_int_equal(statistics(&stage).misses, 1);
	stop(&stage);
}

static const char *
ask_blocking(struct credis_cache *cache, const char *key)
{
	const struct credis_answer *answer = credis_cache_ask(cache, "get", 1, &key, NULL, 0, NULL);

	assert_non_null(answer);
	return answer->kind == CREDIS_ANSWER_VALUE ? answer->items[0].text : "-";
}

/* It never runs an event loop but in its own calls, and hits need none. */
static void
a_program_that_blocks_hears_of_changes(void **state)
{
	struct redis_server server;
	struct credis_store *store;
	struct credis_cache *cache;
	struct credis_cache_statistics now;
	const char *words[] = { "own", "1" };
	int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS;

	(void)state;
	redis_server_start(&server, NULL);
	store = credis_store_open(server.url, NULL, NULL);
	cache = credis_cache_new(store, NULL, CREDIS_AS_RAW, NULL, NULL);
	while (!credis_cache_is_live(cache))
		credis_store_run(store, 1000);
	redis_server_say(&server, "SET redisDict/k 1");
	assert_string_equal(ask_blocking(cache, "k"), "1");
	const char *lent = ask_blocking(cache, "k");
	redis_server_say(&server, "SET redisDict/k 2");
	redis_server_say(&server, "PUBLISH redisDict/update k");
	credis_store_run(store, 1000);
	assert_string_equal(lent, "1"); /* until the next call, whatever was heard */
	while (strcmp(ask_blocking(cache, "k"), "2") != 0)
		assert_true(loop_now_ms() < limit_ms);
	assert_non_null(credis_cache_ask(cache, "set", 2, words, NULL, 0, NULL));
	assert_string_equal(ask_blocking(cache, "own"), "1");
	assert_int_equal(credis_cache_ask(cache, "has", 1, words, NULL, 0, NULL)->integer, 1);
	assert_int_equal(credis_cache_ask(cache, "keys", 0, NULL, NULL, 0, NULL)->count, 2);
	credis_cache_statistics(cache, &now);
	assert_true(now.hits >= 3);
	redis_server_kill(&server);
	words[0] = "k";
	while (credis_cache_ask(cache, "get", 1, words, NULL, 500, NULL) != NULL)
		assert_true(loop_now_ms() < limit_ms);
	assert_false(credis_cache_is_live(cache));
	credis_cache_free(cache);
	credis_store_free(store);
	redis_server_stop(&server);
}

/* Whether the connection still stands, only the loop could have told: the rest itself is the subject. */
static void
on_live_free(void *arg, bool live, const struct credis_error *why)
{
	struct credis_cache **cache = arg;

	(void)live, (void)why;
	credis_cache_free(*cache);
	*cache = NULL;
}

/* 'first': it is freed while it waits for an answer; otherwise while it looks what there is to hear. */
static void
free_while_it_asks(const struct redis_server *server, bool first)
{
	struct credis_store *store = credis_store_open(server->url, NULL, NULL);
	struct credis_cache *cache = NULL;
	struct credis_cache_options options = { .on_live = on_live_free, .arg = &cache };
	const char *word = "k";
	int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS;
	struct credis_error err = { .code = CREDIS_OK };

	if (!first)
		assert_non_null(credis_store_ask_texts(store, NULL, "PING", NULL));
	cache = credis_cache_new(store, NULL, CREDIS_AS_RAW, &options, NULL);
	while (cache != NULL) {
		assert_true(loop_now_ms() < limit_ms);
		credis_cache_ask(cache, "get", 1, &word, NULL, 0, &err);
	}
	assert_int_equal(err.code, CREDIS_ELOST);
	assert_string_equal(err.text, "the cache was freed meanwhile");
	credis_store_free(store);
}

static void
a_cache_freed_while_it_asks_says_so(void **state)
{
	struct redis_server server;

	(void)state;
	redis_server_start(&server, NULL);
	free_while_it_asks(&server, true);
	free_while_it_asks(&server, false);
	redis_server_stop(&server);
}

static void
a_rest_of_the_event_loop_forgets_everything(void **state)
{
	struct stage stage;

	(void)state;
	start(&stage);
	open_cache(&stage, (struct credis_cache_options){ 0 });
	ask(&stage, "get", "k", NULL);
	assert_true(knows(&stage, "k"));
	nanosleep(&(struct timespec){ .tv_sec = 6, .tv_nsec = 500000000 }, NULL);
	assert_false(knows(&stage, "k"));
	assert_int_equal(statistics(&stage).flushes, 1);
	EVENTUALLY(stage.base, (ask(&stage, "get", "k", NULL), knows(&stage, "k")));
	stop(&stage);
}

/* The table alone. */

static struct memo *
memo_of(const char *key)
{
	struct memo *memo = memo_new(key, strlen(key));

	memo->answer = answer_of(NULL, 0);
	return memo;
}

static void
a_held_memo_outlives_its_place_in_the_table(void **state)
{
	struct lru *lru = lru_new(2, 1 << 20);
	struct memo *first = memo_of("a");
	const char *more[] = { "b", "c", "b" };

	(void)state;
	lru_keep(lru, first);
	for (int n = 0; n < 3; n++) {
		struct memo *memo = memo_of(more[n]);

		lru_keep(lru, memo);
		memo_release(memo);
	}
	assert_null(lru_find(lru, "a", 1));
	assert_int_equal(lru_evictions(lru), 1);
	assert_int_equal(lru_count(lru), 2);
	assert_int_equal(first->answer->kind, CREDIS_ANSWER_NIL);
	memo_release(first);
	assert_true(lru_drop(lru, "b", 1));
	assert_false(lru_drop(lru, "b", 1));
	lru_clear(lru);
	assert_int_equal(lru_bytes(lru), 0);
	lru_free(lru);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_was_read_is_remembered_and_so_is_what_is_not_there),
		cmocka_unit_test(what_others_announce_is_forgotten),
		cmocka_unit_test(what_was_written_here_is_not_fetched_again),
		cmocka_unit_test(two_writes_at_once_are_remembered_as_the_server_has_them),
		cmocka_unit_test(what_was_under_way_during_a_change_is_not_remembered),
		cmocka_unit_test(a_lost_subscription_forgets_everything),
		cmocka_unit_test(a_lost_connection_forgets_everything),
		cmocka_unit_test(without_its_server_nothing_is_remembered),
		cmocka_unit_test(tracking_hears_of_writers_that_announce_nothing),
		cmocka_unit_test(a_lost_tracking_connection_forgets_everything_and_comes_back),
		cmocka_unit_test(tracking_that_is_refused_is_told_and_nothing_is_remembered),
		cmocka_unit_test(what_is_remembered_is_bounded_by_number_and_bytes),
		cmocka_unit_test(calls_of_a_freed_cache_still_end),
		cmocka_unit_test(what_is_wrong_is_refused),
		cmocka_unit_test(a_program_that_blocks_hears_of_changes),
		cmocka_unit_test(a_cache_freed_while_it_asks_says_so),
		cmocka_unit_test(a_rest_of_the_event_loop_forgets_everything),
		cmocka_unit_test(a_held_memo_outlives_its_place_in_the_table),
	};

	return cmocka_run_group_tests_name("cache", tests, NULL, NULL);
}
