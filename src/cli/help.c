/* help.c: the pages of --help, from the tables of verbs, options and exit statuses. */
#include "help.h"

#include "exits.h"
#include "model.h"
#include "options.h"
#include "text.h"
#include "verbs.h"

#include <credis/model.h>

#include <string.h>

enum { COLUMN = 22 };

static const char environment[] =
    "  CREDIS_URL            the store, unless -u is given\n"
    "  CREDIS_CONF           another file than /etc/credis/credis.conf; empty: none\n"
    "  RUNTIME_DIRECTORY     where credisd's own store has its socket; else /run/credis\n";

static const char about[] =
    "A keyword is SERVICE.KEYWORD, or KEYWORD after -s SERVICE; upper and lower case are the "
    "same,\n"
    "* ? and % are globs. The store is the first of: -u, CREDIS_URL, 'store' of\n"
    "/etc/credis/credis.conf, credisd's own, redis://localhost:6379/0. Calls have a deadline of 10 "
    "s\n"
    "unless -t says another.\n";

void
help_usage(FILE *to, const struct verb *verb)
{
	if (verb != NULL) {
		fprintf(to, "usage: credis %s [OPTION…] %s   (credis %s --help)\n", verb->name,
		    verb->arguments, verb->name);
		return;
	}
	fputs("usage: credis [OPTION…] VERB [ARGUMENT…]   (credis --help)\nverbs:", to);
	for (size_t i = 0; verb_row(i) != NULL; i++) {
		if (!verb_row(i)->hidden)
			fprintf(to, " %s", verb_row(i)->name);
	}
	putc('\n', to);
}

static void
print_option(FILE *to, const struct option_row *row)
{
	char text[64];

	snprintf(text, sizeof text, "%c%c %s%s%s%s", row->letter ? '-' : ' ',
	    row->letter ? row->letter : ' ', "--", row->name, row->argument != NULL ? " " : "",
	    row->argument != NULL ? row->argument : "");
	fprintf(to, "  %-*s %s\n", COLUMN - 1, text, row->help);
}

static void
print_options(FILE *to, const char *verb)
{
	const struct option_row *row;
	const char *title = "options:";

	for (size_t i = 0; (row = option_row(i)) != NULL; i++) {
		if (!option_is_of(row, verb))
			continue;
		if (title != NULL)
			fprintf(to, "\n%s\n", title);
		title = NULL;
		print_option(to, row);
	}
	fprintf(to, "\noptions of every verb:\n");
	for (size_t i = 0; (row = option_row(i)) != NULL; i++) {
		if (row->verbs == NULL)
			print_option(to, row);
	}
}

static void
print_exits(FILE *to)
{
	fputs("\nexit status:\n", to);
	for (size_t i = 0; exit_meaning(i) != NULL; i++)
		fprintf(to, "  %zu  %s\n", i, exit_meaning(i));
}

static size_t
verb_width(const struct verb *verb)
{
	return text_width(verb->name) + 1 + text_width(verb->arguments);
}

static void
print_verbs(FILE *to)
{
	const struct verb *verb;
	size_t width = 0;

	for (size_t i = 0; (verb = verb_row(i)) != NULL; i++) {
		if (!verb->hidden && verb_width(verb) > width)
			width = verb_width(verb);
	}
	fputs("\nverbs:\n", to);
	for (size_t i = 0; (verb = verb_row(i)) != NULL; i++) {
		if (!verb->hidden)
			fprintf(to, "  %s %s%*s%s\n", verb->name, verb->arguments,
			    (int)(width - verb_width(verb) + 2), "", verb->summary);
	}
}

static void
print_operations(FILE *to, const struct verb *verb)
{
	const struct credis_operation *row;
	char text[32 + CREDIS_USAGE], usage[CREDIS_USAGE];

	if (model_row(verb, 0) != NULL)
		fputs("\noperations:\n", to);
	for (size_t i = 0; (row = model_row(verb, i)) != NULL; i++) {
		snprintf(text, sizeof text, "%s KEY %s", row->name,
		    credis_operation_usage(row, usage));
		fprintf(to, "  %-*s  %s\n", COLUMN + 4, text, row->help);
	}
}

static void
print_examples(FILE *to, const char *examples)
{
	fputs("\nexamples:\n", to);
	for (const char *line = examples; *line != '\0';) {
		size_t length = strcspn(line, "\n");

		fprintf(to, "  %.*s\n", (int)length, line);
		line += length + (line[length] == '\n');
	}
}

void
help_page(FILE *to, const struct verb *verb)
{
	if (verb == NULL) {
		fprintf(to, "usage: credis [OPTION…] VERB [ARGUMENT…]\n\n%s", about);
		print_verbs(to);
		print_options(to, NULL);
		fprintf(to, "\nenvironment:\n%s", environment);
	} else {
		fprintf(to, "usage: credis %s [OPTION…] %s\n\n%s", verb->name, verb->arguments,
		    verb->about);
		print_operations(to, verb);
		print_options(to, verb->name);
		print_examples(to, verb->examples);
	}
	print_exits(to);
	if (verb == NULL)
		fputs("\ncredis VERB --help tells more of a verb.\n", to);
}
