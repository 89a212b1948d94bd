/* dispatch.c: decodes what comes on a channel, knows duplicates and deadlines, finds the keyword.
 * Every message that wants an answer gets exactly one final answer; what cannot be answered is
 * counted. */
#include "dispatcher/dispatch.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/group.h"
#include "dispatcher/modify.h"
#include "dispatcher/peers.h"
#include "dispatcher/read.h"
#include "dispatcher/requests.h"
#include "dispatcher/served.h"

#include <string.h>

enum { GROUP_MAX = 1024 };

static const struct verb {
	const char *name;
	void (*begin)(const struct asking *asking);
	bool once; /* executing it twice would matter */
} verbs[] = {
	[DISPATCH_MODIFY] = { "modify", modify_begin, true },
	[DISPATCH_READ] = { "read", read_begin, false },
};

/* Who wants the answer; NULL where nobody does. */
static struct peer *
find_peer(struct post *post, const struct message *message)
{
	unsigned wanted = MESSAGE_ID | MESSAGE_TO;

	if ((message->has & wanted) != wanted)
		return NULL;
	return peers_find(post->peers, message->to.bytes);
}

static bool
find_keyword(struct asking *asking, struct credis_error *err)
{
	bool named = asking->name.length > 0;
	const struct slice *key = named ? &asking->name : &asking->message->key;
	char name[CREDIS_KEYWORD_MAX + 1];

	if (asking->entry != NULL)
		return true;
	if (!named && (asking->message->has & MESSAGE_KEY) == 0)
		return error_set(err, CREDIS_EMALFORMED,
		    "a request on the channel of a service needs 'key', the name of a keyword");
	if (!keyword_name_check(key->bytes, key->length, name, err)) {
		err->code = CREDIS_ENOKEYWORD;
		return false;
	}
	asking->entry = registry_find(&asking->served->registry, name, strlen(name));
	if (asking->entry == NULL)
		return error_set(err, CREDIS_ENOKEYWORD, "%s: no such keyword", name);
	return true;
}

static bool
in_time(const struct asking *asking, struct credis_error *err)
{
	const struct message *message = asking->message;
	int64_t late_us = asking->now_us - message->expires_us;

	if ((message->has & MESSAGE_EXPIRES) == 0 || late_us < 0)
		return true;
	return error_set(err, CREDIS_EEXPIRED, "%s: not executed, its deadline passed %.3f s ago",
	    asking->entry->keyword->name, (double)late_us / 1e6);
}

static bool
ours_to_judge(const struct asking *asking, enum peer_verdict verdict, struct credis_error *err)
{
	const struct message *message = asking->message;
	const char *name = asking->entry->keyword->name;

	if (verdict == PEER_SEEN || verdict == PEER_FORGOTTEN)
		return error_set(err, CREDIS_EUNKNOWN,
		    "%s: asked too long ago to tell what became of it", name);
	if ((message->has & MESSAGE_SENT) != 0 && message->sent_us < asking->served->took_us)
		return error_set(err, CREDIS_EUNKNOWN,
		    "%s: sent before this dispatcher took over; an earlier one may have executed "
		    "it",
		    name);
	return true;
}

/* Recognises a retransmission; true when its answer has been seen to. */
static bool
is_duplicate(const struct asking *asking, enum peer_verdict *verdict)
{
	const struct message *message = asking->message;
	int64_t sent_us = (message->has & MESSAGE_SENT) != 0 ? message->sent_us : 0;

	*verdict = PEER_NEW;
	if (asking->peer == NULL)
		return false;
	*verdict =
	    peer_see(asking->post->peers, asking->peer, message->id, sent_us, asking->now_us);
	if (*verdict == PEER_REPEATED ||
	    (*verdict == PEER_SEEN &&
		requests_under_way(asking->post->requests, asking->peer, message->id))) {
		asking->served->counters.duplicates++;
		return true;
	}
	return false;
}

/* Whether the message is to be executed; otherwise it has been answered. */
static bool
admit(struct asking *asking, const struct verb *verb)
{
	enum peer_verdict verdict;
	struct credis_error err;

	if (is_duplicate(asking, &verdict))
		return false;
	asking->served->counters.requests++;
	if (find_keyword(asking, &err) && (!verb->once || ours_to_judge(asking, verdict, &err)) &&
	    in_time(asking, &err))
		return true;
	requests_turn_away(asking, &err);
	return false;
}

/* The set being gathered from a payload, if any. */
static void
gather(struct group **group, const struct asking *asking)
{
	const struct message *message = asking->message;

	if (*group != NULL && group_number(*group) != message->group) {
		group_execute(*group);
		*group = NULL;
	}
	if (*group == NULL)
		*group = group_new(asking->post, message->group, message->of);
	if (*group != NULL) {
		group_add(*group, asking);
		return;
	}
	requests_turn_away(asking, &(struct credis_error){ CREDIS_EBUSY, "out of memory" });
}

static bool
group_is_sound(const struct message *message, struct credis_error *err)
{
	unsigned both = MESSAGE_GROUP | MESSAGE_OF;

	if ((message->has & both) == both && message->of >= 1 && message->of <= GROUP_MAX)
		return true;
	return error_set(err, CREDIS_EMALFORMED,
	    "an all-or-nothing set needs 'group' and 'of', from 1 to %d", GROUP_MAX);
}

static void
begin(const struct asking *asking, enum dispatch_verb verb, struct group **group)
{
	struct credis_error err;

	if (verb != DISPATCH_MODIFY || (asking->message->has & (MESSAGE_GROUP | MESSAGE_OF)) == 0)
		verbs[verb].begin(asking);
	else if (group_is_sound(asking->message, &err))
		gather(group, asking);
	else
		requests_turn_away(asking, &err);
}

static void
take_message(struct asking asking, enum dispatch_verb verb, struct group **group)
{
	if (!admit(&asking, &verbs[verb]))
		return;
	log_event(asking.post->log, CREDIS_LOG_DEBUG, verbs[verb].name, "%s.%s from %.*s",
	    served_name(asking.served), asking.entry->keyword->name,
	    (int)asking.message->from.length,
	    asking.message->from.length > 0 ? asking.message->from.bytes : "");
	entry_hold(asking.entry);
	begin(&asking, verb, group);
	entry_release(asking.entry);
}

void
dispatch_payload(struct post *post, struct served *served, const struct slice *name,
    enum dispatch_verb verb, const char *payload, size_t length)
{
	struct asking asking = { .post = post, .served = served, .name = *name };
	struct message_reader reader;
	struct message message;
	struct group *group = NULL;
	struct credis_error err;
	enum message_next next;

	if (verb == DISPATCH_BARE) {
		mirror_dispatch(served, name, payload, length);
		return;
	}
	message_reader_init(&reader, payload, length);
	asking.message = &message;
	while ((next = message_next(&reader, &message, &err)) != MESSAGE_END) {
		/* The one before may have brought another description, from inside a callback. */
		asking.entry = registry_find(&served->registry, name->bytes, name->length);
		asking.peer = find_peer(post, &message);
		asking.now_us = store_now_us(&post->store);
		if (next == MESSAGE_MALFORMED) {
			err.code = CREDIS_EMALFORMED;
			served->counters.requests++;
			requests_turn_away(&asking, &err);
			break;
		}
		take_message(asking, verb, &group);
	}
	if (group != NULL)
		group_execute(group);
}

void
dispatch_refuse(struct post *post, struct served *served, const char *payload, size_t length,
    const struct credis_error *err)
{
	static const struct credis_error unknown = { CREDIS_EUNKNOWN,
		"asked too long ago to tell what became of it" };
	struct asking asking = { .post = post, .served = served };
	struct message_reader reader;
	struct message message;
	enum peer_verdict verdict;

	message_reader_init(&reader, payload, length);
	asking.message = &message;
	while (message_next(&reader, &message, NULL) == MESSAGE_READ) {
		asking.peer = find_peer(post, &message);
		asking.now_us = store_now_us(&post->store);
		if (is_duplicate(&asking, &verdict))
			continue;
		served->counters.requests++;
		requests_turn_away(&asking, verdict == PEER_NEW ? err : &unknown);
	}
}
