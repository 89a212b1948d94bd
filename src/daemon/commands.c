/* commands.c: a step of the dispatcher's becomes a process, its exit status the answer.
 * So many at a time; the others wait in line. No value ever gets near a shell. */
#include "commands.h"

#include "memory.h"
#include "process.h"

#include <event2/buffer.h>
#include <event2/event.h>
#include <jansson.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

enum {
	RUNNING_MAX = 32,     /* at a time */
	OUTPUT_MAX = 1 << 20, /* bytes of a value */
	WORDS_MAX = 400,      /* bytes of its standard error that are kept */
	VARIABLE_MAX =
	    100000,      /* bytes of a value in the environment; the system's limit is above */
	GRACE_MS = 1000, /* from being told to end until it is killed */
	CHUNK = 65536,   /* bytes read at a time */
	CHUNKS_AT_THE_END = 64, /* of them, once it has ended */
};

/* The commands of a keyword; what callbacks know it by. */
struct keyword {
	struct commands *commands;
	char *service;
	char *name;
	char **read, **write; /* NULL: none */
	unsigned references;
};

/* What comes out of a pipe, as far as it is wanted. */
struct capture {
	struct event *readable; /* NULL: none, or closed */
	struct evbuffer *bytes;
	size_t most;
	bool cut;
};

struct run {
	struct run *next;
	struct keyword *keyword;
	uint64_t step; /* 0: nobody waits for it any more */
	bool read;
	char *value; /* to be written */
	size_t length;
	struct process *process; /* NULL: it waits in line */
	struct capture out, err;
	struct event *writable; /* NULL: its standard input is closed */
	struct evbuffer *input;
};

struct commands {
	struct event_base *base;
	struct credis_dispatcher *dispatcher; /* NULL once it has gone */
	struct run *runs;                     /* in the order they came */
	struct run **last;
	size_t running;
	struct event *starter;     /* for those that wait in line */
	unsigned long run, failed; /* counts */
};

static void
free_words(char **words)
{
	for (char **word = words; words != NULL && *word != NULL; word++)
		free(*word);
	free(words);
}

static void
release(struct keyword *keyword)
{
	if (--keyword->references > 0)
		return;
	free_words(keyword->read);
	free_words(keyword->write);
	free(keyword->service);
	free(keyword->name);
	free(keyword);
}

static void
close_capture(struct capture *capture)
{
	if (capture->readable == NULL)
		return;
	close(event_get_fd(capture->readable));
	event_free(capture->readable);
	capture->readable = NULL;
}

static void
close_input(struct run *run)
{
	if (run->writable == NULL)
		return;
	close(event_get_fd(run->writable));
	event_free(run->writable);
	run->writable = NULL;
}

static void
free_run(struct run *run)
{
	struct commands *commands = run->keyword->commands;
	struct run **at = &commands->runs;

	while (*at != run)
		at = &(*at)->next;
	*at = run->next;
	if (commands->last == &run->next)
		commands->last = at;
	commands->running -= run->process != NULL;
	close_input(run);
	close_capture(&run->out);
	close_capture(&run->err);
	evbuffer_free(run->out.bytes);
	evbuffer_free(run->err.bytes);
	evbuffer_free(run->input);
	process_free(run->process);
	release(run->keyword);
	free(run->value);
	free(run);
}

/* As read(2); what is too much is thrown away. */
static ssize_t
take_output(struct capture *capture)
{
	char chunk[CHUNK];
	size_t room = capture->most - evbuffer_get_length(capture->bytes);
	ssize_t got = read(event_get_fd(capture->readable), chunk, sizeof chunk);

	if (got <= 0)
		return got == -1 && errno != EAGAIN && errno != EINTR ? 0 : got;
	capture->cut |= (size_t)got > room;
	evbuffer_add(capture->bytes, chunk, (size_t)got < room ? (size_t)got : room);
	return got;
}

static void
on_output(evutil_socket_t fd, short what, void *arg)
{
	struct capture *capture = arg;

	(void)fd;
	(void)what;
	if (take_output(capture) == 0)
		close_capture(capture);
}

static void
start_capture(struct event_base *base, struct capture *capture, int fd)
{
	capture->readable = must(event_new(base, fd, EV_READ | EV_PERSIST, on_output, capture));
	event_add(capture->readable, NULL);
}

/* What was still on its way when it ended. */
static void
finish_capture(struct capture *capture)
{
	for (int n = 0; capture->readable != NULL && n < CHUNKS_AT_THE_END; n++) {
		if (take_output(capture) <= 0)
			break;
	}
	close_capture(capture);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	struct run *run = arg;

	(void)what;
	while (evbuffer_get_length(run->input) > 0) {
		if (evbuffer_write(run->input, fd) > 0)
			continue;
		/* It need not read its standard input. */
		if (errno != EAGAIN && errno != EINTR)
			break;
		event_add(run->writable, NULL);
		return;
	}
	close_input(run);
}

static void
start_input(struct event_base *base, struct run *run, int fd)
{
	evbuffer_add(run->input, run->value, run->length);
	run->writable = must(event_new(base, fd, EV_WRITE, on_input, run));
	on_input(fd, EV_WRITE, run);
}

static void
fail(struct run *run, const char *why)
{
	struct commands *commands = run->keyword->commands;
	struct credis_error err = { .code = CREDIS_EDRIVER };

	commands->failed++;
	if (run->step == 0 || commands->dispatcher == NULL)
		return;
	snprintf(err.text, sizeof err.text, "%s", why);
	if (run->read)
		credis_dispatcher_finish_read(commands->dispatcher, run->step, NULL, 0, &err);
	else
		credis_dispatcher_finish(commands->dispatcher, run->step, &err);
}

/* A value is what it has printed, without the line break at its end. */
static void
take_value(struct run *run)
{
	size_t length = evbuffer_get_length(run->out.bytes);
	const char *text = (const char *)evbuffer_pullup(run->out.bytes, -1);

	if (length > 0 && text[length - 1] == '\n')
		length--;
	if (length > 0 && text[length - 1] == '\r')
		length--;
	credis_dispatcher_finish_read(run->keyword->commands->dispatcher, run->step,
	    text != NULL ? text : "", length, NULL);
}

static void
succeed(struct run *run)
{
	struct commands *commands = run->keyword->commands;

	if (run->step == 0 || commands->dispatcher == NULL)
		return;
	if (run->read)
		take_value(run);
	else
		credis_dispatcher_finish(commands->dispatcher, run->step, NULL);
}

static const char *
program_of(const struct run *run)
{
	return run->read ? run->keyword->read[0] : run->keyword->write[0];
}

/* The first line of its standard error, or how it ended. */
static void
fail_with_its_words(struct run *run, const char *how)
{
	char *line = evbuffer_readln(run->err.bytes, NULL, EVBUFFER_EOL_ANY);
	size_t rest = evbuffer_get_length(run->err.bytes);
	char why[CREDIS_ERROR_TEXT];

	if (line == NULL) {
		line = must(calloc(1, rest + 1));
		evbuffer_remove(run->err.bytes, line, rest);
	}
	if (line[0] != '\0')
		snprintf(why, sizeof why, "%s", line);
	else
		snprintf(why, sizeof why, "%.256s: %s", program_of(run), how);
	fail(run, why);
	free(line);
}

static void start_next(struct commands *commands);

static void
on_ended(void *arg, int status, const char *how)
{
	struct run *run = arg;
	struct commands *commands = run->keyword->commands;
	char why[64];

	finish_capture(&run->out);
	finish_capture(&run->err);
	snprintf(why, sizeof why, "it printed more than %d bytes", OUTPUT_MAX);
	if (status != 0)
		fail_with_its_words(run, how);
	else if (run->read && run->out.cut)
		fail_with_its_words(run, why);
	else
		succeed(run);
	free_run(run);
	start_next(commands);
}

/* The argument with each %v in it replaced. To free(). */
static char *
put_value(const char *word, const char *value)
{
	char *argument = must(strdup("")), *more;
	const char *mark;

	for (; (mark = strstr(word, "%v")) != NULL; word = mark + 2) {
		more = must_print("%s%.*s%s", argument, (int)(mark - word), word, value);
		free(argument);
		argument = more;
	}
	more = must_print("%s%s", argument, word);
	free(argument);
	return more;
}

static char **
make_arguments(const struct run *run)
{
	char *const *words = run->read ? run->keyword->read : run->keyword->write;
	size_t count = 0;
	char **argv;

	while (words[count] != NULL)
		count++;
	argv = must(calloc(count + 1, sizeof *argv));
	for (size_t i = 0; i < count; i++)
		argv[i] = run->read ? must(strdup(words[i])) : put_value(words[i], run->value);
	return argv;
}

static const char **
make_environment(const struct run *run)
{
	char *service = must_print("CREDIS_SERVICE=%s", run->keyword->service);
	char *name = must_print("CREDIS_KEYWORD=%s", run->keyword->name);
	char *value = NULL;
	const char *more[4] = { service, name };
	const char **environment;

	if (!run->read && run->length <= VARIABLE_MAX)
		more[2] = value = must_print("CREDIS_VALUE=%s", run->value);
	environment = process_environment(more);
	free(service);
	free(name);
	free(value);
	return environment;
}

static bool
start(struct run *run, struct credis_error *err)
{
	struct commands *commands = run->keyword->commands;
	const char **environment = make_environment(run);
	char **argv = make_arguments(run);
	const struct process_spec spec = { .argv = (const char *const *)argv,
		.environment = environment,
		.directory = "/" };
	struct process_ends ends;

	run->process = process_start(commands->base, &spec, &ends, on_ended, run, err);
	process_environment_free(environment);
	free_words(argv);
	if (run->process == NULL)
		return false;
	commands->running++;
	commands->run++;
	start_capture(commands->base, &run->out, ends.out);
	start_capture(commands->base, &run->err, ends.err);
	start_input(commands->base, run, ends.in);
	return true;
}

/* Whether a cancelled write of the same keyword has yet to end: until then it may still act. By name, as a
 * configuration read anew knows the keyword by another struct. */
static bool
must_wait(const struct commands *commands, const struct run *run)
{
	const struct run *other = commands->runs;

	while (other != run &&
	    (other->step != 0 || other->read ||
		strcmp(other->keyword->service, run->keyword->service) != 0 ||
		strcmp(other->keyword->name, run->keyword->name) != 0))
		other = other->next;
	return !run->read && other != run;
}

static struct run *
find_waiting(const struct commands *commands)
{
	struct run *run = commands->runs;

	while (run != NULL && (run->process != NULL || must_wait(commands, run)))
		run = run->next;
	return run;
}

/* One in each turn of the event loop, for starting takes its time: everybody else has a turn between two. */
static void
start_next(struct commands *commands)
{
	const struct timeval soon = { .tv_sec = 0 };

	if (commands->running < RUNNING_MAX && find_waiting(commands) != NULL)
		evtimer_add(commands->starter, &soon);
}

static void
on_start(evutil_socket_t fd, short what, void *arg)
{
	struct commands *commands = arg;
	struct run *run = find_waiting(commands);
	struct credis_error err;

	(void)fd;
	(void)what;
	if (run != NULL && !start(run, &err)) {
		fail(run, err.text);
		free_run(run);
	}
	start_next(commands);
}

static void
add_run(struct keyword *keyword, const struct credis_step *step, bool read)
{
	struct commands *commands = keyword->commands;
	struct run *run = must(calloc(1, sizeof *run));

	keyword->references++;
	run->keyword = keyword;
	run->step = step->number;
	run->read = read;
	run->value = must(strndup(step->text, step->length));
	run->length = step->length;
	run->input = must(evbuffer_new());
	run->out = (struct capture){ .bytes = must(evbuffer_new()), .most = OUTPUT_MAX };
	run->err = (struct capture){ .bytes = must(evbuffer_new()), .most = WORDS_MAX };
	*commands->last = run;
	commands->last = &run->next;
	start_next(commands);
}

static void
on_write(void *arg, const struct credis_step *step)
{
	struct keyword *keyword = arg;
	const struct credis_error err = { CREDIS_ETYPE, "a command cannot be given a NUL byte" };

	/* It would cut the value short. */
	if (memchr(step->text, '\0', step->length) != NULL)
		credis_dispatcher_finish(keyword->commands->dispatcher, step->number, &err);
	else
		add_run(keyword, step, false);
}

static void
on_read(void *arg, const struct credis_step *step)
{
	add_run(arg, step, true);
}

static void
on_cancel(void *arg, uint64_t step)
{
	struct keyword *keyword = arg;
	struct run *run = keyword->commands->runs;

	while (run != NULL && run->step != step)
		run = run->next;
	if (run == NULL)
		return;
	run->step = 0;
	keyword->commands->failed++;
	if (run->process != NULL)
		process_end(run->process, GRACE_MS);
	else
		free_run(run);
}

static void
on_release(void *arg)
{
	release(arg);
}

/* A setting that is a command, as argv. NULL when there is none. */
static char **
take_words(const struct credis_keyword *described, const char *setting)
{
	char *text = credis_keyword_get(described, setting), **words;
	json_t *list, *word;
	size_t n;

	if (text == NULL)
		return NULL;
	list = must(json_loads(text, 0, NULL));
	words = must(calloc(json_array_size(list) + 1, sizeof *words));
	json_array_foreach(list, n, word) words[n] = must(strdup(json_string_value(word)));
	json_decref(list);
	free(text);
	return words;
}

static void
follow_keyword(struct commands *commands, struct credis_service *service,
    const struct credis_keyword *described)
{
	struct credis_callbacks callbacks = { .cancel = on_cancel, .release = on_release };
	char **read = take_words(described, "read"), **write = take_words(described, "write");
	struct keyword *keyword;

	if (read == NULL && write == NULL)
		return;
	keyword = must(calloc(1, sizeof *keyword));
	*keyword = (struct keyword){ .commands = commands,
		.service = must(strdup(credis_service_name(service))),
		.name = must(strdup(credis_keyword_name(described))),
		.read = read,
		.write = write,
		.references = 1 };
	callbacks.read = read != NULL ? on_read : NULL;
	callbacks.write = write != NULL ? on_write : NULL;
	must(credis_service_set_callbacks(service, keyword->name, &callbacks, keyword, NULL)
		? keyword
		: NULL);
}

struct commands *
commands_new(struct event_base *base, struct credis_dispatcher *dispatcher)
{
	struct commands *commands = must(calloc(1, sizeof *commands));

	commands->base = base;
	commands->dispatcher = dispatcher;
	commands->last = &commands->runs;
	commands->starter = must(evtimer_new(base, on_start, commands));
	return commands;
}

void
commands_follow(struct commands *commands, struct conf *conf)
{
	const struct credis_keyword *keyword;

	for (size_t i = 0; i < conf->service_count; i++) {
		for (size_t n = 0; (keyword = credis_service_keyword(conf->services[i], n)) != NULL;
		     n++)
			follow_keyword(commands, conf->services[i], keyword);
	}
}

void
commands_let_go(struct commands *commands)
{
	commands->dispatcher = NULL;
	while (commands->runs != NULL)
		free_run(commands->runs);
}

void
commands_free(struct commands *commands)
{
	if (commands == NULL)
		return;
	commands_let_go(commands);
	event_free(commands->starter);
	free(commands);
}

unsigned long
commands_run(const struct commands *commands)
{
	return commands->run;
}

unsigned long
commands_failed(const struct commands *commands)
{
	return commands->failed;
}
