/* owner.c: owns a service "lab" whose callbacks do as they are told. Every step asked for is a line on
 * standard output: "write NUMBER KEYWORD TEXT FROM"; commands come on standard input:
 *	finish NUMBER [CODE REASON…]	value NUMBER TEXT	auto STEP [CODE REASON…]	hold STEP
 *	set KEYWORD TEXT	severity KEYWORD SEVERITY REASON	again KEYWORD…	remove	stop
 *	then CALLBACK KEYWORD…	(again, from inside the next call of that)
 * Knows nothing of what it ought to be told. */
#include <credis/dispatcher.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PREWRITE, WRITE, POSTWRITE, PREREAD, READ, POSTREAD, STEPS };

static const char *const step_names[STEPS] = { "prewrite", "write", "postwrite", "preread", "read",
	"postread" };

/* What a step does by itself. */
static struct {
	bool holds; /* answered on command */
	struct credis_error err;
} steps[STEPS] = { [WRITE] = { true, { 0 } }, [READ] = { true, { 0 } } };

static struct event_base *base;
static struct credis_dispatcher *dispatcher;
static const char *settings[32][3]; /* keyword, setting, JSON */
static size_t setting_count;

static struct credis_service *describe(char **names, size_t count);

static void
say(const char *word, unsigned long long number, const char *text)
{
	printf("%s %llu %s\n", word, number, text);
	fflush(stdout);
}

/* What is to be described anew from inside a callback. */
static struct {
	char *line;
	char *words[16]; /* the callback, and keywords */
	size_t count;
} then;

static void
obey_then(const char *callback)
{
	if (then.count == 0 || strcmp(then.words[0], callback) != 0)
		return;
	credis_dispatcher_take_service(dispatcher, describe(then.words + 1, then.count - 1), NULL);
	then.count = 0;
}

static void
take_step(int which, const struct credis_step *step)
{
	const struct credis_error *err = steps[which].err.code != 0 ? &steps[which].err : NULL;
	char text[256];

	snprintf(text, sizeof(text), "%s %.*s %s", credis_keyword_name(step->keyword), 100,
	    step->text, step->from);
	say(step_names[which], step->number, text);
	if (!steps[which].holds)
		credis_dispatcher_finish(dispatcher, step->number, err);
	obey_then(step_names[which]);
}

#define STEP(name, which) \
	static void name(void *arg, const struct credis_step *step) \
	{ \
		(void)arg; \
		take_step(which, step); \
	}
STEP(on_prewrite, PREWRITE)
STEP(on_write, WRITE)
STEP(on_postwrite, POSTWRITE)
STEP(on_preread, PREREAD)
STEP(on_read, READ)
STEP(on_postread, POSTREAD)

static char *
on_translate(void *arg, const struct credis_keyword *keyword, const char *text, size_t *length,
    struct credis_error *err)
{
	(void)arg;
	(void)keyword;
	obey_then("translate");
	if (*length == 4 && memcmp(text, "home", 4) == 0) {
		*length = 1;
		return strdup("0");
	}
	if (*length == 7 && memcmp(text, "nowhere", 7) == 0) {
		err->code = CREDIS_EVALUES;
		strcpy(err->text, "nowhere is no place");
		return NULL;
	}
	return strndup(text, *length);
}

static bool
on_check(void *arg, const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	int64_t integer;

	(void)arg;
	(void)keyword;
	obey_then("check");
	if (!credis_value_integer(value, &integer) || integer != 13)
		return true;
	err->code = CREDIS_ERANGE;
	strcpy(err->text, "13 brings bad luck");
	return false;
}

static void
on_cancel(void *arg, uint64_t step)
{
	(void)arg;
	say("cancel", step, "");
}

static void
on_release(void *arg)
{
	say("release", 0, arg);
	free(arg);
}

static void
fail(const struct credis_error *err)
{
	fprintf(stderr, "%s\n", err->text);
	exit(1);
}

/* A service of the keywords named, each with callbacks unless its name begins with PLAIN. */
static struct credis_service *
describe(char **names, size_t count)
{
	static const struct credis_callbacks callbacks = { on_translate, on_check, on_prewrite,
		on_write, on_postwrite, on_preread, on_read, on_postread, on_cancel, on_release };
	struct credis_error err;
	struct credis_service *service = credis_service_new("lab", "", "", &err);

	for (size_t n = 0; n < count; n++) {
		struct credis_keyword *keyword = credis_keyword_new(names[n], CREDIS_INTEGER, &err);

		for (size_t s = 0; s < setting_count; s++) {
			if (strcmp(settings[s][0], names[n]) == 0 &&
			    !credis_keyword_set(keyword, settings[s][1], settings[s][2], &err))
				fail(&err);
		}
		if (!credis_keyword_finish(keyword, NULL, &err) ||
		    !credis_service_take_keyword(service, keyword, &err))
			fail(&err);
		if (strncmp(names[n], "PLAIN", 5) != 0 &&
		    !credis_service_set_callbacks(service, names[n], &callbacks, strdup(names[n]),
			&err))
			fail(&err);
	}
	return service;
}

static size_t
split(char *line, char **words, size_t most)
{
	size_t count = 0;

	while (count < most && *line != '\0') {
		words[count++] = line;
		line += count < most ? strcspn(line, " ") : strlen(line);
		if (*line == ' ')
			*line++ = '\0';
	}
	for (size_t n = count; n < most; n++)
		words[n] = line;
	return count;
}

static int
find_step(const char *name)
{
	for (int n = 0; n < STEPS; n++) {
		if (strcmp(step_names[n], name) == 0)
			return n;
	}
	fprintf(stderr, "no step is called %s\n", name);
	exit(1);
}

static void
obey(char *line)
{
	char *w[4], *names[16];
	size_t count;
	struct credis_error err = { 0 };
	enum credis_severity severity = CREDIS_NONE;
	bool fine = true;

	if (strncmp(line, "again ", 6) == 0) {
		count = split(line + 6, names, 16);
		fine = credis_dispatcher_take_service(dispatcher, describe(names, count), &err);
		say("again", fine, "");
		return;
	}
	if (strncmp(line, "then ", 5) == 0) {
		free(then.line);
		then.line = strdup(line + 5);
		then.count = split(then.line, then.words, 16);
		say("obeyed", true, "then");
		return;
	}
	count = split(line, w, 4);
	if (count > 2 && (strcmp(w[0], "finish") == 0 || strcmp(w[0], "auto") == 0)) {
		err.code = credis_code_find(w[2]);
		snprintf(err.text, sizeof(err.text), "%s", w[3]);
	}
	if (strcmp(w[0], "finish") == 0) {
		fine = credis_dispatcher_finish(dispatcher, strtoull(w[1], NULL, 10),
		    count > 2 ? &err : NULL);
	} else if (strcmp(w[0], "value") == 0) {
		fine = credis_dispatcher_finish_read(dispatcher, strtoull(w[1], NULL, 10), w[2],
		    strlen(w[2]), NULL);
	} else if (strcmp(w[0], "auto") == 0 || strcmp(w[0], "hold") == 0) {
		steps[find_step(w[1])].holds = w[0][0] == 'h';
		steps[find_step(w[1])].err = err;
	} else if (strcmp(w[0], "set") == 0) {
		fine = credis_dispatcher_set(dispatcher, "lab", w[1], w[2], strlen(w[2]), &err);
	} else if (strcmp(w[0], "severity") == 0) {
		credis_severity_find(w[2], &severity);
		fine =
		    credis_dispatcher_set_severity(dispatcher, "lab", w[1], severity, w[3], &err);
	} else if (strcmp(w[0], "remove") == 0) {
		fine = credis_dispatcher_remove_service(dispatcher, "lab");
	} else if (strcmp(w[0], "stop") == 0) {
		credis_dispatcher_stop(dispatcher);
	}
	say("obeyed", fine, w[0]);
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	static char input[65536];
	static size_t length;
	ssize_t got = read(fd, input + length, sizeof(input) - length);
	char *end;

	(void)what;
	if (got <= 0) {
		event_del(arg);
		credis_dispatcher_stop(dispatcher);
		return;
	}
	length += (size_t)got;
	while ((end = memchr(input, '\n', length)) != NULL) {
		*end = '\0';
		obey(input);
		length -= (size_t)(end + 1 - input);
		memmove(input, end + 1, length);
	}
}

static void
on_state(void *arg, enum credis_dispatcher_state state, const char *why)
{
	(void)arg;
	say("state", state, credis_dispatcher_state_name(state));
	(void)why;
	if (state == CREDIS_STOPPED)
		event_base_loopbreak(base);
}

/* owner URL KEYWORD… -- KEYWORD SETTING JSON … */
int
main(int argc, char **argv)
{
	struct credis_error err;
	struct credis_service *service;
	struct event *input;
	int names = 2;

	while (names < argc && strcmp(argv[names], "--") != 0)
		names++;
	for (int n = names + 1; n + 2 < argc; n += 3, setting_count++)
		memcpy(settings[setting_count], &argv[n], sizeof(settings[0]));
	base = event_base_new();
	dispatcher = credis_dispatcher_new(base, argv[1], &err);
	if (dispatcher == NULL)
		fail(&err);
	input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, event_self_cbarg());
	event_add(input, NULL);
	credis_dispatcher_set_state_cb(dispatcher, on_state, NULL);
	service = describe(argv + 2, (size_t)names - 2);
	if (!credis_dispatcher_take_service(dispatcher, service, &err))
		fail(&err);
	credis_dispatcher_start(dispatcher);
	event_base_dispatch(base);
	credis_dispatcher_free(dispatcher);
	event_free(input);
	event_base_free(base);
	return 0;
}
