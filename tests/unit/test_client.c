/* test_client.c: what client.h and blocking.h promise, against a real store and a dispatcher that is played. */
#include "client_stage.h"

#include <credis/blocking.h>
#include <credis/history.h>

#include <pthread.h>
#include <pwd.h>

enum { ENDS_MAX = 64 };

/* The system's, for the client. */
int
getpwuid_r(uid_t uid, struct passwd *user, char *room, size_t size, struct passwd **found)
{
	static char name[] = "LAB\\jane \tdoe\x7f";

	(void)uid, (void)room, (void)size;
	*user = (struct passwd){ .pw_name = name };
	*found = user;
	return 0;
}

/* What came back, from whatever call. */
struct end {
	size_t n;
	enum credis_progress progress;
	struct credis_error err;
	bool read;
	char text[128];
	char service[64], keyword[64], units[32];
	struct credis_reading reading;
	int64_t at_ms;
};

static struct {
	struct end ends[ENDS_MAX];
	size_t count;
	size_t finals;
	bool calling; /* inside a call: nothing may come back now */
} got;

static void
on_modify(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct end *end = &got.ends[got.count++];

	(void)arg;
	assert_false(got.calling);
	assert_true(got.count < ENDS_MAX);
	*end = (struct end){ .n = n,
		.progress = progress,
		.err = *err,
		.read = reading != NULL,
		.at_ms = stage_now_ms() };
	if (reading != NULL) {
		end->reading = *reading;
		snprintf(end->text, sizeof end->text, "%s", reading->text);
		snprintf(end->service, sizeof end->service, "%s", reading->service);
		snprintf(end->keyword, sizeof end->keyword, "%s", reading->keyword);
		if (reading->description != NULL)
			snprintf(end->units, sizeof end->units, "%s",
			    credis_keyword_units(reading->description));
	}
	got.finals += progress == CREDIS_FINAL;
}

static void
on_reading(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	on_modify(arg, 0, CREDIS_FINAL, err, reading);
}

static int
set_up(void **state)
{
	memset(&got, 0, sizeof got);
	return stage_set_up(state);
}

static credis_call
begin_read(struct stage *stage, const char *keyword, bool refresh)
{
	struct credis_error err;
	credis_call call;

	got.calling = true;
	call = credis_client_read(stage->client, keyword, refresh, on_reading, NULL, &err);
	got.calling = false;
	assert_true(call != 0);
	return call;
}

static const struct end *
do_read(struct stage *stage, const char *keyword, bool refresh)
{
	begin_read(stage, keyword, refresh);
	stage_run_until(stage, &got.finals, got.finals + 1);
	return &got.ends[got.count - 1];
}

static credis_call
begin_writes(struct stage *stage, const struct credis_modify *writes, size_t count, bool atomic)
{
	struct credis_error err;
	credis_call call;

	got.calling = true;
	call = credis_client_modify(stage->client, writes, count, atomic, on_modify, NULL, &err);
	got.calling = false;
	assert_true(call != 0);
	return call;
}

static credis_call
begin_modify(struct stage *stage, const char *keyword, const char *text)
{
	const struct credis_modify write = { .keyword = keyword,
		.text = text,
		.length = strlen(text) };

	return begin_writes(stage, &write, 1, false);
}

static const struct end *
do_modify(struct stage *stage, const char *keyword, const char *text)
{
	begin_modify(stage, keyword, text);
	stage_run_until(stage, &got.finals, got.finals + 1);
	return &got.ends[got.count - 1];
}

static void
assert_fails(const struct end *end, enum credis_code code, const char *text)
{
	assert_string_equal(end->err.text, text);
	assert_int_equal(end->err.code, code);
	assert_false(end->read);
}

static void
answer_done(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=done seq=8 time=1795208170.000001", heard->body);
}

/* Reading. */

static void
a_read_gives_value_sequence_time_severity_and_description(void **state)
{
	struct stage *stage = *state;
	const struct end *end;

	stage_build_telescope(stage);
	stage_say(stage, "HSET credis:{telescope}:AZ severity minor reason %s", "beyond high");
	end = do_read(stage, "Telescope.az", false);
	assert_int_equal(end->err.code, CREDIS_OK);
	assert_string_equal(end->service, "telescope");
	assert_string_equal(end->keyword, "AZ");
	assert_string_equal(end->text, "12.5");
	assert_int_equal(end->reading.seq, 7);
	assert_int_equal(end->reading.time_us, 1795208169123456);
	assert_int_equal(end->reading.severity, CREDIS_MINOR);
	assert_string_equal(end->units, "deg");
}

static void
a_keyword_that_was_never_written_reads_with_sequence_0(void **state)
{
	struct stage *stage = *state;
	const struct end *end;

	stage_describe(stage, "telescope", "AZ", AZ_JSON);
	end = do_read(stage, "telescope.AZ", false);
	assert_int_equal(end->err.code, CREDIS_OK);
	assert_int_equal(end->reading.seq, 0);
	assert_string_equal(end->text, "");
}

static void
a_key_of_another_type_is_said_to_be_the_stores_fault(void **state)
{
	struct stage *stage = *state;

	stage_describe(stage, "telescope", "AZ", AZ_JSON);
	stage_say(stage, "SET credis:{telescope}:AZ nonsense");
	assert_int_equal(do_read(stage, "telescope.AZ", false)->err.code, CREDIS_ESTORE);
}

static void
what_may_only_be_written_is_not_read(void **state)
{
	struct stage *stage = *state;

	stage_describe(stage, "telescope", "KEY",
	    "{\"name\":\"KEY\",\"type\":\"string\",\"access\":\"write\"}");
	assert_fails(do_read(stage, "telescope.KEY", false), CREDIS_EWRITEONLY,
	    "telescope.KEY: may only be written");
}

static void
an_unknown_service_is_answered_with_the_nearest_one(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	assert_fails(do_read(stage, "telescop.AZ", false), CREDIS_ENOSERVICE,
	    "telescop: no such service (did you mean 'telescope'?)");
	assert_fails(do_read(stage, "weather.AZ", false), CREDIS_ENOSERVICE,
	    "weather: no such service");
}

static void
an_unknown_keyword_is_said_to_be_unknown(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	assert_fails(do_read(stage, "telescope.AY", false), CREDIS_ENOKEYWORD,
	    "telescope.AY: no such keyword");
}

static void
refresh_and_store(struct stage *stage, const struct heard *heard)
{
	stage_store(stage, "telescope", "AZ", "99", 8, "1795208170.5");
	stage_answer(stage, heard, "is=done seq=8 time=1795208170.5", "99");
}

static void
a_refreshed_read_gives_what_the_source_has_stored(void **state)
{
	struct stage *stage = *state;
	const struct end *end;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = refresh_and_store;
	end = do_read(stage, "telescope.AZ", true);
	assert_int_equal(end->err.code, CREDIS_OK);
	assert_string_equal(end->text, "99");
	assert_string_equal(end->units, "deg");
	assert_int_equal(stage->heard_count, 1);
	assert_string_equal(stage->heard[0].channel, "credis:{telescope}:AZ:read");
}

static void
refuse_to_refresh(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=failed code=driver", "AZ: the mount does not answer");
}

static void
a_refresh_that_fails_fails_the_read(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = refuse_to_refresh;
	assert_fails(do_read(stage, "telescope.AZ", true), CREDIS_EDRIVER,
	    "telescope.AZ: the mount does not answer");
}

static void
bad_names_are_refused_at_once(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	assert_int_equal(credis_client_read(stage->client, "AZ", false, on_reading, NULL, &err), 0);
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_int_equal(credis_client_read(stage->client, "a b.AZ", false, on_reading, NULL, &err),
	    0);
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_int_equal(credis_client_services(stage->client, "1x", NULL, NULL, &err), 0);
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_int_equal(credis_client_keywords(stage->client, "", NULL, NULL, &err), 0);
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_int_equal(credis_client_modify(stage->client, NULL, 0, false, on_modify, NULL, &err),
	    0);
	assert_int_equal(err.code, CREDIS_EINVAL);
}

/* Services and keywords. */

static struct {
	struct credis_error err;
	struct credis_service_info infos[4];
	char texts[4][8][96];
	size_t count;
	size_t ends;
} seen;

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	(void)arg;
	seen.err = *err;
	seen.count = count;
	seen.ends++;
	for (size_t n = 0; n < count; n++) {
		const struct credis_service_info *info = &services[n];
		const char *texts[] = { info->name, info->help, info->generation, info->state,
			info->host, info->dispatcher_version, info->store, info->error };

		seen.infos[n] = *info;
		for (size_t k = 0; k < 8; k++)
			snprintf(seen.texts[n][k], sizeof seen.texts[n][k], "%s", texts[k]);
	}
}

static void
services_come_by_name_with_who_serves_them(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	memset(&seen, 0, sizeof seen);
	stage_build_telescope(stage);
	stage_describe(stage, "dome", "AZ", AZ_JSON);
	stage_say(stage, "HSET credis:{telescope}:about help %s", "The telescope");
	stage_lease(stage, "telescope");
	stage_store(stage, "telescope", "DISPSTATE", "ready", 1, "1");
	stage_store(stage, "telescope", "DISPERROR", "none", 1, "1");
	stage_store(stage, "dome", "DISPSTATE", "ready", 1, "1");
	stage_say(stage,
	    "HSET credis:{telescope}:statistics beat 1795208170.25 rate 12.5 lag_us 40 "
	    "requests 9223372036854775807 refused 2 failed 3 faults 4 store %s",
	    "redis 7.0.15");
	assert_true(credis_client_services(stage->client, NULL, on_services, NULL, &err) != 0);
	stage_run_until(stage, &seen.ends, 1);
	assert_int_equal(seen.err.code, CREDIS_OK);
	assert_int_equal(seen.count, 2);
	assert_string_equal(seen.texts[0][0], "dome");
	assert_false(seen.infos[0].served);
	assert_string_equal(seen.texts[0][3], ""); /* what it said once holds no more */
	assert_string_equal(seen.texts[1][0], "telescope");
	assert_true(seen.infos[1].served);
	assert_string_equal(seen.texts[1][1], "The telescope");
	assert_string_equal(seen.texts[1][2], "1");
	assert_string_equal(seen.texts[1][3], "ready");
	assert_string_equal(seen.texts[1][4], "obs1");
	assert_string_equal(seen.texts[1][5], "0.1.0");
	assert_string_equal(seen.texts[1][6], "redis 7.0.15");
	assert_string_equal(seen.texts[1][7], "none");
	assert_int_equal(seen.infos[1].keywords, 1);
	assert_int_equal(seen.infos[1].pid, 4711);
	assert_int_equal(seen.infos[1].started_us, 1795208169500000);
	assert_int_equal(seen.infos[1].beat_us, 1795208170250000);
	assert_true(seen.infos[1].rate == 12.5);
	assert_int_equal(seen.infos[1].lag_us, 40);
	assert_true(seen.infos[1].requests == INT64_MAX);
	assert_int_equal(seen.infos[1].refused + seen.infos[1].failed + seen.infos[1].faults, 9);
}

static void
one_service_comes_alone_or_is_said_to_be_unknown(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	memset(&seen, 0, sizeof seen);
	stage_build_telescope(stage);
	stage_describe(stage, "dome", "AZ", AZ_JSON);
	credis_client_services(stage->client, "TELESCOPE", on_services, NULL, &err);
	stage_run_until(stage, &seen.ends, 1);
	assert_int_equal(seen.count, 1);
	assert_string_equal(seen.texts[0][0], "telescope");
	credis_client_services(stage->client, "dom", on_services, NULL, &err);
	stage_run_until(stage, &seen.ends, 2);
	assert_int_equal(seen.err.code, CREDIS_ENOSERVICE);
	assert_int_equal(seen.count, 0);
}

static void
an_empty_store_has_no_services(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	memset(&seen, 0, sizeof seen);
	credis_client_services(stage->client, NULL, on_services, NULL, &err);
	stage_run_until(stage, &seen.ends, 1);
	assert_int_equal(seen.err.code, CREDIS_OK);
	assert_int_equal(seen.count, 0);
}

static struct {
	struct credis_error err;
	char names[4][32];
	size_t count;
	size_t ends;
} listed;

static void
on_keywords(void *arg, const struct credis_error *err, const struct credis_keyword *const *keywords,
    size_t count)
{
	(void)arg;
	listed.err = *err;
	listed.count = count;
	listed.ends++;
	for (size_t n = 0; n < count; n++)
		snprintf(listed.names[n], sizeof listed.names[n], "%s",
		    credis_keyword_name(keywords[n]));
}

static void
list(struct stage *stage, const char *service)
{
	struct credis_error err;

	assert_true(credis_client_keywords(stage->client, service, on_keywords, NULL, &err) != 0);
	stage_run_until(stage, &listed.ends, listed.ends + 1);
}

static void
keywords_come_by_name_and_are_kept_while_the_generation_stays(void **state)
{
	struct stage *stage = *state;

	memset(&listed, 0, sizeof listed);
	stage_describe(stage, "telescope", "EL", "{\"name\":\"EL\",\"type\":\"double\"}");
	stage_build_telescope(stage);
	list(stage, "telescope");
	list(stage, "telescope");
	assert_int_equal(listed.count, 2);
	assert_string_equal(listed.names[0], "AZ");
	assert_string_equal(listed.names[1], "EL");
	assert_int_equal(stage_calls(stage, "hgetall"), 1);
	stage_describe(stage, "telescope", "DEC", "{\"name\":\"DEC\",\"type\":\"double\"}");
	list(stage, "telescope");
	assert_int_equal(listed.count, 3);
	assert_string_equal(listed.names[1], "DEC");
	assert_int_equal(stage_calls(stage, "hgetall"), 2);
}

static void
a_description_nobody_understands_does_not_hide_the_others(void **state)
{
	struct stage *stage = *state;

	memset(&listed, 0, sizeof listed);
	stage_build_telescope(stage);
	stage_describe(stage, "telescope", "BAD", "{\"name\":");
	list(stage, "telescope");
	assert_int_equal(listed.err.code, CREDIS_OK);
	assert_int_equal(listed.count, 1);
}

static void
keywords_of_an_unknown_service_are_an_error(void **state)
{
	struct stage *stage = *state;

	memset(&listed, 0, sizeof listed);
	stage_build_telescope(stage);
	list(stage, "telescoop");
	assert_int_equal(listed.err.code, CREDIS_ENOSERVICE);
	assert_string_equal(listed.err.text,
	    "telescoop: no such service (did you mean 'telescope'?)");
}

/* Writing. */

static void
a_write_is_done_when_the_dispatcher_says_so(void **state)
{
	struct stage *stage = *state;
	const struct end *end;
	const struct heard *heard = &stage->heard[0];

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	end = do_modify(stage, "telescope.AZ", "42");
	assert_int_equal(end->err.code, CREDIS_OK);
	assert_string_equal(end->text, "42");
	assert_string_equal(end->keyword, "AZ");
	assert_int_equal(end->reading.seq, 8);
	assert_int_equal(end->reading.time_us, 1795208170000001);
	assert_string_equal(heard->channel, "credis:{telescope}:AZ:modify");
	assert_string_equal(heard->body, "42");
	assert_int_equal(strlen(heard->to), NAMES_CLIENT);
	assert_non_null(strchr(heard->from, '@'));
	assert_int_equal(heard->message.has & (MESSAGE_KEY | MESSAGE_GROUP | MESSAGE_IF_SEQ), 0);
	assert_int_equal(heard->message.expires_us - heard->message.sent_us > 9900000, true);
	assert_int_equal(heard->message.expires_us - heard->message.sent_us <= 10000000, true);
}

static void
namespace_sender_and_sequence_travel_along(void **state)
{
	struct stage *stage = *state;
	const struct credis_modify write = { "telescope.AZ", "1", 1, true, 41 };
	struct credis_error err;

	assert_true(credis_client_set_namespace(stage->client, "lab", &err));
	assert_false(credis_client_set_namespace(stage->client, "no blanks", &err));
	assert_true(credis_client_set_from(stage->client, "jane@obs1:4711", &err));
	assert_false(credis_client_set_from(stage->client, "jane doe", &err));
	assert_false(credis_client_set_from(stage->client, "", &err));
	stage->ear = redis_server_connect(stage->server);
	freeReplyObject(redisCommand(stage->ear, "SUBSCRIBE lab:{telescope}:AZ:modify"));
	stage_serve(stage, "other", "X");
	begin_writes(stage, &write, 1, false);
	stage_run_until(stage, &stage->heard_count, 1);
	assert_string_equal(stage->heard[0].from, "jane@obs1:4711");
	assert_true(stage->heard[0].message.has & MESSAGE_IF_SEQ);
	assert_int_equal(stage->heard[0].message.if_seq, 41);
}

static void
refuse_twice(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=refused code=range seq=7",
	    "AZ: 400 is above the maximum 360");
	stage_answer(stage, heard, "is=done seq=8", "400");
}

static void
a_users_name_with_blanks_travels_without(void **state)
{
	static const char from[] = "LAB\\jane__doe_@";
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	assert_int_equal(do_modify(stage, "telescope.AZ", "42")->err.code, CREDIS_OK);
	assert_memory_equal(stage->heard[0].from, from, strlen(from));
}

static void
a_refusal_names_the_service_and_is_the_only_answer(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = refuse_twice;
	assert_fails(do_modify(stage, "telescope.AZ", "400"), CREDIS_ERANGE,
	    "telescope.AZ: 400 is above the maximum 360");
	stage_run_for(stage, 50);
	assert_int_equal(got.count, 1);
}

static void
answer_by_body(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, heard->body, "");
}

static void
each_kind_of_answer_has_its_code_and_words(void **state)
{
	static const struct {
		const char *fields;
		enum credis_code code;
		const char *text;
	} rows[] = {
		{ "is=refused code=read-only", CREDIS_EREADONLY, "telescope.AZ: refused" },
		{ "is=refused", CREDIS_EMALFORMED, "telescope.AZ: refused" },
		{ "is=failed code=store", CREDIS_ESTORE, "telescope.AZ: failed" },
		{ "is=expired", CREDIS_EEXPIRED, "telescope.AZ: too late, not executed" },
		{ "is=unknown", CREDIS_EUNKNOWN,
		    "telescope.AZ: sent to an earlier dispatcher, which "
		    "may or may not have executed it" },
	};
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_by_body;
	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++)
		assert_fails(do_modify(stage, "telescope.AZ", rows[n].fields), rows[n].code,
		    rows[n].text);
}

static void
answer_with_odd_sentence(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=refused code=busy", heard->body);
}

static void
a_sentence_is_qualified_once_and_made_fit_to_print(void **state)
{
	static const char *const rows[][2] = {
		{ "telescope.AZ: slow down", "telescope.AZ: slow down" },
		{ "telescope: slow down", "telescope: slow down" },
		{ "slow down", "telescope.AZ: slow down" },
		{ "AZ: a\tb\033[1m", "telescope.AZ: a?b?[1m" },
		{ "AZX: what", "telescope.AZ: AZX: what" },
	};
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_with_odd_sentence;
	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++)
		assert_fails(do_modify(stage, "telescope.AZ", rows[n][0]), CREDIS_EBUSY,
		    rows[n][1]);
}

static void
accept_twice_then_finish(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=accepted", "");
	stage_answer(stage, heard, "is=accepted", "");
	answer_done(stage, heard);
}

static void
accepted_is_told_once_before_the_end(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = accept_twice_then_finish;
	do_modify(stage, "telescope.AZ", "42");
	assert_int_equal(got.count, 2);
	assert_int_equal(got.ends[0].progress, CREDIS_ACCEPTED);
	assert_false(got.ends[0].read);
	assert_int_equal(got.ends[1].progress, CREDIS_FINAL);
	assert_int_equal(got.ends[1].err.code, CREDIS_OK);
}

static const struct credis_modify three[] = {
	{ "telescope.AZ", "1", 1, false, 0 },
	{ "telescope.EL", "2\n@", 3, false, 0 },
	{ "telescope.AZ", "3", 1, false, 0 },
};

/* Answers all in one payload, the last first, when the third has come. */
static void
answer_three_together(struct stage *stage, const struct heard *heard)
{
	const struct heard *all = stage->heard;

	if (stage->heard_count != 3)
		return;
	stage_publish(stage, heard->to,
	    "@id=%llu is=done seq=3 len=1\n3@id=%llu is=refused code=busy len=0\n"
	    "@id=%llu is=done seq=1 len=1\n1",
	    (unsigned long long)all[2].message.id, (unsigned long long)all[1].message.id,
	    (unsigned long long)all[0].message.id);
}

static void
writes_of_a_service_travel_together_and_so_may_answers(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_three_together;
	begin_writes(stage, three, 3, false);
	stage_run_until(stage, &got.finals, 3);
	for (size_t n = 0; n < 3; n++) {
		assert_string_equal(stage->heard[n].channel, "credis:{telescope}:modify");
		assert_string_equal(stage->heard[n].key, n == 1 ? "EL" : "AZ");
		assert_int_equal(stage->heard[n].message.has & MESSAGE_GROUP, 0);
	}
	assert_string_equal(stage->heard[1].body, "2\n@");
	assert_int_equal(stage_calls(stage, "publish"), 2);
	assert_int_equal(got.ends[0].n, 2);
	assert_string_equal(got.ends[0].text, "3");
	assert_int_equal(got.ends[1].n, 1);
	assert_int_equal(got.ends[1].err.code, CREDIS_EBUSY);
	assert_string_equal(got.ends[1].err.text, "telescope.EL: refused");
	assert_int_equal(got.ends[2].n, 0);
}

/* Of a set, the first answers are lost. */
static void
answer_first_of_set_only(struct stage *stage, const struct heard *heard)
{
	if (stage->heard_count == 1 || stage->heard_count > 3)
		answer_done(stage, heard);
}

static void
a_set_of_all_or_none_is_published_whole_each_time(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_first_of_set_only;
	begin_writes(stage, three, 3, true);
	stage_run_until(stage, &got.finals, 3);
	stage_run_until(stage, &stage->heard_count, 6);
	for (size_t n = 0; n < 6; n++) {
		const struct message *message = &stage->heard[n].message;

		assert_true(
		    (message->has & MESSAGE_GROUP) != 0 && (message->has & MESSAGE_OF) != 0);
		assert_int_equal(message->of, 3);
		assert_int_equal(message->group, stage->heard[0].message.group);
		assert_int_equal(message->id, stage->heard[n % 3].message.id);
	}
	assert_int_equal(got.count, 3);
}

static void
a_set_of_two_services_is_refused_at_once(void **state)
{
	struct stage *stage = *state;
	const struct credis_modify writes[] = {
		{ "telescope.AZ", "1", 1, false, 0 },
		{ "dome.AZ", "1", 1, false, 0 },
	};
	struct credis_error err;

	assert_int_equal(credis_client_modify(stage->client, writes, 2, true, on_modify, NULL,
			     &err),
	    0);
	assert_int_equal(err.code, CREDIS_EINVAL);
}

static void
a_service_without_a_dispatcher_fails_at_once(void **state)
{
	struct stage *stage = *state;
	int64_t begin_ms = stage_now_ms();

	stage_build_telescope(stage);
	assert_fails(do_modify(stage, "telescope.AZ", "1"), CREDIS_EUNSERVED,
	    "telescope: nobody serves it");
	assert_fails(do_read(stage, "telescope.AZ", true), CREDIS_EUNSERVED,
	    "telescope: nobody serves it");
	assert_true(stage_now_ms() - begin_ms < 900);
}

static void
a_write_to_what_does_not_exist_says_so(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	assert_fails(do_modify(stage, "telescope.AY", "1"), CREDIS_ENOKEYWORD,
	    "telescope.AY: no such keyword");
	assert_fails(do_modify(stage, "telescop.AZ", "1"), CREDIS_ENOSERVICE,
	    "telescop: no such service (did you mean 'telescope'?)");
}

/* What follows need not wait for connections. */
static void
connect_and_serve(struct stage *stage)
{
	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	assert_int_equal(do_modify(stage, "telescope.AZ", "1")->err.code, CREDIS_OK);
}

static void
silence_until_the_deadline_is_an_error_that_says_what_follows(void **state)
{
	struct stage *stage = *state;

	connect_and_serve(stage);
	stage_lease(stage, "telescope");
	stage->script = NULL;
	credis_client_set_timeout(stage->client, 300);
	assert_fails(do_modify(stage, "telescope.AZ", "1"), CREDIS_EDEADLINE,
	    "telescope.AZ: no answer within 300 milliseconds; it will not be executed later");
	assert_true(stage->heard[1].message.expires_us - stage->heard[1].message.sent_us <= 300000);
}

static void
accept_only(struct stage *stage, const struct heard *heard)
{
	stage_answer(stage, heard, "is=accepted", "");
}

static void
what_was_accepted_is_not_said_to_be_off(void **state)
{
	struct stage *stage = *state;

	connect_and_serve(stage);
	stage->script = accept_only;
	credis_client_set_timeout(stage->client, 300);
	assert_fails(do_modify(stage, "telescope.AZ", "1"), CREDIS_EDEADLINE,
	    "telescope.AZ: accepted, but not finished within 300 milliseconds; it goes on,"
	    " unless it still waited for its turn");
}

static void
answer_the_second_time(struct stage *stage, const struct heard *heard)
{
	if (stage->heard_count == 2)
		answer_done(stage, heard);
}

static void
an_unanswered_request_is_sent_again_unchanged_after_a_second(void **state)
{
	struct stage *stage = *state;
	const struct heard *heard = stage->heard;
	int64_t begin_ms = stage_now_ms();

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage_lease(stage, "telescope");
	stage->script = answer_the_second_time;
	assert_int_equal(do_modify(stage, "telescope.AZ", "42")->err.code, CREDIS_OK);
	assert_true(stage_now_ms() - begin_ms >= 900);
	assert_int_equal(heard[1].message.id, heard[0].message.id);
	assert_int_equal(heard[1].message.sent_us, heard[0].message.sent_us);
	assert_int_equal(heard[1].message.expires_us, heard[0].message.expires_us);
	assert_string_equal(heard[1].to, heard[0].to);
	assert_string_equal(heard[1].body, "42");
}

/* Cuts the answer channel instead of answering. */
static void
kill_then_answer(struct stage *stage, const struct heard *heard)
{
	if (stage->heard_count > 1)
		answer_done(stage, heard);
	else
		stage_cut_subscriptions(stage);
}

static void
a_lost_answer_channel_is_restored_and_the_request_repeated(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage_lease(stage, "telescope");
	stage->script = kill_then_answer;
	assert_int_equal(do_modify(stage, "telescope.AZ", "42")->err.code, CREDIS_OK);
	assert_int_equal(stage->heard[1].message.id, stage->heard[0].message.id);
	assert_int_equal(got.count, 1);
}

static void
a_dispatcher_that_goes_away_is_noticed_before_the_deadline(void **state)
{
	struct stage *stage = *state;
	int64_t begin_ms = stage_now_ms();

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	assert_fails(do_modify(stage, "telescope.AZ", "1"), CREDIS_EUNKNOWN,
	    "telescope.AZ: nobody serves it any more; it may or may not have been executed");
	assert_true(stage_now_ms() - begin_ms > 2500);
	assert_true(stage_now_ms() - begin_ms < 9000);
}

static void
an_answer_that_cannot_be_understood_does_not_end_the_request(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	begin_modify(stage, "telescope.AZ", "1");
	stage_run_until(stage, &stage->heard_count, 1);
	stage_publish(stage, stage->heard[0].to, "@id=");
	stage_publish(stage, stage->heard[0].to, "bare");
	stage_publish(stage, stage->heard[0].to, "@id=99 is=done len=1\n1");
	stage_publish(stage, stage->heard[0].to, "@is=done len=1\n1");
	stage_answer(stage, &stage->heard[0], "seq=3", "1");
	answer_done(stage, &stage->heard[0]);
	stage_run_until(stage, &got.finals, 1);
	assert_int_equal(got.count, 1);
	assert_int_equal(got.ends[0].err.code, CREDIS_OK);
}

static const struct end *
do_send(struct stage *stage, const char *keyword, const char *text)
{
	const struct credis_modify write = { .keyword = keyword,
		.text = text,
		.length = strlen(text) };
	struct credis_error err;

	assert_true(
	    credis_client_send(stage->client, &write, 1, false, on_modify, NULL, &err) != 0);
	stage_run_until(stage, &got.finals, got.finals + 1);
	return &got.ends[got.count - 1];
}

static void
a_write_that_is_only_sent_ends_when_somebody_has_it(void **state)
{
	struct stage *stage = *state;
	const struct end *end;

	stage_build_telescope(stage);
	assert_fails(do_send(stage, "telescope.AZ", "1"), CREDIS_EUNSERVED,
	    "telescope: nobody serves it");
	stage_serve(stage, "telescope", "AZ");
	end = do_send(stage, "telescope.AZ", "42");
	assert_int_equal(end->err.code, CREDIS_OK);
	assert_false(end->read);
	stage_run_until(stage, &stage->heard_count, 1);
	assert_int_equal(stage->heard[0].message.has & (MESSAGE_TO | MESSAGE_ID), 0);
	assert_string_equal(stage->heard[0].body, "42");
}

/* Bounds and ends. */

static void
more_calls_than_there_may_be_are_turned_away(void **state)
{
	enum { MANY = 65537 };
	struct stage *stage = *state;
	struct credis_modify *writes = calloc(MANY, sizeof *writes);
	struct credis_error err;

	for (size_t n = 0; n < MANY; n++)
		writes[n] = three[0];
	assert_int_equal(credis_client_modify(stage->client, writes, MANY, false, on_modify, NULL,
			     &err),
	    0);
	assert_int_equal(err.code, CREDIS_EBUSY);
	assert_true(credis_client_modify(stage->client, writes, MANY - 2, false, on_modify, NULL,
			&err) != 0);
	assert_int_equal(credis_client_read(stage->client, "telescope.AZ", false, on_reading, NULL,
			     &err),
	    0);
	assert_int_equal(err.code, CREDIS_EBUSY);
	free(writes);
}

static void
a_cancelled_call_does_not_come_back(void **state)
{
	struct stage *stage = *state;
	credis_call call;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	credis_client_cancel(stage->client, begin_read(stage, "telescope.AZ", false));
	call = begin_modify(stage, "telescope.AZ", "1");
	stage_run_until(stage, &stage->heard_count, 1);
	credis_client_cancel(stage->client, call);
	credis_client_cancel(stage->client, call);
	credis_client_cancel(stage->client, 0);
	answer_done(stage, &stage->heard[0]);
	do_read(stage, "telescope.AZ", false);
	assert_int_equal(got.count, 1);
}

static struct {
	struct stage *stage;
	credis_call call;
} to_cancel;

static void
on_modify_cancel(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	credis_client_cancel(to_cancel.stage->client, to_cancel.call);
	on_modify(arg, n, progress, err, reading);
}

static void
a_call_cancelled_in_its_own_callback_is_not_heard_of_again(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_three_together;
	to_cancel.stage = stage;
	to_cancel.call =
	    credis_client_modify(stage->client, three, 3, false, on_modify_cancel, NULL, &err);
	stage_run_until(stage, &got.finals, 1);
	stage_run_for(stage, 50);
	assert_int_equal(got.count, 1);
	/* and where each would fail by itself */
	stage_stop_listening(stage);
	to_cancel.call =
	    credis_client_modify(stage->client, three, 3, false, on_modify_cancel, NULL, &err);
	stage_run_until(stage, &got.finals, 2);
	stage_run_for(stage, 50);
	assert_int_equal(got.count, 2);
}

static void
a_client_is_freed_with_calls_at_every_stage(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	for (int turns = 0; turns < 12; turns++) {
		begin_read(stage, "telescope.AZ", false);
		begin_read(stage, "telescope.AZ", true);
		begin_read(stage, "telescope.AY", false);
		begin_modify(stage, "telescope.AZ", "1");
		begin_modify(stage, "telescope.AY", "1");
		credis_client_services(stage->client, NULL, on_services, NULL, &err);
		credis_client_keywords(stage->client, "nowhere", on_keywords, NULL, &err);
		for (int n = 0; n < turns; n++)
			event_base_loop(stage->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
		stage_new_client(stage);
	}
}

/* The store comes and goes. */

static void
without_a_store_a_call_fails_at_once_and_names_it(void **state)
{
	struct stage *stage = *state;
	int64_t begin_ms = stage_now_ms();
	struct credis_error err;
	char sentence[256];

	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, "unix:///nowhere/redis.sock", &err);
	do_read(stage, "telescope.AZ", false);
	snprintf(sentence, sizeof sentence,
	    "cannot reach the store at %s: ", credis_client_where(stage->client));
	assert_int_equal(got.ends[0].err.code, CREDIS_EUNREACHABLE);
	assert_memory_equal(got.ends[0].err.text, sentence, strlen(sentence));
	assert_true(strlen(got.ends[0].err.text) > strlen(sentence));
	assert_null(strstr(got.ends[0].err.text + strlen(sentence), "unix://"));
	assert_int_equal(do_modify(stage, "telescope.AZ", "1")->err.code, CREDIS_EUNREACHABLE);
	assert_int_equal(do_send(stage, "telescope.AZ", "1")->err.code, CREDIS_EUNREACHABLE);
	assert_true(stage_now_ms() - begin_ms < 2000);
}

static void
a_patient_client_waits_for_the_store_until_the_deadline(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_save(stage);
	stage_kill_store(stage);
	credis_client_set_patient(stage->client, true);
	credis_client_set_timeout(stage->client, 300);
	do_read(stage, "telescope.AZ", false);
	assert_int_equal(got.ends[0].err.code, CREDIS_EUNREACHABLE);
	assert_non_null(strstr(got.ends[0].err.text, "(tried for 300 milliseconds)"));
	credis_client_set_timeout(stage->client, 10000);
	begin_read(stage, "telescope.AZ", false);
	stage_run_for(stage, 100);
	assert_int_equal(got.count, 1);
	stage_bring_store_back(stage);
	stage_run_until(stage, &got.finals, 2);
	assert_int_equal(got.ends[1].err.code, CREDIS_OK);
}

static void
a_read_begins_anew_when_the_store_is_lost_under_it(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_save(stage);
	do_read(stage, "telescope.AZ", false);
	credis_client_set_patient(stage->client, true);
	redis_server_signal(stage->server, SIGSTOP);
	begin_read(stage, "telescope.AZ", false);
	stage_run_for(stage, 50); /* it has asked, and hears nothing */
	assert_int_equal(got.count, 1);
	stage_kill_store(stage);
	stage_bring_store_back(stage);
	stage_run_until(stage, &got.finals, 2);
	assert_int_equal(got.ends[1].err.code, CREDIS_OK);
	assert_string_equal(got.ends[1].text, "12.5");
}

static void
a_server_that_refuses_the_password_is_unreachable(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	char url[160];

	snprintf(url, sizeof url, "unix://:secret@%s", stage->server->socket);
	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, url, &err);
	assert_null(strstr(credis_client_where(stage->client), "secret"));
	do_read(stage, "telescope.AZ", false);
	assert_int_equal(got.ends[0].err.code, CREDIS_EUNREACHABLE);
	assert_null(strstr(got.ends[0].err.text, "secret"));
}

static void
who_may_not_listen_to_answers_is_told_so_at_once(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	char url[160];

	stage_build_telescope(stage);
	stage_say(stage, "ACL SETUSER deaf on >pw +@all ~* resetchannels &credis:{*");
	snprintf(url, sizeof url, "unix://deaf:pw@%s", stage->server->socket);
	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, url, &err);
	do_modify(stage, "telescope.AZ", "1");
	assert_int_equal(got.ends[0].err.code, CREDIS_EUNREACHABLE);
	assert_non_null(strstr(got.ends[0].err.text, "cannot listen to answers: "));
	stage_say(stage, "ACL DELUSER deaf");
}

static void
who_gets_no_second_connection_is_told_so_at_once(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	do_read(stage, "telescope.AZ", false);
	stage_say(stage, "CONFIG SET maxclients 2");
	credis_client_set_timeout(stage->client, 3600000);
	do_modify(stage, "telescope.AZ", "1");
	stage_say(stage, "CONFIG SET maxclients 10000");
	assert_int_equal(got.ends[1].err.code, CREDIS_EUNREACHABLE);
	assert_memory_equal(got.ends[1].err.text, "cannot reach the store at ", 26);
}

static void
who_may_not_write_is_told_so(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	char url[160];

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage_say(stage, "ACL SETUSER guest on >pw +@all ~* resetchannels &credis:answer:*");
	snprintf(url, sizeof url, "unix://guest:pw@%s", stage->server->socket);
	credis_client_free(stage->client);
	stage->client = credis_client_new(stage->base, url, &err);
	do_modify(stage, "telescope.AZ", "1");
	assert_int_equal(got.ends[0].err.code, CREDIS_ESTORE);
	assert_memory_equal(got.ends[0].err.text, "telescope.AZ: ", 14);
	stage_say(stage, "ACL DELUSER guest");
}

/* Blocking. */

/* A dispatcher in a thread of its own: answers one request. */
static void *
answer_one(void *arg)
{
	redisContext *ear = arg;
	redisContext *pen = redis_server_connect(&stage_server);
	struct message_reader reader;
	struct message message;
	struct credis_error err;
	redisReply *push;
	char to[NAMES_CLIENT + 1], payload[96];

	if (redisGetReply(ear, (void **)&push) == REDIS_OK) {
		message_reader_init(&reader, push->element[2]->str, push->element[2]->len);
		message_next(&reader, &message, &err);
		stage_copy(to, sizeof to, message.to);
		snprintf(payload, sizeof payload, "@id=%llu is=done seq=8 time=5.5 len=2\n42",
		    (unsigned long long)message.id);
		freeReplyObject(redisCommand(pen, "PUBLISH credis:answer:%s %s", to, payload));
		freeReplyObject(push);
	}
	redisFree(pen);
	return NULL;
}

static void
blocking_calls_return_when_they_are_done(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	struct credis_client *client = credis_client_new(NULL, stage->server->url, &err);
	redisContext *ear = redis_server_connect(stage->server);
	struct credis_reading *reading;
	struct credis_keyword *keyword;
	pthread_t thread;

	stage_build_telescope(stage);
	reading = credis_read(client, "telescope.AZ", false, &err);
	assert_non_null(reading);
	assert_string_equal(reading->text, "12.5");
	assert_string_equal(credis_keyword_units(reading->description), "deg");
	credis_reading_free(reading);
	keyword = credis_describe(client, "telescope.AZ", &err);
	assert_string_equal(credis_keyword_name(keyword), "AZ");
	credis_keyword_free(keyword);
	freeReplyObject(redisCommand(ear, "SUBSCRIBE credis:{telescope}:AZ:modify"));
	pthread_create(&thread, NULL, answer_one, ear);
	assert_true(credis_modify(client, "telescope.AZ", "42", &reading, &err));
	pthread_join(thread, NULL);
	assert_string_equal(reading->text, "42");
	assert_int_equal(reading->time_us, 5500000);
	credis_reading_free(reading);
	assert_true(credis_wait_until(client, "$telescope.AZ > 12", NULL, -1, &err));
	redisFree(ear);
	credis_client_free(client);
}

static void
blocking_calls_fail_with_the_reason(void **state)
{
	struct stage *stage = *state;
	struct credis_error err;
	struct credis_client *client = credis_client_new(NULL, stage->server->url, &err);

	stage_build_telescope(stage);
	assert_null(credis_read(client, "telescope.AY", false, &err));
	assert_int_equal(err.code, CREDIS_ENOKEYWORD);
	assert_null(credis_read(client, "nonsense", false, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_null(credis_describe(client, "dome.AZ", &err));
	assert_int_equal(err.code, CREDIS_ENOSERVICE);
	assert_false(credis_modify(client, "telescope.AZ", "1", NULL, &err));
	assert_int_equal(err.code, CREDIS_EUNSERVED);
	assert_false(credis_wait_until(client, "$telescope.AZ > 13", NULL, 100, &err));
	assert_int_equal(err.code, CREDIS_EDEADLINE);
	assert_false(credis_wait_until(client, "1 >", NULL, 100, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_null(credis_read(stage->client, "telescope.AZ", false, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	credis_client_free(client);
}

/* What becomes of blocking calls from inside callbacks. */
struct inside {
	struct credis_client *client;
	unsigned samples, lines;
};

static void
assert_cannot_block(struct credis_client *client)
{
	struct credis_error err;

	assert_null(credis_read(client, "telescope.AZ", false, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_string_equal(err.text, "a call from inside a callback cannot block");
}

static void
on_sample_block(void *arg, const struct credis_past *sample)
{
	struct inside *inside = arg;

	(void)sample;
	inside->samples++;
	assert_cannot_block(inside->client);
}

static void
on_line_block(void *arg, enum credis_log_level level, const char *event, const char *text)
{
	struct inside *inside = arg;

	(void)level, (void)event, (void)text;
	inside->lines++;
	assert_cannot_block(inside->client);
}

static void
a_blocking_call_from_inside_a_callback_is_refused(void **state)
{
	struct stage *stage = *state;
	struct inside inside = { .samples = 0 };
	struct credis_range all = { .last = 0 };

	stage_describe(stage, "telescope", "AZ",
	    "{\"name\":\"AZ\",\"type\":\"double\",\"history\":10}");
	stage_say(stage, "XADD credis:{telescope}:AZ:history 1-1 value 3");
	stage_say(stage, "XADD credis:{telescope}:AZ:history 1-2 value 4");
	inside.client = credis_client_new(NULL, stage->server->url, NULL);
	credis_client_set_log(inside.client, on_line_block, &inside);
	assert_true(credis_history(inside.client, "telescope.AZ", &all, on_sample_block, &inside,
	    NULL, NULL));
	assert_int_equal(inside.samples, 2);
	assert_true(inside.lines > 0);
	credis_client_free(inside.client);
}

static void
a_deadline_beyond_all_time_is_one(void **state)
{
	struct stage *stage = *state;

	stage_build_telescope(stage);
	stage_serve(stage, "telescope", "AZ");
	stage->script = answer_done;
	credis_client_set_timeout(stage->client, INT64_MAX);
	assert_int_equal(do_modify(stage, "telescope.AZ", "42")->err.code, CREDIS_OK);
	assert_true(stage->heard[0].message.expires_us > stage->heard[0].message.sent_us);
}

static void
a_bad_url_makes_no_client(void **state)
{
	struct credis_error err;

	(void)state;
	assert_null(credis_client_new(NULL, "http://x", &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, stage_tear_down)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_read_gives_value_sequence_time_severity_and_description),
		TEST(a_keyword_that_was_never_written_reads_with_sequence_0),
		TEST(a_key_of_another_type_is_said_to_be_the_stores_fault),
		TEST(what_may_only_be_written_is_not_read),
		TEST(an_unknown_service_is_answered_with_the_nearest_one),
		TEST(an_unknown_keyword_is_said_to_be_unknown),
		TEST(a_refreshed_read_gives_what_the_source_has_stored),
		TEST(a_refresh_that_fails_fails_the_read),
		TEST(bad_names_are_refused_at_once),
		TEST(services_come_by_name_with_who_serves_them),
		TEST(one_service_comes_alone_or_is_said_to_be_unknown),
		TEST(an_empty_store_has_no_services),
		TEST(keywords_come_by_name_and_are_kept_while_the_generation_stays),
		TEST(a_description_nobody_understands_does_not_hide_the_others),
		TEST(keywords_of_an_unknown_service_are_an_error),
		TEST(a_write_is_done_when_the_dispatcher_says_so),
		TEST(namespace_sender_and_sequence_travel_along),
		TEST(a_users_name_with_blanks_travels_without),
		TEST(a_refusal_names_the_service_and_is_the_only_answer),
		TEST(each_kind_of_answer_has_its_code_and_words),
		TEST(a_sentence_is_qualified_once_and_made_fit_to_print),
		TEST(accepted_is_told_once_before_the_end),
		TEST(writes_of_a_service_travel_together_and_so_may_answers),
		TEST(a_set_of_all_or_none_is_published_whole_each_time),
		TEST(a_set_of_two_services_is_refused_at_once),
		TEST(a_service_without_a_dispatcher_fails_at_once),
		TEST(a_write_to_what_does_not_exist_says_so),
		TEST(silence_until_the_deadline_is_an_error_that_says_what_follows),
		TEST(what_was_accepted_is_not_said_to_be_off),
		TEST(an_unanswered_request_is_sent_again_unchanged_after_a_second),
		TEST(a_lost_answer_channel_is_restored_and_the_request_repeated),
		TEST(a_dispatcher_that_goes_away_is_noticed_before_the_deadline),
		TEST(an_answer_that_cannot_be_understood_does_not_end_the_request),
		TEST(a_write_that_is_only_sent_ends_when_somebody_has_it),
		TEST(more_calls_than_there_may_be_are_turned_away),
		TEST(a_cancelled_call_does_not_come_back),
		TEST(a_call_cancelled_in_its_own_callback_is_not_heard_of_again),
		TEST(a_client_is_freed_with_calls_at_every_stage),
		TEST(without_a_store_a_call_fails_at_once_and_names_it),
		TEST(a_patient_client_waits_for_the_store_until_the_deadline),
		TEST(a_read_begins_anew_when_the_store_is_lost_under_it),
		TEST(a_server_that_refuses_the_password_is_unreachable),
		TEST(who_may_not_listen_to_answers_is_told_so_at_once),
		TEST(who_gets_no_second_connection_is_told_so_at_once),
		TEST(who_may_not_write_is_told_so),
		TEST(blocking_calls_return_when_they_are_done),
		TEST(blocking_calls_fail_with_the_reason),
		TEST(a_blocking_call_from_inside_a_callback_is_refused),
		TEST(a_deadline_beyond_all_time_is_one),
		TEST(a_bad_url_makes_no_client),
	};

	return cmocka_run_group_tests(tests, stage_open_store, stage_close_store);
}
