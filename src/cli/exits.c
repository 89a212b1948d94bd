/* exits.c: the one table from code to exit status, and what each status means. */
#include "exits.h"

static const enum exit_status exit_of_code[] = {
	[CREDIS_OK] = EXIT_DONE,
	[CREDIS_ENOMEM] = EXIT_REFUSED,
	[CREDIS_EINVAL] = EXIT_USAGE,
	[CREDIS_ETYPE] = EXIT_REFUSED,
	[CREDIS_ERANGE] = EXIT_REFUSED,
	[CREDIS_EVALUES] = EXIT_REFUSED,
	[CREDIS_ELENGTH] = EXIT_REFUSED,
	[CREDIS_EPATTERN] = EXIT_REFUSED,
	[CREDIS_EREADONLY] = EXIT_REFUSED,
	[CREDIS_EWRITEONLY] = EXIT_REFUSED,
	[CREDIS_ECONFLICT] = EXIT_REFUSED,
	[CREDIS_EBUSY] = EXIT_REFUSED,
	[CREDIS_EMALFORMED] = EXIT_REFUSED,
	[CREDIS_ENOSERVICE] = EXIT_NO_SUCH,
	[CREDIS_ENOKEYWORD] = EXIT_NO_SUCH,
	[CREDIS_EDRIVER] = EXIT_REFUSED,
	[CREDIS_ETIMEOUT] = EXIT_DEADLINE,
	[CREDIS_ESTORE] = EXIT_REFUSED,
	[CREDIS_EEXPIRED] = EXIT_DEADLINE,
	[CREDIS_EUNKNOWN] = EXIT_REFUSED,
	[CREDIS_EDEADLINE] = EXIT_DEADLINE,
	[CREDIS_EUNREACHABLE] = EXIT_UNREACHABLE,
	[CREDIS_EUNSERVED] = EXIT_UNSERVED,
	[CREDIS_ELOST] = EXIT_UNREACHABLE,
	[CREDIS_EPROTOCOL] = EXIT_UNREACHABLE,
	[CREDIS_EIMPOSSIBLE] = EXIT_REFUSED,
};

/* A code that has no row would read as success. */
_Static_assert(CREDIS_EIMPOSSIBLE + 1 == CREDIS_CODES, "a new code needs an exit status");

static const char *const meanings[] = {
	[EXIT_DONE] = "done",
	[EXIT_REFUSED] = "refused, failed, or the expression cannot become true",
	[EXIT_USAGE] = "wrong usage or configuration",
	[EXIT_DEADLINE] = "the deadline passed",
	[EXIT_UNREACHABLE] = "the store cannot be reached",
	[EXIT_NO_SUCH] = "no such service or keyword",
	[EXIT_UNSERVED] = "nobody serves it",
};

enum exit_status
exit_of(enum credis_code code)
{
	return exit_of_code[code];
}

const char *
exit_meaning(size_t status)
{
	return status < sizeof meanings / sizeof *meanings ? meanings[status] : NULL;
}
