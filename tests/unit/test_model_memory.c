/* test_model_memory.c: every public call of models, dictionaries, caches, locks and serializers with its 1st, 2nd,
 * 3rd … allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/cache.h>
#include <credis/lock.h>

#include "fail_each.h"
#include "loop.h"
#include "redis_server.h"

struct stage {
	struct redis_server server;
	struct event_base *base;
	struct credis_store *store;  /* on 'base' */
	struct credis_store *blocks; /* on its own */
	struct credis_model *hash, *mq, *receiver, *blocking_model, *blocking_receiver;
	struct credis_dict *dict, *blocking_dict;
	struct credis_cache *cache, *blocking_cache;
	struct credis_lock *lock;
	unsigned begun, ended;
};

static const char json[] = "{\"a\": [1, 2.5, null, \"x\"], \"b\": {\"c\": true}}";

static void
count(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	(void)answer, (void)err;
	((struct stage *)arg)->ended++;
}

static void
count_lock(void *arg, const struct credis_error *err)
{
	(void)err;
	((struct stage *)arg)->ended++;
}

static bool
begun(struct stage *stage, bool sent)
{
	stage->begun += sent;
	return sent;
}

static bool
new_model(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_model *model =
	    credis_model_new(stage->store, "hash", "key", CREDIS_AS_JSON, err);

	credis_model_free(model);
	return model != NULL;
}

static bool
call_model(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "field", json };

	return begun(stage,
	    credis_model_call(stage->hash, "set", 2, words, NULL, 0, 0, count, stage, err));
}

static bool
call_receiver(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "others", json };

	return begun(stage,
	    credis_model_call(stage->receiver, "ack", 2, words, NULL, 0, 0, count, stage, err));
}

static bool
call_model_many(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "a", "b", "c", "d" };

	return begun(stage,
	    credis_model_call(stage->mq, "put", 4, words, NULL, 0, 0, count, stage, err));
}

static bool
call_model_script(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "1", "message" };

	return begun(stage,
	    credis_model_call(stage->mq, "offer", 2, words, NULL, 0, 0, count, stage, err));
}

static bool
call_model_wait(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "1" };

	return begun(stage,
	    credis_model_call(stage->mq, "get", 1, words, NULL, 0, 0, count, stage, err));
}

static bool
new_dict(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_dict *dict = credis_dict_new(stage->store, "ns", CREDIS_AS_MSGPACK, err);

	credis_dict_free(dict);
	return dict != NULL;
}

static bool
call_dict(struct stage *stage, const char *operation, size_t words, struct credis_error *err)
{
	const char *given[] = { "key", json };

	return begun(stage,
	    credis_dict_call(stage->dict, operation, words, given, NULL, 0, count, stage, err));
}

static bool
dict_get(void *arg, struct credis_error *err)
{
	return call_dict(arg, "get", 1, err);
}

static bool
dict_set(void *arg, struct credis_error *err)
{
	return call_dict(arg, "set", 2, err);
}

static bool
dict_del(void *arg, struct credis_error *err)
{
	return call_dict(arg, "del", 1, err);
}

static bool
dict_has(void *arg, struct credis_error *err)
{
	return call_dict(arg, "has", 1, err);
}

static bool
dict_keys(void *arg, struct credis_error *err)
{
	return call_dict(arg, "keys", 0, err);
}

static bool
new_cache(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const struct credis_cache_options options = { .tracking = true };
	struct credis_cache *cache =
	    credis_cache_new(stage->store, "ns", CREDIS_AS_MSGPACK, &options, err);

	credis_cache_free(cache);
	return cache != NULL;
}

static bool
call_cache(struct stage *stage, const char *operation, const char *key, size_t words,
    struct credis_error *err)
{
	const char *given[] = { key, json };

	return begun(stage,
	    credis_cache_call(stage->cache, operation, words, given, NULL, 0, count, stage, err));
}

static bool
cache_miss(void *arg, struct credis_error *err)
{
	credis_cache_flush(((struct stage *)arg)->cache);
	return call_cache(arg, "get", "key", 1, err);
}

static bool
cache_hit(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	credis_cache_find(stage->cache, "key", 3);
	return call_cache(arg, "get", "key", 1, err);
}

static bool
cache_set(void *arg, struct credis_error *err)
{
	return call_cache(arg, "set", "key", 2, err);
}

static bool
cache_del(void *arg, struct credis_error *err)
{
	return call_cache(arg, "del", "key", 1, err);
}

static bool
cache_has(void *arg, struct credis_error *err)
{
	credis_cache_flush(((struct stage *)arg)->cache);
	return call_cache(arg, "has", "other", 1, err);
}

static bool
new_lock(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_lock *lock = credis_lock_new(stage->store, "lock", 0, NULL, NULL, err);

	credis_lock_free(lock);
	return lock != NULL;
}

/* One try each: what was taken is given back when it is settled. */
static bool
take_lock(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage, credis_lock_acquire(stage->lock, 0, err));
}

static bool
serialize_all(void *arg, struct credis_error *err)
{
	static const char *const texts[] = { [CREDIS_AS_RAW] = "raw",
		[CREDIS_AS_TEXT] = "text",
		[CREDIS_AS_INTEGER] = "12",
		[CREDIS_AS_DOUBLE] = "1.5",
		[CREDIS_AS_JSON] = json,
		[CREDIS_AS_PYTHON_JSON] = json,
		[CREDIS_AS_MSGPACK] = json };
	bool ok = true;

	(void)arg;
	for (int n = 0; ok && n < CREDIS_SERIALIZERS; n++) {
		size_t length;
		char *stored = credis_serialize(n, texts[n], strlen(texts[n]), &length, err);
		char *text =
		    stored != NULL ? credis_deserialize(n, stored, length, &length, err) : NULL;

		ok = text != NULL;
		free(stored);
		free(text);
	}
	return ok;
}

static bool
ask_model(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "field", json };

	return credis_model_ask(stage->blocking_model, "set", 2, words, NULL, 0, 0, err) != NULL &&
	    credis_model_ask_texts(stage->blocking_model, err, "all", NULL) != NULL;
}

static bool
ask_receiver(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return credis_model_ask_texts(stage->blocking_receiver, err, "ack", "mine", json, NULL) !=
	    NULL;
}

static bool
ask_dict(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "key", json };
	struct credis_dict *dict = stage->blocking_dict;

	return credis_dict_ask(dict, "set", 2, words, NULL, 0, err) != NULL &&
	    credis_dict_ask(dict, "get", 1, words, NULL, 0, err) != NULL &&
	    credis_dict_ask(dict, "keys", 0, words, NULL, 0, err) != NULL;
}

static bool
ask_cache(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "key", json };
	struct credis_cache *cache = stage->blocking_cache;

	credis_cache_flush(cache);
	return credis_cache_ask(cache, "get", 1, words, NULL, 0, err) != NULL &&
	    credis_cache_ask(cache, "get", 1, words, NULL, 0, err) != NULL &&
	    credis_cache_ask(cache, "set", 2, words, NULL, 0, err) != NULL;
}

static bool
ask_lock(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_lock *lock = credis_lock_new(stage->blocks, "l2", 0, NULL, NULL, err);
	bool done = lock != NULL && credis_lock_acquire_wait(lock, 0, err) &&
	    credis_lock_release_wait(lock, err);

	credis_lock_free(lock);
	if (!done)
		redis_server_say(&stage->server, "DEL l2");
	return done;
}

static void
settle(void *arg)
{
	struct stage *stage = arg;

	EVENTUALLY(stage->base, stage->begun == stage->ended);
	if (credis_lock_is_held(stage->lock)) {
		stage->begun++;
		assert_true(credis_lock_release(stage->lock, NULL));
		EVENTUALLY(stage->base, stage->begun == stage->ended);
	}
}

static void
each_failed_allocation_of_a_call_is_enomem(void **state)
{
	static const struct fail_each_row rows[] = { { "new model", new_model },
		{ "model", call_model }, { "model, many", call_model_many },
		{ "receiver", call_receiver }, { "model, script", call_model_script },
		{ "model, wait", call_model_wait }, { "new dict", new_dict },
		{ "dict get", dict_get }, { "dict set", dict_set }, { "dict del", dict_del },
		{ "dict has", dict_has }, { "dict keys", dict_keys }, { "new cache", new_cache },
		{ "cache miss", cache_miss }, { "cache hit", cache_hit },
		{ "cache set", cache_set }, { "cache del", cache_del }, { "cache has", cache_has },
		{ "new lock", new_lock }, { "lock", take_lock }, { "serializers", serialize_all } };

	for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
		struct stage *stage = *state;

		EVENTUALLY(stage->base, credis_cache_is_live(stage->cache));
		assert_true(fail_each(stage, &rows[n], settle) > 0 || rows[n].act == take_lock);
	}
}

static void
each_failed_allocation_of_a_blocking_call_is_enomem(void **state)
{
	static const struct fail_each_row rows[] = { { "ask model", ask_model },
		{ "ask receiver", ask_receiver }, { "ask dict", ask_dict },
		{ "ask cache", ask_cache }, { "ask lock", ask_lock } };

	fail_all(*state, rows, sizeof rows / sizeof rows[0], NULL);
}

/* Memory that is short while answers come ends calls, too: each once. */
static void
memory_that_is_short_in_the_event_loop_leaves_no_call_without_an_end(void **state)
{
	static fail_each_act *const acts[] = { call_model, call_receiver, dict_get, dict_set,
		dict_keys, cache_miss, cache_hit, cache_set };
	struct stage *stage = *state;

	for (size_t n = 0; n < sizeof acts / sizeof acts[0]; n++)
		fail_each_answer(stage, acts[n], 19, settle, &stage->ended);
}

static int
start(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	const struct credis_store_options options = { .backoff_ms = 20, .wait = true };

	redis_server_start(&stage->server, NULL);
	stage->base = event_base_new();
	stage->store = credis_store_new(stage->base, stage->server.url, &options, NULL);
	stage->blocks = credis_store_open(stage->server.url, &options, NULL);
	stage->hash = credis_model_new(stage->store, "hash", "hash", CREDIS_AS_JSON, NULL);
	stage->mq = credis_model_new(stage->store, "mq", "mq", CREDIS_AS_RAW, NULL);
	stage->blocking_model =
	    credis_model_new(stage->blocks, "hash", "hash", CREDIS_AS_JSON, NULL);
	stage->receiver = credis_model_new(stage->store, "mq", "mq", CREDIS_AS_JSON, NULL);
	stage->blocking_receiver =
	    credis_model_new(stage->blocks, "mq", "mq", CREDIS_AS_JSON, NULL);
	/* What is to be acknowledged is written otherwise than we do. */
	credis_store_ask_texts(stage->blocks, NULL, "EVAL",
	    "for n = 1, 200 do for k = 1, 2 do redis.call('RPUSH', KEYS[k], ARGV[1]) end end", "2",
	    "mine", "others", json, NULL);
	stage->dict = credis_dict_new(stage->store, "ns", CREDIS_AS_MSGPACK, NULL);
	stage->blocking_dict = credis_dict_new(stage->blocks, "ns", CREDIS_AS_MSGPACK, NULL);
	stage->cache = credis_cache_new(stage->store, "ns", CREDIS_AS_MSGPACK, NULL, NULL);
	stage->blocking_cache =
	    credis_cache_new(stage->blocks, "ns", CREDIS_AS_MSGPACK, NULL, NULL);
	stage->lock = credis_lock_new(stage->store, "lock", 0, count_lock, stage, NULL);
	*state = stage;
	return stage->lock == NULL || stage->cache == NULL || stage->blocking_cache == NULL;
}

static int
stop(void **state)
{
	struct stage *stage = *state;

	credis_lock_free(stage->lock);
	credis_cache_free(stage->cache);
	credis_cache_free(stage->blocking_cache);
	credis_dict_free(stage->dict);
	credis_dict_free(stage->blocking_dict);
	credis_model_free(stage->hash);
	credis_model_free(stage->mq);
	credis_model_free(stage->receiver);
	credis_model_free(stage->blocking_receiver);
	credis_model_free(stage->blocking_model);
	credis_store_free(stage->store);
	credis_store_free(stage->blocks);
	event_base_free(stage->base);
	redis_server_stop(&stage->server);
	free(stage);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failed_allocation_of_a_call_is_enomem),
		cmocka_unit_test(each_failed_allocation_of_a_blocking_call_is_enomem),
		cmocka_unit_test(
		    memory_that_is_short_in_the_event_loop_leaves_no_call_without_an_end),
	};

	return cmocka_run_group_tests_name("models, memory", tests, start, stop);
}
