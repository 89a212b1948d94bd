/* read.c: answers READ requests. A stored keyword's source is the dispatcher's own memory. */
#include "dispatcher/read.h"

#include "core/error.h"
#include "dispatcher/requests.h"

void
read_begin(const struct asking *asking)
{
	const struct credis_keyword *keyword = asking->entry->keyword;
	struct credis_error err;

	if (keyword_is_readable(keyword)) {
		requests_answer_present(asking->post->requests, asking->served, asking->peer,
		    asking->message->id, asking->entry);
		return;
	}
	error_set(&err, CREDIS_EWRITEONLY, "%s: may only be written", keyword->name);
	requests_turn_away(asking->post->requests, asking->served, asking->peer, asking->message,
	    asking->entry, &err);
}
