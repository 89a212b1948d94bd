/* reply.c: replies as trees in an arena of ours, built directly or by hiredis' reader.
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
	FEED = 1024,                  /* bytes hiredis is given first */
	SHORT_ITEMS = 8,
	SHORT_DIGITS = 18,
};

struct reply_reader {
	redisReader *hiredis;
	struct arena arena;
	const char *refusal; /* why an object function gave NULL; NULL: no memory */
	bool complete;       /* the arena holds a reply already given out */
	const char *at;      /* of the bytes lent, those that nobody has read yet … */
	const char *end;
	size_t lent; /* … and how many of them hiredis was given, at most */
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
	return has_text(reply) &&
	    (strcmp(reply->text, text) == 0 ||
		text_equal_nocase(reply->text, reply->length, text, strlen(text)));
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

/* The short way, for flat replies that are all there: almost every reply is one, and hiredis takes four
 * times as long. What is out of the ordinary in any way is left to hiredis, bad or good. */

struct item {
	enum reply_kind kind;
	int64_t integer; /* or the length */
	const char *text;
};

/* Reads "<number>\r\n"; NULL when it is not that or not all there. */
static const char *
scan_line(const char *at, const char *end, int64_t *number)
{
	const char *first = at;
	int64_t sum = 0;

	for (; at < end && *at >= '0' && *at <= '9'; at++)
		if (at - first < SHORT_DIGITS)
			sum = sum * 10 + (*at - '0');
	if (at == first || at - first > SHORT_DIGITS || (*first == '0' && at - first > 1) ||
	    end - at < 2 || at[0] != '\r' || at[1] != '\n')
		return NULL;
	*number = sum;
	return at + 2;
}

static const char *
scan_item(const char *at, const char *end, struct item *item)
{
	char mark = at < end ? *at : '\0';

	if (mark != ':' && mark != '$')
		return NULL;
	item->kind = mark == ':' ? REPLY_INTEGER : REPLY_TEXT;
	item->text = at = scan_line(at + 1, end, &item->integer);
	if (at == NULL || item->kind == REPLY_INTEGER)
		return at;
	if (end - at - 2 < item->integer)
		return NULL;
	at += item->integer;
	return at[0] == '\r' && at[1] == '\n' ? at + 2 : NULL;
}

/* Fills a reply from an item; its text goes to 'room'. Returns where that ends. */
static char *
fill(struct reply *reply, const struct item *item, char *room)
{
	*reply = (struct reply){ .kind = item->kind, .integer = item->integer };
	if (item->kind == REPLY_INTEGER)
		return room;
	reply->integer = 0;
	reply->text = room;
	reply->length = (size_t)item->integer;
	memcpy(room, item->text, reply->length);
	room[reply->length] = '\0';
	return room + reply->length + 1;
}

static struct reply *
build_short(struct reply_reader *reader, const struct item *items, size_t count, bool array)
{
	size_t heads = count + array, texts = 0;
	struct reply *reply;
	char *room;

	for (size_t n = 0; n < count; n++)
		texts += items[n].kind == REPLY_TEXT ? (size_t)items[n].integer + 1 : 0;
	reply = arena_take(&reader->arena,
	    heads * sizeof *reply + count * sizeof(struct reply *) + texts);
	if (reply == NULL)
		return NULL;
	room = (char *)(reply + heads) + count * sizeof(struct reply *);
	for (size_t n = 0; n < count; n++)
		room = fill(reply + array + n, &items[n], room);
	if (!array)
		return reply;
	*reply = (struct reply){ .kind = REPLY_ARRAY, .count = count };
	reply->items = (struct reply **)(reply + heads);
	for (size_t n = 0; n < count; n++)
		reply->items[n] = reply + 1 + n;
	return reply;
}

/* NULL: not this time. */
static struct reply *
next_short(struct reply_reader *reader)
{
	struct item items[SHORT_ITEMS];
	const char *at = reader->at;
	bool array = *at == '*';
	int64_t count = 1;
	struct reply *reply;

	if (array)
		at = scan_line(at + 1, reader->end, &count);
	if (count > SHORT_ITEMS)
		return NULL;
	for (int64_t n = 0; n < count && at != NULL; n++)
		at = scan_item(at, reader->end, &items[n]);
	if (at == NULL)
		return NULL;
	reply = build_short(reader, items, (size_t)count, array);
	if (reply != NULL)
		reader->at = at;
	return reply;
}

/* The long way. */

static bool
is_idle(const redisReader *hiredis)
{
	return hiredis->pos == hiredis->len && hiredis->ridx == -1;
}

/* Gives hiredis more: about as much as it has, since it moves what is left again and again. */
static bool
give(struct reply_reader *reader, size_t most)
{
	size_t piece = (size_t)(reader->end - reader->at);

	if (piece > most)
		piece = most;
	if (redisReaderFeed(reader->hiredis, reader->at, piece) != REDIS_OK)
		return false;
	reader->at += piece;
	reader->lent += piece;
	return true;
}

/* Takes back what hiredis was given and did not need, so that the short way can go on from there. */
static void
take_back(struct reply_reader *reader)
{
	size_t left = reader->hiredis->len - reader->hiredis->pos;

	if (left > reader->lent)
		return;
	reader->at -= left;
	reader->lent -= left;
	reader->hiredis->pos = reader->hiredis->len;
}

bool
reply_reader_feed(struct reply_reader *reader, const void *bytes, size_t length,
    struct credis_error *err)
{
	if (reader->at < reader->end && !give(reader, SIZE_MAX))
		return error_no_memory(err);
	reader->at = bytes;
	reader->end = reader->at + length;
	reader->lent = 0;
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
	redisReader *hiredis = reader->hiredis;
	void *object = NULL;

	if (reader->complete) {
		arena_reset(&reader->arena);
		reader->complete = false;
	}
	if (is_idle(hiredis) && reader->at < reader->end)
		object = next_short(reader);
	while (object == NULL) {
		if (redisReaderGetReply(hiredis, &object) != REDIS_OK)
			return fail(reader, err);
		if (object != NULL)
			take_back(reader);
		else if (waits_for_too_much(hiredis, err))
			return -1;
		else if (reader->at == reader->end)
			return 0;
		else if (!give(reader, hiredis->len < FEED ? FEED : hiredis->len)) {
			error_no_memory(err);
			return -1;
		}
	}
	reader->complete = true;
	*reply = object;
	return 1;
}
