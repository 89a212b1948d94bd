/* history.c: past values: a line each, or drawn. */
#include "fault.h"
#include "memory.h"
#include "moment.h"
#include "output.h"
#include "plot.h"
#include "progress.h"
#include "session.h"
#include "target.h"
#include "text.h"
#include "verbs.h"

#include <credis/history.h>

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS = 60, COLUMNS_MAX = 500 };

struct past {
	struct session *session;
	struct target target;
	struct style style;
	struct plot *plot; /* NULL: they are printed */
	uint64_t count;
};

/* As in RFC 4180, but for the ends of lines. */
static void
print_quoted(FILE *to, const char *text)
{
	if (strpbrk(text, ",\"\r\n") == NULL) {
		fputs(text, to);
		return;
	}
	putc('"', to);
	for (; *text != '\0'; text++) {
		if (*text == '"')
			putc('"', to);
		putc(*text, to);
	}
	putc('"', to);
}

static void
print_csv(FILE *to, const struct style *style, const struct credis_past *sample)
{
	enum credis_form form = style->form == CREDIS_BINARY ? CREDIS_BINARY : CREDIS_STORED;
	char *text =
	    must(credis_keyword_present(sample->description, sample->text, sample->length, form));
	char time[TEXT_TIME];

	fprintf(to, "%s,", text_time(time, sample->time_us));
	print_quoted(to, text);
	fprintf(to, ",%s\n", credis_severity_name(sample->severity));
	free(text);
}

static void
print_line(struct past *past, FILE *to, const struct credis_past *sample)
{
	const struct credis_reading reading = {
		.service = past->target.service,
		.keyword = past->target.keyword,
		.text = sample->text,
		.length = sample->length,
		.seq = 1, /* it was one */
		.time_us = sample->time_us,
		.severity = sample->severity,
		.reason = "",
		.description = sample->description,
	};

	past->session->output->past(to, &past->style, &reading);
}

static void
on_sample(void *arg, const struct credis_past *sample)
{
	struct past *past = arg;

	past->count++;
	if (past->plot != NULL)
		plot_add(past->plot, sample);
	else if (past->session->options->csv)
		print_csv(session_out(past->session), &past->style, sample);
	else
		print_line(past, session_out(past->session), sample);
}

static void
write_svg(struct past *past, const struct credis_keyword *keyword)
{
	const char *path = past->session->options->svg;
	FILE *to = fopen(path, "we");
	struct credis_error err;
	bool ok;

	if (to != NULL)
		plot_svg(to, past->plot, past->target.both, keyword);
	ok = to != NULL && !ferror(to);
	if ((to == NULL || fclose(to) == 0) && ok)
		return;
	fault(&err, CREDIS_ESTORE, "cannot write %.200s: %s", path, strerror(errno));
	session_fail(past->session, NULL, NULL, &err);
}

static size_t
terminal_columns(void)
{
	struct winsize size;

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
		return COLUMNS;
	return size.ws_col < COLUMNS_MAX ? size.ws_col : COLUMNS_MAX;
}

static void
draw(struct past *past, const struct credis_keyword *keyword)
{
	struct session *session = past->session;
	struct credis_error err;

	if (!plot_is_possible(keyword)) {
		fault(&err, CREDIS_EIMPOSSIBLE, "%s: a %s cannot be drawn", past->target.both,
		    credis_type_name(credis_keyword_type(keyword)));
		session_fail(session, past->target.service, past->target.keyword, &err);
		return;
	}
	if (session->options->svg != NULL)
		write_svg(past, keyword);
	if (session->options->spark)
		plot_spark(session_out(session), past->plot, keyword, terminal_columns());
}

static void
on_end(void *arg, const struct credis_error *err, const struct credis_keyword *keyword)
{
	struct past *past = arg;
	struct session *session = past->session;

	session_ended(session);
	progress_say(session->progress, NULL);
	if (err->code != CREDIS_OK) {
		session_fail(session, past->target.service, past->target.keyword, err);
		return;
	}
	if (past->count == 0 && !session->options->json)
		session_note(session, "%s: no past values%s", past->target.both,
		    session->options->since != NULL || session->options->from != NULL ||
			    session->options->to != NULL
			? " in that time"
			: "");
	if (past->plot != NULL)
		draw(past, keyword);
}

/* '--since' is '--from' as people think of it. */
static bool
find_range(const struct session *session, struct credis_range *range, struct credis_error *err)
{
	const struct options *options = session->options;
	int64_t now_us = credis_client_now_us(session->client);
	bool since = options->since != NULL;
	const char *from = since ? options->since : options->from;

	*range = (struct credis_range){ .last = (uint64_t)options->last };
	if (since && options->from != NULL)
		return fault(err, CREDIS_EINVAL, "--since and --from say the same: give one");
	if (from != NULL &&
	    !moment_parse(&range->from_us, from, now_us, since ? "--since" : "--from", err))
		return false;
	if (options->to != NULL && !moment_parse(&range->to_us, options->to, now_us, "--to", err))
		return false;
	return options->to == NULL || range->from_us <= range->to_us ||
	    fault(err, CREDIS_EINVAL, "%s is after --to: there is no time between them",
		since ? "--since" : "--from");
}

static bool
check(struct past *past, const char *word, struct credis_range *range, struct credis_error *err)
{
	const struct options *options = past->session->options;
	bool drawn = options->svg != NULL || options->spark;

	if (options->json + options->csv + drawn > 1)
		return fault(err, CREDIS_EINVAL,
		    "--json, --csv and drawing (--svg, --spark) are three ways: choose one");
	if (!target_parse(&past->target, word, options->service, err))
		return false;
	if (target_is_glob(past->target.both))
		return fault(err, CREDIS_EINVAL, "'%.200s' may be many keywords: history is of one",
		    word);
	return find_range(past->session, range, err);
}

static void
ask(struct past *past, const struct credis_range *range)
{
	struct session *session = past->session;
	struct credis_error err;

	session_began(session);
	progress_say(session->progress, past->target.both);
	if (credis_client_history(session->client, past->target.both, range, on_sample, on_end,
		past, &err) == 0)
		on_end(past, &err, NULL);
	session_run(session);
}

void
run_history(struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	struct past past = { .session = session,
		.style.form = options->binary ? CREDIS_BINARY : CREDIS_ASCII };
	struct credis_range range;
	struct credis_error err;

	(void)count;
	if (!check(&past, words[0], &range, &err)) {
		session_fail(session, NULL, NULL, &err);
		return;
	}
	if (options->svg != NULL || options->spark)
		past.plot = must(calloc(1, sizeof *past.plot));
	else if (options->csv)
		fputs("time,value,severity\n", session_out(session));
	ask(&past, &range);
	free(past.plot);
}
