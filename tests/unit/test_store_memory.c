/* test_store_memory.c: every public call of a store with its 1st, 2nd, 3rd … allocation failing: it says
 * CREDIS_ENOMEM, or does without, and the store works on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/batch.h>
#include <credis/observer.h>

#include "fail_each.h"
#include "loop.h"
#include "redis_server.h"

struct stage {
	struct redis_server server;
	struct event_base *base;
	struct credis_store *store;  /* on 'base' */
	struct credis_store *shards; /* likewise, the server under three names */
	unsigned begun, ended;       /* calls */
};

static void
count(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	(void)reply, (void)err;
	((struct stage *)arg)->ended++;
}

static bool
begun(struct stage *stage, bool sent)
{
	stage->begun += sent;
	return sent;
}

static bool
send_to(struct stage *stage, struct credis_store *store, int argc, const char *const *words,
    unsigned flags, struct credis_error *err)
{
	return begun(stage,
	    credis_store_command(store, argc, words, NULL, flags, 0, count, stage, err));
}

static bool
open_one(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const struct credis_store_options options = { .name = "memory", .metrics = true };
	struct credis_store *store =
	    credis_store_new(stage->base, stage->server.url, &options, err);

	credis_store_free(store);
	return store != NULL;
}

static bool
open_shards(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *nodes[] = { "redis://a", "redis://:secret@b:1/2", "unix:///c" };
	const struct credis_store_options options = { .nodes = nodes, .node_count = 3 };
	struct credis_store *store = credis_store_new(stage->base, NULL, &options, err);

	credis_store_free(store);
	return store != NULL;
}

static bool
command(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "SET", "k", "v" };

	return send_to(stage, stage->store, 3, words, 0, err);
}

static bool
exclusive(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "PING" };

	return send_to(stage, stage->store, 1, words, CREDIS_EXCLUSIVE, err);
}

static bool
sharded(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "MGET", "a", "b", "c", "d", "e", "f", "g" };

	return send_to(stage, stage->shards, 8, words, 0, err);
}

static bool
summed(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "EXISTS", "a", "b", "c", "d", "e", "f", "g" };

	return send_to(stage, stage->shards, 8, words, 0, err);
}

static bool
pipeline(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "GET", "k" };
	struct credis_pipeline *pipeline = credis_pipeline_new(stage->store, "p", err);

	for (int n = 0; pipeline != NULL && n < 20; n++) {
		if (credis_pipeline_add(pipeline, 2, words, NULL, 0, err))
			continue;
		credis_pipeline_free(pipeline);
		return false;
	}
	return pipeline != NULL &&
	    begun(stage, credis_pipeline_send(pipeline, 0, count, stage, err));
}

static bool
transaction(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *words[] = { "SET", "k", "v" };
	struct credis_transaction *transaction = credis_transaction_new(stage->store, "t", err);

	if (transaction != NULL && credis_transaction_add(transaction, 3, words, NULL, err))
		return begun(stage, credis_transaction_exec(transaction, 0, count, stage, err));
	credis_transaction_discard(transaction);
	return false;
}

static bool
watch(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const char *key = "k";
	struct credis_transaction *transaction = credis_transaction_new(stage->store, "t", err);
	bool sent = transaction != NULL &&
	    begun(stage,
		credis_transaction_watch(transaction, 1, &key, NULL, 0, count, stage, err));

	credis_transaction_discard(transaction);
	return sent;
}

static void
hear_nothing(void *arg, const char *channel, const char *payload, size_t length)
{
	(void)arg, (void)channel, (void)payload, (void)length;
}

static bool
subscribe(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	static const struct credis_listener listener = { hear_nothing, NULL };
	struct credis_subscription *subscription =
	    credis_subscribe(stage->store, "c", &listener, NULL, err);

	credis_unsubscribe(subscription);
	return subscription != NULL;
}

static bool
subscribe_pattern(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	static const struct credis_listener listener = { hear_nothing, NULL };
	struct credis_store *store = stage->store;
	struct credis_subscription *subscription =
	    credis_subscribe_pattern(store, "c*", &listener, NULL, err);

	credis_unsubscribe(subscription);
	return subscription != NULL;
}

static bool
observe(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	static const struct credis_observer nobody;

	return credis_store_observe(stage->store, &nobody, NULL, err);
}

static bool
metrics(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	char *text = credis_store_metrics(stage->store);

	if (text == NULL)
		err->code = CREDIS_ENOMEM;
	free(text);
	return text != NULL;
}

static bool
subscribe_keys(void *arg, struct credis_error *err)
{
	static const struct credis_listener listener = { hear_nothing, NULL };
	struct stage *stage = arg;
	struct credis_subscription *subscription =
	    credis_subscribe_keys(stage->store, "c", &listener, NULL, err);

	credis_unsubscribe(subscription);
	return subscription != NULL;
}

static void
settle(void *arg)
{
	struct stage *stage = arg;

	EVENTUALLY(stage->base, stage->begun == stage->ended);
}

static void
each_failed_allocation_of_a_call_is_enomem_and_the_store_works_on(void **state)
{
	static const struct fail_each_row rows[] = { { "open", open_one },
		{ "open shards", open_shards }, { "command", command }, { "exclusive", exclusive },
		{ "MGET", sharded }, { "EXISTS", summed }, { "pipeline", pipeline },
		{ "transaction", transaction }, { "watch", watch }, { "subscribe", subscribe },
		{ "patterns", subscribe_pattern }, { "keys", subscribe_keys },
		{ "observe", observe }, { "metrics", metrics } };
	struct stage *stage = *state;
	struct credis_error err;

	for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
		assert_true(fail_each(stage, &rows[n], settle) > 0);
		assert_true(command(stage, &err));
		settle(stage);
	}
}

/* Memory that is short while answers come ends calls, too: each once. */
static void
memory_that_is_short_in_the_event_loop_leaves_no_call_without_an_end(void **state)
{
	static fail_each_act *const acts[] = { command, exclusive, sharded, pipeline, transaction };
	struct stage *stage = *state;

	for (size_t n = 0; n < sizeof acts / sizeof acts[0]; n++)
		fail_each_answer(stage, acts[n], 11, settle, &stage->ended);
}

static int
start(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	struct credis_store_options options = { .backoff_ms = 20, .metrics = true, .wait = true };
	char urls[3][160];
	const char *nodes[3];

	redis_server_start(&stage->server, NULL);
	for (int n = 0; n < 3; n++) {
		snprintf(urls[n], sizeof urls[n], "unix://%s/node%d", stage->server.directory, n);
		nodes[n] = urls[n];
		if (symlink(stage->server.socket, urls[n] + strlen("unix://")) != 0)
			return 1;
	}
	stage->base = event_base_new();
	stage->store = credis_store_new(stage->base, stage->server.url, &options, NULL);
	options.nodes = nodes;
	options.node_count = 3;
	stage->shards = credis_store_new(stage->base, NULL, &options, NULL);
	*state = stage;
	return stage->store == NULL || stage->shards == NULL;
}

static int
stop(void **state)
{
	struct stage *stage = *state;

	credis_store_free(stage->store);
	credis_store_free(stage->shards);
	event_base_free(stage->base);
	redis_server_stop(&stage->server);
	free(stage);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failed_allocation_of_a_call_is_enomem_and_the_store_works_on),
		cmocka_unit_test(
		    memory_that_is_short_in_the_event_loop_leaves_no_call_without_an_end),
	};

	return cmocka_run_group_tests_name("store, memory", tests, start, stop);
}
