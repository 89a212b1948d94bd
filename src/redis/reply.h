/* reply.h: one reply of a Redis server, as a tree that lives for one callback.
 * Flat ones are read directly, all others by hiredis' reader through our own object functions (reply.c);
 * no other file needs to know hiredis. */
#ifndef REDIS_REPLY_H
#define REDIS_REPLY_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum reply_kind {
	REPLY_NIL,
	REPLY_STATUS, /* +OK */
	REPLY_ERROR,  /* -ERR … */
	REPLY_INTEGER,
	REPLY_TEXT,
	REPLY_ARRAY,
};

struct reply {
	enum reply_kind kind;
	int64_t integer;  /* of an error: its code if it is ours, otherwise 0 */
	const char *text; /* of a status, error or text; terminated */
	size_t length;
	size_t count; /* of an array */
	struct reply **items;
};

/* Item n of an array, or a nil when there is none. Never NULL. */
const struct reply *reply_item(const struct reply *reply, size_t n);
bool reply_is_error(const struct reply *reply, const char *prefix); /* "OOM", or NULL for any */
bool reply_text_is(const struct reply *reply, const char *text);    /* in any case */

/* Reads a whole number out of an integer or text reply. */
bool reply_integer(const struct reply *reply, int64_t *integer);

/* What an error reply means for a person: fills 'err' with code CREDIS_ESTORE (or EUNREACHABLE for
 * NOAUTH, WRONGPASS, LOADING …) and a sentence: "the store is out of memory (maxmemory)". */
void reply_explain(const struct reply *reply, struct credis_error *err);

/* The reader. Its replies live until the next reply_reader_next() or _free(). */
struct reply_reader;
struct reply_reader *reply_reader_new(void);
void reply_reader_free(struct reply_reader *reader);

/* The bytes are lent until reply_reader_next() gives 0, or the next call of this. */
bool reply_reader_feed(struct reply_reader *reader, const void *bytes, size_t length,
    struct credis_error *err);

/* 1: '*reply' is the next one; 0: more bytes are needed; -1: not the protocol, see 'err'. */
int reply_reader_next(struct reply_reader *reader, const struct reply **reply,
    struct credis_error *err);

#endif
