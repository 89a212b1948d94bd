/* stored.c: the fields of a keyword's hash. What was never written is a reading with sequence 0. */
#include "client/stored.h"

#include "core/message.h"
#include "redis/command.h"

#include <stdlib.h>
#include <string.h>

/* In the order of the command. */
enum { VALUE, TIME, SEQ, SEVERITY, REASON };

void
stored_ask(struct buffer *out, const char *ns, const struct names_pair *name)
{
	struct name key;

	names_keyword(&key, ns, name->service, name->keyword, NAMES_VALUE);
	command_texts(out, "HMGET", key.text, "value", "time", "seq", "severity", "reason", NULL);
}

static void
read_value(struct credis_reading *reading, const struct reply *reply)
{
	const struct reply *value = reply_item(reply, VALUE), *time = reply_item(reply, TIME);
	const struct reply *reason = reply_item(reply, REASON);
	int64_t seq;

	reading->text = value->text;
	reading->length = value->length;
	if (reply_integer(reply_item(reply, SEQ), &seq) && seq > 0)
		reading->seq = (uint64_t)seq;
	if (time->kind == REPLY_TEXT)
		message_parse_time(time->text, time->length, &reading->time_us);
	if (reply_item(reply, SEVERITY)->kind == REPLY_TEXT)
		credis_severity_find(reply_item(reply, SEVERITY)->text, &reading->severity);
	if (reason->kind == REPLY_TEXT)
		reading->reason = reason->text;
}

void
stored_read(struct credis_reading *reading, const struct names_pair *name,
    const struct reply *reply)
{
	*reading = (struct credis_reading){
		.service = name->service,
		.keyword = name->keyword,
		.text = "",
		.reason = "",
	};
	if (reply_item(reply, VALUE)->kind == REPLY_TEXT)
		read_value(reading, reply);
}

static char *
put(char *at, const char **text, size_t length)
{
	memcpy(at, *text, length);
	at[length] = '\0';
	*text = at;
	return at + length + 1;
}

struct credis_reading *
stored_copy(const struct credis_reading *reading)
{
	size_t service = strlen(reading->service), keyword = strlen(reading->keyword);
	size_t reason = strlen(reading->reason);
	struct credis_reading *copy;
	char *at;

	copy = malloc(sizeof(*copy) + service + keyword + reason + reading->length + 4);
	if (copy == NULL)
		return NULL;
	*copy = *reading;
	at = (char *)(copy + 1);
	at = put(at, &copy->service, service);
	at = put(at, &copy->keyword, keyword);
	at = put(at, &copy->reason, reason);
	put(at, &copy->text, reading->length);
	return copy;
}
