/* answer.c: what a dispatcher says of a request it did not execute, as an error.
 * A dispatcher knows its keywords by their bare names; the user knows them with the service's. */
#include "client/answer.h"

#include "core/error.h"
#include "core/text.h"

#include <stdio.h>
#include <string.h>

enum { SENTENCE_MAX = 400 }; /* bytes of a dispatcher's sentence */

/* How an answer other than "done" reads where it says nothing itself. */
static const struct {
	enum credis_code code;
	bool coded; /* the answer's own code is more exact */
	const char *words;
} failures[] = {
	[MESSAGE_IS_REFUSED] = { CREDIS_EMALFORMED, true, "refused" },
	[MESSAGE_IS_FAILED] = { CREDIS_EDRIVER, true, "failed" },
	[MESSAGE_IS_EXPIRED] = { CREDIS_EEXPIRED, false, "too late, not executed" },
	[MESSAGE_IS_UNKNOWN] = { CREDIS_EUNKNOWN, false,
	    "sent to an earlier dispatcher, which may or may not have executed it" },
};

static bool
begins_with(const char *text, const char *name, const char *ends)
{
	size_t length = strlen(name);

	return strncmp(text, name, length) == 0 && text[length] != '\0' &&
	    strchr(ends, text[length]) != NULL;
}

void
answer_explain(const struct message *answer, const struct names_pair *name,
    struct credis_error *err)
{
	enum credis_code code = failures[answer->is].code;
	char text[SENTENCE_MAX + 4];

	if (failures[answer->is].coded && (answer->has & MESSAGE_CODE) != 0 &&
	    answer->code != CREDIS_OK)
		code = answer->code;
	text_quote(text, answer->body.bytes, answer->body.length, SENTENCE_MAX);
	if (answer->body.length == 0)
		snprintf(text, sizeof(text), "%s", failures[answer->is].words);
	if (begins_with(text, name->service, ".:"))
		error_set(err, code, "%s", text);
	else if (begins_with(text, name->keyword, ":"))
		error_set(err, code, "%s.%s", name->service, text);
	else
		error_set(err, code, "%s.%s: %s", name->service, name->keyword, text);
}
