/* exits.h: what the exit status says. */
#ifndef CLI_EXITS_H
#define CLI_EXITS_H

#include <credis/error.h>

#include <stddef.h>

enum exit_status {
	EXIT_DONE,
	EXIT_REFUSED,
	EXIT_USAGE,
	EXIT_DEADLINE,
	EXIT_UNREACHABLE,
	EXIT_NO_SUCH,
	EXIT_UNSERVED,
};

enum exit_status exit_of(enum credis_code code);

/* In words, for the help; NULL past the last. */
const char *exit_meaning(size_t status);

#endif
