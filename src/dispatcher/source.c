/* source.c: callbacks by count of holders. When they are called is drive.c's. */
#include "dispatcher/source.h"

#include <stdlib.h>

struct source *
source_new(const struct credis_callbacks *callbacks, void *arg)
{
	struct source *source = calloc(1, sizeof(*source));

	if (source == NULL)
		return NULL;
	source->callbacks = *callbacks;
	source->arg = arg;
	source->holders = 1;
	return source;
}

struct source *
source_hold(struct source *source)
{
	source->holders++;
	return source;
}

void
source_release(struct source *source)
{
	if (source == NULL || --source->holders > 0)
		return;
	if (source->callbacks.release != NULL)
		source->callbacks.release(source->arg);
	free(source);
}
