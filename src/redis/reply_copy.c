/* reply_copy.c: copies of replies in an arena, and the replies of the public header.
 * A struct credis_reply is a struct reply whose inside nobody may see. */
#include "redis/reply_copy.h"

#include "core/error.h"
#include "core/number.h"
#include "redis/arena.h"

#include <credis/reply.h>

#include <stdlib.h>
#include <string.h>

static bool
copy_items(struct arena *arena, struct reply *copy, const struct reply *reply)
{
	copy->items = arena_take(arena, reply->count * sizeof *copy->items);
	if (copy->items == NULL)
		return false;
	for (size_t n = 0; n < reply->count; n++) {
		copy->items[n] = reply_copy(arena, reply->items[n]);
		if (copy->items[n] == NULL)
			return false;
	}
	return true;
}

static bool
copy_text(struct arena *arena, struct reply *copy, const struct reply *reply)
{
	char *text = arena_take(arena, reply->length + 1);

	if (text == NULL)
		return false;
	memcpy(text, reply->text, reply->length);
	text[reply->length] = '\0';
	copy->text = text;
	return true;
}

/* As deep as the reader lets arrays be. */
struct reply *
reply_copy(struct arena *arena, const struct reply *reply)
{
	struct reply *copy = arena_take(arena, sizeof *copy);

	if (copy == NULL)
		return NULL;
	*copy = *reply;
	if (reply->text != NULL && !copy_text(arena, copy, reply))
		return NULL;
	if (reply->count > 0 && !copy_items(arena, copy, reply))
		return NULL;
	return copy;
}

static const struct reply *
inside(const struct credis_reply *reply)
{
	return (const struct reply *)reply;
}

enum credis_reply_kind
credis_reply_kind(const struct credis_reply *reply)
{
	static const enum credis_reply_kind kinds[] = {
		[REPLY_NIL] = CREDIS_REPLY_NIL,
		[REPLY_STATUS] = CREDIS_REPLY_STATUS,
		[REPLY_ERROR] = CREDIS_REPLY_ERROR,
		[REPLY_INTEGER] = CREDIS_REPLY_INTEGER,
		[REPLY_TEXT] = CREDIS_REPLY_TEXT,
		[REPLY_ARRAY] = CREDIS_REPLY_ARRAY,
	};

	return reply != NULL ? kinds[inside(reply)->kind] : CREDIS_REPLY_NIL;
}

const char *
credis_reply_text(const struct credis_reply *reply, size_t *length)
{
	if (length != NULL)
		*length = reply != NULL ? inside(reply)->length : 0;
	return reply != NULL ? inside(reply)->text : NULL;
}

bool
credis_reply_integer(const struct credis_reply *reply, int64_t *integer)
{
	return reply_integer(inside(reply), integer);
}

bool
credis_reply_real(const struct credis_reply *reply, double *real)
{
	const struct reply *in = inside(reply);

	if (in == NULL || in->kind == REPLY_ERROR)
		return false;
	if (in->kind == REPLY_INTEGER)
		*real = (double)in->integer;
	return in->kind == REPLY_INTEGER ||
	    (in->text != NULL && number_parse_double(in->text, in->length, real) == NUMBER_FINE);
}

size_t
credis_reply_count(const struct credis_reply *reply)
{
	return reply != NULL ? inside(reply)->count : 0;
}

const struct credis_reply *
credis_reply_element(const struct credis_reply *reply, size_t n)
{
	return (const struct credis_reply *)reply_item(inside(reply), n);
}

bool
credis_reply_fault(const struct credis_reply *reply, struct credis_error *err)
{
	struct credis_error why;

	if (!reply_is_error(inside(reply), NULL))
		return false;
	if (inside(reply)->integer != 0)
		error_set(&why, (enum credis_code)inside(reply)->integer, "%s",
		    inside(reply)->text);
	else
		reply_explain(inside(reply), &why);
	error_set(err, why.code, "%s", why.text);
	return true;
}

/* A copy that owns its memory: what is in the arena hangs on it. */
struct owned {
	struct reply reply;
	struct arena arena;
};

struct credis_reply *
credis_reply_copy(const struct credis_reply *reply)
{
	struct owned *owned = calloc(1, sizeof *owned);
	struct reply *copy = owned != NULL ? reply_copy(&owned->arena, inside(reply)) : NULL;

	if (copy == NULL) {
		credis_reply_free((struct credis_reply *)owned);
		return NULL;
	}
	owned->reply = *copy;
	return (struct credis_reply *)owned;
}

void
credis_reply_free(struct credis_reply *reply)
{
	struct owned *owned = (struct owned *)reply;

	if (owned != NULL)
		arena_free(&owned->arena);
	free(owned);
}
