/* test_alarm.c: from values, one after the other, to how good each is and why. */
#include "core/alarm.h"
#include "core/keyword.h"
#include "core/text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { STEPS = 8 };

/* Values one after the other, each with its severity and reason. */
static const struct {
	enum credis_type type;
	const char *values; /* setting; NULL: none */
	const char *alarm;
	struct {
		const char *value;
		enum credis_severity severity;
		const char *reason;
	} steps[STEPS];
} courses[] = {
	{ CREDIS_DOUBLE, NULL, "{\"lolo\": 1, \"low\": 5, \"high\": 355, \"hihi\": 359}",
	    { { "5", CREDIS_NONE, "" }, { "355", CREDIS_NONE, "" },
		{ "355.2", CREDIS_MINOR, "355.2 is above high 355" },
		{ "360", CREDIS_MAJOR, "360 is above hihi 359" },
		{ "4.9", CREDIS_MINOR, "4.9 is below low 5" },
		{ "0.5", CREDIS_MAJOR, "0.5 is below lolo 1" }, { "180", CREDIS_NONE, "" } } },
	{ CREDIS_DOUBLE, NULL, "{\"high\": 10, \"hihi\": 12, \"hysteresis\": 0.5}",
	    { { "9.9", CREDIS_NONE, "" }, { "10.1", CREDIS_MINOR, "10.1 is above high 10" },
		{ "9.5", CREDIS_MINOR, "9.5 is not back below high 10 by more than 0.5" },
		{ "9.4", CREDIS_NONE, "" }, { "9.9", CREDIS_NONE, "" },
		{ "13", CREDIS_MAJOR, "13 is above hihi 12" },
		{ "11.6", CREDIS_MAJOR, "11.6 is not back below hihi 12 by more than 0.5" },
		{ "9.6", CREDIS_MINOR, "9.6 is not back below high 10 by more than 0.5" } } },
	{ CREDIS_DOUBLE, NULL, "{\"lolo\": 1, \"low\": 2, \"hysteresis\": 0.5}",
	    { { "0", CREDIS_MAJOR, "0 is below lolo 1" },
		{ "1.5", CREDIS_MAJOR, "1.5 is not back above lolo 1 by more than 0.5" },
		{ "2.5", CREDIS_MINOR, "2.5 is not back above low 2 by more than 0.5" },
		{ "2.6", CREDIS_NONE, "" } } },
	{ CREDIS_DOUBLE, NULL, "{\"high\": 10}",
	    { { "nan", CREDIS_INVALID, "it is not a number" }, { "1", CREDIS_NONE, "" },
		{ "inf", CREDIS_MINOR, "inf is above high 10" } } },
	{ CREDIS_FLOAT, NULL, "{\"high\": 0.1}",
	    { { "0.1", CREDIS_NONE, "" }, { "0.2", CREDIS_MINOR, "0.2 is above high 0.1" } } },
	{ CREDIS_INTEGER, NULL, "{\"high\": 9007199254740992}",
	    { { "9007199254740992", CREDIS_NONE, "" },
		{ "9007199254740993", CREDIS_MINOR,
		    "9007199254740993 is above high 9007199254740992" } } },
	{ CREDIS_DOUBLE_ARRAY, NULL, "{\"low\": 1, \"hihi\": 9}",
	    { { "[]", CREDIS_NONE, "" }, { "[1, 9]", CREDIS_NONE, "" },
		{ "[0, 5]", CREDIS_MINOR, "element 1: 0 is below low 1" },
		{ "[0, 5, 10]", CREDIS_MAJOR, "element 3: 10 is above hihi 9" } } },
	{ CREDIS_ENUMERATED, "[[5, \"ok\"], [7, \"fault\"]]", "{\"FAULT\": \"major\"}",
	    { { "ok", CREDIS_NONE, "" }, { "fault", CREDIS_MAJOR, "it is fault" } } },
	{ CREDIS_BOOLEAN, NULL, "{\"on\": \"minor\"}",
	    { { "true", CREDIS_MINOR, "it is true" }, { "false", CREDIS_NONE, "" } } },
	{ CREDIS_BOOLEAN, "[\"shut\", \"open\"]", "{\"0\": \"invalid\"}",
	    { { "0", CREDIS_INVALID, "it is shut" }, { "1", CREDIS_NONE, "" } } },
	{ CREDIS_MASK, "[\"neon\", \"hot\", [62, \"fire\"]]",
	    "{\"hot\": \"minor\", \"fire\": \"major\"}",
	    { { "none", CREDIS_NONE, "" }, { "neon", CREDIS_NONE, "" },
		{ "neon,hot", CREDIS_MINOR, "hot is set" },
		{ "hot,fire", CREDIS_MAJOR, "fire is set" } } },
};

static struct credis_keyword *
make(size_t n)
{
	struct credis_error err;
	struct credis_keyword *keyword = credis_keyword_new("K", courses[n].type, &err);
	bool real = courses[n].type == CREDIS_DOUBLE;

	/* the labels may be given after the alarm that speaks of them */
	if (!credis_keyword_set(keyword, "alarm", courses[n].alarm, &err) ||
	    (courses[n].values != NULL &&
		!credis_keyword_set(keyword, "values", courses[n].values, &err)) ||
	    (real && !credis_keyword_set(keyword, "finite", "false", &err)) ||
	    !credis_keyword_finish(keyword, NULL, &err))
		fail_msg("%s", err.text);
	return keyword;
}

static void
values_are_judged_one_after_the_other(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof(courses) / sizeof(*courses); n++) {
		struct credis_keyword *keyword = make(n);
		enum alarm_limit before = ALARM_LIMITS;

		for (size_t m = 0; m < STEPS && courses[n].steps[m].value != NULL; m++) {
			const char *text = courses[n].steps[m].value;
			struct alarm_verdict verdict;
			struct credis_error err;
			struct credis_value value;

			if (!keyword_parse_value(keyword, &value, text, strlen(text), &err))
				fail_msg("%s", err.text);
			alarm_judge(keyword, &value, before, &verdict);
			assert_string_equal(verdict.reason, courses[n].steps[m].reason);
			assert_int_equal(verdict.severity, courses[n].steps[m].severity);
			before = verdict.limit;
			value_clear(&value);
		}
		credis_keyword_free(keyword);
	}
}

static void
a_long_label_is_cut_at_a_character(void **state)
{
	struct credis_keyword *keyword = credis_keyword_new("K", CREDIS_ENUMERATED, NULL);
	char label[256] = "", json[600];
	struct alarm_verdict verdict;
	struct credis_value value;

	(void)state;
	for (size_t n = 0; n < 127; n++)
		strcat(label, "°");
	snprintf(json, sizeof(json), "[\"%s\"]", label);
	assert_true(credis_keyword_set(keyword, "values", json, NULL));
	snprintf(json, sizeof(json), "{\"%s\": \"minor\"}", label);
	assert_true(credis_keyword_set(keyword, "alarm", json, NULL));
	assert_true(credis_keyword_finish(keyword, NULL, NULL));
	assert_true(keyword_parse_value(keyword, &value, label, strlen(label), NULL));
	alarm_judge(keyword, &value, ALARM_LIMITS, &verdict);
	assert_true(text_is_utf8(verdict.reason, strlen(verdict.reason)));
	assert_int_equal(verdict.severity, CREDIS_MINOR);
	value_clear(&value);
	credis_keyword_free(keyword);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(values_are_judged_one_after_the_other),
		cmocka_unit_test(a_long_label_is_cut_at_a_character),
	};

	cmocka_set_message_output(CM_OUTPUT_TAP);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
