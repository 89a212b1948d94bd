/* reply.c: replies as trees, built by hiredis' reader in an arena of ours.
 * Knows hiredis, and what a reply may cost; what replies mean is explain.c's and others'. */
#include "redis/reply.h"

#include "core/error.h"
#include "core/number.h"
#include "core/text.h"
#include "redis/arena.h"

#include <hiredis.h>
#include <stdlib.h>
#include <string.h>

enum {
	REPLY_MAX = 64 * 1024 * 1024, /* bytes of one reply, received or built */
	LINE_MAX_BYTES = 64 * 1024,   /* of a line; hiredis looks from its start each time */
	READER_IDLE = 64 * 1024,      /* bytes of its buffer the reader may keep */
	DEPTH_MAX = 7,                /* arrays in arrays; what hiredis 0.14 can do */
};

struct reply_reader {
	redisReader *hiredis;
	struct arena arena;
	const char *refusal; /* why an object function gave NULL; NULL: no memory */
	bool complete;       /* the arena holds a reply already given out */
};

static const struct reply nothing = { .kind = REPLY_NIL };

const struct reply *
reply_item(const struct reply *reply, size_t n)
{
	if (reply == NULL || reply->kind != REPLY_ARRAY || n >= reply->count)
		return &nothing;
	return reply->items[n];
}

bool
reply_is_error(const struct reply *reply, const char *prefix)
{
	size_t length;

	if (reply == NULL || reply->kind != REPLY_ERROR)
		return false;
	if (prefix == NULL)
		return true;
	length = strlen(prefix);
	return strncmp(reply->text, prefix, length) == 0 &&
	    (reply->text[length] == ' ' || reply->text[length] == '\0');
}

static bool
has_text(const struct reply *reply)
{
	return reply != NULL && (reply->kind == REPLY_STATUS || reply->kind == REPLY_TEXT);
}

bool
reply_text_is(const struct reply *reply, const char *text)
{
	return has_text(reply) && text_equal_nocase(reply->text, reply->length, text, strlen(text));
}

bool
reply_integer(const struct reply *reply, int64_t *integer)
{
	if (reply != NULL && reply->kind == REPLY_INTEGER) {
		*integer = reply->integer;
		return true;
	}
	return has_text(reply) &&
	    number_parse_integer(reply->text, reply->length, integer) == NUMBER_FINE;
}

/* The object functions of the reader. NULL makes it stop with an error, which 'refusal' words. */

static void *
refuse(const redisReadTask *task, const char *why)
{
	struct reply_reader *reader = task->privdata;

	reader->refusal = why;
	return NULL;
}

static void *
take(const redisReadTask *task, size_t length)
{
	struct reply_reader *reader = task->privdata;

	if (length > REPLY_MAX - reader->arena.total)
		return refuse(task, "it is larger than 64 MiB");
	return arena_take(&reader->arena, length);
}

/* A new reply, in its place in the array it belongs to; 'extra' bytes follow it. */
static struct reply *
build(const redisReadTask *task, enum reply_kind kind, size_t extra)
{
	struct reply *reply;

	if (extra > REPLY_MAX)
		return refuse(task, "it is larger than 64 MiB");
	reply = take(task, sizeof *reply + extra);
	if (reply == NULL)
		return NULL;
	*reply = (struct reply){ .kind = kind };
	if (task->parent != NULL)
		((struct reply *)task->parent->obj)->items[task->idx] = reply;
	return reply;
}

static void *
create_string(const redisReadTask *task, char *bytes, size_t length)
{
	enum reply_kind kind = REPLY_TEXT;
	struct reply *reply;
	char *text;

	if (task->type == REDIS_REPLY_STATUS)
		kind = REPLY_STATUS;
	else if (task->type == REDIS_REPLY_ERROR)
		kind = REPLY_ERROR;
	else if (task->type != REDIS_REPLY_STRING)
		return refuse(task, "it holds a type that RESP2 does not have");

	reply = build(task, kind, length + 1);
	if (reply == NULL)
		return NULL;
	text = (char *)(reply + 1);
	memcpy(text, bytes, length);
	text[length] = '\0';
	reply->text = text;
	reply->length = length;
	return reply;
}

#if HIREDIS_MAJOR >= 1
typedef size_t element_count;
#else
typedef int element_count;
#endif

static void *
create_array(const redisReadTask *task, element_count elements)
{
	size_t count = (size_t)elements;
	unsigned depth = 0;
	struct reply *reply;

	if (task->type != REDIS_REPLY_ARRAY)
		return refuse(task, "it holds a type that RESP2 does not have");
	for (const redisReadTask *up = task; up != NULL; up = up->parent)
		depth++;
	if (depth > DEPTH_MAX)
		return refuse(task, "its arrays are nested more than 7 deep");
	if (count > REPLY_MAX / sizeof(struct reply *))
		return refuse(task, "it is larger than 64 MiB");

	reply = build(task, REPLY_ARRAY, count * sizeof(struct reply *));
	if (reply == NULL)
		return NULL;
	reply->count = count;
	reply->items = (struct reply **)(reply + 1);
	return reply;
}

static void *
create_integer(const redisReadTask *task, long long integer)
{
	struct reply *reply = build(task, REPLY_INTEGER, 0);

	if (reply != NULL)
		reply->integer = integer;
	return reply;
}

static void *
create_nil(const redisReadTask *task)
{
	return build(task, REPLY_NIL, 0);
}

#if HIREDIS_MAJOR >= 1
static void *
create_double(const redisReadTask *task, double real, char *text, size_t length)
{
	(void)real, (void)text, (void)length;
	return refuse(task, "it holds a type that RESP2 does not have");
}

static void *
create_bool(const redisReadTask *task, int truth)
{
	(void)truth;
	return refuse(task, "it holds a type that RESP2 does not have");
}
#endif

static void
forget(void *object)
{
	(void)object; /* the arena's */
}

static redisReplyObjectFunctions functions = {
	.createString = create_string,
	.createArray = create_array,
	.createInteger = create_integer,
	.createNil = create_nil,
#if HIREDIS_MAJOR >= 1
	.createDouble = create_double,
	.createBool = create_bool,
#endif
	.freeObject = forget,
};

struct reply_reader *
reply_reader_new(void)
{
	struct reply_reader *reader = calloc(1, sizeof *reader);

	if (reader == NULL)
		return NULL;
	reader->hiredis = redisReaderCreateWithFunctions(&functions);
	if (reader->hiredis == NULL) {
		free(reader);
		return NULL;
	}
	reader->hiredis->privdata = reader;
	reader->hiredis->maxbuf = READER_IDLE;
	return reader;
}

void
reply_reader_free(struct reply_reader *reader)
{
	if (reader == NULL)
		return;
	redisReaderFree(reader->hiredis);
	arena_free(&reader->arena);
	free(reader);
}

static bool
not_the_protocol(struct credis_error *err, const char *why)
{
	return error_set(err, CREDIS_EPROTOCOL, "a reply cannot be understood: %s", why);
}

/* hiredis would go on collecting bytes for ever. */
static bool
waits_for_too_much(const redisReader *hiredis, struct credis_error *err)
{
	size_t waiting = hiredis->len - hiredis->pos;

	if (waiting > REPLY_MAX)
		return !not_the_protocol(err, "it is larger than 64 MiB");
	if (waiting > LINE_MAX_BYTES &&
	    memchr(hiredis->buf + hiredis->pos, '\r', LINE_MAX_BYTES) == NULL)
		return !not_the_protocol(err, "it has a line of more than 64 KiB");
	return false;
}

bool
reply_reader_feed(struct reply_reader *reader, const void *bytes, size_t length,
    struct credis_error *err)
{
	if (redisReaderFeed(reader->hiredis, bytes, length) != REDIS_OK)
		return error_no_memory(err);
	return true;
}

/* The reader's sentence without its "Protocol error, ". */
static const char *
fault(const redisReader *hiredis)
{
	const char *comma = strstr(hiredis->errstr, "error, ");

	return comma != NULL ? comma + strlen("error, ") : hiredis->errstr;
}

static int
fail(const struct reply_reader *reader, struct credis_error *err)
{
	if (reader->refusal != NULL)
		not_the_protocol(err, reader->refusal);
	else if (reader->hiredis->err == REDIS_ERR_OOM)
		error_no_memory(err);
	else
		not_the_protocol(err, fault(reader->hiredis));
	return -1;
}

int
reply_reader_next(struct reply_reader *reader, const struct reply **reply, struct credis_error *err)
{
	void *object = NULL;

	if (reader->complete) {
		arena_reset(&reader->arena);
		reader->complete = false;
	}
	if (redisReaderGetReply(reader->hiredis, &object) != REDIS_OK)
		return fail(reader, err);
	if (object == NULL)
		return waits_for_too_much(reader->hiredis, err) ? -1 : 0;
	reader->complete = true;
	*reply = object;
	return 1;
}
