/* help.h: the pages of --help, and the short word on usage. */
#ifndef CLI_HELP_H
#define CLI_HELP_H

#include <stdio.h>

struct verb;

/* Of a verb, or with NULL of the command. */
void help_page(FILE *to, const struct verb *verb);
void help_usage(FILE *to, const struct verb *verb);

#endif
