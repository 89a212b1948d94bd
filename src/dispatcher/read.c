/* read.c: answers READ requests. A stored keyword's source is the dispatcher's own memory; the others'
 * are asked by steps.c. */
#include "dispatcher/read.h"

#include "core/error.h"
#include "dispatcher/requests.h"
#include "dispatcher/steps.h"

void
read_begin(const struct asking *asking)
{
	const struct credis_keyword *keyword = asking->entry->keyword;
	struct credis_error err;

	if (keyword_is_readable(keyword)) {
		if (asking->entry->lane != NULL && steps_read(asking))
			return;
		requests_answer_present(asking->post->requests, asking->served, asking->peer,
		    asking->message->id, asking->entry);
		return;
	}
	error_set(&err, CREDIS_EWRITEONLY, "%s: may only be written", keyword->name);
	requests_turn_away(asking, &err);
}
