/* test_names.c: what core/names.h promises: the layout, letter by letter. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/names.h"

#include <limits.h>
#include <string.h>

static void
keys_and_channels_are_those_of_the_protocol(void **state)
{
	static const char *const of_service[] = {
		[NAMES_KEYWORDS] = "credis:{telescope}:keywords",
		[NAMES_ABOUT] = "credis:{telescope}:about",
		[NAMES_DISPATCHER] = "credis:{telescope}:dispatcher",
		[NAMES_GROUP_MODIFY] = "credis:{telescope}:modify",
		[NAMES_VALUES] = "credis:{telescope}:values",
		[NAMES_STANDBY] = "credis:{telescope}:standby",
		[NAMES_STATISTICS] = "credis:{telescope}:statistics",
	};
	static const char *const of_keyword[] = {
		[NAMES_VALUE] = "credis:{telescope}:AZ",
		[NAMES_HISTORY] = "credis:{telescope}:AZ:history",
		[NAMES_MODIFY] = "credis:{telescope}:AZ:modify",
		[NAMES_READ] = "credis:{telescope}:AZ:read",
	};
	struct name name;

	(void)state;
	for (int what = NAMES_KEYWORDS; what <= NAMES_STATISTICS; what++) {
		names_service(&name, "credis", "telescope", (enum names_of_service)what);
		assert_string_equal(name.text, of_service[what]);
		assert_int_equal(name.length, strlen(name.text));
	}
	for (int what = NAMES_VALUE; what <= NAMES_READ; what++) {
		names_keyword(&name, "credis", "telescope", "AZ", (enum names_of_keyword)what);
		assert_string_equal(name.text, of_keyword[what]);
		assert_int_equal(name.length, strlen(name.text));
	}
	names_services(&name, "credis");
	assert_string_equal(name.text, "credis:services");
	names_answer(&name, "credis", "00112233445566778899aabbccddeeff");
	assert_string_equal(name.text, "credis:answer:00112233445566778899aabbccddeeff");
	names_event(&name, 0, "credis", "telescope", "AZ");
	assert_string_equal(name.text, "__keyspace@0__:credis:{telescope}:AZ");
	names_event(&name, 15, "x", "t", "AZ");
	assert_string_equal(name.text, "__keyspace@15__:x:{t}:AZ");
}

static void
the_longest_names_fit(void **state)
{
	char ns[NAMES_NAMESPACE_MAX + 1], service[CREDIS_SERVICE_MAX + 1],
	    keyword[CREDIS_KEYWORD_MAX + 1];
	struct name name;

	(void)state;
	memset(ns, 'n', sizeof ns);
	memset(service, 's', sizeof service);
	memset(keyword, 'K', sizeof keyword);
	ns[sizeof ns - 1] = service[sizeof service - 1] = keyword[sizeof keyword - 1] = '\0';
	names_event(&name, INT_MAX, ns, service, keyword);
	assert_int_equal(name.length, strlen(name.text));
	assert_non_null(strstr(name.text, "__keyspace@2147483647__:nnn"));
	names_keyword(&name, ns, service, keyword, NAMES_HISTORY);
	assert_int_equal(name.length, strlen(name.text));
}

static void
a_channel_tells_service_keyword_and_verb(void **state)
{
	static const struct {
		const char *channel;
		const char *service; /* NULL: not ours */
		const char *keyword;
		enum names_of_keyword verb;
	} rows[] = {
		{ "credis:{telescope}:AZ:modify", "telescope", "AZ", NAMES_MODIFY },
		{ "credis:{telescope}:AZ:read", "telescope", "AZ", NAMES_READ },
		{ "credis:{telescope}:modify", "telescope", "", NAMES_MODIFY },
		{ "credis:{t}:A.B_2:modify", "t", "A.B_2", NAMES_MODIFY },
		{ "credis:{t}:MODIFY:modify", "t", "MODIFY", NAMES_MODIFY },
		{ "credis:{telescope}:read", NULL, NULL, 0 },
		{ "credis:{telescope}::modify", NULL, NULL, 0 },
		{ "credis:{telescope}AZ:modify", NULL, NULL, 0 },
		{ "credis:{telescope}:AZ", NULL, NULL, 0 },
		{ "credis:{telescope}:AZ:history", NULL, NULL, 0 },
		{ "credis:{telescope", NULL, NULL, 0 },
		{ "credis:{", NULL, NULL, 0 },
		{ "credis", NULL, NULL, 0 },
		{ "", NULL, NULL, 0 },
		{ "other:{telescope}:AZ:modify", NULL, NULL, 0 },
		{ "credis2:{telescope}:AZ:modify", NULL, NULL, 0 },
		{ "credis:answer:00", NULL, NULL, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct names_channel channel;
		bool ours = names_parse_channel(&channel, "credis", rows[i].channel,
		    strlen(rows[i].channel));
		if (ours != (rows[i].service != NULL))
			fail_msg("%s", rows[i].channel);
		if (!ours)
			continue;
		assert_int_equal(channel.service.length, strlen(rows[i].service));
		assert_memory_equal(channel.service.bytes, rows[i].service, channel.service.length);
		assert_int_equal(channel.keyword.length, strlen(rows[i].keyword));
		assert_memory_equal(channel.keyword.bytes, rows[i].keyword, channel.keyword.length);
		assert_int_equal(channel.verb, rows[i].verb);
	}
}

static void
namespaces_are_checked(void **state)
{
	struct credis_error err;

	(void)state;
	assert_true(names_namespace_check("credis", &err));
	assert_true(names_namespace_check("site-2_a.b", &err));
	assert_true(names_namespace_check("12345678901234567890123456789012", &err));
	assert_false(names_namespace_check("123456789012345678901234567890123", &err));
	assert_false(names_namespace_check("", &err));
	assert_false(names_namespace_check("a{b}", &err));
	assert_false(names_namespace_check("a:b", &err));
	assert_string_equal(err.text,
	    "'a:b' is not a namespace, which is 1 to 32 of [A-Za-z0-9_.-]");
}

static void
what_people_call_a_keyword_is_split_and_put_in_its_case(void **state)
{
	static const struct {
		const char *text;
		const char *given; /* the service of -s */
		bool globs;
		const char *service; /* NULL: refused */
		const char *keyword;
	} rows[] = {
		{ "telescope.AZ", NULL, false, "telescope", "AZ" },
		{ "Telescope.az", NULL, false, "telescope", "AZ" },
		{ "telescope.A.B", NULL, false, "telescope", "A.B" },
		{ "az", "telescope", false, "telescope", "AZ" },
		{ "a.b", "telescope", false, "telescope", "A.B" },
		{ "TELESCOPE.AZ", "telescope", false, "telescope", "AZ" },
		{ "az", "TeleScope", false, "telescope", "AZ" },
		{ "telescope.*", NULL, true, "telescope", "*" },
		{ "*.A?", NULL, true, "*", "A?" },
		{ "tele*.%z", NULL, true, "tele*", "%Z" },
		{ "*", "telescope", true, "telescope", "*" },
		{ "az", "telescope", true, "telescope", "AZ" },
		{ "AZ", NULL, false, NULL, NULL },
		{ "", NULL, false, NULL, NULL },
		{ "", "telescope", false, NULL, NULL },
		{ ".AZ", NULL, false, NULL, NULL },
		{ "telescope.", NULL, false, NULL, NULL },
		{ "telescope.*", NULL, false, NULL, NULL },
		{ "tele scope.AZ", NULL, true, NULL, NULL },
		{ "telescope.*{", NULL, true, NULL, NULL },
		{ "AZ", "tele:scope", false, NULL, NULL },
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		struct names_pair pair;
		struct credis_error err = { 0 };
		bool taken = names_split(rows[i].text, rows[i].given, rows[i].globs, &pair, &err);
		if (taken != (rows[i].service != NULL))
			fail_msg("'%s': %s", rows[i].text, err.text);
		if (taken) {
			assert_string_equal(pair.service, rows[i].service);
			assert_string_equal(pair.keyword, rows[i].keyword);
		} else
			assert_int_equal(err.code, CREDIS_EINVAL);
	}
}

static void
a_name_longer_than_allowed_is_refused_with_or_without_globs(void **state)
{
	char text[2 + CREDIS_KEYWORD_MAX + 2] = "t.";
	struct names_pair pair;

	(void)state;
	memset(text + 2, 'K', CREDIS_KEYWORD_MAX);
	assert_true(names_split(text, NULL, false, &pair, NULL));
	text[2] = '*';
	assert_true(names_split(text, NULL, true, &pair, NULL));
	text[2 + CREDIS_KEYWORD_MAX] = 'K';
	assert_false(names_split(text, NULL, true, &pair, NULL));
	text[2] = 'K';
	assert_false(names_split(text, NULL, false, &pair, NULL));
}

static void
refusals_say_how_to_do_better(void **state)
{
	struct names_pair pair;
	struct credis_error err;

	(void)state;
	assert_false(names_split("AZ", NULL, false, &pair, &err));
	assert_string_equal(err.text, "'AZ' names no service: a keyword is SERVICE.KEYWORD");
	assert_false(names_split("t.A*{", NULL, true, &pair, &err));
	assert_string_equal(err.text,
	    "'A*{' is not a pattern, which is a name with * ? or % in it");
}

static void
cauldrons_names_are_those_of_its_clients(void **state)
{
	static const char *const of_cauldron[] = {
		[NAMES_CAULDRON_VALUE] = "Cauldron.redis.common.dcs1.AZ",
		[NAMES_CAULDRON_STATUS] = "Cauldron.redis.common.dcs1.AZ:status",
		[NAMES_CAULDRON_ERROR] = "Cauldron.redis.common.dcs1.AZ:error",
	};
	const char *prefix = "Cauldron.redis.common";
	struct slice keyword;
	struct name name;

	(void)state;
	for (int what = NAMES_CAULDRON_VALUE; what <= NAMES_CAULDRON_ERROR; what++) {
		names_cauldron(&name, prefix, "dcs1", "AZ", (enum names_of_cauldron)what);
		assert_string_equal(name.text, of_cauldron[what]);
		assert_int_equal(name.length, strlen(name.text));
	}
	names_cauldron_services(&name, prefix);
	assert_string_equal(name.text, "Cauldron.redis.common.SERVICES_REGISTRY");

	assert_true(names_parse_cauldron(&keyword, prefix, "dcs1", of_cauldron[0], 29));
	assert_int_equal(keyword.length, 2);
	assert_memory_equal(keyword.bytes, "AZ", 2);
	assert_false(names_parse_cauldron(&keyword, prefix, "dcs1", of_cauldron[0], 27));
	assert_false(names_parse_cauldron(&keyword, prefix, "dcs", of_cauldron[0], 29));
	assert_false(names_parse_cauldron(&keyword, "Cauldron", "dcs1", of_cauldron[0], 29));
}

static void
the_longest_of_cauldrons_names_fit(void **state)
{
	char prefix[NAMES_PREFIX_MAX + 2], service[CREDIS_SERVICE_MAX + 1],
	    keyword[CREDIS_KEYWORD_MAX + 1];
	struct credis_error err;
	struct name name;

	(void)state;
	memset(prefix, 'p', sizeof prefix - 1);
	prefix[sizeof prefix - 1] = '\0';
	assert_false(names_prefix_check(prefix, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	prefix[NAMES_PREFIX_MAX] = '\0';
	assert_true(names_prefix_check(prefix, NULL));
	memset(service, 's', CREDIS_SERVICE_MAX);
	memset(keyword, 'K', CREDIS_KEYWORD_MAX);
	service[CREDIS_SERVICE_MAX] = keyword[CREDIS_KEYWORD_MAX] = '\0';
	names_cauldron(&name, prefix, service, keyword, NAMES_CAULDRON_STATUS);
	assert_int_equal(name.length, strlen(name.text));
	assert_int_equal(name.length,
	    NAMES_PREFIX_MAX + 1 + CREDIS_SERVICE_MAX + 1 + CREDIS_KEYWORD_MAX + 7);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(keys_and_channels_are_those_of_the_protocol),
		cmocka_unit_test(the_longest_names_fit),
		cmocka_unit_test(a_channel_tells_service_keyword_and_verb),
		cmocka_unit_test(namespaces_are_checked),
		cmocka_unit_test(what_people_call_a_keyword_is_split_and_put_in_its_case),
		cmocka_unit_test(a_name_longer_than_allowed_is_refused_with_or_without_globs),
		cmocka_unit_test(refusals_say_how_to_do_better),
		cmocka_unit_test(cauldrons_names_are_those_of_its_clients),
		cmocka_unit_test(the_longest_of_cauldrons_names_fit),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
