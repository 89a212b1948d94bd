/* test_client_memory.c: every public call of a client with its 1st, 2nd, 3rd … allocation failing, while another
 * process serves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/blocking.h>
#include <credis/dispatcher.h>
#include <credis/history.h>
#include <credis/monitor.h>

#include "fail_each.h"
#include "loop.h"
#include "redis_server.h"

struct stage {
	struct redis_server server;
	pid_t dispatcher;
	struct event_base *base;
	struct credis_client *client; /* on 'base' */
	struct credis_client *blocks; /* on its own */
	unsigned begun, ended;
};

static bool
begun(struct stage *stage, credis_call call)
{
	stage->begun += call != 0;
	return call != 0;
}

static void
end_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	(void)err, (void)services, (void)count;
	((struct stage *)arg)->ended++;
}

static void
end_keywords(void *arg, const struct credis_error *err,
    const struct credis_keyword *const *keywords, size_t count)
{
	(void)err, (void)keywords, (void)count;
	((struct stage *)arg)->ended++;
}

static void
end_reading(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	(void)err, (void)reading;
	((struct stage *)arg)->ended++;
}

static void
end_modify(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	(void)err, (void)reading;
	((struct stage *)arg)->ended += n == 0 && progress == CREDIS_FINAL;
}

static void
take_past(void *arg, const struct credis_past *sample)
{
	(void)arg, (void)sample;
}

static void
end_history(void *arg, const struct credis_error *err, const struct credis_keyword *description)
{
	(void)err, (void)description;
	((struct stage *)arg)->ended++;
}

static void
watch(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	(void)arg, (void)event, (void)reading, (void)err;
}

static void
end_wait(void *arg, const struct credis_error *err)
{
	(void)arg, (void)err;
}

static bool
new_client(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_client *client = credis_client_new(stage->base, stage->server.url, err);
	bool ok = client != NULL && credis_client_set_namespace(client, "other", err) &&
	    credis_client_set_from(client, "somebody", err);

	credis_client_free(client);
	return ok;
}

static bool
services(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage, credis_client_services(stage->client, NULL, end_services, stage, err));
}

static bool
keywords(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage, credis_client_keywords(stage->client, "lab", end_keywords, stage, err));
}

static bool
read_stored(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_read(stage->client, "lab.AZ", false, end_reading, stage, err));
}

static bool
read_fresh(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_read(stage->client, "lab.AZ", true, end_reading, stage, err));
}

static const struct credis_modify writes[] = {
	{ .keyword = "lab.AZ", .text = "12", .length = 2 },
	{ .keyword = "lab.TEXT", .text = "abc", .length = 3 },
};

static bool
modify(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_modify(stage->client, writes, 2, false, end_modify, stage, err));
}

static bool
modify_all(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_modify(stage->client, writes, 2, true, end_modify, stage, err));
}

static bool
send_writes(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_send(stage->client, writes, 2, false, end_modify, stage, err));
}

static bool
history(void *arg, struct credis_error *err)
{
	static const struct credis_range all;
	struct stage *stage = arg;

	return begun(stage,
	    credis_client_history(stage->client, "lab.AZ", &all, take_past, end_history, stage,
		err));
}

static bool
monitor(void *arg, struct credis_error *err)
{
	static const char *const names[] = { "lab.AZ", "lab.T*" };
	struct stage *stage = arg;
	struct credis_monitor *monitor =
	    credis_monitor_new(stage->client, names, 2, watch, stage, err);

	credis_monitor_free(monitor);
	return monitor != NULL;
}

static bool
wait_for(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_wait *wait = credis_wait_new(stage->client, "$lab.AZ > 1000 and $TEXT == 'x'",
	    "lab", 1000, end_wait, stage, err);

	credis_wait_free(wait);
	return wait != NULL;
}

static bool
new_blocking(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_client *client = credis_client_new(NULL, stage->server.url, err);

	credis_client_free(client);
	return client != NULL;
}

static bool
ask_read(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_reading *reading = credis_read(stage->blocks, "lab.AZ", false, err);

	credis_reading_free(reading);
	return reading != NULL;
}

static bool
ask_fresh(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_reading *reading = credis_read(stage->blocks, "lab.AZ", true, err);

	credis_reading_free(reading);
	return reading != NULL;
}

static bool
ask_modify(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_reading *stored = NULL;
	bool ok = credis_modify(stage->blocks, "lab.AZ", "13", &stored, err);

	credis_reading_free(stored);
	return ok;
}

static bool
ask_describe(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_keyword *keyword = credis_describe(stage->blocks, "lab.AZ", err);

	credis_keyword_free(keyword);
	return keyword != NULL;
}

static bool
ask_wait(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	return credis_wait_until(stage->blocks, "$AZ < 1000", "lab", 30000, err);
}

static bool
ask_history(void *arg, struct credis_error *err)
{
	static const struct credis_range all;
	struct stage *stage = arg;
	struct credis_keyword *keyword = NULL;
	bool ok = credis_history(stage->blocks, "lab.AZ", &all, take_past, NULL, &keyword, err);

	credis_keyword_free(keyword);
	return ok;
}

static void
settle(void *arg)
{
	struct stage *stage = arg;

	EVENTUALLY(stage->base, stage->begun == stage->ended);
}

static void
each_failed_allocation_of_a_call_is_enomem(void **state)
{
	static const struct fail_each_row rows[] = { { "new client", new_client },
		{ "services", services }, { "keywords", keywords }, { "read", read_stored },
		{ "refresh", read_fresh }, { "modify", modify }, { "modify all", modify_all },
		{ "send", send_writes }, { "history", history }, { "monitor", monitor },
		{ "wait", wait_for } };

	fail_all(*state, rows, sizeof rows / sizeof rows[0], settle);
}

static void
each_failed_allocation_of_a_blocking_call_is_enomem(void **state)
{
	static const struct fail_each_row rows[] = { { "new blocking", new_blocking },
		{ "ask read", ask_read }, { "ask refresh", ask_fresh },
		{ "ask modify", ask_modify }, { "describe", ask_describe },
		{ "wait until", ask_wait }, { "ask history", ask_history } };

	fail_all(*state, rows, sizeof rows / sizeof rows[0], NULL);
}

/* Serves until it is killed. */
static void
serve(const char *url, pid_t parent)
{
	struct event_base *base = event_base_new();
	struct credis_dispatcher *dispatcher = credis_dispatcher_new(base, url, NULL);
	struct credis_service *service = credis_service_new("lab", NULL, NULL, NULL);
	struct credis_keyword *az = credis_keyword_new("AZ", CREDIS_DOUBLE, NULL);
	struct credis_keyword *text = credis_keyword_new("TEXT", CREDIS_STRING, NULL);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !credis_keyword_set(az, "history", "10", NULL) ||
	    !credis_keyword_finish(az, NULL, NULL) || !credis_keyword_finish(text, NULL, NULL) ||
	    !credis_service_take_keyword(service, az, NULL) ||
	    !credis_service_take_keyword(service, text, NULL) ||
	    !credis_dispatcher_take_service(dispatcher, service, NULL))
		_exit(1);
	credis_dispatcher_start(dispatcher);
	event_base_dispatch(base);
	_exit(0);
}

static int
start(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS;
	pid_t parent = getpid();

	redis_server_start(&stage->server, NULL);
	stage->dispatcher = fork();
	if (stage->dispatcher == 0)
		serve(stage->server.url, parent);
	stage->base = event_base_new();
	stage->client = credis_client_new(stage->base, stage->server.url, NULL);
	stage->blocks = credis_client_new(NULL, stage->server.url, NULL);
	credis_client_set_timeout(stage->blocks, 30000);
	*state = stage;
	while (!credis_modify(stage->blocks, "lab.AZ", "1", NULL, NULL)) {
		if (loop_now_ms() > limit_ms)
			return 1;
		nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
	}
	return 0;
}

static int
stop(void **state)
{
	struct stage *stage = *state;

	kill(stage->dispatcher, SIGKILL);
	waitpid(stage->dispatcher, NULL, 0);
	credis_client_free(stage->client);
	credis_client_free(stage->blocks);
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
	};

	return cmocka_run_group_tests_name("client, memory", tests, start, stop);
}
