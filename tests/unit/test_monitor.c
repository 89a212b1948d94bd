/* test_monitor.c: what monitor.h promises of monitors and waits, against a real store. */
#include "client_stage.h"

#include "client/monitor_inside.h"

#include <credis/monitor.h>

#include <unistd.h>

#define LEASE "SET credis:{telescope}:dispatcher {}"

enum { EVENTS_MAX = 16384 };

struct event_seen {
	enum credis_monitor_event event;
	char name[64];
	char text[64];
	char units[16];
	uint64_t seq;
	struct credis_error err;
};

static struct {
	struct event_seen *events;
	size_t count;
	size_t of[8]; /* by kind */
	struct credis_monitor *monitor;
	int free_at; /* the event in which to free it; -1: none */
} seen;

static const char *const telescope_az[] = { "telescope.AZ" };
static const char *const telescope_all[] = { "telescope.*" };

static int
set_up(void **state)
{
	free(seen.events);
	memset(&seen, 0, sizeof seen);
	seen.events = calloc(EVENTS_MAX, sizeof *seen.events);
	seen.free_at = -1;
	return stage_set_up(state);
}

static int
tear_down(void **state)
{
	credis_monitor_free(seen.monitor);
	free(seen.events);
	seen.events = NULL;
	return stage_tear_down(state);
}

static void
on_event(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	struct event_seen *row = &seen.events[seen.count++];

	(void)arg;
	assert_true(seen.count < EVENTS_MAX);
	if ((int)event == seen.free_at) {
		credis_monitor_free(seen.monitor);
		seen.monitor = NULL;
		seen.free_at = -1;
	}
	row->event = event;
	row->err = *err;
	if (reading != NULL) {
		snprintf(row->name, sizeof row->name, "%s.%s", reading->service, reading->keyword);
		snprintf(row->text, sizeof row->text, "%s", reading->text);
		row->seq = reading->seq;
		if (reading->description != NULL)
			snprintf(row->units, sizeof row->units, "%s",
			    credis_keyword_units(reading->description));
	}
	seen.of[event]++;
}

static void
watch(struct stage *stage, const char *const *names, size_t count)
{
	struct credis_error err;

	seen.monitor = credis_monitor_new(stage->client, names, count, on_event, NULL, &err);
	assert_non_null(seen.monitor);
	assert_int_equal(seen.count, 0);
}

static void
run_until(struct stage *stage, enum credis_monitor_event event, size_t count)
{
	stage_run_until(stage, &seen.of[event], count);
}

static const struct event_seen *
last(enum credis_monitor_event event)
{
	for (size_t n = seen.count; n > 0; n--) {
		if (seen.events[n - 1].event == event)
			return &seen.events[n - 1];
	}
	fail_msg("there was no event %d", event);
	return NULL;
}

static void
assert_value(const char *name, const char *text)
{
	assert_string_equal(last(CREDIS_MONITOR_VALUE)->name, name);
	assert_string_equal(last(CREDIS_MONITOR_VALUE)->text, text);
}

static void
store_az(struct stage *stage, const char *value, int seq, const char *time)
{
	stage_store(stage, "telescope", "AZ", value, seq, time);
}

/* A keyword of another kind, for a round trip that proves that what came before has been seen. */
static void
describe_mark(struct stage *stage)
{
	stage_describe(stage, "telescope", "MARK", "{\"name\":\"MARK\",\"type\":\"integer\"}");
}

static void
run_past_mark(struct stage *stage)
{
	static int mark;
	char text[16];

	snprintf(text, sizeof text, "%d", ++mark);
	stage_store(stage, "telescope", "MARK", text, mark, text);
	while (seen.count == 0 || strcmp(seen.events[seen.count - 1].text, text) != 0)
		run_until(stage, CREDIS_MONITOR_VALUE, seen.of[CREDIS_MONITOR_VALUE] + 1);
}

static void
a_monitor_gives_each_value_once_and_says_that_it_is_primed(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_describe(stage, "telescope", "EMPTY", "{\"name\":\"EMPTY\",\"type\":\"double\"}");
	stage_describe(stage, "telescope", "KEY",
	    "{\"name\":\"KEY\",\"type\":\"string\",\"access\":\"write\"}");
	stage_store(stage, "telescope", "KEY", "secret", 1, "1");
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	assert_int_equal(seen.count, 2);
	assert_int_equal(seen.events[0].event, CREDIS_MONITOR_VALUE);
	assert_value("telescope.AZ", "12.5");
	assert_string_equal(seen.events[0].units, "deg");
}

static void
each_change_is_shown(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	for (int n = 0; n < 5; n++) {
		char text[16];

		snprintf(text, sizeof text, "%d", n);
		store_az(stage, text, 8 + n, "1795208170");
		run_until(stage, CREDIS_MONITOR_VALUE, 2 + n);
		assert_value("telescope.AZ", text);
	}
}

static void
what_is_equal_or_older_is_not_shown(void **state)
{
	static const char *const names[] = { "telescope.AZ", "telescope.MARK" };
	struct stage *stage = *state;

	stage_build_telescope(stage);
	describe_mark(stage);
	watch(stage, names, 2);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	store_az(stage, "12.5", 7, "1795208169.123456");
	store_az(stage, "11", 6, "1795208169.123456");
	store_az(stage, "10", 6, "1795208168");
	store_az(stage, "", 0, "");
	stage_say(stage, "DEL credis:{telescope}:AZ");
	run_past_mark(stage);
	run_past_mark(stage);
	assert_int_equal(seen.of[CREDIS_MONITOR_VALUE], 3);
	assert_int_equal(seen.of[CREDIS_MONITOR_GONE], 0);
}

static void
a_history_that_begins_anew_is_followed(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	store_az(stage, "13", 1, "1795208169.2");
	run_until(stage, CREDIS_MONITOR_VALUE, 2);
	assert_value("telescope.AZ", "13");
	store_az(stage, "14", 2, "1795208169.2");
	run_until(stage, CREDIS_MONITOR_VALUE, 3);
	assert_value("telescope.AZ", "14");
}

static void
many_changes_cost_few_reads_and_the_last_is_shown(void **state)
{
	enum { CHANGES = 2000 };
	struct stage *stage = *state;
	redisReply *reply;

	stage_build_telescope(stage);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_say(stage, "CONFIG RESETSTAT");
	for (int n = 1; n <= CHANGES; n++)
		redisAppendCommand(stage->pen, "HSET credis:{telescope}:AZ value %d seq %d time %d",
		    n, 10 + n, 1795208170 + n);
	for (int n = 1; n <= CHANGES; n++) {
		redisGetReply(stage->pen, (void **)&reply);
		freeReplyObject(reply);
	}
	while (last(CREDIS_MONITOR_VALUE)->seq != 10 + CHANGES)
		run_until(stage, CREDIS_MONITOR_VALUE, seen.of[CREDIS_MONITOR_VALUE] + 1);
	assert_value("telescope.AZ", "2000");
	assert_true(stage_calls(stage, "hmget") < CHANGES / 4);
	for (size_t n = 1; n < seen.count; n++)
		assert_true(seen.events[n].event != CREDIS_MONITOR_VALUE ||
		    seen.events[n].seq > seen.events[n - 1].seq);
}

/* Writes AZ in each turn of the event loop: when it is read, it has changed again meanwhile. */
static struct {
	struct stage *stage;
	struct event *event;
	int seq;
} restless;

static void
on_restless_turn(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg;
	store_az(restless.stage, "1", ++restless.seq, "1795208170");
	event_add(restless.event, &(struct timeval){ 0, 0 });
}

static void
a_keyword_that_never_rests_does_not_keep_a_monitor_from_starting(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	restless.stage = stage;
	restless.seq = 10;
	restless.event = evtimer_new(stage->base, on_restless_turn, NULL);
	on_restless_turn(-1, 0, NULL);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_cut_subscriptions(stage);
	run_until(stage, CREDIS_MONITOR_RESTORED, 1);
	event_free(restless.event);
}

static void
more_keywords_than_are_read_at_a_time_are_all_given(void **state)
{
	enum { KEYWORDS = 5000 };
	struct stage *stage = *state;
	redisReply *reply;

	stage_build_telescope(stage);
	for (int n = 0; n < KEYWORDS; n++) {
		char json[64];

		snprintf(json, sizeof json, "{\"name\":\"K%d\",\"type\":\"integer\"}", n);
		redisAppendCommand(stage->pen, "HSET credis:{telescope}:keywords K%d %s", n, json);
		redisAppendCommand(stage->pen, "HSET credis:{telescope}:K%d value %d seq 1 time 1",
		    n, n);
	}
	for (int n = 0; n < 2 * KEYWORDS; n++) {
		redisGetReply(stage->pen, (void **)&reply);
		freeReplyObject(reply);
	}
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	assert_int_equal(seen.of[CREDIS_MONITOR_VALUE], KEYWORDS + 1);
}

/* Gaps. */

static void
a_lost_subscription_is_a_gap_and_what_changed_meanwhile_is_shown(void **state)
{
	static const char *const names[] = { "telescope.AZ", "telescope.EL", "telescope.MARK" };
	struct stage *stage = *state;

	stage_build_telescope(stage);
	describe_mark(stage);
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	stage_store(stage, "telescope", "EL", "1", 1, "1");
	watch(stage, names, 3);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_cut_subscriptions(stage);
	store_az(stage, "77", 9, "1795208180");
	run_until(stage, CREDIS_MONITOR_RESTORED, 1);
	run_past_mark(stage);
	assert_int_equal(seen.of[CREDIS_MONITOR_GAP], 1);
	assert_true(strlen(last(CREDIS_MONITOR_GAP)->err.text) > 0);
	assert_int_equal(seen.of[CREDIS_MONITOR_VALUE], 4); /* AZ and EL, AZ again, MARK */
	assert_int_equal(seen.of[CREDIS_MONITOR_PRIMED], 1);
	assert_int_equal(seen.of[CREDIS_MONITOR_RESTORED], 1);
}

static void
a_store_that_comes_back_empty_and_is_healed_is_one_gap(void **state)
{
	struct stage *stage = *state;
	int64_t back_ms;

	stage_build_telescope(stage);
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_kill_store(stage);
	run_until(stage, CREDIS_MONITOR_GAP, 1);
	stage_run_for(stage, 300);
	stage_bring_store_back(stage);
	back_ms = stage_now_ms();
	run_until(stage, CREDIS_MONITOR_RESTORED, 1);
	assert_true(stage_now_ms() - back_ms < 2000);
	stage_build_telescope(stage); /* the same value as before: no news */
	store_az(stage, "1", 8, "1795208190");
	run_until(stage, CREDIS_MONITOR_VALUE, 2);
	assert_value("telescope.AZ", "1");
	assert_int_equal(seen.count, 5);
}

static void
a_store_that_was_emptied_and_is_healed_has_lost_no_keyword(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_say(stage, LEASE);
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_say(stage, "FLUSHALL");
	stage_say(stage, "HINCRBY credis:{telescope}:about epoch 1");
	stage_run_for(stage, 300);
	stage_build_telescope(stage);
	stage_say(stage, LEASE);
	store_az(stage, "1", 8, "1795208190");
	run_until(stage, CREDIS_MONITOR_VALUE, 2);
	stage_run_for(stage, 3300); /* beyond the time of doubt */
	assert_int_equal(seen.count, 3);
}

/* What is there changes. */

static void
a_keyword_that_comes_to_match_later_is_watched(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_store(stage, "telescope", "EL", "1", 1, "1");
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	run_until(stage, CREDIS_MONITOR_VALUE, 2);
	assert_value("telescope.EL", "1");
	stage_store(stage, "telescope", "EL", "2", 2, "2");
	run_until(stage, CREDIS_MONITOR_VALUE, 3);
	assert_value("telescope.EL", "2");
}

static void
a_keyword_that_is_no_more_is_gone_and_may_come_back(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	stage_store(stage, "telescope", "EL", "1", 9, "9");
	watch(stage, (const char *const[]){ "telescope.EL", "telescope.AZ" }, 2);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_say(stage, "DEL credis:{telescope}:EL");
	stage_say(stage, "HDEL credis:{telescope}:keywords EL");
	stage_say(stage, "HINCRBY credis:{telescope}:about generation 1");
	run_until(stage, CREDIS_MONITOR_GONE, 1);
	assert_string_equal(last(CREDIS_MONITOR_GONE)->name, "telescope.EL");
	stage_store(stage, "telescope", "EL", "1", 1, "1");
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	run_until(stage, CREDIS_MONITOR_VALUE, 3);
	assert_value("telescope.EL", "1");
}

static void
a_changed_description_comes_with_the_next_value(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	watch(stage, telescope_all, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_describe(stage, "telescope", "AZ",
	    "{\"name\":\"AZ\",\"type\":\"double\",\"units\":\"rad\"}");
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	stage_store(stage, "telescope", "EL", "1", 1, "1");
	run_until(stage, CREDIS_MONITOR_VALUE, 2);
	store_az(stage, "1", 8, "1795208190");
	run_until(stage, CREDIS_MONITOR_VALUE, 3);
	assert_string_equal(last(CREDIS_MONITOR_VALUE)->units, "rad");
}

static void
a_service_that_is_removed_is_gone_after_some_doubt(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	stage_say(stage, "HDEL credis:{telescope}:about generation");
	stage_say(stage, "DEL credis:{telescope}:AZ credis:{telescope}:keywords");
	stage_say(stage, "SREM credis:services telescope");
	run_until(stage, CREDIS_MONITOR_GONE, 1);
	assert_string_equal(last(CREDIS_MONITOR_GONE)->name, "telescope.AZ");
}

/* What cannot start. */

static void
assert_cannot_watch(struct stage *stage, const char *name, enum credis_code code, const char *text)
{
	memset(seen.of, 0, sizeof seen.of);
	seen.count = 0;
	watch(stage, &name, 1);
	run_until(stage, CREDIS_MONITOR_FAILED, 1);
	assert_int_equal(seen.count, 1);
	if (text != NULL)
		assert_string_equal(seen.events[0].err.text, text);
	assert_int_equal(seen.events[0].err.code, code);
	credis_monitor_free(seen.monitor);
	seen.monitor = NULL;
}

static void
what_does_not_exist_cannot_be_watched(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_describe(stage, "telescope", "KEY",
	    "{\"name\":\"KEY\",\"type\":\"string\",\"access\":\"write\"}");
	assert_cannot_watch(stage, "telescop.AZ", CREDIS_ENOSERVICE,
	    "telescop: no such service (did you mean 'telescope'?)");
	assert_cannot_watch(stage, "telescop.*", CREDIS_ENOSERVICE,
	    "telescop: no such service (did you mean 'telescope'?)");
	assert_cannot_watch(stage, "telescope.AY", CREDIS_ENOKEYWORD,
	    "telescope.AY: no such keyword");
	assert_cannot_watch(stage, "telescope.Q*", CREDIS_ENOKEYWORD,
	    "telescope.Q*: no keyword matches");
	assert_cannot_watch(stage, "telescope.KEY", CREDIS_EWRITEONLY,
	    "telescope.KEY: may only be written");
}

static void
without_a_store_nothing_can_be_watched(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, "unix:///nowhere/redis.sock", &err);
	assert_cannot_watch(stage, "telescope.AZ", CREDIS_EUNREACHABLE, NULL);
}

static void
who_may_not_listen_cannot_watch(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	char url[160];

	stage_build_telescope(stage);
	stage_say(stage, "ACL SETUSER deaf on >pw +@all ~* resetchannels");
	snprintf(url, sizeof url, "unix://deaf:pw@%s", stage->server->socket);
	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, url, &err);
	assert_cannot_watch(stage, "telescope.AZ", CREDIS_ESTORE, NULL);
	stage_say(stage, "ACL DELUSER deaf");
}

static void
a_store_that_does_not_answer_ends_the_start_at_the_deadline(void **state)
{
	struct stage *stage = *state;

	credis_client_set_timeout(stage->client, 300);
	redis_server_signal(stage->server, SIGSTOP);
	watch(stage, telescope_az, 1);
	run_until(stage, CREDIS_MONITOR_FAILED, 1);
	redis_server_signal(stage->server, SIGCONT);
	assert_int_equal(seen.events[0].err.code, CREDIS_EUNREACHABLE);
}

static void
a_patient_monitor_starts_when_the_store_comes(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_save(stage);
	stage_kill_store(stage);
	credis_client_set_patient(stage->client, true);
	watch(stage, telescope_az, 1);
	stage_run_for(stage, 200);
	stage_bring_store_back(stage);
	run_until(stage, CREDIS_MONITOR_PRIMED, 1);
	assert_int_equal(seen.of[CREDIS_MONITOR_FAILED], 0);
}

static void
bad_names_cannot_be_watched(void **state)
{
	static const char *const bad[] = { "AZ", "tele*.AZ", "telescope.", "telescope.A B" };
	struct stage *stage = *state;
	struct credis_error err;

	for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
		assert_null(credis_monitor_new(stage->client, &bad[n], 1, on_event, NULL, &err));
		assert_int_equal(err.code, CREDIS_EINVAL);
	}
	assert_null(credis_monitor_new(stage->client, bad, 0, on_event, NULL, &err));
}

static void
a_monitor_may_be_freed_in_any_of_its_callbacks(void **state)
{
	struct stage *stage = *state;

	for (int event = CREDIS_MONITOR_VALUE; event <= CREDIS_MONITOR_SERVED; event++) {
		const char *const *names = event == CREDIS_MONITOR_FAILED
		    ? (const char *const[]){ "dome.X" }
		    : telescope_az;

		stage_say(stage, "FLUSHALL");
		stage_build_telescope(stage);
		stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
		memset(seen.of, 0, sizeof seen.of);
		seen.count = 0;
		seen.free_at = event;
		watch(stage, names, 1);
		if (event == CREDIS_MONITOR_GAP || event == CREDIS_MONITOR_RESTORED ||
		    event == CREDIS_MONITOR_GONE) {
			run_until(stage, CREDIS_MONITOR_PRIMED, 1);
			if (event != CREDIS_MONITOR_GONE)
				stage_cut_subscriptions(stage);
			stage_say(stage, "HDEL credis:{telescope}:keywords AZ");
			stage_say(stage, "HINCRBY credis:{telescope}:about generation 1");
		}
		if (event == CREDIS_MONITOR_SERVED) {
			run_until(stage, CREDIS_MONITOR_UNSERVED, 1);
			stage_say(stage, LEASE);
		}
		run_until(stage, event, 1);
		assert_null(seen.monitor);
	}
	stage_run_for(stage, 50);
}

static struct credis_monitor *pair[2];

static void
on_pair(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	(void)arg;
	seen.of[event]++;
	if (event != CREDIS_MONITOR_UNSERVED)
		return;
	assert_string_equal(reading->service, "telescope");
	assert_int_equal(err->code, CREDIS_EUNSERVED);
	credis_monitor_free(pair[0]);
	credis_monitor_free(pair[1]);
}

static void
a_monitor_may_free_others_of_an_unserved_service(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	for (int n = 0; n < 2; n++)
		pair[n] = credis_monitor_new(stage->client, telescope_az, 1, on_pair, NULL, NULL);
	run_until(stage, CREDIS_MONITOR_UNSERVED, 1);
	stage_run_for(stage, 50);
	assert_int_equal(seen.of[CREDIS_MONITOR_UNSERVED], 1);
}

static void
who_serves_is_asked_once_for_all_who_watch(void **state)
{
	struct credis_monitor *all[10];
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_say(stage, LEASE);
	stage_say(stage, "CONFIG RESETSTAT");
	for (int n = 0; n < 10; n++)
		all[n] = credis_monitor_new(stage->client, telescope_az, 1, on_event, NULL, NULL);
	stage_run_for(stage, 2200);
	assert_in_range(stage_calls(stage, "exists"), 1, 3);
	for (int n = 0; n < 10; n++)
		credis_monitor_free(all[n]);
	assert_int_equal(seen.of[CREDIS_MONITOR_UNSERVED], 0);
}

static void
monitors_are_freed_at_every_stage(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	for (int turns = 0; turns < 12; turns++) {
		seen.count = 0;
		watch(stage, telescope_all, 1);
		for (int n = 0; n < turns; n++)
			event_base_loop(stage->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		credis_monitor_free(seen.monitor);
		seen.monitor = NULL;
		if (turns % 2 == 0)
			stage_new_client(stage);
	}
}

/* Waits. */

static struct {
	struct credis_wait *wait;
	size_t ends;
	struct credis_error err;
} waited;

static void
on_wait(void *arg, const struct credis_error *err)
{
	(void)arg;
	waited.ends++;
	waited.err = *err;
	credis_wait_free(waited.wait);
	waited.wait = NULL;
}

static void
begin_wait(struct stage *stage, const char *expression, const char *service, int64_t timeout_ms)
{
	struct credis_error err;

	memset(&waited, 0, sizeof waited);
	waited.wait =
	    credis_wait_new(stage->client, expression, service, timeout_ms, on_wait, NULL, &err);
	assert_non_null(waited.wait);
	assert_int_equal(waited.ends, 0);
}

/* It has seen all values, and found that it must wait. */
static void
begin_long_wait(struct stage *stage, const char *expression, int64_t timeout_ms)
{
	const struct credis_monitor *monitor;

	begin_wait(stage, expression, "telescope", timeout_ms);
	monitor = stage->client->monitors;
	while (waited.ends == 0 && monitor->state != MONITOR_RUNNING)
		event_base_loop(stage->base, EVLOOP_ONCE);
	assert_int_equal(waited.ends, 0);
}

static void
assert_wait_ends(struct stage *stage, enum credis_code code, const char *text)
{
	stage_run_until(stage, &waited.ends, 1);
	if (text != NULL)
		assert_string_equal(waited.err.text, text);
	assert_int_equal(waited.err.code, code);
}

static void
build_filter(struct stage *stage)
{
	stage_describe(stage, "telescope", "FILTER",
	    "{\"name\":\"FILTER\",\"type\":\"enumerated\",\"values\":[\"open\",\"R\"]}");
	stage_store(stage, "telescope", "FILTER", "open", 1, "1");
}

static void
a_wait_for_what_is_true_ends_at_once(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	build_filter(stage);
	begin_wait(stage, "$telescope.AZ > 12 and $filter == OPEN", "Telescope", 5000);
	assert_wait_ends(stage, CREDIS_OK, NULL);
	begin_wait(stage, "$AZ == $telescope.AZ", "telescope", 5000);
	assert_wait_ends(stage, CREDIS_OK, NULL);
}

static void
a_wait_ends_when_it_becomes_true(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	build_filter(stage);
	begin_long_wait(stage, "$AZ > 100 and $FILTER == R", 10000);
	store_az(stage, "101", 8, "1795208170");
	stage_run_for(stage, 50);
	assert_int_equal(waited.ends, 0);
	stage_store(stage, "telescope", "FILTER", "R", 2, "2");
	assert_wait_ends(stage, CREDIS_OK, NULL);
}

static void
an_invalid_value_makes_nothing_true(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_say(stage, "HSET credis:{telescope}:AZ severity invalid");
	begin_long_wait(stage, "$telescope.AZ > 12", 10000);
	stage_say(stage, "HDEL credis:{telescope}:AZ severity");
	store_az(stage, "13", 8, "1795208170");
	assert_wait_ends(stage, CREDIS_OK, NULL);
}

static void
a_wait_ends_at_its_deadline(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	begin_long_wait(stage, "$telescope.AZ > 100", 10000);
	credis_wait_free(waited.wait);
	begin_wait(stage, "$telescope.AZ > 100", NULL, 200);
	assert_wait_ends(stage, CREDIS_EDEADLINE,
	    "'$telescope.AZ > 100' did not become true within 200 milliseconds");
	credis_client_set_timeout(stage->client, 100);
	begin_wait(stage, "$telescope.AZ > 100", NULL, -1);
	assert_wait_ends(stage, CREDIS_EDEADLINE, NULL);
}

static void
an_expression_without_keywords_is_true_or_impossible(void **state)
{
	struct stage *stage = *state;

	begin_wait(stage, "1 < 2", NULL, 5000);
	assert_wait_ends(stage, CREDIS_OK, NULL);
	begin_wait(stage, "1 > 2", NULL, 5000);
	assert_wait_ends(stage, CREDIS_EIMPOSSIBLE,
	    "'1 > 2' cannot become true: it names no keyword and is false");
	begin_wait(stage, "1 / 0 > 2", NULL, 5000);
	assert_wait_ends(stage, CREDIS_EIMPOSSIBLE, NULL);
}

static void
what_does_not_parse_is_refused(void **state)
{
	static const char *const bad[] = { "", "1 +", "$AZ > 1", "$telescope.AZ >" };
	struct stage *stage = *state;
	struct credis_error err;

	stage_build_telescope(stage);
	for (size_t n = 0; n < sizeof bad / sizeof *bad; n++) {
		assert_null(credis_wait_new(stage->client, bad[n], NULL, 100, on_wait, NULL, &err));
		assert_int_equal(err.code, CREDIS_EINVAL);
	}
	build_filter(stage);
	begin_wait(stage, "$telescope.FILTER == purple", NULL, 5000);
	stage_run_until(stage, &waited.ends, 1);
	assert_true(waited.err.code == CREDIS_EINVAL || waited.err.code == CREDIS_EVALUES);
}

static void
a_wait_for_what_does_not_exist_says_so(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	begin_wait(stage, "$telescope.AY > 1", NULL, 5000);
	assert_wait_ends(stage, CREDIS_ENOKEYWORD, "telescope.AY: no such keyword");
	begin_wait(stage, "$dome.AZ > 1", NULL, 5000);
	assert_wait_ends(stage, CREDIS_ENOSERVICE, "dome: no such service");
	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, "unix:///nowhere/redis.sock", &waited.err);
	begin_wait(stage, "$telescope.AZ > 1", NULL, 5000);
	assert_wait_ends(stage, CREDIS_EUNREACHABLE, NULL);
}

static void
a_wait_for_a_keyword_that_is_removed_ends(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	build_filter(stage);
	begin_long_wait(stage, "$telescope.AZ > 100", 10000);
	stage_say(stage, "HDEL credis:{telescope}:keywords AZ");
	stage_say(stage, "HINCRBY credis:{telescope}:about generation 1");
	assert_wait_ends(stage, CREDIS_ENOKEYWORD, "telescope.AZ: the keyword exists no more");
}

/* A label that is new, in a keyword that was of another type when the wait began. */
static void
a_wait_follows_a_keyword_to_another_type(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	begin_long_wait(stage, "$telescope.AZ == 5", 10000);
	stage_describe(stage, "telescope", "AZ",
	    "{\"name\":\"AZ\",\"type\":\"integer\",\"units\":\"deg\"}");
	stage_run_for(stage, 50);
	store_az(stage, "5", 8, "1795208170");
	assert_wait_ends(stage, CREDIS_OK, NULL);
}

/* AZ becomes text while FILTER decides: its number of before is nothing to compare text with. */
static void
a_value_of_before_is_read_by_the_type_of_now(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	build_filter(stage);
	begin_long_wait(stage, "$telescope.AZ == 12.5 and $telescope.FILTER == R", 10000);
	stage_describe(stage, "telescope", "AZ", "{\"name\":\"AZ\",\"type\":\"string\"}");
	stage_run_for(stage, 50);
	stage_store(stage, "telescope", "FILTER", "R", 2, "2");
	assert_wait_ends(stage, CREDIS_OK, NULL);
	begin_long_wait(stage, "$telescope.AZ == 5 and $telescope.FILTER == open", 10000);
	stage_describe(stage, "telescope", "AZ", "{\"name\":\"AZ\",\"type\":\"integer\"}");
	stage_run_for(stage, 50);
	stage_store(stage, "telescope", "FILTER", "open", 3, "3");
	stage_run_for(stage, 50);
	assert_int_equal(waited.ends, 0);
	store_az(stage, "5", 8, "1795208170");
	assert_wait_ends(stage, CREDIS_OK, NULL);
}

/* AZ was 12.5, and is 1 since the store was away; only then B becomes true. */
static void
a_wait_does_not_trust_what_it_knew_before_a_gap(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	build_filter(stage);
	begin_long_wait(stage, "$telescope.AZ == 12.5 and $telescope.FILTER == R", 1500);
	stage_cut_subscriptions(stage);
	store_az(stage, "1", 8, "1795208170");
	stage_store(stage, "telescope", "FILTER", "R", 2, "2");
	assert_wait_ends(stage, CREDIS_EDEADLINE, NULL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_monitor_gives_each_value_once_and_says_that_it_is_primed),
		TEST(each_change_is_shown),
		TEST(what_is_equal_or_older_is_not_shown),
		TEST(a_history_that_begins_anew_is_followed),
		TEST(many_changes_cost_few_reads_and_the_last_is_shown),
		TEST(a_keyword_that_never_rests_does_not_keep_a_monitor_from_starting),
		TEST(more_keywords_than_are_read_at_a_time_are_all_given),
		TEST(a_lost_subscription_is_a_gap_and_what_changed_meanwhile_is_shown),
		TEST(a_store_that_comes_back_empty_and_is_healed_is_one_gap),
		TEST(a_store_that_was_emptied_and_is_healed_has_lost_no_keyword),
		TEST(a_keyword_that_comes_to_match_later_is_watched),
		TEST(a_keyword_that_is_no_more_is_gone_and_may_come_back),
		TEST(a_changed_description_comes_with_the_next_value),
		TEST(a_service_that_is_removed_is_gone_after_some_doubt),
		TEST(what_does_not_exist_cannot_be_watched),
		TEST(without_a_store_nothing_can_be_watched),
		TEST(who_may_not_listen_cannot_watch),
		TEST(a_store_that_does_not_answer_ends_the_start_at_the_deadline),
		TEST(a_patient_monitor_starts_when_the_store_comes),
		TEST(bad_names_cannot_be_watched),
		TEST(a_monitor_may_be_freed_in_any_of_its_callbacks),
		TEST(a_monitor_may_free_others_of_an_unserved_service),
		TEST(who_serves_is_asked_once_for_all_who_watch),
		TEST(monitors_are_freed_at_every_stage),
		TEST(a_wait_for_what_is_true_ends_at_once),
		TEST(a_wait_ends_when_it_becomes_true),
		TEST(an_invalid_value_makes_nothing_true),
		TEST(a_wait_ends_at_its_deadline),
		TEST(an_expression_without_keywords_is_true_or_impossible),
		TEST(what_does_not_parse_is_refused),
		TEST(a_wait_for_what_does_not_exist_says_so),
		TEST(a_wait_for_a_keyword_that_is_removed_ends),
		TEST(a_wait_follows_a_keyword_to_another_type),
		TEST(a_value_of_before_is_read_by_the_type_of_now),
		TEST(a_wait_does_not_trust_what_it_knew_before_a_gap),
	};

	return cmocka_run_group_tests(tests, stage_open_store, stage_close_store);
}
