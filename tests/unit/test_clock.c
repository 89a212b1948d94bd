/* test_clock.c: what is known of the store's time holds when this machine's clock is set, as this program's own
 * clock_gettime() does. */
#include "client_stage.h"

#include "loop.h"
#include "redis/clock.h"

#include <credis/dispatcher.h>

#include <sys/syscall.h>

enum { HOUR_S = 3600, JITTER_US = 1000 };

#define SECOND_US INT64_C(1000000)

static time_t set_s; /* by so much */

int
clock_gettime(clockid_t which, struct timespec *now)
{
	int failed = (int)syscall(SYS_clock_gettime, which, now);

	if (which == CLOCK_REALTIME)
		now->tv_sec += set_s;
	return failed;
}

/* The store's, too. */
static int64_t
real_us(void)
{
	return clock_ask_us(CLOCK_REALTIME) - set_s * SECOND_US;
}

static int
set_up(void **state)
{
	set_s = 0;
	return stage_set_up(state);
}

/* What a server answers to TIME. */
static bool
learn(int64_t *offset_us, int64_t asked_us, int64_t time_us)
{
	struct reply seconds = { .kind = REPLY_INTEGER, .integer = time_us / SECOND_US };
	struct reply rest = { .kind = REPLY_INTEGER, .integer = time_us % SECOND_US };
	struct reply *items[] = { &seconds, &rest };
	struct reply reply = { .kind = REPLY_ARRAY, .count = 2, .items = items };

	return clock_learn(offset_us, asked_us, &reply);
}

static void
what_is_known_of_a_servers_clock_stays_while_it_fits(void **state)
{
	int64_t offset_us = 0, own_us = clock_own_offset_us(), known_us;

	(void)state;
	set_s = 0;
	assert_true(learn(&offset_us, clock_steady_us() - SECOND_US, real_us()));
	assert_true(llabs(offset_us - own_us) < JITTER_US);
	known_us = offset_us;
	set_s = HOUR_S;
	assert_true(learn(&offset_us, clock_steady_us() - SECOND_US, real_us()));
	assert_true(offset_us == known_us);
	assert_true(
	    learn(&offset_us, clock_steady_us() - SECOND_US, real_us() + HOUR_S * SECOND_US));
	assert_true(llabs(offset_us - own_us - HOUR_S * SECOND_US) < JITTER_US);
	/* Nobody's clock agrees: the middle. */
	assert_true(
	    learn(&offset_us, clock_steady_us() - SECOND_US, real_us() - HOUR_S * SECOND_US));
	assert_true(offset_us > own_us - HOUR_S * SECOND_US);
	assert_true(offset_us < own_us - HOUR_S * SECOND_US + SECOND_US);
	known_us = offset_us;
	assert_false(
	    clock_learn(&offset_us, 0, &(struct reply){ .kind = REPLY_ERROR, .text = "" }));
	assert_true(offset_us == known_us);
}

struct outcome {
	size_t count;
	struct credis_error err;
	int64_t time_us;
};

static void
on_modify(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct outcome *outcome = arg;

	(void)n;
	if (progress != CREDIS_FINAL)
		return;
	outcome->count++;
	outcome->err = *err;
	outcome->time_us = reading != NULL ? reading->time_us : 0;
}

static void
modify(struct stage *stage, const char *text)
{
	const struct credis_modify write = { .keyword = "telescope.AZ",
		.text = text,
		.length = strlen(text) };
	struct outcome outcome = { .count = 0 };

	assert_true(
	    credis_client_modify(stage->client, &write, 1, false, on_modify, &outcome, NULL) != 0);
	stage_run_until(stage, &outcome.count, 1);
	assert_string_equal(outcome.err.text, "");
	assert_true(llabs(outcome.time_us - real_us()) < STAGE_LIMIT_S * SECOND_US);
}

static void
answer_done(struct stage *stage, const struct heard *heard)
{
	char fields[64];

	snprintf(fields, sizeof fields, "is=done seq=8 time=%lld.0",
	    (long long)(real_us() / SECOND_US));
	stage_answer(stage, heard, fields, heard->body);
}

static void
requests_expire_by_the_stores_clock_whatever_ours_is_set_to(void **state)
{
	static const time_t sets[] = { 0, -60, HOUR_S, HOUR_S, -HOUR_S, 0 };
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	credis_client_set_timeout(stage->client, STAGE_LIMIT_S * 1000);
	for (size_t n = 0; n < sizeof sets / sizeof *sets; n++) {
		const struct message *sent = &stage->heard[n].message;
		int64_t before_us = real_us();

		set_s = sets[n];
		modify(stage, "1");
		assert_int_equal(stage->heard_count, n + 1);
		assert_true(sent->sent_us > before_us - SECOND_US);
		assert_true(sent->sent_us < real_us() + SECOND_US);
		assert_true(sent->expires_us > before_us + (STAGE_LIMIT_S - 1) * SECOND_US);
		assert_true(sent->expires_us < real_us() + (STAGE_LIMIT_S + 1) * SECOND_US);
	}
}

static void
a_client_asks_again_for_the_time_when_our_clock_was_set(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	modify(stage, "1");
	stage_say(stage, "CONFIG RESETSTAT");
	modify(stage, "2");
	assert_int_equal(stage_calls(stage, "time"), 0);
	set_s = HOUR_S;
	modify(stage, "3");
	assert_int_equal(stage_calls(stage, "time"), 1);
}

static struct credis_dispatcher *
start_dispatcher(struct stage *stage)
{
	struct credis_dispatcher *dispatcher =
	    credis_dispatcher_new(stage->base, stage->server->url, NULL);
	struct credis_service *service = credis_service_new("telescope", "", "", NULL);
	struct credis_keyword *keyword = credis_keyword_new("AZ", CREDIS_INTEGER, NULL);
	const char *setting;

	assert_true(credis_keyword_finish(keyword, &setting, NULL));
	assert_true(credis_service_take_keyword(service, keyword, NULL));
	assert_true(credis_dispatcher_take_service(dispatcher, service, NULL));
	credis_dispatcher_start(dispatcher);
	return dispatcher;
}

static void
a_dispatcher_keeps_to_the_stores_clock_when_ours_is_set(void **state)
{
	static const time_t sets[] = { HOUR_S, -HOUR_S, 0 };
	struct stage *stage = *state;
	struct credis_dispatcher *dispatcher = start_dispatcher(stage);

	EVENTUALLY(stage->base,
	    stage_number(stage_ask(stage, "PUBLISH credis:{telescope}:AZ:modify 0")) == 1);
	modify(stage, "1");
	for (size_t n = 0; n < sizeof sets / sizeof *sets; n++) {
		stage_say(stage, "CONFIG RESETSTAT");
		set_s = sets[n];
		modify(stage, n % 2 == 0 ? "2" : "3");
		EVENTUALLY(stage->base, stage_calls(stage, "time") == 2); /* the client has, too */
		modify(stage, n % 2 == 0 ? "4" : "5");
	}
	credis_dispatcher_free(dispatcher);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, stage_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_known_of_a_servers_clock_stays_while_it_fits),
		TEST(requests_expire_by_the_stores_clock_whatever_ours_is_set_to),
		TEST(a_client_asks_again_for_the_time_when_our_clock_was_set),
		TEST(a_dispatcher_keeps_to_the_stores_clock_when_ours_is_set),
	};

	return cmocka_run_group_tests(tests, stage_open_store, stage_close_store);
}
