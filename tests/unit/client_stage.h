/* client_stage.h: what tests of the client play on: a store, an event loop, a client, and a dispatcher that
 * does what the test says. Include it once, in a test program. */
#ifndef TEST_CLIENT_STAGE_H
#define TEST_CLIENT_STAGE_H

#include "redis_server.h"

#include "core/message.h"

#include <credis/client.h>

#include <event2/event.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

enum { STAGE_LIMIT_S = 20, STAGE_HEARD_MAX = 256 };

/* A request as the dispatcher got it. */
struct heard {
	char channel[256];
	char to[NAMES_CLIENT + 1];
	char key[128];
	char from[128];
	char body[128];
	struct message message;
};

struct stage;
typedef void stage_script(struct stage *stage, const struct heard *heard);

struct stage {
	struct redis_server *server;
	struct event_base *base;
	struct credis_client *client;
	redisContext *pen; /* writes what a dispatcher would */
	redisContext *ear; /* what the dispatcher listens on */
	struct event *ear_event;
	stage_script *script; /* NULL: it is silent */
	struct heard heard[STAGE_HEARD_MAX];
	size_t heard_count;
};

#define STAGE_UNUSED __attribute__((unused))

static struct redis_server stage_server;

static int STAGE_UNUSED
stage_open_store(void **state)
{
	(void)state;
	redis_server_start(&stage_server, "--notify-keyspace-events", "Kh", NULL);
	return 0;
}

static int STAGE_UNUSED
stage_close_store(void **state)
{
	(void)state;
	redis_server_stop(&stage_server);
	return 0;
}

static redisReply *STAGE_UNUSED
stage_ask(struct stage *stage, const char *format, ...)
{
	va_list list;
	redisReply *reply;

	if (stage->pen == NULL)
		stage->pen = redis_server_connect(stage->server);
	va_start(list, format);
	reply = redisvCommand(stage->pen, format, list);
	va_end(list);
	if (reply == NULL || reply->type == REDIS_REPLY_ERROR)
		fail_msg("%s: %s", format, reply != NULL ? reply->str : stage->pen->errstr);
	return reply;
}

#define stage_say(...) freeReplyObject(stage_ask(__VA_ARGS__))

static long long STAGE_UNUSED
stage_number(redisReply *reply)
{
	long long number = reply->integer;

	freeReplyObject(reply);
	return number;
}

/* How often the server was asked for a command since the last CONFIG RESETSTAT. */
static long STAGE_UNUSED
stage_calls(struct stage *stage, const char *command)
{
	redisReply *reply = stage_ask(stage, "INFO commandstats");
	char name[64];
	const char *at;
	long calls = 0;

	snprintf(name, sizeof name, "cmdstat_%s:calls=", command);
	at = strstr(reply->str, name);
	if (at != NULL)
		calls = strtol(at + strlen(name), NULL, 10);
	freeReplyObject(reply);
	return calls;
}

static void STAGE_UNUSED
stage_new_client(struct stage *stage)
{
	struct credis_error err;

	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, stage->server->url, &err);
	assert_non_null(stage->client);
}

static int STAGE_UNUSED
stage_set_up(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);

	stage->server = &stage_server;
	if (stage_server.pid == 0)
		redis_server_again(&stage_server);
	stage->base = event_base_new();
	stage_say(stage, "FLUSHALL");
	stage_say(stage, "CONFIG RESETSTAT");
	stage_new_client(stage);
	*state = stage;
	return 0;
}

static void STAGE_UNUSED
stage_stop_listening(struct stage *stage)
{
	if (stage->ear_event != NULL)
		event_free(stage->ear_event);
	if (stage->ear != NULL)
		redisFree(stage->ear);
	stage->ear_event = NULL;
	stage->ear = NULL;
}

static int STAGE_UNUSED
stage_tear_down(void **state)
{
	struct stage *stage = *state;

	credis_client_free(stage->client);
	stage_stop_listening(stage);
	if (stage->pen != NULL)
		redisFree(stage->pen);
	event_base_free(stage->base);
	free(stage);
	return 0;
}

/* What is in the store now will be there again when it is back, before anybody can look. */
static void STAGE_UNUSED
stage_save(struct stage *stage)
{
	stage_say(stage, "SAVE");
}

static void STAGE_UNUSED
stage_kill_store(struct stage *stage)
{
	redis_server_kill(stage->server);
	redisFree(stage->pen);
	stage->pen = NULL;
}

static void STAGE_UNUSED
stage_bring_store_back(struct stage *stage)
{
	char dump[128];

	redis_server_again(stage->server);
	snprintf(dump, sizeof dump, "%s/dump.rdb", stage->server->directory);
	unlink(dump);
}

static void
stage_copy(char *out, size_t room, struct slice from)
{
	size_t length = from.length < room - 1 ? from.length : room - 1;

	memcpy(out, from.bytes != NULL ? from.bytes : "", length);
	out[length] = '\0';
}

static void
stage_hear(struct stage *stage, const redisReply *push)
{
	struct message_reader reader;
	struct message message;
	struct credis_error err;

	message_reader_init(&reader, push->element[2]->str, push->element[2]->len);
	while (message_next(&reader, &message, &err) == MESSAGE_READ) {
		struct heard *heard = &stage->heard[stage->heard_count++];

		assert_true(stage->heard_count < STAGE_HEARD_MAX);
		snprintf(heard->channel, sizeof heard->channel, "%s", push->element[1]->str);
		stage_copy(heard->to, sizeof heard->to, message.to);
		stage_copy(heard->key, sizeof heard->key, message.key);
		stage_copy(heard->from, sizeof heard->from, message.from);
		stage_copy(heard->body, sizeof heard->body, message.body);
		heard->message = message;
		if (stage->script != NULL)
			stage->script(stage, heard);
	}
}

static void
stage_on_ear(evutil_socket_t fd, short what, void *arg)
{
	struct stage *stage = arg;
	void *reply;

	(void)fd, (void)what;
	if (redisBufferRead(stage->ear) != REDIS_OK)
		fail_msg("the dispatcher's connection: %s", stage->ear->errstr);
	while (redisGetReplyFromReader(stage->ear, &reply) == REDIS_OK && reply != NULL) {
		const redisReply *push = reply;

		if (push->elements == 3 && strcmp(push->element[0]->str, "message") == 0)
			stage_hear(stage, push);
		freeReplyObject(reply);
	}
}

/* Begins to serve: listens for a keyword, and on the service's own channel. */
static void STAGE_UNUSED
stage_serve(struct stage *stage, const char *service, const char *keyword)
{
	redisReply *reply;

	if (stage->ear == NULL)
		stage->ear = redis_server_connect(stage->server);
	redisAppendCommand(stage->ear, "SUBSCRIBE credis:{%s}:%s:modify", service, keyword);
	redisAppendCommand(stage->ear, "SUBSCRIBE credis:{%s}:%s:read", service, keyword);
	redisAppendCommand(stage->ear, "SUBSCRIBE credis:{%s}:modify", service);
	for (int n = 0; n < 3; n++) {
		assert_int_equal(redisGetReply(stage->ear, (void **)&reply), REDIS_OK);
		freeReplyObject(reply);
	}
	if (stage->ear_event == NULL) {
		stage->ear_event = event_new(stage->base, stage->ear->fd, EV_READ | EV_PERSIST,
		    stage_on_ear, stage);
		event_add(stage->ear_event, NULL);
	}
}

static void STAGE_UNUSED
stage_lease(struct stage *stage, const char *service)
{
	stage_say(stage, "SET credis:{%s}:dispatcher %s", service,
	    "{\"id\":\"x\",\"host\":\"obs1\",\"pid\":4711,\"version\":\"0.1.0\","
	    "\"started\":1795208169.5,\"epoch\":1,\"connections\":[7,8]}");
}

/* Registers a keyword: its description, the service's name, a new generation. */
static void STAGE_UNUSED
stage_describe(struct stage *stage, const char *service, const char *keyword, const char *json)
{
	stage_say(stage, "SADD credis:services %s", service);
	stage_say(stage, "HSET credis:{%s}:keywords %s %s", service, keyword, json);
	stage_say(stage, "HINCRBY credis:{%s}:about generation 1", service);
}

static void STAGE_UNUSED
stage_store(struct stage *stage, const char *service, const char *keyword, const char *value,
    int seq, const char *time)
{
	stage_say(stage, "HSET credis:{%s}:%s value %s seq %d time %s", service, keyword, value,
	    seq, time);
}

#define AZ_JSON "{\"name\":\"AZ\",\"type\":\"double\",\"units\":\"deg\",\"range\":[0,360]}"

/* The telescope of most tests: AZ, described, with a value. */
static void STAGE_UNUSED
stage_build_telescope(struct stage *stage)
{
	stage_describe(stage, "telescope", "AZ", AZ_JSON);
	stage_store(stage, "telescope", "AZ", "12.5", 7, "1795208169.123456");
}

static void STAGE_UNUSED __attribute__((format(printf, 3, 4)))
stage_publish(struct stage *stage, const char *to, const char *format, ...)
{
	char payload[1024];
	va_list list;

	va_start(list, format);
	vsnprintf(payload, sizeof payload, format, list);
	va_end(list);
	stage_say(stage, "PUBLISH credis:answer:%s %s", to, payload);
}

static void STAGE_UNUSED
stage_answer(struct stage *stage, const struct heard *heard, const char *fields, const char *body)
{
	stage_publish(stage, heard->to, "@id=%llu %s len=%zu\n%s",
	    (unsigned long long)heard->message.id, fields, strlen(body), body);
}

/* Cuts the client's connection for subscriptions. */
static void STAGE_UNUSED
stage_cut_subscriptions(struct stage *stage)
{
	redisReply *reply = stage_ask(stage, "CLIENT LIST TYPE pubsub");
	const char *named = strstr(reply->str, " name=credis ");
	long long id = 0;

	assert_non_null(named);
	for (const char *line = reply->str; line != NULL && line < named;
	     line = strchr(line, '\n')) {
		line += *line == '\n';
		sscanf(line, "id=%lld", &id);
	}
	freeReplyObject(reply);
	stage_say(stage, "CLIENT KILL ID %lld", id);
}

static void
stage_on_limit(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what;
	*(bool *)arg = true;
}

/* Runs the loop until '*count' is 'wanted' or more. */
static void STAGE_UNUSED
stage_run_until(struct stage *stage, const size_t *count, size_t wanted)
{
	bool late = false;
	struct event *limit = evtimer_new(stage->base, stage_on_limit, &late);

	event_add(limit, &(struct timeval){ .tv_sec = STAGE_LIMIT_S });
	while (*count < wanted && !late)
		event_base_loop(stage->base, EVLOOP_ONCE);
	event_free(limit);
	if (*count < wanted)
		fail_msg("waited in vain: %zu of %zu", *count, wanted);
}

/* Runs the loop for so long: for showing that something does not happen. */
static void STAGE_UNUSED
stage_run_for(struct stage *stage, int ms)
{
	bool late = false;
	struct event *limit = evtimer_new(stage->base, stage_on_limit, &late);

	event_add(limit, &(struct timeval){ ms / 1000, ms % 1000 * 1000 });
	while (!late)
		event_base_loop(stage->base, EVLOOP_ONCE);
	event_free(limit);
}

static int64_t STAGE_UNUSED
stage_now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

#endif
