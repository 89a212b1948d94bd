/* options.h: the options, their one table, and a command line taken apart. */
#ifndef CLI_OPTIONS_H
#define CLI_OPTIONS_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Of an option that may be given several times. */
enum { TEXTS_MAX = 32 };
struct texts {
	const char *at[TEXTS_MAX];
	size_t count;
};

struct options {
	const char *url;     /* NULL: not given */
	const char *service; /* the same */
	int64_t timeout_ms;  /* 0: not given */
	bool json, quiet, verbose, help, version;

	bool refresh, terse, timestamp, binary, ktl;
	bool nowait, notify, atomic;
	int64_t if_seq; /* 0: not given */
	int64_t count;  /* the same */
	struct texts keywords, nodes;
	const char *as; /* NULL: not given */

	const char *since, *from, *to; /* NULL: not given */
	int64_t last;                  /* 0: not given */
	const char *svg;
	bool csv, spark;
};

enum option_kind { OPTION_FLAG, OPTION_TEXT, OPTION_TEXTS, OPTION_SPAN, OPTION_NUMBER };

struct option_row {
	char letter; /* 0: has none */
	const char *name;
	enum option_kind kind;
	size_t member;     /* its place in struct options */
	const char *verbs; /* whose it is, between blanks; NULL: everybody's */
	const char *argument;
	const char *help;
};

/* Row 0, 1, 2 … until NULL. */
const struct option_row *option_row(size_t n);

/* Whether an option is 'verb's own (never true of a global one). */
bool option_is_of(const struct option_row *row, const char *verb);

/* Takes options out of 'argv' (without the program's name), wherever they stand until "--"; what is
 * left, the verb first, goes to 'words', which has room for 'argc', and is counted in '*count'. Goes
 * on to the end after a fault, so that --json is known whatever is wrong. With a fault returns false;
 * 'wanting' (may be NULL) gets the row whose argument is missing at the end, if that is it. */
bool options_parse(struct options *options, int argc, char **argv, char **words, int *count,
    const struct option_row **wanting, struct credis_error *err);

#endif
