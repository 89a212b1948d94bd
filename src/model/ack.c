/* ack.c: a message of another program's, which says the same in other bytes than ours: blanks in JSON, the
 * older forms of msgpack. LREM compares bytes; the list of one receiver is short. */
#include "model/ack.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

enum { VALUE = 3 }; /* among the words of LREM */

bool
ack_may_miss(const struct words *words, enum credis_serializer serializer)
{
	return serializer != CREDIS_AS_RAW && serializer != CREDIS_AS_TEXT &&
	    strcmp(words->at[0], "LREM") == 0;
}

bool
ack_missed(const struct words *words, const struct credis_reply *reply)
{
	int64_t removed;

	return words->count > 0 && credis_reply_integer(reply, &removed) && removed == 0;
}

struct ack
ack_look(const struct words *words)
{
	return (struct ack){
		{ "LRANGE", words->at[1], "-1000", "-1" },
		{ strlen("LRANGE"), words->lengths[1], strlen("-1000"), strlen("-1") },
	};
}

/* Whether an element is read as 'text'; what cannot be read is not. False with CREDIS_ENOMEM in 'err', too. */
static bool
says(enum credis_serializer serializer, const struct credis_reply *element, const char *text,
    size_t length, struct credis_error *err)
{
	size_t stored_length, other_length;
	const char *stored = credis_reply_text(element, &stored_length);
	char *other = stored != NULL
	    ? credis_deserialize(serializer, stored, stored_length, &other_length, err)
	    : NULL;
	bool same = other != NULL && other_length == length && memcmp(other, text, length) == 0;

	free(other);
	return same;
}

static void
find(struct ack *again, enum credis_serializer serializer, const struct credis_reply *list,
    struct credis_error *err)
{
	size_t length;
	char *text =
	    credis_deserialize(serializer, again->at[VALUE], again->lengths[VALUE], &length, err);

	for (size_t n = 0; n < credis_reply_count(list) && err->code != CREDIS_ENOMEM; n++) {
		const struct credis_reply *element = credis_reply_element(list, n);

		if (!says(serializer, element, text, length, err))
			continue;
		again->at[VALUE] = credis_reply_text(element, &again->lengths[VALUE]);
		break;
	}
	free(text);
}

bool
ack_again(struct ack *again, const struct words *words, enum credis_serializer serializer,
    const struct credis_reply *list, struct credis_error *err)
{
	struct credis_error why = { .code = CREDIS_OK };

	for (int n = 0; n < ACK_WORDS; n++) {
		again->at[n] = words->at[n];
		again->lengths[n] = words->lengths[n];
	}
	find(again, serializer, list, &why);
	return why.code != CREDIS_ENOMEM || error_no_memory(err);
}
