/* driver_message.c: JSON in and out, with as little work a line as there can be: ten thousand may come in a
 * second. */
#include "driver_message.h"

#include "memory.h"
#include "refuse.h"

#include <event2/buffer.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define SECONDS_MAX 32503680000.0 /* the year 3000 */

void
driver_message_put_read(struct evbuffer *out, int64_t id, const char *keyword)
{
	evbuffer_add_printf(out, "{\"op\":\"read\",\"id\":%" PRId64 ",\"keyword\":\"%s\"}\n", id,
	    keyword);
}

void
driver_message_put_stop(struct evbuffer *out)
{
	evbuffer_add_printf(out, "{\"op\":\"stop\"}\n");
}

/* Whether the stored form is JSON as it stands. Of numbers, infinity and what is not one are not. */
static bool
is_json(const struct credis_keyword *keyword, const char *text, size_t length)
{
	switch (credis_keyword_type(keyword)) {
	case CREDIS_BOOLEAN:
	case CREDIS_INTEGER:
	case CREDIS_INTEGER_ARRAY:
	case CREDIS_STRING_ARRAY: return true;
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE:
	case CREDIS_FLOAT_ARRAY:
	case CREDIS_DOUBLE_ARRAY: return memchr(text, 'n', length) == NULL;
	case CREDIS_STRING:
	case CREDIS_ENUMERATED:
	case CREDIS_MASK:
	case CREDIS_TYPES: break;
	}
	return false;
}

void
driver_message_put_write(struct evbuffer *out, int64_t id, const struct credis_keyword *keyword,
    const char *text, size_t length)
{
	char *quoted = NULL;

	evbuffer_add_printf(out,
	    "{\"op\":\"write\",\"id\":%" PRId64 ",\"keyword\":\"%s\",\"value\":", id,
	    credis_keyword_name(keyword));
	if (!is_json(keyword, text, length)) {
		json_t *json = must(json_stringn_nocheck(text, length));

		text = quoted = must(json_dumps(json, JSON_ENCODE_ANY));
		length = strlen(quoted);
		json_decref(json);
	}
	evbuffer_add(out, text, length);
	evbuffer_add(out, "}\n", 2);
	free(quoted);
}

/* The value in a form that its type accepts. */
static bool
take_value(struct driver_message *message, const json_t *value, struct credis_error *err)
{
	switch (json_typeof(value)) {
	case JSON_STRING: message->value = json_string_value(value); break;
	case JSON_TRUE: message->value = "true"; break;
	case JSON_FALSE: message->value = "false"; break;
	case JSON_INTEGER:
		snprintf(message->number, sizeof message->number, "%" JSON_INTEGER_FORMAT,
		    json_integer_value(value));
		message->value = message->number;
		break;
	case JSON_REAL:
		snprintf(message->number, sizeof message->number, "%.17g", json_real_value(value));
		message->value = message->number;
		break;
	case JSON_ARRAY:
		message->value = message->array = must(json_dumps(value, JSON_COMPACT));
		break;
	case JSON_OBJECT:
	case JSON_NULL: return refuse(err, "value is neither text, number, boolean nor array");
	}
	message->length = strlen(message->value);
	return true;
}

static bool
take_time(struct driver_message *message, const json_t *time, struct credis_error *err)
{
	double seconds = json_number_value(time);

	if (!json_is_number(time) || !(seconds > 0 && seconds < SECONDS_MAX))
		return refuse(err, "time is not in seconds since 1970");
	message->time_us = (int64_t)(seconds * 1e6 + 0.5);
	return true;
}

static bool
take_severity(struct driver_message *message, const json_t *severity, struct credis_error *err)
{
	message->has_severity = true;
	return (json_is_string(severity) &&
		   credis_severity_find(json_string_value(severity), &message->severity)) ||
	    refuse(err, "severity is not none, minor, major or invalid");
}

static bool
take_text(const char **text, const json_t *json, const char *name, struct credis_error *err)
{
	*text = json_string_value(json);
	return *text != NULL || refuse(err, "%s is not text", name);
}

static bool
take_member(struct driver_message *message, const char *name, const json_t *json,
    struct credis_error *err)
{
	if (strcmp(name, "keyword") == 0)
		return take_text(&message->keyword, json, name, err);
	if (strcmp(name, "value") == 0)
		return take_value(message, json, err);
	if (strcmp(name, "id") == 0) {
		message->kind = DRIVER_ANSWER;
		message->id = json_integer_value(json);
		return json_is_integer(json) || refuse(err, "id is not a whole number");
	}
	if (strcmp(name, "error") == 0)
		return take_text(&message->error, json, name, err);
	if (strcmp(name, "time") == 0)
		return take_time(message, json, err);
	if (strcmp(name, "severity") == 0)
		return take_severity(message, json, err);
	if (strcmp(name, "reason") == 0)
		return take_text(&message->reason, json, name, err);
	if (strcmp(name, "log") == 0)
		return take_text(&message->log, json, name, err);
	/* It may be of a newer version. */
	return true;
}

static bool
has_sense(struct driver_message *message, struct credis_error *err)
{
	if (message->kind == DRIVER_ANSWER)
		return true;
	if (message->keyword != NULL) {
		message->kind = DRIVER_VALUE;
		return message->value != NULL || message->has_severity ||
		    refuse(err, "%.64s: neither value nor severity", message->keyword);
	}
	message->kind = DRIVER_LOG;
	return message->log != NULL || refuse(err, "neither id, keyword nor log");
}

bool
driver_message_parse(struct driver_message *message, const char *line, size_t length,
    struct credis_error *err)
{
	json_error_t why;
	const char *name;
	json_t *member;
	bool ok = true;

	*message = (struct driver_message){ .kind = DRIVER_LOG };
	message->json = json_loadb(line, length, 0, &why);
	if (!json_is_object(message->json)) {
		json_decref(message->json);
		return refuse(err, "%s: %.60s", message->json != NULL ? "no JSON object" : why.text,
		    line);
	}
	json_object_foreach(message->json, name, member) ok =
	    ok && take_member(message, name, member, err);
	if (ok && has_sense(message, err))
		return true;
	driver_message_clear(message);
	return false;
}

void
driver_message_clear(struct driver_message *message)
{
	json_decref(message->json);
	free(message->array);
}
