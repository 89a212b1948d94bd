/* test_link.c: a link against a peer that follows a script, and against a real redis-server. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "redis/clock.h"

#include "link_probe.h"
#include "redis_server.h"

#include <sys/un.h>

/* The peer: a socket that a test reads and writes by hand. */

struct peer {
	char directory[32];
	char url[120];
	int listener;
	int fd; /* -1: nobody */
};

struct stage {
	struct event_base *base;
	struct peer peer;
	struct probe probe;
};

static struct sockaddr_un
peer_address(const struct peer *peer)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof address.sun_path, "%s/peer.sock", peer->directory);
	return address;
}

static int
set_stage(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	struct peer *peer = &stage->peer;

	strcpy(peer->directory, "/tmp/cr-XXXXXX");
	if (mkdtemp(peer->directory) == NULL)
		return -1;
	struct sockaddr_un address = peer_address(peer);

	snprintf(peer->url, sizeof peer->url, "unix://%s", address.sun_path);
	peer->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (bind(peer->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
	    listen(peer->listener, 64) != 0)
		return -1;
	peer->fd = -1;
	stage->base = event_base_new();
	*state = stage;
	return 0;
}

static int
clear_stage(void **state)
{
	struct stage *stage = *state;
	struct sockaddr_un address = peer_address(&stage->peer);

	link_free(stage->probe.link);
	event_base_free(stage->base);
	if (stage->peer.fd >= 0)
		close(stage->peer.fd);
	close(stage->peer.listener);
	unlink(address.sun_path);
	rmdir(stage->peer.directory);
	free(stage);
	return 0;
}

static bool
peer_is_called(struct peer *peer)
{
	if (peer->fd >= 0)
		close(peer->fd);
	peer->fd = accept4(peer->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
	return peer->fd >= 0;
}

static void
peer_hang_up(struct peer *peer)
{
	close(peer->fd);
	peer->fd = -1;
}

static void
peer_say(struct peer *peer, const char *text)
{
	assert_int_equal(send(peer->fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

/* Reads what is there; true once 'text' was among it. */
static bool
peer_hears(struct peer *peer, const char *text)
{
	static char heard[65536];
	static size_t length;
	ssize_t got = recv(peer->fd, heard + length, sizeof heard - 1 - length, 0);

	if (got > 0)
		length += (size_t)got;
	heard[length] = '\0';
	if (strstr(heard, text) == NULL)
		return false;
	length = 0;
	return true;
}

static const char greeting[] = ":7\r\n*2\r\n$1\r\n1\r\n$1\r\n0\r\n+PONG\r\n";

/* To the end of a greeting as a server without a name and password gives it. */
static void
bring_up(struct stage *stage, struct link_options options)
{
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, stage->peer.url, options));
	link_start(probe->link);
	EVENTUALLY(stage->base, peer_is_called(&stage->peer));
	EVENTUALLY(stage->base, peer_hears(&stage->peer, "PING\r\n"));
	peer_say(&stage->peer, greeting);
	EVENTUALLY(stage->base, probe->ups == 1);
}

static void
bring_up_again(struct stage *stage)
{
	unsigned ups = stage->probe.ups;

	EVENTUALLY(stage->base, peer_is_called(&stage->peer));
	EVENTUALLY(stage->base, peer_hears(&stage->peer, "PING\r\n"));
	peer_say(&stage->peer, greeting);
	EVENTUALLY(stage->base, stage->probe.ups == ups + 1);
}

enum { PATIENCE_MS = 30000 };

static const struct link_options plain = { .role = "commands",
	.connect_timeout_ms = PATIENCE_MS,
	.command_timeout_ms = PATIENCE_MS };

/* Answers. */

static void
answers_come_in_order_whatever_the_pieces(void **state)
{
	static const char answers[] = "$1\r\n1\r\n:2\r\n*1\r\n:3\r\n-ERR 4\r\n$-1\r\n";
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, plain);
	for (uint64_t id = 1; id <= 5; id++)
		assert_true(probe_ask(probe, id));
	assert_int_equal(link_commands_under_way(probe->link), 5);
	EVENTUALLY(stage->base, peer_hears(&stage->peer, "$1\r\n5\r\n"));
	for (size_t n = 0; n < sizeof answers - 1; n++) {
		assert_int_equal(send(stage->peer.fd, answers + n, 1, MSG_NOSIGNAL), 1);
		loop_turn(stage->base);
	}
	EVENTUALLY(stage->base, probe->answers == 5);
	for (uint64_t id = 1; id <= 5; id++)
		assert_int_equal(probe->order[id - 1], id);
	assert_int_equal(probe->lost, 0);
	assert_int_equal(link_commands_under_way(probe->link), 0);
}

static void
a_batch_is_answered_each_and_last(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	struct buffer *out;

	bring_up(stage, plain);
	out = link_batch(probe->link, 3, NULL, probe_answer, probe, 9, NULL);
	assert_non_null(out);
	for (int n = 0; n < 3; n++)
		command_texts(out, "PING", NULL);
	peer_say(&stage->peer, "+OK\r\n+QUEUED\r\n:5\r\n");
	EVENTUALLY(stage->base, probe->answers == 1);
	assert_string_equal(probe->last_answer, "5");
	assert_int_equal(link_commands_under_way(probe->link), 0);
}

static void
everything_of_one_turn_is_written_at_once(void **state)
{
	struct stage *stage = *state;
	char bytes[4096];

	bring_up(stage, plain);
	for (uint64_t id = 0; id < 50; id++)
		assert_true(probe_ask(&stage->probe, id));
	assert_true(recv(stage->peer.fd, bytes, sizeof bytes, 0) < 0);
	event_base_loop(stage->base, EVLOOP_NONBLOCK);
	assert_int_equal(recv(stage->peer.fd, bytes, sizeof bytes, 0), 10 * 21 + 40 * 22);
}

static void
a_turn_of_many_commands_gives_the_server_work_before_its_end(void **state)
{
	struct stage *stage = *state;
	ssize_t early, late;
	char bytes[4096];

	bring_up(stage, plain);
	for (uint64_t id = 0; id < 100; id++)
		assert_true(probe_ask(&stage->probe, id));
	early = recv(stage->peer.fd, bytes, sizeof bytes, 0);
	assert_true(early > 0 && memcmp(bytes + early - 2, "\r\n", 2) == 0);
	event_base_loop(stage->base, EVLOOP_NONBLOCK);
	late = recv(stage->peer.fd, bytes, sizeof bytes, 0);
	assert_true(late > 0);
	assert_int_equal(early + late, 10 * 21 + 90 * 22);
}

static void
a_link_that_is_down_takes_no_command_and_says_why(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, stage->peer.url, plain));
	assert_false(probe_ask(probe, 1));
	assert_int_equal(probe->why.code, CREDIS_ELOST);
	assert_non_null(strstr(probe->why.text, "not connected yet"));
	assert_int_equal(link_last_error(probe->link)->code, CREDIS_OK);
}

/* Loss. */

static void
commands_under_way_are_answered_lost_before_the_link_is_down(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, plain);
	for (uint64_t id = 1; id <= 3; id++)
		assert_true(probe_ask(probe, id));
	EVENTUALLY(stage->base, peer_hears(&stage->peer, "$1\r\n3\r\n"));
	peer_say(&stage->peer, "$1\r\n1\r\n$1\r");
	shutdown(stage->peer.fd, SHUT_WR);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_int_equal(probe->answers, 3);
	assert_int_equal(probe->lost, 2);
	assert_int_equal(probe->order[2], 3);
	assert_true(probe->was_up);
	assert_non_null(strstr(probe->why.text, stage->peer.url));
	assert_non_null(strstr(probe->why.text, "the server closed the connection"));
	assert_false(link_is_up(probe->link));
	assert_false(probe_ask(probe, 4));
}

static void
garbage_loses_the_link_with_a_sentence(void **state)
{
	struct stage *stage = *state;

	bring_up(stage, plain);
	peer_say(&stage->peer, "HTTP/1.1 400 Bad Request\r\n");
	EVENTUALLY(stage->base, stage->probe.downs == 1);
	assert_int_equal(stage->probe.why.code, CREDIS_EPROTOCOL);
	assert_non_null(strstr(stage->probe.why.text, "a reply cannot be understood"));
	bring_up_again(stage);
}

static void
a_reply_that_promises_too_much_loses_the_link(void **state)
{
	struct stage *stage = *state;

	bring_up(stage, plain);
	assert_true(probe_ask(&stage->probe, 1));
	peer_say(&stage->peer, "*1000000000\r\n");
	EVENTUALLY(stage->base, stage->probe.downs == 1);
	assert_int_equal(stage->probe.lost, 1);
	assert_non_null(strstr(stage->probe.why.text, "larger than 64 MiB"));
}

static void
an_answer_nobody_asked_for_loses_the_link(void **state)
{
	struct stage *stage = *state;

	bring_up(stage, plain);
	peer_say(&stage->peer, "+OK\r\n");
	EVENTUALLY(stage->base, stage->probe.downs == 1);
	assert_int_equal(stage->probe.why.code, CREDIS_EPROTOCOL);
}

static void
what_a_server_says_before_it_hangs_up_is_the_reason(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, stage->peer.url, plain));
	link_start(probe->link);
	EVENTUALLY(stage->base, peer_is_called(&stage->peer));
	peer_say(&stage->peer, "-ERR max number of clients reached\r\n");
	peer_hang_up(&stage->peer);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_false(probe->was_up);
	assert_int_equal(probe->why.code, CREDIS_EUNREACHABLE);
	assert_non_null(strstr(probe->why.text, "too many clients"));
}

static void
a_server_still_loading_is_tried_again(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, stage->peer.url, plain));
	link_start(probe->link);
	EVENTUALLY(stage->base, peer_is_called(&stage->peer));
	peer_say(&stage->peer, ":7\r\n-LOADING x\r\n-LOADING Redis is loading\r\n");
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_int_equal(probe->ups, 0);
	assert_non_null(strstr(probe->why.text, "still loading"));
	bring_up_again(stage);
}

static void
a_reset_loses_the_link_for_the_reason_given(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	const struct credis_error why = { CREDIS_ESTORE, "another run of the server" };

	bring_up(stage, plain);
	assert_true(probe_ask(probe, 1));
	link_reset(probe->link, &why);
	assert_int_equal(probe->downs + probe->answers, 0); /* not from inside */
	assert_false(link_is_up(probe->link));
	assert_false(probe_ask(probe, 2));
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_int_equal(probe->lost, 1);
	assert_non_null(strstr(probe->why.text, "another run of the server"));
	bring_up_again(stage);
}

/* Deadlines. */

static void
silence_after_a_command_loses_the_link_at_its_deadline(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	int64_t before_ms;

	bring_up(stage, (struct link_options){ .command_timeout_ms = 100 });
	before_ms = loop_now_ms();
	assert_true(probe_ask(probe, 1));
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_true(loop_now_ms() - before_ms >= 90);
	assert_int_equal(probe->lost, 1);
	assert_int_equal(probe->why.code, CREDIS_ELOST);
	assert_non_null(strstr(probe->why.text, "no answer within 100 milliseconds to a command"));
}

static void
half_an_answer_does_not_put_the_deadline_off(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, (struct link_options){ .command_timeout_ms = 100 });
	assert_true(probe_ask(probe, 1));
	peer_say(&stage->peer, "$1000000\r\n");
	for (int64_t limit_ms = loop_now_ms() + LOOP_LIMIT_MS; probe->downs == 0;) {
		assert_true(loop_now_ms() < limit_ms);
		if (send(stage->peer.fd, "x", 1, MSG_NOSIGNAL) != 1)
			break;
		loop_turn(stage->base);
	}
	EVENTUALLY(stage->base, probe->downs == 1);
}

static void
answers_to_older_commands_put_the_deadline_off(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	int64_t before_ms;

	bring_up(stage, (struct link_options){ .command_timeout_ms = 1000 });
	for (uint64_t id = 0; id < 5; id++)
		assert_true(probe_ask(probe, id));
	before_ms = loop_now_ms();
	for (unsigned n = 1; n <= 5; n++) {
		EVENTUALLY(stage->base, loop_now_ms() - before_ms >= 250 * n);
		peer_say(&stage->peer, "$1\r\nx\r\n");
	}
	EVENTUALLY(stage->base, probe->answers == 5);
	assert_int_equal(probe->lost, 0);
	assert_int_equal(probe->downs, 0);
}

static void
a_server_that_does_not_greet_is_given_up_at_the_connect_deadline(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	int64_t before_ms = loop_now_ms();

	assert_non_null(probe_open(probe, stage->base, stage->peer.url,
	    (struct link_options){ .connect_timeout_ms = 150, .command_timeout_ms = 20 }));
	link_start(probe->link);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_true(loop_now_ms() - before_ms >= 140);
	assert_int_equal(probe->why.code, CREDIS_EUNREACHABLE);
	assert_non_null(
	    strstr(probe->why.text, "no answer within 150 milliseconds to the greeting"));
}

static void
a_silent_link_is_pinged_and_lost_when_nothing_comes_back(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, (struct link_options){ .ping_ms = 30, .command_timeout_ms = 1000 });
	for (int n = 0; n < 3; n++) {
		EVENTUALLY(stage->base, peer_hears(&stage->peer, "PING\r\n"));
		peer_say(&stage->peer, "+PONG\r\n");
	}
	assert_int_equal(probe->downs, 0);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_true(probe->was_up);
}

/* Coming back. */

static void
a_link_lost_over_and_over_does_not_spin(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	int64_t before_ms;

	bring_up(stage, plain);
	before_ms = loop_now_ms();
	for (int n = 0; n < 4; n++) {
		peer_hang_up(&stage->peer);
		bring_up_again(stage);
	}
	/* At once, 50, 100 and 200 ms, with a quarter of jitter. */
	assert_int_equal(probe->downs, 4);
	if (probe->longest_ms >= 900)
		skip(); /* the machine stood still: it was up for long enough to be trusted again */
	assert_true(loop_now_ms() - before_ms >= (50 + 100 + 200) * 3 / 4 - 10);
}

static void
the_same_failure_is_logged_once_until_it_is_up(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, plain);
	close(stage->peer.listener);
	unlink(peer_address(&stage->peer).sun_path);
	peer_hang_up(&stage->peer);
	link_set_backoff(probe->link, 10);
	EVENTUALLY(stage->base, probe->downs == 6);
	assert_int_equal(link_tries(probe->link), 5);

	char expected[512];

	snprintf(expected, sizeof expected,
	    "+link commands %s after 1 try\n"
	    "-link commands %s: the server closed the connection\n"
	    "-link commands %s: No such file or directory (try 1)\n",
	    stage->peer.url, stage->peer.url, stage->peer.url);
	assert_string_equal(probe->logged, expected);
}

static void
a_waiting_link_tries_at_once_when_told(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, "unix:///nowhere/redis.sock", plain));
	link_start(probe->link);
	/* By now it waits for seconds. */
	EVENTUALLY(stage->base, probe->downs >= 2);
	for (unsigned downs = probe->downs; downs < 12; downs++) {
		link_retry_now(probe->link);
		EVENTUALLY(stage->base, probe->downs > downs);
	}
	int64_t before_ms = loop_now_ms();
	unsigned downs = probe->downs;

	link_retry_now(probe->link);
	EVENTUALLY(stage->base, probe->downs > downs);
	assert_true(loop_now_ms() - before_ms < 1000);
}

/* Bounds. */

enum { OUTPUT_MAX = 300 * 1024, OUTPUT_WORD = 10000 };

static void
put_word(struct buffer *out, size_t length)
{
	char *word = calloc(1, length);

	assert_non_null(out);
	command_begin(out, 1);
	command_word(out, word, length);
	free(word);
}

/* Asks until the link takes no more. */
static void
fill_output(struct stage *stage)
{
	struct probe *probe = &stage->probe;
	struct buffer *out;
	size_t asked = 0;

	while ((out = link_command(probe->link, NULL, NULL, 0, &probe->why)) != NULL) {
		put_word(out, OUTPUT_WORD);
		if (++asked % 10 == 0)
			event_base_loop(stage->base, EVLOOP_NONBLOCK);
		assert_true(asked < 10000);
	}
}

static void
output_is_bounded_and_drains_again(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	char bytes[65536];

	bring_up(stage,
	    (struct link_options){ .max_output = OUTPUT_MAX, .command_timeout_ms = PATIENCE_MS });
	fill_output(stage);
	assert_int_equal(probe->why.code, CREDIS_EBUSY);
	assert_in_range(link_output_length(probe->link), OUTPUT_MAX + 1,
	    OUTPUT_MAX + OUTPUT_WORD + 20);
	EVENTUALLY(stage->base,
	    recv(stage->peer.fd, bytes, sizeof bytes, 0) < 0 &&
		link_output_length(probe->link) == 0);
	assert_true(probe_ask(probe, 1));
	assert_int_equal(probe->downs, 0);
}

static void
a_peer_that_takes_no_more_is_given_up_at_the_deadline(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, (struct link_options){ .command_timeout_ms = 100 });
	/* Of one turn: before its end the peer takes no more. */
	for (int n = 0; n < 100; n++)
		put_word(link_command(probe->link, probe_answer, probe, 0, NULL), OUTPUT_WORD);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_int_equal(probe->lost, 100);
	assert_non_null(strstr(probe->why.text, "no answer within 100 milliseconds to a command"));
}

static void
a_peer_that_takes_no_ping_is_given_up(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage,
	    (struct link_options){ .pubsub = true, .ping_ms = 30, .command_timeout_ms = 100 });
	put_word(link_subscribe_command(probe->link, NULL), OUTPUT_MAX);
	EVENTUALLY(stage->base, probe->downs == 1);
}

static void
a_peer_gone_while_we_write_raises_no_signal(void **state)
{
	struct stage *stage = *state;

	bring_up(stage,
	    (struct link_options){ .max_output = OUTPUT_MAX, .command_timeout_ms = PATIENCE_MS });
	fill_output(stage);
	peer_hang_up(&stage->peer);
	assert_true(link_is_up(stage->probe.link));
	EVENTUALLY(stage->base, stage->probe.downs == 1);
	bring_up_again(stage);
}

/* Freed at any moment. */

static void
freed_in_an_answer_it_answers_the_rest_lost_inside(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, plain);
	for (uint64_t id = 1; id <= 4; id++)
		assert_true(probe_ask(probe, id));
	probe->free_at = "answer";
	peer_say(&stage->peer, "$1\r\n1\r\n$1\r\n2\r\n");
	EVENTUALLY(stage->base, probe->answers == 4);
	assert_int_equal(probe->lost, 3);
	assert_int_equal(probe->order[3], 4);
	assert_int_equal(probe->downs, 0);
}

static void
it_may_be_freed_as_it_comes_up_and_as_it_goes_down(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	assert_non_null(probe_open(probe, stage->base, stage->peer.url, plain));
	probe->free_at = "up";
	link_start(probe->link);
	EVENTUALLY(stage->base, peer_is_called(&stage->peer));
	peer_say(&stage->peer, greeting);
	EVENTUALLY(stage->base, probe->link == NULL);

	bring_up(stage, plain);
	assert_true(probe_ask(probe, 1));
	probe->free_at = "down";
	peer_hang_up(&stage->peer);
	EVENTUALLY(stage->base, probe->link == NULL);
	assert_int_equal(probe->lost, 1);
}

static void
an_answer_may_ask_again_but_not_on_a_dead_link(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;

	bring_up(stage, plain);
	assert_true(probe_ask(probe, 0));
	probe->ask_again = true;
	for (unsigned n = 1; n < 10; n++) {
		peer_say(&stage->peer, "$1\r\nx\r\n");
		EVENTUALLY(stage->base, probe->answers == n);
	}
	peer_hang_up(&stage->peer);
	EVENTUALLY(stage->base, probe->downs == 1);
	assert_int_equal(probe->lost, 1);
	assert_int_equal(probe->refused, 1);
	assert_int_equal(probe->answers, 10);
}

/* Subscriptions. */

static void
pushes_and_errors_are_not_answers_and_pongs_are(void **state)
{
	struct stage *stage = *state;
	struct probe *probe = &stage->probe;
	struct buffer *out;

	bring_up(stage, (struct link_options){ .pubsub = true });
	out = link_subscribe_command(probe->link, NULL);
	assert_non_null(out);
	command_texts(out, "SUBSCRIBE", "a", NULL);
	assert_true(probe_ask(probe, 1));
	assert_true(probe_ask(probe, 2));
	peer_say(&stage->peer,
	    "*3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"
	    "*3\r\n$7\r\nmessage\r\n$1\r\na\r\n$2\r\nhi\r\n"
	    "*2\r\n$4\r\npong\r\n$1\r\n1\r\n"
	    "-NOPERM no\r\n"
	    "*4\r\n$8\r\npmessage\r\n$2\r\na*\r\n$1\r\na\r\n$2\r\nhi\r\n"
	    "+PONG\r\n"
	    "*3\r\n$11\r\nunsubscribe\r\n$1\r\na\r\n:0\r\n");
	EVENTUALLY(stage->base, probe->pushes == 5);
	assert_int_equal(probe->answers, 2);
	assert_string_equal(probe->pushed[0], "subscribe a");
	assert_string_equal(probe->pushed[1], "message a");
	assert_string_equal(probe->pushed[2], "NOPERM no ");
	assert_string_equal(probe->pushed[3], "pmessage a*");
	assert_string_equal(probe->pushed[4], "unsubscribe a");
	assert_string_equal(probe->last_answer, "PONG");
}

/* A real server. */

struct scene {
	struct event_base *base;
	struct redis_server server;
	struct probe probe;
};

static int
set_scene(void **state)
{
	struct scene *scene = calloc(1, sizeof *scene);

	scene->base = event_base_new();
	redis_server_start(&scene->server, "--user", "default", "on", ">secret", "~*", "&*",
	    "+@all", "--user", "jane", "on", ">apple", "~*", "&*", "+@all", "--user", "nameless",
	    "on", ">pear", "+ping", "+time", NULL);
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

static const char *
login(const struct scene *scene, const char *user, const char *options)
{
	static char url[256];

	snprintf(url, sizeof url, "unix://%s@%s%s", user, scene->server.socket, options);
	return url;
}

/* Until the first try succeeded or failed. */
static void
try_once(struct scene *scene, const char *url, struct link_options options)
{
	struct probe *probe = &scene->probe;

	link_free(probe->link);
	assert_non_null(probe_open(probe, scene->base, url, options));
	link_start(probe->link);
	EVENTUALLY(scene->base, probe->ups + probe->downs > 0);
}

static const struct link_options named = { .role = "commands",
	.name = "test",
	.connect_timeout_ms = PATIENCE_MS,
	.command_timeout_ms = PATIENCE_MS };

static void
ask(struct scene *scene, const char *first, const char *second, const char *third)
{
	struct probe *probe = &scene->probe;
	unsigned answers = probe->answers;
	struct buffer *out = link_command(probe->link, probe_answer, probe, 0, NULL);

	assert_non_null(out);
	command_texts(out, first, second, third, NULL);
	EVENTUALLY(scene->base, probe->answers == answers + 1);
}

static void
the_right_password_lets_in_and_the_wrong_one_is_named(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", ""), named);
	assert_int_equal(probe->ups, 1);
	try_once(scene, login(scene, "jane:apple", ""), named);
	assert_int_equal(probe->ups, 1);
	ask(scene, "ACL", "WHOAMI", NULL);
	assert_string_equal(probe->last_answer, "jane");

	try_once(scene, login(scene, "jane:wrong", ""), named);
	assert_int_equal(probe->ups, 0);
	assert_int_equal(probe->why.code, CREDIS_EUNREACHABLE);
	assert_non_null(strstr(probe->why.text, "refuses this user and password"));
	assert_null(strstr(probe->why.text, "wrong"));
	assert_null(strstr(probe->logged, "wrong"));

	try_once(scene, scene->server.url, named);
	assert_non_null(strstr(probe->why.text, "the store wants a password"));
}

static void
name_and_database_are_set(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", "?db=3"), named);
	ask(scene, "SET", "k", "v");
	ask(scene, "CLIENT", "GETNAME", NULL);
	assert_string_equal(probe->last_answer, "test");
	try_once(scene, login(scene, ":secret", "?client_name=mine"), named);
	ask(scene, "GET", "k", NULL);
	assert_string_equal(probe->last_answer, "0"); /* nil: another database */
	ask(scene, "CLIENT", "GETNAME", NULL);
	assert_string_equal(probe->last_answer, "mine");

	try_once(scene, login(scene, ":secret", "?db=99"), named);
	assert_int_equal(probe->ups, 0);
	assert_non_null(strstr(probe->why.text, "does not have so many databases"));
}

static void
a_user_who_may_not_name_himself_is_warned_and_let_in(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, "nameless:pear", ""), named);
	assert_int_equal(probe->ups, 1);
	assert_non_null(strstr(probe->logged, "link-name CLIENT SETNAME: "));
	assert_int_equal(link_connection_id(probe->link), 0);
}

static void
the_greeting_learns_the_servers_clock_and_our_id(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	char id[32];

	try_once(scene, login(scene, ":secret", ""), named);
	assert_true(llabs(link_clock_offset_us(probe->link) - clock_own_offset_us()) < 1000000);
	ask(scene, "CLIENT", "ID", NULL);
	snprintf(id, sizeof id, "%lld", (long long)link_connection_id(probe->link));
	assert_string_equal(probe->last_answer, id);
}

static void
answers_of_a_server_come_in_order_across_many_turns(void **state)
{
	enum { MANY = 4000 };
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", ""), named);
	for (uint64_t id = 0; id < MANY; id++) {
		assert_true(probe_ask(probe, id));
		if (id % 97 == 0)
			event_base_loop(scene->base, EVLOOP_NONBLOCK);
	}
	EVENTUALLY(scene->base, probe->answers == MANY);
	for (uint64_t id = 0; id < MANY; id++)
		assert_int_equal(probe->order[id], id);
	assert_int_equal(probe->lost, 0);
}

static void
a_server_killed_and_started_again_is_found_again(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", ""), named);
	link_set_backoff(probe->link, 100);
	assert_true(probe_ask(probe, 1));
	redis_server_kill(&scene->server);
	EVENTUALLY(scene->base, probe->downs > 2);
	assert_int_equal(probe->answers, 1);
	redis_server_again(&scene->server);
	EVENTUALLY(scene->base, probe->ups >= 2);
	ask(scene, "PING", NULL, NULL);
	assert_string_equal(probe->last_answer, "PONG");
}

static void
a_killed_connection_comes_back(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	int64_t id;

	try_once(scene, login(scene, ":secret", ""), named);
	id = link_connection_id(probe->link);
	ask(scene, "CLIENT", "KILL", "TYPE"); /* wrong: to be sure that errors are answers */
	assert_non_null(strstr(probe->last_answer, "ERR"));
	struct buffer *out = link_command(probe->link, probe_answer, probe, 0, NULL);

	assert_non_null(out);
	command_texts(out, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "no", NULL);
	EVENTUALLY(scene->base, probe->ups >= 2);
	assert_true(probe->downs >= 1);
	assert_true(link_connection_id(probe->link) > id);
}

static void
a_paused_server_is_given_up_at_the_deadline(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", "?socket_timeout=1"), named);
	ask(scene, "CLIENT", "PAUSE", "2500");
	assert_true(probe_ask(probe, 1));
	EVENTUALLY(scene->base, probe->downs >= 1);
	assert_int_equal(probe->lost, 1);
	EVENTUALLY(scene->base, probe->ups >= 2);
}

static void
a_stopped_server_is_noticed_by_pings_alone(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;

	try_once(scene, login(scene, ":secret", ""),
	    (struct link_options){ .ping_ms = 50, .command_timeout_ms = 200 });
	redis_server_signal(&scene->server, SIGSTOP);
	EVENTUALLY(scene->base, probe->downs >= 1);
	redis_server_signal(&scene->server, SIGCONT);
	EVENTUALLY(scene->base, probe->ups >= 2);
}

/* Sentinels. */

static long
connections_received(const struct redis_server *server)
{
	redisContext *context = redis_server_connect(server);
	redisReply *reply = redisCommand(context, "INFO stats");
	const char *line = strstr(reply->str, "total_connections_received:");
	long count = strtol(strchr(line, ':') + 1, NULL, 10);

	freeReplyObject(reply);
	redisFree(context);
	return count;
}

/* One that knows no such primary, one that is not there. */
static void
sentinels_that_are_of_no_use_are_not_asked_without_a_pause(void **state)
{
	struct scene *scene = *state;
	struct redis_server sentinel;
	int dead = redis_server_free_port();
	char url[128];

	redis_server_start_sentinel(&sentinel, "--port", "");
	for (int first = 0; first < 2; first++) {
		long before = connections_received(&sentinel);

		snprintf(url, sizeof url, "redis+sentinel://127.0.0.1:%d,127.0.0.1:%d/none",
		    first == 0 ? dead : sentinel.port, first == 0 ? sentinel.port : dead);
		try_once(scene, url, (struct link_options){ .connect_timeout_ms = 1000 });
		assert_int_equal(scene->probe.ups, 0);
		/* Two a round, two or three rounds. */
		assert_in_range(connections_received(&sentinel) - before, 2, 20);
	}
	redis_server_stop(&sentinel);
}

/* TCP. */

static void
a_host_name_is_looked_up_and_every_address_tried(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	struct redis_server server;
	char url[64];

	redis_server_start_on_port(&server, "--port", NULL);
	/* "localhost" may be ::1 first, where nobody listens. */
	snprintf(url, sizeof url, "redis://localhost:%d", server.port);
	try_once(scene, url, named);
	assert_int_equal(probe->ups, 1);
	snprintf(url, sizeof url, "redis://127.0.0.1:%d", server.port);
	try_once(scene, url, named);
	assert_int_equal(probe->ups, 1);
	redis_server_stop(&server);
}

static void
a_port_where_nobody_listens_and_a_host_nobody_knows_are_told(void **state)
{
	struct scene *scene = *state;
	struct probe *probe = &scene->probe;
	char url[64];

	snprintf(url, sizeof url, "redis://127.0.0.1:%d", redis_server_free_port());
	try_once(scene, url, named);
	assert_int_equal(probe->why.code, CREDIS_EUNREACHABLE);
	assert_non_null(strstr(probe->why.text, "Connection refused"));
	try_once(scene, "redis://no-such-host.invalid",
	    (struct link_options){ .connect_timeout_ms = 300 });
	assert_int_equal(probe->ups, 0);
	assert_non_null(strstr(probe->why.text, "no-such-host.invalid"));
}

static void
the_path_of_a_socket_may_be_too_long(void **state)
{
	struct scene *scene = *state;
	char url[200] = "unix:///";

	memset(url + strlen(url), 'x', 150);
	try_once(scene, url, named);
	assert_non_null(strstr(scene->probe.why.text, "at most 107 bytes"));
}

#define PEER_TEST(name) cmocka_unit_test_setup_teardown(name, set_stage, clear_stage)
#define SERVER_TEST(name) cmocka_unit_test_setup_teardown(name, set_scene, clear_scene)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		PEER_TEST(answers_come_in_order_whatever_the_pieces),
		PEER_TEST(a_batch_is_answered_each_and_last),
		PEER_TEST(everything_of_one_turn_is_written_at_once),
		PEER_TEST(a_turn_of_many_commands_gives_the_server_work_before_its_end),
		PEER_TEST(a_link_that_is_down_takes_no_command_and_says_why),
		PEER_TEST(commands_under_way_are_answered_lost_before_the_link_is_down),
		PEER_TEST(garbage_loses_the_link_with_a_sentence),
		PEER_TEST(a_reply_that_promises_too_much_loses_the_link),
		PEER_TEST(an_answer_nobody_asked_for_loses_the_link),
		PEER_TEST(what_a_server_says_before_it_hangs_up_is_the_reason),
		PEER_TEST(a_server_still_loading_is_tried_again),
		PEER_TEST(a_reset_loses_the_link_for_the_reason_given),
		PEER_TEST(silence_after_a_command_loses_the_link_at_its_deadline),
		PEER_TEST(half_an_answer_does_not_put_the_deadline_off),
		PEER_TEST(answers_to_older_commands_put_the_deadline_off),
		PEER_TEST(a_server_that_does_not_greet_is_given_up_at_the_connect_deadline),
		PEER_TEST(a_silent_link_is_pinged_and_lost_when_nothing_comes_back),
		PEER_TEST(a_link_lost_over_and_over_does_not_spin),
		PEER_TEST(the_same_failure_is_logged_once_until_it_is_up),
		PEER_TEST(a_waiting_link_tries_at_once_when_told),
		PEER_TEST(output_is_bounded_and_drains_again),
		PEER_TEST(a_peer_that_takes_no_more_is_given_up_at_the_deadline),
		PEER_TEST(a_peer_that_takes_no_ping_is_given_up),
		PEER_TEST(a_peer_gone_while_we_write_raises_no_signal),
		PEER_TEST(freed_in_an_answer_it_answers_the_rest_lost_inside),
		PEER_TEST(it_may_be_freed_as_it_comes_up_and_as_it_goes_down),
		PEER_TEST(an_answer_may_ask_again_but_not_on_a_dead_link),
		PEER_TEST(pushes_and_errors_are_not_answers_and_pongs_are),
		SERVER_TEST(the_right_password_lets_in_and_the_wrong_one_is_named),
		SERVER_TEST(name_and_database_are_set),
		SERVER_TEST(a_user_who_may_not_name_himself_is_warned_and_let_in),
		SERVER_TEST(the_greeting_learns_the_servers_clock_and_our_id),
		SERVER_TEST(answers_of_a_server_come_in_order_across_many_turns),
		SERVER_TEST(a_server_killed_and_started_again_is_found_again),
		SERVER_TEST(a_killed_connection_comes_back),
		SERVER_TEST(a_paused_server_is_given_up_at_the_deadline),
		SERVER_TEST(a_stopped_server_is_noticed_by_pings_alone),
		SERVER_TEST(sentinels_that_are_of_no_use_are_not_asked_without_a_pause),
		SERVER_TEST(a_host_name_is_looked_up_and_every_address_tried),
		SERVER_TEST(a_port_where_nobody_listens_and_a_host_nobody_knows_are_told),
		SERVER_TEST(the_path_of_a_socket_may_be_too_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
