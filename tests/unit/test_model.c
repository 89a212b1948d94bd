/* test_model.c: what credis/model.h promises, row by row, against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/dict.h>
#include <credis/model.h>

#include "loop.h"
#include "redis_server.h"

struct stage {
	struct redis_server server;
	struct credis_store *store;
};

static int
start(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	redis_server_start(&stage->server, NULL);
	stage->store = credis_store_open(stage->server.url, NULL, NULL);
	*state = stage;
	return 0;
}

static int
stop(void **state)
{
	struct stage *stage = *state;

	credis_store_free(stage->store);
	redis_server_stop(&stage->server);
	free(stage);
	return 0;
}

/* "nil", "done", "5", "a", "[a b]", "[f=v]", "[a:1.5]"; or the error. */
static const char *
told(const struct credis_answer *answer, const struct credis_error *err)
{
	static char text[512];
	size_t at = 0;

	if (answer == NULL)
		return err->text;
	switch (answer->kind) {
	case CREDIS_ANSWER_NIL: return "nil";
	case CREDIS_ANSWER_DONE: return "done";
	case CREDIS_ANSWER_INTEGER:
		snprintf(text, sizeof text, "%lld", (long long)answer->integer);
		return text;
	case CREDIS_ANSWER_REAL: snprintf(text, sizeof text, "%g", answer->real); return text;
	case CREDIS_ANSWER_VALUE:
	case CREDIS_ANSWER_VALUES: break;
	}
	if (answer->kind == CREDIS_ANSWER_VALUES)
		at += (size_t)snprintf(text, sizeof text, "[");
	for (size_t n = 0; n < answer->count; n++) {
		const struct credis_item *item = &answer->items[n];

		at += (size_t)snprintf(text + at, sizeof text - at, "%s%s%s%s", n > 0 ? " " : "",
		    item->field != NULL ? item->field : "", item->field != NULL ? "=" : "",
		    item->text);
		if (item->score != 0)
			at += (size_t)snprintf(text + at, sizeof text - at, ":%g", item->score);
	}
	if (answer->kind == CREDIS_ANSWER_VALUES)
		snprintf(text + at, sizeof text - at, "]");
	return text;
}

struct line {
	const char *model, *operation;
	const char *words[4];
	const char *expected;
};

/* Of each row of the table at least one; each model has a key of its own. */
static const struct line lines[] = {
	{ "counter", "get", { NULL }, "nil" },
	{ "counter", "incr", { NULL }, "1" },
	{ "counter", "incr", { "-3" }, "-2" },
	{ "counter", "get", { NULL }, "-2" },
	{ "counter", "incr", { "x" }, "counter: 'x' is not a whole number of 64 bits" },
	{ "counter", "incr", { "1", "2" }, "counter: incr takes [BY] and nothing more" },
	{ "counter", "icnr", { NULL }, "counter: unknown operation 'icnr' (did you mean 'incr'?)" },

	{ "map", "get", { NULL }, "nil" },
	{ "map", "exists", { NULL }, "0" },
	{ "map", "set", { "" }, "done" },
	{ "map", "get", { NULL }, "" },
	{ "map", "exists", { NULL }, "1" },
	{ "map", "set", { "0" }, "done" },
	{ "map", "get", { NULL }, "0" },
	{ "map", "incr", { "5" }, "5" },
	{ "map", "decr", { NULL }, "4" },
	{ "map", "del", { NULL }, "1" },
	{ "map", "del", { NULL }, "0" },
	{ "map", "set", { NULL }, "map: set needs VALUE" },

	{ "hash", "get", { "a" }, "nil" },
	{ "hash", "all", { NULL }, "[]" },
	{ "hash", "set", { "a", "1" }, "1" },
	{ "hash", "set", { "", "" }, "1" },
	{ "hash", "set", { "a", "2" }, "0" },
	{ "hash", "get", { "a" }, "2" },
	{ "hash", "get", { "" }, "" },
	{ "hash", "all", { NULL }, "[a=2 =]" },
	{ "hash", "del", { "a", "b" }, "1" },
	{ "hash", "set", { "a" }, "hash: set needs FIELD VALUE" },

	{ "set", "pop", { NULL }, "nil" },
	{ "set", "add", { "" }, "1" },
	{ "set", "members", { NULL }, "[]" },
	{ "set", "has", { "" }, "1" },
	{ "set", "has", { "b" }, "0" },
	{ "set", "pop", { NULL }, "" },
	{ "set", "pop", { NULL }, "nil" },
	{ "set", "add", { "a", "a", "b" }, "2" },

	{ "zset", "add", { "1", "a" }, "1" },
	{ "zset", "add", { "2.5", "b" }, "1" },
	{ "zset", "add", { "-inf", "z" }, "1" },
	{ "zset", "add", { "nan", "z" }, "zset: 'nan' is not a number" },
	{ "zset", "score", { "b" }, "2.5" },
	{ "zset", "score", { "none" }, "nil" },
	{ "zset", "count", { NULL }, "3" },
	{ "zset", "count", { "(1" }, "1" },
	{ "zset", "count", { "low" },
	    "zset: 'low' is not a score, -inf, +inf, or '(' and a score" },
	{ "zset", "highest", { NULL }, "[b:2.5 a:1 z:-inf]" },
	{ "zset", "highest", { "0", "0" }, "[b:2.5]" },
	{ "zset", "range", { "0" }, "[a:1 b:2.5]" },
	{ "zset", "keep", { "2" }, "1" },
	{ "zset", "cut", { "2", "3" }, "1" },
	{ "zset", "rem", { "a", "c" }, "1" },
	{ "zset", "keep", { "-1" }, "zset: '-1' is not a whole number from 0" },
	{ "zset", "del", { NULL }, "0" },

	{ "queue", "pop", { NULL }, "nil" },
	{ "queue", "push", { "a", "", "c" }, "3" },
	{ "queue", "items", { NULL }, "[c  a]" },
	{ "queue", "size", { NULL }, "3" },
	{ "queue", "pop", { NULL }, "a" },
	{ "queue", "pop", { NULL }, "" },

	{ "queue", "take", { NULL }, "c" },
	{ "queue", "push", { "d" }, "1" },
	{ "queue", "take", { "0" }, "d" },
	{ "queue", "take", { "0" }, "nil" },
	{ "queue", "take", { "-1" },
	    "queue: '-1' is not a number of milliseconds from 0, or ever" },

	{ "stack", "pop", { NULL }, "nil" },
	{ "stack", "push", { "a" }, "1" },
	{ "stack", "push", { "b" }, "2" },
	{ "stack", "pop", { NULL }, "b" },

	{ "pqueue", "pop", { NULL }, "nil" },
	{ "pqueue", "push", { "2", "b" }, "1" },
	{ "pqueue", "push", { "1", "a" }, "1" },
	{ "pqueue", "pop", { NULL }, "a:1" },

	{ "pqueue", "take", { "0" }, "b:2" },
	{ "pqueue", "take", { "0" }, "nil" },
	{ "pqueue", "push", { "2", "b" }, "1" },
	{ "pqueue", "take", { "10" }, "b:2" },
	{ "pqueue", "take", { "10" }, "nil" },

	{ "mq", "get", { "0" }, "nil" },
	{ "mq", "put", { "a" }, "1" },
	{ "mq", "get", { "0" }, "a" },
	{ "mq", "get", { "31536000000001" },
	    "mq: '31536000000001' is not a number of milliseconds from 0, or ever" },
	{ "mq", "put", { "a" }, "1" },
	{ "mq", "get", { "31536000000000" }, "a" },
	{ "mq", "put", { "", "b" }, "2" },
	{ "mq", "offer", { "2", "c" }, "nil" },
	{ "mq", "offer", { "3", "c" }, "3" },
	{ "mq", "get", { "ever" }, "" },
	{ "mq", "take", { "mine" }, "b" },
	{ "mq", "take", { "mine", "0" }, "c" },
	{ "mq", "take", { "mine", "0" }, "nil" },
	{ "mq", "ack", { "mine", "c" }, "1" },
	{ "mq", "ack", { "mine", "c" }, "0" },
	{ "mq", "take", { "mq", "0" },
	    "mq: a receiver has a key of its own, not that of the queue" },
	{ "mq", "recover", { "mq" }, "mq: a receiver has a key of its own, not that of the queue" },
	{ "mq", "recover", { "mine" }, "1" },
	{ "mq", "size", { NULL }, "1" },
	{ "mq", "get", { NULL }, "b" },

	{ "stack", "expire", { "86400000" }, "1" },
	{ "stack", "persist", { NULL }, "1" },
	{ "stack", "ttl", { NULL }, "-1" },
	{ "stack", "expire", { "0" }, "stack: '0' is not a whole number from 1" },
	{ "stack", "rename", { "pile" }, "done" },
	{ "stack", "ttl", { NULL }, "-2" },
	{ "stack", "rename", { "pile" }, "stack: the store says: ERR no such key" },
};

enum { LINES = sizeof lines / sizeof *lines };

static size_t
count_of(const struct line *line)
{
	size_t count = 0;

	while (count < 4 && line->words[count] != NULL)
		count++;
	return count;
}

static struct credis_model *
open_model(struct stage *stage, const struct line *line)
{
	return credis_model_new(stage->store, line->model, line->model, CREDIS_AS_RAW, NULL);
}

static void
each_operation_answers_what_it_says(void **state)
{
	for (size_t n = 0; n < LINES; n++) {
		struct credis_model *model = open_model(*state, &lines[n]);
		struct credis_error err;
		const struct credis_answer *answer = credis_model_ask(model, lines[n].operation,
		    count_of(&lines[n]), lines[n].words, NULL, 0, 0, &err);

		assert_string_equal(told(answer, &err), lines[n].expected);
		credis_model_free(model);
	}
}

struct heard {
	unsigned answers;
	char text[CREDIS_ERROR_TEXT];
	enum credis_code code;
};

static void
hear(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	struct heard *heard = arg;

	heard->answers++;
	heard->code = err->code;
	snprintf(heard->text, sizeof heard->text, "%s", told(answer, err));
}

/* The model is gone before its answers are there. */
static void
on_an_event_loop_the_same_operations_answer_the_same(void **state)
{
	struct stage *stage = *state;
	struct event_base *base = event_base_new();
	struct credis_store *store = credis_store_new(base, stage->server.url, NULL, NULL);
	struct heard heard[LINES] = { { 0 } };

	for (size_t n = 0; n < LINES; n++) {
		struct credis_model *model =
		    credis_model_new(store, lines[n].model, lines[n].model, CREDIS_AS_RAW, NULL);
		struct credis_error err;

		if (!credis_model_call(model, lines[n].operation, count_of(&lines[n]),
			lines[n].words, NULL, 0, 0, hear, &heard[n], &err))
			hear(&heard[n], NULL, &err);
		credis_model_free(model);
		EVENTUALLY(base, heard[n].answers > 0);
	}
	for (size_t n = 0; n < LINES; n++) {
		assert_int_equal(heard[n].answers, 1);
		assert_string_equal(heard[n].text, lines[n].expected);
	}
	credis_store_free(store);
	event_base_free(base);
}

static void
each_row_of_the_table_is_tried_here(void **state)
{
	const struct credis_operation *row;
	char usage[CREDIS_USAGE];

	(void)state;
	for (size_t n = 0; (row = credis_operation_row(n)) != NULL; n++) {
		bool tried = false;

		for (size_t i = 0; i < LINES && !tried; i++)
			tried =
			    credis_operation_find(lines[i].model, lines[i].operation, NULL) == row;
		if (!tried)
			fail_msg("%s %s: not tried", row->model, row->name);
		assert_true(strlen(credis_operation_usage(row, usage)) < CREDIS_USAGE);
	}
}

static void
values_go_through_the_serializer_and_fields_do_not(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	struct credis_model *hash =
	    credis_model_new(stage->store, "hash", "h", CREDIS_AS_PYTHON_JSON, &err);
	struct credis_model *bytes =
	    credis_model_new(stage->store, "hash", "h", CREDIS_AS_RAW, &err);

	credis_model_ask_texts(hash, &err, "set", "{", "{\"a\":[1,null]}", NULL);
	assert_string_equal(told(credis_model_ask_texts(bytes, &err, "get", "{", NULL), &err),
	    "{\"a\": [1, null]}");
	assert_null(credis_model_ask_texts(hash, &err, "set", "f", "{", NULL));
	assert_int_equal(err.code, CREDIS_ETYPE);
	credis_model_free(hash);
	credis_model_free(bytes);
}

static void
bytes_of_any_kind_come_back_as_they_were(void **state)
{
	struct stage *stage = *state;
	struct credis_model *map = credis_model_new(stage->store, "map", "m", CREDIS_AS_RAW, NULL);
	const char *words[] = { "a\0\xff" };
	const size_t lengths[] = { 3 };
	const struct credis_answer *answer;

	assert_non_null(credis_model_ask(map, "set", 1, words, lengths, 0, 0, NULL));
	answer = credis_model_ask_texts(map, NULL, "get", NULL);
	assert_int_equal(answer->items[0].length, 3);
	assert_memory_equal(answer->items[0].text, words[0], 3);
	credis_model_free(map);
}

struct taken {
	unsigned answers;
	enum credis_code code;
	char text[16];
};

static void
take(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	struct taken *taken = arg;

	taken->answers++;
	taken->code = err->code;
	if (answer != NULL && answer->count == 1)
		snprintf(taken->text, sizeof taken->text, "%s", answer->items[0].text);
}

static void
an_item_that_cannot_be_read_is_told_and_not_lost(void **state)
{
	struct stage *stage = *state;
	struct credis_model *raw =
	    credis_model_new(stage->store, "queue", "q", CREDIS_AS_RAW, NULL);
	struct credis_model *json =
	    credis_model_new(stage->store, "queue", "q", CREDIS_AS_JSON, NULL);
	struct taken taken = { 0 };
	struct credis_error err;

	credis_model_ask_texts(raw, &err, "push", "no JSON", NULL);
	assert_true(credis_model_call(json, "pop", 0, NULL, NULL, 0, 0, take, &taken, &err));
	while (taken.answers == 0)
		credis_store_run(stage->store, 1000);
	assert_int_equal(taken.code, CREDIS_ETYPE);
	assert_string_equal(taken.text, "no JSON");
	credis_model_ask_texts(raw, &err, "push", "[", NULL);
	assert_null(credis_model_ask_texts(json, &err, "items", NULL));
	assert_int_equal(err.code, CREDIS_ETYPE);
	assert_int_equal(strncmp(err.text, "q: ", 3), 0);
	credis_model_free(raw);
	credis_model_free(json);
}

static void
a_dictionary_on_shards_is_refused(void **state)
{
	const char *const nodes[] = { "redis://a", "redis://b" };
	const struct credis_store_options options = { .nodes = nodes, .node_count = 2 };
	struct credis_store *store = credis_store_open(NULL, &options, NULL);
	struct credis_error err;

	(void)state;
	assert_null(credis_dict_new(store, NULL, CREDIS_AS_MSGPACK, &err));
	assert_string_equal(err.text, "a dictionary needs one server, not shards");
	credis_store_free(store);
}

static void
what_is_taken_in_can_be_taken_out(void **state)
{
	struct stage *stage = *state;
	struct credis_model *queue =
	    credis_model_new(stage->store, "queue", "q", CREDIS_AS_RAW, NULL);
	const size_t most = 63 << 20, more = most + 1;
	const char *word = calloc(1, more);
	const struct credis_answer *answer;
	struct credis_error err;

	assert_non_null(word);
	assert_null(credis_model_ask(queue, "push", 1, &word, &more, 0, 0, &err));
	assert_int_equal(err.code, CREDIS_ELENGTH);
	assert_string_equal(err.text, "q: 66060289 bytes are more than the maximum 66060288");
	assert_non_null(credis_model_ask(queue, "push", 1, &word, &most, 0, 60000, &err));
	answer = credis_model_ask_texts(queue, &err, "take", "60000", NULL);
	assert_non_null(answer);
	assert_int_equal(answer->items[0].length, most);
	free((char *)word);
	credis_model_free(queue);
}

static void
a_message_in_other_bytes_is_acknowledged(void **state)
{
	struct stage *stage = *state;
	struct credis_model *raw = credis_model_new(stage->store, "mq", "q", CREDIS_AS_RAW, NULL);
	struct credis_model *json = credis_model_new(stage->store, "mq", "q", CREDIS_AS_JSON, NULL);
	const char *words[] = { "mine", "[1,2]" };
	struct heard heard = { 0 };
	struct credis_error err;

	for (int n = 0; n < 2; n++) {
		credis_model_ask_texts(raw, &err, "put", "[1, 2]", NULL);
		assert_string_equal(told(credis_model_ask_texts(json, &err, "take", "mine", "0",
					     NULL),
					&err),
		    "[1,2]");
	}
	assert_string_equal(told(credis_model_ask_texts(json, &err, "ack", "mine", "[1,2]", NULL),
				&err),
	    "1");
	for (unsigned n = 1; n <= 2; n++) {
		assert_true(
		    credis_model_call(json, "ack", 2, words, NULL, 0, 0, hear, &heard, &err));
		while (heard.answers < n)
			credis_store_run(stage->store, 1000);
		assert_string_equal(heard.text, n == 1 ? "1" : "0");
	}
	credis_model_free(raw);
	credis_model_free(json);
}

static void
a_key_of_another_kind_is_the_servers_error(void **state)
{
	struct stage *stage = *state;
	struct credis_model *map = credis_model_new(stage->store, "map", "k", CREDIS_AS_RAW, NULL);
	struct credis_model *set = credis_model_new(stage->store, "set", "k", CREDIS_AS_RAW, NULL);
	struct credis_model *counter =
	    credis_model_new(stage->store, "counter", "k", CREDIS_AS_RAW, NULL);
	struct credis_error err;

	credis_model_ask_texts(map, &err, "set", "text", NULL);
	assert_null(credis_model_ask_texts(set, &err, "members", NULL));
	assert_int_equal(err.code, CREDIS_ESTORE);
	assert_null(credis_model_ask_texts(counter, &err, "get", NULL));
	assert_string_equal(err.text, "k: 'text' is not a whole number");
	assert_null(credis_model_new(stage->store, "stakc", "k", CREDIS_AS_RAW, &err));
	assert_string_equal(err.text, "unknown model 'stakc' (did you mean 'stack'?)");
	credis_model_free(map);
	credis_model_free(set);
	credis_model_free(counter);
}

static void
an_answer_of_a_dictionary_may_be_a_word_of_the_next_call(void **state)
{
	static const char text[] = "longer than what lies in the pieces of free memory";
	struct stage *stage = *state;
	struct credis_dict *dict = credis_dict_new(stage->store, NULL, CREDIS_AS_MSGPACK, NULL);
	const char *words[] = { "a", "\"longer than what lies in the pieces of free memory\"" };
	struct credis_error err;
	const struct credis_answer *answer;

	assert_non_null(credis_dict_ask(dict, "set", 2, words, NULL, 0, &err));
	answer = credis_dict_ask(dict, "get", 1, words, NULL, 0, &err);
	words[0] = "b";
	words[1] = answer->items[0].text;
	assert_string_equal(told(credis_dict_ask(dict, "set", 2, words, NULL, 0, &err), &err),
	    "done");
	answer = credis_dict_ask(dict, "get", 1, words, NULL, 0, &err);
	assert_non_null(strstr(told(answer, &err), text));
	credis_dict_free(dict);
}

static void
the_keys_of_a_dictionary_come_by_the_deadline_or_not_at_all(void **state)
{
	struct stage *stage = *state;
	struct credis_dict *dict = credis_dict_new(stage->store, NULL, CREDIS_AS_RAW, NULL);
	struct credis_error err;

	credis_store_ask_texts(stage->store, NULL, "EVAL",
	    "for n = 1, 500000 do redis.call('SET', n, '') end", "0", NULL);
	assert_null(credis_dict_ask(dict, "keys", 0, NULL, NULL, 2, &err));
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	assert_string_equal(told(credis_dict_ask(dict, "keys", 0, NULL, NULL, 0, &err), &err),
	    "[]");
	credis_dict_free(dict);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_row_of_the_table_is_tried_here),
		cmocka_unit_test_setup_teardown(each_operation_answers_what_it_says, start, stop),
		cmocka_unit_test_setup_teardown(
		    on_an_event_loop_the_same_operations_answer_the_same, start, stop),
		cmocka_unit_test_setup_teardown(values_go_through_the_serializer_and_fields_do_not,
		    start, stop),
		cmocka_unit_test_setup_teardown(bytes_of_any_kind_come_back_as_they_were, start,
		    stop),
		cmocka_unit_test_setup_teardown(an_item_that_cannot_be_read_is_told_and_not_lost,
		    start, stop),
		cmocka_unit_test(a_dictionary_on_shards_is_refused),
		cmocka_unit_test_setup_teardown(what_is_taken_in_can_be_taken_out, start, stop),
		cmocka_unit_test_setup_teardown(a_message_in_other_bytes_is_acknowledged, start,
		    stop),
		cmocka_unit_test_setup_teardown(a_key_of_another_kind_is_the_servers_error, start,
		    stop),
		cmocka_unit_test_setup_teardown(
		    an_answer_of_a_dictionary_may_be_a_word_of_the_next_call, start, stop),
		cmocka_unit_test_setup_teardown(
		    the_keys_of_a_dictionary_come_by_the_deadline_or_not_at_all, start, stop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
