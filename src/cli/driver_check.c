/* driver_check.c: the verb driver-check: plays credisd to a driver under development, and says what it does
 * right and wrong. */
#include "driver_run.h"

#include "fault.h"
#include "memory.h"
#include "session.h"
#include "text.h"
#include "verbs.h"

#include <credis/span.h>

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

enum {
	ANSWER_MS = 5000,    /* for an answer, unless -t says otherwise */
	SILENCE_MS = 300,    /* after which an answer that is not wanted will not come */
	STOP_MS = 2000,      /* to end when asked … */
	TERMINATE_MS = 1000, /* … and when told */
	COMPLAINTS_MAX = 20, /* told one by one */
};

struct check {
	struct session *session;
	char **argv;
	struct driver_run *run;
	int64_t answer_ms;
	unsigned wrong, complaints;
	unsigned long values; /* of those that have been started anew */
};

static void tell(struct check *check, const char *verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* "right", "wrong" or "note", and what; nothing is of any worth once it is interrupted. */
static void
tell(struct check *check, const char *verdict, const char *format, ...)
{
	char text[512];
	va_list list;

	if (driver_run_interrupted() != 0)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	check->wrong += strcmp(verdict, "wrong") == 0;
	if (check->session->options->quiet && strcmp(verdict, "wrong") != 0)
		return;
	if (check->session->options->json) {
		printf("{\"verdict\":\"%s\",\"text\":", verdict);
		text_print_json(stdout, text, strlen(text));
		puts("}");
	} else {
		printf("%-5s  ", verdict);
		text_print(stdout, text, strlen(text));
		putchar('\n');
	}
	fflush(stdout);
}

static void
on_complaint(void *arg, const char *what)
{
	struct check *check = arg;

	if (check->complaints++ < COMPLAINTS_MAX)
		tell(check, "wrong", "%s", what);
	else
		check->wrong++;
}

static bool
start(struct check *check)
{
	struct credis_error err;

	if (driver_run_interrupted() != 0)
		return false;
	if (check->run != NULL)
		check->values += driver_run_values(check->run);
	driver_run_free(check->run);
	check->run = driver_run_start(check->argv, on_complaint, check, &err);
	if (check->run == NULL)
		tell(check, "wrong", "%s", err.text);
	return check->run != NULL;
}

/* After what came before it may have ended. */
static bool
is_there(struct check *check)
{
	return (check->run != NULL && !driver_run_has_ended(check->run)) || start(check);
}

static const char *
how_it_ended(int status)
{
	static char text[64];

	if (WIFSIGNALED(status))
		snprintf(text, sizeof text, "with signal %d (%s)", WTERMSIG(status),
		    strsignal(WTERMSIG(status)));
	else
		snprintf(text, sizeof text, "with status %d", WEXITSTATUS(status));
	return text;
}

/* Why there is no answer. */
static void
tell_silence(struct check *check, const char *what)
{
	char span[40];
	int status;

	if (driver_run_wait(check->run, 0, &status))
		tell(check, "wrong", "%s: it ended %s", what, how_it_ended(status));
	else
		tell(check, "wrong", "%s: no answer within %s", what,
		    credis_span_print(check->answer_ms, span));
}

static double
seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

/* Asks and waits. NULL, and told, without an answer; 'took_ms' may be NULL. */
static const json_t *
ask(struct check *check, const char *op, const char *keyword, const json_t *value, double *took_ms)
{
	double asked = seconds();
	int64_t id = driver_run_ask(check->run, op, keyword, value);
	const json_t *answer = driver_run_answer(check->run, id, check->answer_ms);
	char what[192];

	if (took_ms != NULL)
		*took_ms = 1000 * (seconds() - asked);
	snprintf(what, sizeof what, "%s of %.128s", op, keyword);
	if (answer == NULL)
		tell_silence(check, what);
	return answer;
}

static const char *
error_of(const json_t *answer)
{
	return json_string_value(json_object_get(answer, "error"));
}

static bool
is_equal(const json_t *a, const json_t *b)
{
	if (json_is_number(a) && json_is_number(b))
		return json_number_value(a) == json_number_value(b);
	return json_equal(a, b);
}

/* Returns what it is; NULL when that could not be found out. */
static const json_t *
check_read(struct check *check, const char *keyword)
{
	double took_ms;
	const json_t *answer = ask(check, "read", keyword, NULL, &took_ms), *value;

	if (answer == NULL)
		return NULL;
	value = json_object_get(answer, "value");
	if (error_of(answer) != NULL)
		tell(check, "note", "read of %s: refused after %.1f ms: %s", keyword, took_ms,
		    error_of(answer));
	else if (value == NULL)
		tell(check, "wrong", "read of %s: the answer holds neither value nor error",
		    keyword);
	else
		tell(check, "right", "read of %s: answered after %.1f ms", keyword, took_ms);
	return error_of(answer) == NULL ? value : NULL;
}

static void
check_write(struct check *check, const char *keyword, const json_t *value)
{
	double took_ms;
	const json_t *answer = ask(check, "write", keyword, value, &took_ms), *now;

	if (answer == NULL)
		return;
	if (error_of(answer) != NULL) {
		tell(check, "wrong", "write of %s: refused after %.1f ms: %s", keyword, took_ms,
		    error_of(answer));
		return;
	}
	tell(check, "right", "write of %s: done after %.1f ms", keyword, took_ms);
	now = check_read(check, keyword);
	if (now != NULL && !is_equal(now, value))
		tell(check, "note", "%s reads otherwise than it was written", keyword);
}

/* "12.5" is a number, "open" a text. */
static json_t *
value_of(const char *text)
{
	json_t *value = json_loads(text, JSON_DECODE_ANY, NULL);

	return value != NULL && !json_is_object(value) ? value : must(json_string(text));
}

static void
check_keyword(struct check *check, const char *assignment)
{
	const char *equals = strchr(assignment, '=');
	char *name = must(strndup(assignment, strcspn(assignment, "=")));
	json_t *value = equals != NULL ? value_of(equals + 1) : NULL;

	check_read(check, name);
	if (value != NULL)
		check_write(check, name, value);
	json_decref(value);
	free(name);
}

static void
check_unknown_keyword(struct check *check, const char *op)
{
	json_t *value = strcmp(op, "write") == 0 ? json_integer(1) : NULL;
	const json_t *answer = ask(check, op, "NO_SUCH_KEYWORD", value, NULL);

	json_decref(value);
	if (answer == NULL)
		return;
	if (error_of(answer) != NULL)
		tell(check, "right", "%s of an unknown keyword: refused", op);
	else
		tell(check, "wrong", "%s of an unknown keyword: no error", op);
}

/* A newer credisd may say what this driver does not know; and nothing that comes in may end it. */
static void
check_tolerance(struct check *check)
{
	static const struct {
		const char *line, *what;
	} rows[] = {
		{ "{\"op\":\"no_such_op\",\"keyword\":\"X\",\"more\":[]}\n", "an unknown request" },
		{ "this is no JSON\n", "a line that is no JSON" },
		{ "[]\n", "a line that is no JSON object" },
		{ "\n", "an empty line" },
	};
	int status;

	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		if (!is_there(check))
			return;
		driver_run_send(check->run, rows[i].line);
		driver_run_listen(check->run, SILENCE_MS);
		if (driver_run_wait(check->run, 0, &status))
			tell(check, "wrong", "%s: it ended %s", rows[i].what, how_it_ended(status));
		else
			tell(check, "right", "%s: it lives on", rows[i].what);
	}
}

static void
check_many_at_once(struct check *check)
{
	int64_t ids[16];
	size_t count = sizeof ids / sizeof *ids, answered = 0;

	for (size_t i = 0; i < count; i++)
		ids[i] = driver_run_ask(check->run, "read", "NO_SUCH_KEYWORD", NULL);
	for (size_t i = 0; i < count; i++)
		answered += driver_run_answer(check->run, ids[i],
				i == 0 ? check->answer_ms : SILENCE_MS) != NULL;
	driver_run_listen(check->run, SILENCE_MS);
	tell(check, answered == count ? "right" : "wrong",
	    "%zu requests at once: %zu answered, each once", count, answered);
}

static void
check_end(struct check *check, const char *what, int64_t patience_ms, bool clean)
{
	char span[40];
	int status;

	if (!driver_run_wait(check->run, patience_ms, &status))
		tell(check, "wrong", "%s: it has not ended after %s", what,
		    credis_span_print(patience_ms, span));
	else if (clean && status != 0)
		tell(check, "wrong", "%s: it ended %s", what, how_it_ended(status));
	else if (driver_run_has_left_something(check->run))
		tell(check, "note", "%s: it ended, and left processes of its own behind", what);
	else
		tell(check, "right", "%s: it ended", what);
}

/* Once for each of the ways to end it. */
static void
check_ends(struct check *check)
{
	if (!is_there(check))
		return;
	driver_run_send(check->run, "{\"op\":\"stop\"}\n");
	check_end(check, "stop", STOP_MS, true);
	if (!start(check))
		return;
	driver_run_close_input(check->run);
	check_end(check, "the end of its standard input", STOP_MS, true);
	if (!start(check))
		return;
	driver_run_listen(check->run, SILENCE_MS);
	driver_run_terminate(check->run);
	check_end(check, "SIGTERM", TERMINATE_MS, false);
}

static bool
check_start(struct check *check)
{
	int status;

	if (!start(check))
		return false;
	driver_run_listen(check->run, SILENCE_MS);
	if (driver_run_wait(check->run, 0, &status)) {
		tell(check, "wrong", "it ended %s at once", how_it_ended(status));
		return false;
	}
	tell(check, "right", "it starts");
	return true;
}

static void
check_all(struct check *check)
{
	const struct texts *keywords = &check->session->options->keywords;

	if (!check_start(check))
		return;
	if (keywords->count == 0)
		tell(check, "note", "no keyword is tried: -k NAME=VALUE tries one");
	for (size_t i = 0; i < keywords->count; i++) {
		if (!is_there(check))
			return;
		check_keyword(check, keywords->at[i]);
	}
	if (is_there(check))
		check_unknown_keyword(check, "read");
	if (is_there(check))
		check_unknown_keyword(check, "write");
	if (is_there(check))
		check_many_at_once(check);
	check_tolerance(check);
	if (is_there(check))
		tell(check, "note", "values said of its own accord: %lu",
		    check->values + driver_run_values(check->run));
	check_ends(check);
}

/* It drives hardware: it may end as when credisd ends it. */
static void
end(struct check *check)
{
	int status;

	if (driver_run_interrupted() != 0 && check->run != NULL) {
		driver_run_terminate(check->run);
		driver_run_wait(check->run, TERMINATE_MS, &status);
	}
	driver_run_free(check->run);
}

void
run_driver_check(struct session *session, char **words, int count)
{
	struct check check = { .session = session, .answer_ms = ANSWER_MS };

	(void)count;
	check.argv = words;
	if (session->options->timeout_ms > 0)
		check.answer_ms = session->options->timeout_ms;
	driver_run_handle_signals();
	check_all(&check);
	end(&check);
	if (check.complaints > COMPLAINTS_MAX)
		tell(&check, "note", "%u more lines were wrong", check.complaints - COMPLAINTS_MAX);
	if (check.wrong > 0)
		session->status = EXIT_REFUSED;
	if (driver_run_interrupted() != 0)
		session_interrupt(session, driver_run_interrupted());
}
