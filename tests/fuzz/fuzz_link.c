/* fuzz_link.c: a hostile server on a unix socket says anything, at the greeting or after it: every command is
 * answered exactly once, and the link lives on or says why not. */
#include "fuzz.h"

#include "redis/command.h"
#include "redis/link.h"

#include <event2/event.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { COMMANDS = 4, TURNS = 200 };

static const char greeting[] = "+OK\r\n:7\r\n*2\r\n$10\r\n1795208169\r\n$6\r\n123456\r\n+PONG\r\n";

struct run {
	unsigned answers[COMMANDS];
	unsigned ups, downs;
	bool sent;
};

static void
on_answer(void *arg, uint64_t id, const struct reply *reply, const struct credis_error *err)
{
	struct run *run = arg;

	PROMISE(id < COMMANDS);
	PROMISE((reply != NULL) != (err != NULL));
	PROMISE(++run->answers[id] == 1);
}

static void
on_up(struct link *link, void *arg)
{
	struct run *run = arg;

	if (run->ups++ > 0)
		return;
	for (uint64_t id = 0; id < COMMANDS; id++) {
		struct buffer *out = link_command(link, on_answer, run, id, NULL);

		PROMISE(out != NULL);
		command_texts(out, "GET", "key", NULL);
	}
	run->sent = true;
}

static void
on_down(struct link *link, bool was_up, const struct credis_error *why, void *arg)
{
	struct run *run = arg;

	(void)link, (void)was_up;
	PROMISE(why->code != CREDIS_OK && why->text[0] != '\0');
	run->downs++;
}

static void
on_push(struct link *link, const struct reply *push, void *arg)
{
	(void)link, (void)arg;
	PROMISE(
	    push->kind == REPLY_ERROR || push->kind == REPLY_ARRAY || push->kind == REPLY_STATUS);
}

static char directory[] = "/tmp/fuzz-link-XXXXXX";
static char path[sizeof directory + 2];

static void
clean_up(void)
{
	unlink(path);
	rmdir(directory);
}

/* Made once for the life of the program. */
static int
listen_once(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	signal(SIGPIPE, SIG_IGN);
	PROMISE(mkdtemp(directory) != NULL);
	atexit(clean_up);
	snprintf(path, sizeof path, "%s/s", directory);
	snprintf(address.sun_path, sizeof address.sun_path, "%s", path);
	PROMISE(bind(listener, (struct sockaddr *)&address, sizeof address) == 0);
	PROMISE(listen(listener, 8) == 0);
	return listener;
}

/* Everything the server has to say, then its end. */
static void
speak(int peer, const uint8_t *bytes, size_t length, bool politely)
{
	if (politely)
		(void)!write(peer, greeting, sizeof greeting - 1);
	(void)!write(peer, bytes, length);
	shutdown(peer, SHUT_WR);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	static const struct link_events events = { on_up, on_down, on_push };
	static int listener = -1;
	struct url url = { .path = path, .timeout_ms = -1, .connect_timeout_ms = -1 };
	struct link_options options = { .url = &url, .name = "fuzz" };
	struct run run = { 0 };
	struct event_base *base;
	struct link *link;
	int peer = -1;

	if (length == 0 || length > 65536)
		return 0;
	if (listener < 0)
		listener = listen_once();
	base = event_base_new();
	options.pubsub = (bytes[0] & 2) != 0;
	link = link_new(base, &options, &events, &run, NULL);
	PROMISE(link != NULL);
	link_start(link);
	for (int turn = 0; turn < TURNS && run.downs == 0; turn++) {
		event_base_loop(base, peer < 0 ? EVLOOP_ONCE : EVLOOP_NONBLOCK);
		if (peer < 0 && (peer = accept(listener, NULL, NULL)) >= 0)
			speak(peer, bytes + 1, length - 1, (bytes[0] & 1) != 0);
	}
	PROMISE(peer >= 0);
	link_free(link);
	for (size_t n = 0; n < COMMANDS && run.sent; n++)
		PROMISE(run.answers[n] == 1);
	close(peer);
	event_base_free(base);
	return 0;
}
