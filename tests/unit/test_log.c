/* test_log.c: what core/log.h promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/log.h"

#include <stdio.h>
#include <string.h>

struct seen {
	int events;
	enum credis_log_level level;
	char word[32];
	char text[2048];
};

static void
on_event(void *arg, enum credis_log_level level, const char *word, const char *text)
{
	struct seen *seen = arg;

	seen->events++;
	seen->level = level;
	snprintf(seen->word, sizeof seen->word, "%s", word);
	snprintf(seen->text, sizeof seen->text, "%s", text);
}

static void
an_event_arrives_as_word_and_sentence(void **state)
{
	struct seen seen = { 0 };
	struct log log = { on_event, &seen, false };

	(void)state;
	log_event(&log, CREDIS_LOG_WARNING, "-link", "%s after %d tries", "unix:///s", 3);
	assert_int_equal(seen.events, 1);
	assert_int_equal(seen.level, CREDIS_LOG_WARNING);
	assert_string_equal(seen.word, "-link");
	assert_string_equal(seen.text, "unix:///s after 3 tries");
}

static void
what_could_forge_a_line_or_a_terminal_is_replaced(void **state)
{
	struct seen seen = { 0 };
	struct log log = { on_event, &seen, false };

	(void)state;
	log_event(&log, CREDIS_LOG_INFO, "refused", "%s", "a\nb\rc\td\x1b[31m\x7f\xff\xc3\xa4");
	assert_string_equal(seen.text, "a?b?c?d?[31m??\xc3\xa4");
}

static void
a_long_event_is_cut(void **state)
{
	char sentence[2000];
	struct seen seen = { 0 };
	struct log log = { on_event, &seen, false };

	(void)state;
	memset(sentence, 'x', sizeof sentence);
	sentence[1024] = '\0';
	log_event(&log, CREDIS_LOG_INFO, "long", "%s", sentence);
	assert_string_equal(seen.text, sentence);
	sentence[1024] = 'x';
	sentence[1025] = '\0';
	log_event(&log, CREDIS_LOG_INFO, "long", "%s", sentence);
	assert_int_equal(strlen(seen.text), 1024 + strlen("…"));
	assert_string_equal(seen.text + 1024, "…");
}

static void
nobody_listening_is_no_fault(void **state)
{
	struct log log = { NULL, NULL, true };

	(void)state;
	log_event(&log, CREDIS_LOG_ERROR, "unheard", "%d", 1);
	log_event(NULL, CREDIS_LOG_ERROR, "unheard", "%d", 1);
}

static void
debug_events_come_only_where_they_are_wanted(void **state)
{
	struct seen seen = { 0 };
	struct log log = { on_event, &seen, false };

	(void)state;
	log_event(&log, CREDIS_LOG_DEBUG, "request", "%d", 1);
	assert_int_equal(seen.events, 0);
	log.debug = true;
	log_event(&log, CREDIS_LOG_DEBUG, "request", "%d", 1);
	assert_int_equal(seen.events, 1);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_event_arrives_as_word_and_sentence),
		cmocka_unit_test(what_could_forge_a_line_or_a_terminal_is_replaced),
		cmocka_unit_test(a_long_event_is_cut),
		cmocka_unit_test(nobody_listening_is_no_fault),
		cmocka_unit_test(debug_events_come_only_where_they_are_wanted),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
