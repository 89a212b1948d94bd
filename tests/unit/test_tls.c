/* test_tls.c: TLS to a real redis-server, with certificates made for the occasion. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "link_probe.h"
#include "redis_server.h"

enum { PATIENCE_MS = 30000 };

/* ca.pem signs: right.pem (for localhost and 127.0.0.1), wrong.pem (for another host) and client.pem;
 * other.pem is another authority. Keys are in .key files. */
static char certificates[] = "/tmp/cr-XXXXXX";

static const char make_certificates[] =
    "cd %s && {\n"
    "authority() { openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 "
    "\\\n"
    "    -subj /CN=$1 -keyout $1.key -out $1.pem; }\n"
    "sign() { openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=$1 \\\n"
    "    -keyout $1.key -out $1.csr && echo \"$2\" >$1.ext && openssl x509 -req -days 2 -in $1.csr "
    "\\\n"
    "    -CA ca.pem -CAkey ca.key -CAcreateserial -extfile $1.ext -out $1.pem; }\n"
    "authority ca && authority other &&\n"
    "sign right subjectAltName=DNS:localhost,IP:127.0.0.1 &&\n"
    "sign wrong subjectAltName=DNS:elsewhere.example,IP:127.0.0.2 &&\n"
    "sign client extendedKeyUsage=clientAuth &&\n"
    "openssl ec -in client.key -aes256 -passout pass:secret -out locked.key; } >log 2>&1";

static int
set_up_certificates(void **state)
{
	char command[2048];

	(void)state;
	if (mkdtemp(certificates) == NULL)
		return -1;
	snprintf(command, sizeof command, make_certificates, certificates);
	return system(command);
}

static int
remove_certificates(void **state)
{
	char command[64];

	(void)state;
	snprintf(command, sizeof command, "rm -rf %s", certificates);
	return system(command);
}

/* A path in the directory of certificates; several may be used at once. */
static const char *
file(const char *name)
{
	static char paths[8][64];
	static unsigned next;
	char *path = paths[next++ % 8];

	snprintf(path, sizeof paths[0], "%s/%s", certificates, name);
	return path;
}

struct scene {
	struct event_base *base;
	struct redis_server server;
	struct probe probe;
	char files[3][64]; /* the server's */
};

/* "yes": the server wants a certificate of its clients. */
static struct scene *
scene_new(const char *certificate, const char *auth_clients)
{
	struct scene *scene = calloc(1, sizeof *scene);

	snprintf(scene->files[0], sizeof scene->files[0], "%s/%s.pem", certificates, certificate);
	snprintf(scene->files[1], sizeof scene->files[1], "%s/%s.key", certificates, certificate);
	snprintf(scene->files[2], sizeof scene->files[2], "%s/ca.pem", certificates);
	scene->base = event_base_new();
	redis_server_start_on_port(&scene->server, "--tls-port", "--tls-cert-file", scene->files[0],
	    "--tls-key-file", scene->files[1], "--tls-ca-cert-file", scene->files[2],
	    "--tls-auth-clients", auth_clients, NULL);
	return scene;
}

static int
set_scene(void **state)
{
	*state = scene_new("right", "no");
	return 0;
}

static int
set_scene_of_wrong_host(void **state)
{
	*state = scene_new("wrong", "no");
	return 0;
}

static int
set_scene_with_client_certificates(void **state)
{
	*state = scene_new("right", "yes");
	return 0;
}

static int
set_plain_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	scene->base = event_base_new();
	redis_server_start_on_port(&scene->server, "--port", NULL);
	*state = scene;
	return 0;
}

static int
clear_scene(void **state)
{
	struct scene *scene = *state;

	link_free(scene->probe.link);
	event_base_free(scene->base);
	redis_server_stop(&scene->server);
	free(scene);
	return 0;
}

static struct link *
open_url(struct scene *scene, const char *url)
{
	link_free(scene->probe.link);
	return probe_open(&scene->probe, scene->base, url,
	    (struct link_options){ .role = "commands", .connect_timeout_ms = PATIENCE_MS });
}

static struct link *
open_link(struct scene *scene, const char *host, const char *options, const char *more)
{
	char url[512];

	snprintf(url, sizeof url, "rediss://%s:%d?%s%s", host, scene->server.port, options, more);
	return open_url(scene, url);
}

static const char *
trusting(const char *authority)
{
	static char option[96];

	snprintf(option, sizeof option, "ssl_ca_certs=%s", file(authority));
	return option;
}

/* Until it is up, or a try failed. */
static bool
url_comes_up(struct scene *scene, const char *url)
{
	struct probe *probe = &scene->probe;

	assert_non_null(open_url(scene, url));
	link_start(probe->link);
	EVENTUALLY(scene->base, probe->ups + probe->downs > 0);
	return probe->ups > 0;
}

static bool
comes_up(struct scene *scene, const char *host, const char *options, const char *more)
{
	char url[512];

	snprintf(url, sizeof url, "rediss://%s:%d?%s%s", host, scene->server.port, options, more);
	return url_comes_up(scene, url);
}

static bool
primary_comes_up(struct scene *scene, const struct redis_server *sentinel, const char *primary)
{
	char url[512];

	snprintf(url, sizeof url, "rediss+sentinel://127.0.0.1:%d/%s?%s", sentinel->port, primary,
	    trusting("ca.pem"));
	return url_comes_up(scene, url);
}

static void
expect(const struct scene *scene, enum credis_code code, const char *words)
{
	assert_int_equal(scene->probe.why.code, code);
	if (strstr(scene->probe.why.text, words) == NULL)
		fail_msg("\"%s\" does not say \"%s\"", scene->probe.why.text, words);
}

static void
a_server_of_the_right_name_or_address_is_trusted(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), ""));
	assert_true(comes_up(scene, "127.0.0.1", trusting("ca.pem"), ""));
	assert_true(probe_ask(probe, 42));
	EVENTUALLY(scene->base, probe->answers == 1);
	assert_string_equal(probe->last_answer, "42");
}

static void
an_authority_not_trusted_is_refused(void **state)
{
	struct scene *scene = *state;

	assert_false(comes_up(scene, "localhost", trusting("other.pem"), ""));
	expect(scene, CREDIS_EUNREACHABLE, "certificate is not to be trusted");
	assert_true(comes_up(scene, "localhost", trusting("other.pem"), "&ssl_cert_reqs=none"));
}

static void
a_certificate_for_another_host_is_refused(void **state)
{
	struct scene *scene = *state;

	assert_false(comes_up(scene, "localhost", trusting("ca.pem"), ""));
	expect(scene, CREDIS_EUNREACHABLE, "the server's certificate is not for localhost");
	assert_false(comes_up(scene, "127.0.0.1", trusting("ca.pem"), ""));
	expect(scene, CREDIS_EUNREACHABLE, "the server's certificate is not for 127.0.0.1");
	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), "&ssl_check_hostname=false"));
	assert_false(
	    comes_up(scene, "localhost", trusting("other.pem"), "&ssl_check_hostname=false"));
}

static void
a_client_certificate_is_given_where_it_is_demanded(void **state)
{
	struct scene *scene = *state;
	char options[256];

	assert_false(comes_up(scene, "localhost", trusting("ca.pem"), ""));
	expect(scene, CREDIS_EUNREACHABLE, "client certificate");
	snprintf(options, sizeof options, "&ssl_certfile=%s&ssl_keyfile=%s", file("client.pem"),
	    file("client.key"));
	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), options));
}

static void
files_that_are_no_good_are_named_before_anything_is_tried(void **state)
{
	struct scene *scene = *state;
	char options[256];

	assert_null(open_link(scene, "localhost", trusting("nowhere.pem"), ""));
	expect(scene, CREDIS_EINVAL, "nowhere.pem: No such file or directory");
	assert_null(open_link(scene, "localhost", trusting("ca.key"), ""));
	expect(scene, CREDIS_EINVAL, "ssl_ca_certs: ");

	snprintf(options, sizeof options, "&ssl_certfile=%s&ssl_keyfile=%s", file("client.pem"),
	    file("right.key"));
	assert_null(open_link(scene, "localhost", trusting("ca.pem"), options));
	expect(scene, CREDIS_EINVAL, "ssl_keyfile: ");
	snprintf(options, sizeof options, "&ssl_certfile=%s&ssl_keyfile=%s", file("client.pem"),
	    file("locked.key"));
	assert_null(open_link(scene, "localhost", trusting("ca.pem"), options));
	expect(scene, CREDIS_EINVAL, "locked.key");
	snprintf(options, sizeof options, "&ssl_keyfile=%s", file("client.key"));
	assert_null(open_link(scene, "localhost", trusting("ca.pem"), options));
	expect(scene, CREDIS_EINVAL, "no ssl_certfile");
}

static void
a_server_without_tls_is_told_apart(void **state)
{
	struct scene *scene = *state;

	assert_false(comes_up(scene, "127.0.0.1", trusting("ca.pem"), "&socket_connect_timeout=1"));
	expect(scene, CREDIS_EUNREACHABLE, "TLS");
}

/* And the sentinel by its own. */
static void
the_primary_that_a_sentinel_names_is_checked_by_its_own_host(void **state)
{
	struct scene *scene = *state, *wrong = scene_new("wrong", "no");
	struct redis_server sentinel;
	char configuration[1024];

	snprintf(configuration, sizeof configuration,
	    "tls-cert-file %s\ntls-key-file %s\ntls-ca-cert-file %s\ntls-auth-clients no\n"
	    "sentinel resolve-hostnames yes\nsentinel announce-hostnames yes\n"
	    "sentinel monitor right localhost %d 1\nsentinel monitor wrong localhost %d 1\n",
	    scene->files[0], scene->files[1], scene->files[2], scene->server.port,
	    wrong->server.port);
	redis_server_start_sentinel(&sentinel, "--tls-port", configuration);
	assert_true(primary_comes_up(scene, &sentinel, "right"));
	assert_false(primary_comes_up(scene, &sentinel, "wrong"));
	expect(scene, CREDIS_EUNREACHABLE, "the server's certificate is not for localhost");
	redis_server_stop(&sentinel);
	clear_scene((void **)&wrong);
}

static void
a_plain_link_to_a_tls_port_fails_in_words(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	char url[64];

	snprintf(url, sizeof url, "redis://127.0.0.1:%d", scene->server.port);
	assert_non_null(probe_open(probe, scene->base, url, (struct link_options){ .role = "x" }));
	link_start(probe->link);
	EVENTUALLY(scene->base, probe->downs > 0);
	assert_int_equal(probe->ups, 0);
	assert_non_null(strstr(probe->why.text, url));
}

static void
much_is_carried_both_ways(void **state)
{
	enum { SIZE = 4 * 1024 * 1024 };
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	char *bytes = malloc(SIZE);
	struct buffer *out;

	memset(bytes, 'x', SIZE);
	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), "&socket_timeout=20"));
	out = link_command(probe->link, probe_answer, probe, 1, NULL);
	command_begin(out, 3);
	command_text(out, "SET");
	command_text(out, "big");
	command_word(out, bytes, SIZE);
	out = link_command(probe->link, probe_answer, probe, 2, NULL);
	command_texts(out, "GET", "big", NULL);
	for (uint64_t id = 3; id <= 1000; id++)
		assert_true(probe_ask(probe, id));
	free(bytes);
	EVENTUALLY(scene->base, probe->answers == 1000);
	assert_int_equal(probe->lost, 0);
	assert_int_equal(probe->order[999], 1000);
	assert_int_equal(redis_server_say(&scene->server, "STRLEN big"), SIZE);
}

static void
a_turn_of_many_commands_is_handed_over_before_its_end(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), ""));
	for (uint64_t id = 100; id < 450; id++)
		assert_true(probe_ask(probe, id));
	/* Of 8 kilobytes two went, and then four. */
	assert_in_range(link_output_length(probe->link), 1, 3000);
	EVENTUALLY(scene->base, probe->answers == 350);
	assert_int_equal(probe->order[349], 449);
}

static void
an_idle_connection_that_the_server_has_closed_is_found_out_before_it_is_used(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), ""));
	link_verify(probe->link, 0);
	assert_true(link_is_up(probe->link));
	assert_int_equal(redis_server_say(&scene->server, "CLIENT KILL ID %lld",
			     (long long)link_connection_id(probe->link)),
	    1);
	for (int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS; link_is_up(probe->link);) {
		assert_true(loop_now_ms() < limit_ms);
		link_verify(probe->link, 0); /* and its event loop does not run */
	}
	EVENTUALLY(scene->base, probe->ups == 2);
}

static void
a_server_gone_while_we_write_raises_no_signal_and_is_found_again(void **state)
{
	enum { SIZE = 8 * 1024 * 1024 };
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	char *bytes = calloc(1, SIZE);
	struct buffer *out;

	assert_true(comes_up(scene, "localhost", trusting("ca.pem"), "&socket_timeout=20"));
	redis_server_signal(&scene->server, SIGSTOP);
	out = link_command(probe->link, probe_answer, probe, 1, NULL);
	command_begin(out, 2);
	command_text(out, "PING");
	command_word(out, bytes, SIZE);
	free(bytes);
	EVENTUALLY(scene->base, link_output_length(probe->link) < SIZE);
	redis_server_kill(&scene->server);
	EVENTUALLY(scene->base, probe->downs > 0);
	assert_int_equal(probe->lost, 1);
	link_set_backoff(probe->link, 100);
	redis_server_again(&scene->server);
	EVENTUALLY(scene->base, probe->ups >= 2);
}

static void
it_may_be_freed_at_any_stage_of_the_handshake(void **state)
{
	struct scene *scene = *state;

	for (int turns = 0; turns < 12; turns++) {
		assert_non_null(open_link(scene, "127.0.0.1", trusting("ca.pem"), ""));
		link_start(scene->probe.link);
		for (int n = 0; n < turns; n++)
			loop_turn(scene->base);
		link_free(scene->probe.link);
		scene->probe.link = NULL;
		loop_turn(scene->base);
	}
	assert_true(comes_up(scene, "127.0.0.1", trusting("ca.pem"), ""));
}

#define TLS_TEST(name) cmocka_unit_test_setup_teardown(name, set_scene, clear_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TLS_TEST(a_server_of_the_right_name_or_address_is_trusted),
		TLS_TEST(an_authority_not_trusted_is_refused),
		cmocka_unit_test_setup_teardown(a_certificate_for_another_host_is_refused,
		    set_scene_of_wrong_host, clear_scene),
		cmocka_unit_test_setup_teardown(a_client_certificate_is_given_where_it_is_demanded,
		    set_scene_with_client_certificates, clear_scene),
		TLS_TEST(files_that_are_no_good_are_named_before_anything_is_tried),
		cmocka_unit_test_setup_teardown(a_server_without_tls_is_told_apart, set_plain_scene,
		    clear_scene),
		TLS_TEST(the_primary_that_a_sentinel_names_is_checked_by_its_own_host),
		TLS_TEST(a_plain_link_to_a_tls_port_fails_in_words),
		TLS_TEST(much_is_carried_both_ways),
		TLS_TEST(a_turn_of_many_commands_is_handed_over_before_its_end),
		TLS_TEST(
		    an_idle_connection_that_the_server_has_closed_is_found_out_before_it_is_used),
		TLS_TEST(a_server_gone_while_we_write_raises_no_signal_and_is_found_again),
		TLS_TEST(it_may_be_freed_at_any_stage_of_the_handshake),
	};

	return cmocka_run_group_tests(tests, set_up_certificates, remove_certificates);
}
