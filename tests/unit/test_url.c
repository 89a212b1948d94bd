/* test_url.c: what core/url.h promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/url.h"

#include <stdlib.h>

#include "vectors.h"

/* A member of what the original made of a URL, and where it lies in ours. */
enum kind { TEXT, NUMBER, MS, YES_NO };
static const struct member {
	const char *name;
	enum kind kind;
	size_t offset;
} members[] = {
	{ "host", TEXT, offsetof(struct url, host) },
	{ "path", TEXT, offsetof(struct url, path) },
	{ "username", TEXT, offsetof(struct url, user) },
	{ "password", TEXT, offsetof(struct url, password) },
	{ "client_name", TEXT, offsetof(struct url, client_name) },
	{ "ssl_ca_certs", TEXT, offsetof(struct url, ca) },
	{ "port", NUMBER, offsetof(struct url, port) },
	{ "db", NUMBER, offsetof(struct url, db) },
	{ "max_connections", NUMBER, offsetof(struct url, max_connections) },
	{ "socket_timeout", MS, offsetof(struct url, timeout_ms) },
	{ "socket_connect_timeout", MS, offsetof(struct url, connect_timeout_ms) },
	{ "ssl_check_hostname", YES_NO, offsetof(struct url, check_host) },
};
enum { MEMBERS = sizeof members / sizeof *members };

static bool
same_text(const char *a, const char *b)
{
	return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

/* What is not in 'expected' must stand as in the plainest URL of its kind. */
static bool
member_is(const struct member *member, const struct url *url, const struct url *plain,
    const json_t *expected)
{
	const void *ours = (const char *)url + member->offset;
	const void *unsaid = (const char *)plain + member->offset;

	switch (member->kind) {
	case TEXT:
		return same_text(*(char *const *)ours,
		    expected != NULL ? json_string_value(expected) : *(char *const *)unsaid);
	case NUMBER:
		return *(const int *)ours ==
		    (expected != NULL ? json_number_value(expected) : *(const int *)unsaid);
	case MS:
		return *(const int64_t *)ours ==
		    (expected != NULL ? (int64_t)(json_number_value(expected) * 1000)
				      : *(const int64_t *)unsaid);
	case YES_NO:
		return *(const bool *)ours ==
		    (expected != NULL ? json_is_true(expected) : *(const bool *)unsaid);
	}
	return false;
}

static struct outcome
look_at_url(const char *text, const json_t *expected)
{
	struct url url, plain;
	struct credis_error err;
	struct outcome outcome = { url_parse(&url, text, &err), true };
	const char *class = json_string_value(json_object_get(expected, "class"));
	const char *reqs = json_string_value(json_object_get(expected, "ssl_cert_reqs"));

	assert_true(outcome.taken || (err.code == CREDIS_EINVAL && err.text[0] != '\0'));
	if (!outcome.taken) {
		assert_null(url.host);
		return outcome;
	}
	assert_true(url_parse(&plain, url.path != NULL ? "unix:///s" : "redis://", NULL));
	for (size_t i = 0; i < MEMBERS; i++)
		outcome.as_expected &= member_is(&members[i], &url, &plain,
		    json_object_get(expected, members[i].name));
	outcome.as_expected &= url.tls == same_text(class, "SSLConnection");
	outcome.as_expected &= url.verify == !same_text(reqs, "none");
	url_clear(&url);
	url_clear(&plain);
	return outcome;
}

static void
urls_are_read_as_redis_py_reads_them_but_for_its_faults(void **state)
{
	(void)state;
	assert_int_equal(vectors_broken("url.json", 260, look_at_url), 0);
}

static void
expect_refusal(const char *text, const char *reason)
{
	struct credis_error err;
	struct url url;

	assert_false(url_parse(&url, text, &err));
	assert_string_equal(err.text, reason);
}

static void
a_refusal_says_what_belongs_there(void **state)
{
	(void)state;
	expect_refusal("localhost",
	    "URL: it begins with none of redis:// rediss:// unix:/// redis+sentinel://");
	expect_refusal("redis://h?sockettimeout=3",
	    "URL: 'sockettimeout' is not an option; did you mean socket_timeout?");
	expect_refusal("redis://h?socket_keepalive=yes",
	    "URL: 'socket_keepalive' is not an option");
	expect_refusal("redis://h?db", "URL: db has no value");
	expect_refusal("redis://h/1?db=2", "URL: db is given twice");
	expect_refusal("redis://h?max_connections=0",
	    "URL: max_connections: '0' is not a number from 1 to 2147483647");
	expect_refusal("redis://h?socket_timeout=inf",
	    "URL: socket_timeout: 'inf' is not seconds, from 0.001 to 1e9");
	expect_refusal("redis://h?ssl_ca_certs=ca.pem",
	    "URL: ssl_ca_certs goes with rediss:// only");
	expect_refusal("rediss://h?ssl_cert_reqs=optional",
	    "URL: ssl_cert_reqs: 'optional' is not required or none");
	expect_refusal("unix://run/redis.sock",
	    "URL: a socket has no host: its path begins with the third '/'");
	expect_refusal("unix:///run%2F", "URL: unix:// needs the path of a socket");
	expect_refusal("redis+sentinel://a,,b/obs", "URL: a sentinel's host is missing");
	expect_refusal("redis+sentinel://a:26379",
	    "URL: behind the sentinels' '/' belongs the name of the primary they watch");
	expect_refusal("redis+sentinel://a/obs/x",
	    "URL: behind the host's '/' belongs a database, a number from 0 to 2147483647");
	expect_refusal("redis://h?sentinel_username=x",
	    "URL: sentinel_username goes with redis+sentinel:// only");
	expect_refusal("redis://h?client_name=%zz",
	    "URL: client_name: behind a '%' belong two hexadecimal digits");
}

static void
no_reason_holds_a_password(void **state)
{
	static const char *const texts[] = {
		"redis://:sesame@host:x",
		"redis://:sesame",
		"redis://user:sesame",
		"redis://user:sesame/1",
		"redis://user:sesame?db=1",
		"redis://:12?sesame=1@host",
		"redis://:12/sesame@host",
		"redis://:12#sesame@host",
		"redis://:sesame host",
		"redis://:sesame%@host",
		"redis://:sesame%00@host",
		"redis://:sesame@[::1",
		"redis://:sesame@a,b",
		"redis://:sesame@h/x",
		"redis://:sesame@h?x=1",
		"redis://u:sesame@h?password=other",
		"redis://h?password=sesame%",
		"redis://h?password=sesame&password=sesame",
		"unix://:sesame/run/s",
		"unix://:12?sesame@/run/s",
		"unix://:12/sesame@/",
		":sesame@localhost",
		"user:sesame@localhost:6379",
		"http://:sesame@h",
		"redis+sentinel://:sesame@a,/obs",
		"redis+sentinel://a/obs?sentinel_password=sesame&sentinel_password=x",
	};
	struct credis_error err;
	struct url url;

	(void)state;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		if (url_parse(&url, texts[i], &err))
			fail_msg("'%s' was taken", texts[i]);
		if (strstr(err.text, "sesame") != NULL)
			fail_msg("'%s' gave: %s", texts[i], err.text);
	}
}

static void
what_is_printed_hides_the_password_and_reads_as_the_same_place(void **state)
{
	static const struct {
		const char *text;
		const char *printed;
	} rows[] = {
		{ "redis://", "redis://localhost:6379/0" },
		{ "redis://:pw@h/2?client_name=x", "redis://h:6379/2" },
		{ "rediss://u%40x:pw@h:1", "rediss://u%40x@h:1/0" },
		{ "redis://[::1]/3", "redis://[::1]:6379/3" },
		{ "unix:/run/my%20sock%25", "unix:///run/my%20sock%25" },
		{ "unix://u:pw@/run/s?db=4", "unix://u@/run/s?db=4" },
		{ "redis://a%2Fb@h", "redis://a%2Fb@h:6379/0" },
		{ "redis://%D0%BA@h", "redis://%D0%BA@h:6379/0" },
		{ "redis+sentinel://u:pw@a,b:7,[::1]/obs/2?sentinel_password=x",
		    "redis+sentinel://u@a:26379,b:7,[::1]:26379/obs/2" },
		{ "rediss+sentinel://a/obs", "rediss+sentinel://a:26379/obs/0" },
	};
	struct url url;

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		assert_true(url_parse(&url, rows[i].text, NULL));
		char *printed = url_print(&url);
		assert_string_equal(printed, rows[i].printed);
		url_clear(&url);
		assert_true(url_parse(&url, printed, NULL));
		char *again = url_print(&url);
		assert_string_equal(again, printed);
		url_clear(&url);
		free(printed);
		free(again);
	}
}

static void
everything_of_tls_is_read(void **state)
{
	struct url url;

	(void)state;
	assert_true(url_parse(&url,
	    "rediss://h?ssl_ca_certs=ca.pem&ssl_certfile=/c&ssl_keyfile=/k&ssl_cert_reqs=none"
	    "&ssl_check_hostname=no",
	    NULL));
	assert_string_equal(url.ca, "ca.pem");
	assert_string_equal(url.certificate, "/c");
	assert_string_equal(url.key, "/k");
	assert_false(url.verify);
	assert_false(url.check_host);
	url_clear(&url);
	assert_true(url_parse(&url, "rediss://h", NULL));
	assert_true(url.tls && url.verify && url.check_host);
	url_clear(&url);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(urls_are_read_as_redis_py_reads_them_but_for_its_faults),
		cmocka_unit_test(a_refusal_says_what_belongs_there),
		cmocka_unit_test(no_reason_holds_a_password),
		cmocka_unit_test(what_is_printed_hides_the_password_and_reads_as_the_same_place),
		cmocka_unit_test(everything_of_tls_is_read),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
