/* indi_null.c: an INDI driver that does the least: owns bench.K0 … K9, and sets what it is asked to. Checks nothing,
 * answers all of one read together. indiserver starts it, and talks to it on its standard input and output. */
#include "indi.h"

enum { KEYWORDS = 10 };

static void
on_vector(void *arg, const struct indi_vector *vector)
{
	(void)arg;
	if (strcmp(vector->tag, "newNumberVector") == 0)
		printf("<setNumberVector device='bench' name='%s' state='Ok'>"
		       "<oneNumber name='V'>%s</oneNumber></setNumberVector>\n",
		    vector->name, vector->number);
	for (int n = 0; n < KEYWORDS && strcmp(vector->tag, "getProperties") == 0; n++)
		printf("<defNumberVector device='bench' name='K%d' state='Ok' perm='rw'>"
		       "<defNumber name='V' format='%%g' min='0' max='0' step='0'>0</defNumber>"
		       "</defNumberVector>\n",
		    n);
}

int
main(void)
{
	struct indi requests;

	indi_init(&requests, on_vector, NULL);
	while (indi_read(&requests, STDIN_FILENO))
		fflush(stdout);
}
