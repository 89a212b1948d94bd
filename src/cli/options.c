/* options.c: the table of options, and finding them in a command line.
 * Not getopt_long(3): KTL writes long options with one dash, numbers may begin with one, and a
 * mistyped option deserves to be told its nearest. */
#include "options.h"

#include "fault.h"

#include <credis/span.h>

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define AT(member) offsetof(struct options, member)

/* Moments so far ahead can be written down. */
enum { DAYS_MAX = 365000 };

/* The verbs that are models. */
#define MODELS " counter map hash set zset queue stack pqueue mq dict "

static const struct option_row rows[] = {
	{ 'u', "url", OPTION_TEXT, AT(url), NULL, "URL",
	    "the store: redis://host, rediss://host, unix:///path" },
	{ 's', "service", OPTION_TEXT, AT(service), NULL, "SERVICE",
	    "the service of keywords, which are then written without" },
	{ 't', "timeout", OPTION_SPAN, AT(timeout_ms), NULL, "SPAN",
	    "the deadline: 500ms 2s 5m 1h 1d, '2 seconds', or seconds" },
	{ 0, "json", OPTION_FLAG, AT(json), NULL, NULL, "one JSON object a line, errors included" },
	{ 'q', "quiet", OPTION_FLAG, AT(quiet), NULL, NULL,
	    "only what was asked for, and errors: no titles, notes or progress" },
	{ 'v', "verbose", OPTION_FLAG, AT(verbose), NULL, NULL,
	    "tell on stderr what happens on the way" },
	{ 'h', "help", OPTION_FLAG, AT(help), NULL, NULL, "this page" },
	{ 0, "version", OPTION_FLAG, AT(version), NULL, NULL, "the version" },

	{ 0, "refresh", OPTION_FLAG, AT(refresh), " show ", NULL,
	    "ask the dispatcher, and so the hardware, not the store" },
	{ 0, "terse", OPTION_FLAG, AT(terse), " show ", NULL, "the value alone" },
	{ 0, "timestamp", OPTION_FLAG, AT(timestamp), " show ", NULL,
	    "when the value was stored, before it" },
	{ 0, "binary", OPTION_FLAG, AT(binary), " show monitor history ", NULL,
	    "numbers, keys and bits instead of labels and formats" },
	{ 0, "ktl", OPTION_FLAG, AT(ktl), " show ", NULL,
	    "the name right-aligned in 30, like KTL" },

	{ 0, "nowait", OPTION_FLAG, AT(nowait), " modify ", NULL,
	    "hand the request over and do not wait for the outcome" },
	{ 0, "notify", OPTION_FLAG, AT(notify), " modify ", NULL,
	    "wait, and print each keyword as its write completes" },
	{ 0, "atomic", OPTION_FLAG, AT(atomic), " modify ", NULL,
	    "all or none; the keywords of one service" },
	{ 0, "if-seq", OPTION_NUMBER, AT(if_seq), " modify ", "N",
	    "only if the keyword stands at sequence number N" },

	{ 'n', "count", OPTION_NUMBER, AT(count), " monitor ", "N", "end after N lines" },

	{ 0, "since", OPTION_TEXT, AT(since), " history ", "TIME",
	    "from this time on: '1 day ago', 2h, '2026-11-20 20:01' (UTC), @1795208169" },
	{ 0, "from", OPTION_TEXT, AT(from), " history ", "TIME", "the same" },
	{ 0, "to", OPTION_TEXT, AT(to), " history ", "TIME", "up to this time" },
	{ 0, "last", OPTION_NUMBER, AT(last), " history ", "N", "of these only the newest N" },
	{ 0, "csv", OPTION_FLAG, AT(csv), " history ", NULL,
	    "a title and then time,value,severity in each line" },
	{ 0, "svg", OPTION_TEXT, AT(svg), " history ", "FILE", "draw them into a file" },
	{ 0, "spark", OPTION_FLAG, AT(spark), " history ", NULL, "draw them in one line" },

	{ 0, "as", OPTION_TEXT, AT(as), MODELS, "SERIALIZER",
	    "raw string integer double json python msgpack" },

	{ 0, "node", OPTION_TEXTS, AT(nodes), " shard ", "URL",
	    "one of the servers; may be given again, and their order counts" },

	{ 'k', "keyword", OPTION_TEXTS, AT(keywords), " driver-check ", "NAME[=VALUE]",
	    "read this keyword, and write the value; may be given again" },
};

enum { ROWS = sizeof rows / sizeof *rows };

const struct option_row *
option_row(size_t n)
{
	return n < ROWS ? &rows[n] : NULL;
}

bool
option_is_of(const struct option_row *row, const char *verb)
{
	char word[32];

	if (row->verbs == NULL || verb == NULL)
		return false;
	snprintf(word, sizeof word, " %s ", verb);
	return strstr(row->verbs, word) != NULL;
}

static bool
is_here(const struct option_row *row, const char *verb)
{
	return row->verbs == NULL || option_is_of(row, verb);
}

static const struct option_row *
find_letter(char letter, const char *verb)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (rows[i].letter == letter && is_here(&rows[i], verb))
			return &rows[i];
	}
	return NULL;
}

static const struct option_row *
find_name(const char *name, size_t length, const char *verb)
{
	for (size_t i = 0; i < ROWS; i++) {
		if (strlen(rows[i].name) == length && memcmp(rows[i].name, name, length) == 0 &&
		    is_here(&rows[i], verb))
			return &rows[i];
	}
	return NULL;
}

/* Says why 'word' is no option here: another verb's, mistyped, or nobody's. */
static bool
refuse(const char *word, const char *verb, struct credis_error *err)
{
	const char *name = word + strspn(word, "-"), *names[ROWS + 1], *nearest;
	char typed[64], hint[FAULT_HINT];
	size_t count = 0;

	snprintf(typed, sizeof typed, "%.*s", (int)strcspn(name, "="), name);
	for (size_t i = 0; i < ROWS; i++) {
		bool same = strcmp(rows[i].name, typed) == 0 ||
		    (rows[i].letter != 0 && typed[0] == rows[i].letter && typed[1] == '\0');

		if (is_here(&rows[i], verb))
			names[count++] = rows[i].name;
		else if (same)
			return fault(err, CREDIS_EINVAL, "%.64s is an option of%.*s, not of %s",
			    word, (int)strlen(rows[i].verbs) - 1, rows[i].verbs,
			    verb != NULL ? verb : "credis itself: write it after the verb");
	}
	names[count] = NULL;
	nearest = credis_nearest(typed, names);
	if (nearest != NULL)
		return fault(err, CREDIS_EINVAL, "%.64s: no such option%s", word,
		    fault_hint(hint, "--", nearest));
	return fault(err, CREDIS_EINVAL, "%.64s: no such option; see credis %s%s--help", word,
	    verb != NULL ? verb : "", verb != NULL ? " " : "");
}

static bool
set_number(int64_t *number, const char *typed, const char *text, struct credis_error *err)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(text, &end, 10);
	if (!isdigit((unsigned char)text[0]) || *end != '\0' || errno != 0 || value < 1)
		return fault(err, CREDIS_EINVAL, "%s: '%.64s' is not a whole number from 1", typed,
		    text);
	*number = value;
	return true;
}

static bool
set_span(int64_t *ms, const char *typed, const char *text, struct credis_error *err)
{
	struct credis_error why;

	if (!credis_span_parse_short(text, ms, &why))
		return fault(err, CREDIS_EINVAL, "%s: %.400s", typed, why.text);
	if (*ms < 1)
		return fault(err, CREDIS_EINVAL, "%s: '%.64s' is no time at all; at least 1ms",
		    typed, text);
	if (*ms > DAYS_MAX * INT64_C(86400000))
		return fault(err, CREDIS_EINVAL, "%s: '%.64s' is too long; at most %dd", typed,
		    text, DAYS_MAX);
	return true;
}

static bool
add_text(struct texts *texts, const char *typed, const char *text, struct credis_error *err)
{
	if (text[0] == '\0' || text[0] == '=')
		return fault(err, CREDIS_EINVAL, "%s: '%.64s' names nothing", typed, text);
	if (texts->count == TEXTS_MAX)
		return fault(err, CREDIS_EINVAL, "%s: given more than %d times", typed, TEXTS_MAX);
	texts->at[texts->count++] = text;
	return true;
}

/* A command line being walked. */
struct walk {
	struct options *options;
	int argc, at;
	char **argv;
	const char *verb;
	char typed[40]; /* the option at hand */
	const struct option_row *wanting;
};

static bool
set(struct walk *walk, const struct option_row *row, const char *text, struct credis_error *err)
{
	void *member = (char *)walk->options + row->member;

	switch (row->kind) {
	case OPTION_FLAG: *(bool *)member = true; return true;
	case OPTION_TEXT:
		*(const char **)member = text;
		return text[0] != '\0' ||
		    fault(err, CREDIS_EINVAL, "%s: its %s is empty", walk->typed, row->argument);
	case OPTION_TEXTS: return add_text(member, walk->typed, text, err);
	case OPTION_SPAN: return set_span(member, walk->typed, text, err);
	case OPTION_NUMBER: return set_number(member, walk->typed, text, err);
	}
	return true;
}

/* The argument that stands in the same word, or else the next word. */
static const char *
argument(struct walk *walk, const struct option_row *row, const char *here,
    struct credis_error *err)
{
	if (here != NULL)
		return here;
	if (walk->at + 1 < walk->argc)
		return walk->argv[++walk->at];
	walk->wanting = row;
	fault(err, CREDIS_EINVAL, "%s needs its %s", walk->typed, row->argument);
	return NULL;
}

static bool
take(struct walk *walk, const struct option_row *row, const char *here, struct credis_error *err)
{
	const char *text = "";

	if (row->kind == OPTION_FLAG && here != NULL)
		return fault(err, CREDIS_EINVAL, "%s takes no argument", walk->typed);
	if (row->kind != OPTION_FLAG)
		text = argument(walk, row, here, err);
	return text != NULL && set(walk, row, text, err);
}

/* "-qv", "-tSPAN", "-t SPAN". */
static bool
take_letters(struct walk *walk, const char *word, struct credis_error *err)
{
	for (const char *letter = word + 1; *letter != '\0'; letter++) {
		const struct option_row *row = find_letter(*letter, walk->verb);

		if (row == NULL)
			return refuse(word, walk->verb, err);
		snprintf(walk->typed, sizeof walk->typed, "-%c", *letter);
		if (row->kind != OPTION_FLAG)
			return take(walk, row, letter[1] != '\0' ? letter + 1 : NULL, err);
		take(walk, row, NULL, err);
	}
	return true;
}

static bool
take_word(struct walk *walk, const char *word, struct credis_error *err)
{
	const char *name = word + (word[1] == '-' ? 2 : 1);
	size_t length = strcspn(name, "=");
	const struct option_row *row = find_name(name, length, walk->verb);

	/* A long option with one dash is KTL's: "show -s dcs -terse". */
	snprintf(walk->typed, sizeof walk->typed, "%.*s", (int)strcspn(word, "="), word);
	if (row != NULL)
		return take(walk, row, name[length] == '=' ? name + length + 1 : NULL, err);
	if (word[1] == '-')
		return refuse(word, walk->verb, err);
	return take_letters(walk, word, err);
}

/* Whether what follows is another program's, with its own options. */
static bool
is_command(char *const *words, int count)
{
	return (count == 2 && strcmp(words[0], "driver-check") == 0) ||
	    (count == 3 && strcmp(words[0], "lock") == 0);
}

/* "-5" and "-inf" are numbers. */
static bool
is_option(const char *word)
{
	return strcmp(word, "-inf") != 0 && word[0] == '-' &&
	    (word[1] == '-' || isalpha((unsigned char)word[1]));
}

bool
options_parse(struct options *options, int argc, char **argv, char **words, int *count,
    const struct option_row **wanting, struct credis_error *err)
{
	struct walk walk = { .options = options, .argc = argc, .argv = argv };
	bool only_words = false, ok = true;

	*count = 0;
	for (; walk.at < argc; walk.at++) {
		char *word = argv[walk.at];
		struct credis_error why;

		if (!only_words && strcmp(word, "--") == 0) {
			only_words = true;
		} else if (only_words || !is_option(word)) {
			words[(*count)++] = word;
			walk.verb = words[0];
			only_words |= is_command(words, *count);
		} else if (!take_word(&walk, word, &why) && ok) {
			*err = why;
			ok = false;
		}
	}
	if (wanting != NULL)
		*wanting = walk.wanting;
	return ok;
}
