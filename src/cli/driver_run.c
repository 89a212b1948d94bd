/* driver_run.c: starts a driver, talks to it, and looks at every line it says. */
#include "driver_run.h"

#include "fault.h"
#include "memory.h"

#include <credis/value.h>

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum {
	LINE_MAX_BYTES = 1 << 20,
	ASKED_MAX = 64, /* requests in one run */
	CHUNK = 65536,
	STEP_MS = 20, /* between looks whether it has ended */
};

struct asked {
	json_t *request;
	json_t *answer; /* NULL: none yet */
};

struct driver_run {
	pid_t pid;
	bool ended;
	int status;
	int in, out; /* -1: closed */
	driver_run_complain *complain;
	void *arg;
	struct asked asked[ASKED_MAX];
	int64_t count;
	unsigned long values;
	char *line; /* that is not complete */
	size_t length;
	bool skipping;
};

static volatile sig_atomic_t interrupted;

static void
on_signal(int number)
{
	interrupted = number;
}

void
driver_run_handle_signals(void)
{
	static const int handled[] = { SIGINT, SIGTERM, SIGHUP };

	for (size_t n = 0; n < sizeof handled / sizeof *handled; n++) {
		if (signal(handled[n], on_signal) == SIG_IGN)
			signal(handled[n], SIG_IGN);
	}
}

int
driver_run_interrupted(void)
{
	return interrupted;
}

static void complain(struct driver_run *run, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void
complain(struct driver_run *run, const char *format, ...)
{
	char text[256];
	va_list list;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	run->complain(run->arg, text);
}

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void
close_end(int *fd)
{
	if (*fd != -1)
		close(*fd);
	*fd = -1;
}

/* As credisd does: without a shell, in a group of its own, with an environment of its own. Returns errno. */
static int
spawn(pid_t *pid, char **argv, int in, int out)
{
	static char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	static char lang[] = "LANG=C.UTF-8", service[] = "CREDIS_SERVICE=check";
	static char name[] = "CREDIS_DRIVER=check";
	char *const environment[] = { path, lang, service, name, NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t pipe;
	int why;

	sigemptyset(&pipe);
	sigaddset(&pipe, SIGPIPE);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF);
	posix_spawnattr_setsigdefault(&attributes, &pipe);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, in, STDIN_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	why = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environment);
	posix_spawn_file_actions_destroy(&actions);
	posix_spawnattr_destroy(&attributes);
	return why;
}

struct driver_run *
driver_run_start(char **argv, driver_run_complain *told, void *arg, struct credis_error *err)
{
	int in[2] = { -1, -1 }, out[2] = { -1, -1 };
	struct driver_run *run = NULL;
	pid_t pid;
	int why = 0;

	if (pipe2(in, O_CLOEXEC) == -1 || pipe2(out, O_CLOEXEC) == -1)
		why = errno;
	else
		why = spawn(&pid, argv, in[0], out[1]);
	if (why == 0) {
		run = must(calloc(1, sizeof *run));
		*run = (struct driver_run){ .pid = pid,
			.in = in[1],
			.out = out[0],
			.complain = told,
			.arg = arg };
		run->line = must(malloc(LINE_MAX_BYTES + CHUNK + 1));
		fcntl(run->in, F_SETFL, O_NONBLOCK);
		fcntl(run->out, F_SETFL, O_NONBLOCK);
		in[1] = out[0] = -1;
	} else {
		fault(err, CREDIS_EINVAL, "%.256s cannot be started: %s", argv[0], strerror(why));
	}
	for (int i = 0; i < 2; i++) {
		close_end(&in[i]);
		close_end(&out[i]);
	}
	return run;
}

void
driver_run_free(struct driver_run *run)
{
	if (run == NULL)
		return;
	kill(-run->pid, SIGKILL);
	if (!run->ended)
		waitpid(run->pid, NULL, 0);
	close_end(&run->in);
	close_end(&run->out);
	for (int64_t id = 0; id < run->count; id++) {
		json_decref(run->asked[id].request);
		json_decref(run->asked[id].answer);
	}
	free(run->line);
	free(run);
}

static const char *
word_of(const json_t *request, const char *member)
{
	const char *word = json_string_value(json_object_get(request, member));

	return word != NULL ? word : "";
}

static void
take_answer(struct driver_run *run, json_t *line)
{
	json_t *number = json_object_get(line, "id");
	int64_t id = json_integer_value(number);
	struct asked *asked = &run->asked[id >= 1 && id <= run->count ? id - 1 : 0];

	if (!json_is_integer(number))
		complain(run, "an id is not a whole number");
	else if (id < 1 || id > run->count)
		complain(run, "an answer to request %" PRId64 ", which was never made", id);
	else if (asked->answer != NULL)
		complain(run, "the %s of %.128s, request %" PRId64 ", is answered twice",
		    word_of(asked->request, "op"), word_of(asked->request, "keyword"), id);
	else
		asked->answer = json_incref(line);
}

static void
take_value(struct driver_run *run, const json_t *line)
{
	const json_t *value = json_object_get(line, "value"), *time = json_object_get(line, "time");
	const char *severity = json_string_value(json_object_get(line, "severity"));
	enum credis_severity found;

	run->values++;
	if (!json_is_string(json_object_get(line, "keyword")))
		complain(run, "a keyword is not text");
	if (value == NULL && severity == NULL)
		complain(run, "a keyword has neither value nor severity");
	if (json_is_object(value) || json_is_null(value))
		complain(run, "a value is neither text, number, boolean nor array");
	if (time != NULL && !json_is_number(time))
		complain(run, "a time is not in seconds since 1970");
	if (severity != NULL && !credis_severity_find(severity, &found))
		complain(run, "'%.32s' is no severity", severity);
}

static void
take_line(struct driver_run *run, const char *text, size_t length)
{
	json_error_t why;
	json_t *line = json_loadb(text, length, 0, &why);

	if (line == NULL)
		complain(run, "a line is no JSON: %.*s", (int)(length < 60 ? length : 60), text);
	else if (!json_is_object(line))
		complain(run, "a line is no JSON object: %.*s", (int)(length < 60 ? length : 60),
		    text);
	else if (json_object_get(line, "id") != NULL)
		take_answer(run, line);
	else if (json_object_get(line, "keyword") != NULL)
		take_value(run, line);
	else if (!json_is_string(json_object_get(line, "log")))
		complain(run, "a line has neither id, keyword nor log");
	json_decref(line);
}

static void
split(struct driver_run *run)
{
	char *line = run->line, *end = run->line + run->length, *mark;

	while ((mark = memchr(line, '\n', (size_t)(end - line))) != NULL) {
		if (!run->skipping)
			take_line(run, line, (size_t)(mark - line));
		run->skipping = false;
		line = mark + 1;
	}
	run->length = (size_t)(end - line);
	memmove(run->line, line, run->length);
	if (run->length <= LINE_MAX_BYTES)
		return;
	if (!run->skipping)
		complain(run, "a line is longer than %d bytes", LINE_MAX_BYTES);
	run->skipping = true;
	run->length = 0;
}

/* What there is to read within so long. */
static void
take(struct driver_run *run, int64_t ms)
{
	struct pollfd out = { .fd = run->out, .events = POLLIN };
	ssize_t got;

	if (poll(&out, 1, (int)(ms > 0 ? ms : 0)) < 1)
		return;
	got = read(run->out, run->line + run->length, CHUNK);
	if (got > 0) {
		run->length += (size_t)got;
		split(run);
	} else if (got == 0) {
		if (run->length > 0)
			complain(run, "the last line has no end");
		close_end(&run->out);
	}
}

bool
driver_run_has_ended(struct driver_run *run)
{
	if (!run->ended)
		run->ended = waitpid(run->pid, &run->status, WNOHANG) == run->pid;
	return run->ended;
}

/* Listens until then, or until 'asked' is answered. False when there is nothing more to wait for. */
static bool
listen_once(struct driver_run *run, int64_t until_ms, const struct asked *asked)
{
	int64_t left = until_ms - now_ms();

	if (left <= 0 || interrupted != 0 || (asked != NULL && asked->answer != NULL))
		return false;
	if (run->out == -1 && driver_run_has_ended(run))
		return false;
	take(run, left < STEP_MS ? left : STEP_MS);
	return true;
}

const json_t *
driver_run_answer(struct driver_run *run, int64_t id, int64_t timeout_ms)
{
	const struct asked *asked = &run->asked[id >= 1 ? id - 1 : 0];
	int64_t until_ms = now_ms() + timeout_ms;

	if (id < 1)
		return NULL;
	while (listen_once(run, until_ms, asked))
		;
	return asked->answer;
}

void
driver_run_listen(struct driver_run *run, int64_t ms)
{
	int64_t until_ms = now_ms() + ms;

	while (listen_once(run, until_ms, NULL))
		;
}

unsigned long
driver_run_values(const struct driver_run *run)
{
	return run->values;
}

bool
driver_run_send(struct driver_run *run, const char *line)
{
	size_t length = strlen(line);

	return run->in != -1 && write(run->in, line, length) == (ssize_t)length;
}

int64_t
driver_run_ask(struct driver_run *run, const char *op, const char *keyword, const json_t *value)
{
	json_t *request = must(json_pack("{s:s, s:I}", "op", op, "id", run->count + 1));
	char *text, *line;
	bool sent;

	if (run->count == ASKED_MAX) {
		json_decref(request);
		return -1;
	}
	if (keyword != NULL)
		json_object_set_new(request, "keyword", json_string(keyword));
	if (value != NULL)
		json_object_set(request, "value", (json_t *)value);
	text = must(json_dumps(request, JSON_COMPACT));
	must(asprintf(&line, "%s\n", text) >= 0 ? line : NULL);
	run->asked[run->count++].request = request;
	sent = driver_run_send(run, line);
	free(line);
	free(text);
	return sent ? run->count : -1;
}

void
driver_run_close_input(struct driver_run *run)
{
	close_end(&run->in);
}

void
driver_run_terminate(struct driver_run *run)
{
	kill(-run->pid, SIGTERM);
}

bool
driver_run_wait(struct driver_run *run, int64_t timeout_ms, int *status)
{
	int64_t until_ms = now_ms() + timeout_ms;

	while (!driver_run_has_ended(run) && now_ms() < until_ms) {
		if (run->out != -1)
			take(run, STEP_MS);
		else
			poll(NULL, 0, STEP_MS);
	}
	*status = run->status;
	return run->ended;
}

bool
driver_run_has_left_something(const struct driver_run *run)
{
	return kill(-run->pid, 0) == 0;
}
