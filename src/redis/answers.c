/* answers.c: the answers of several commands put together: each in its place, faults as errors of ours.
 * Knows places and counts; nothing of commands. */
#include "redis/answers.h"

#include "core/error.h"
#include "redis/arena.h"
#include "redis/reply_copy.h"
#include "redis/store_inside.h"

#include <stdlib.h>
#include <string.h>

struct answers {
	enum answers_kind kind;
	credis_reply_cb *cb;
	void *arg;
	struct arena arena;
	size_t parts;                /* that have not ended */
	size_t taken;                /* those that were not refused */
	struct reply reply;          /* the array */
	struct credis_error refusal; /* the first */
	struct reply *items[];
};

struct part {
	struct answers *answers;
	size_t count;
	size_t done;
	size_t places[];
};

struct answers *
answers_new(enum answers_kind kind, size_t count, credis_reply_cb *cb, void *arg)
{
	struct answers *answers = calloc(1, sizeof *answers + count * sizeof(struct reply *));

	if (answers == NULL)
		return NULL;
	answers->kind = kind;
	answers->cb = cb;
	answers->arg = arg;
	answers->parts = 1; /* until answers_begin() */
	answers->reply =
	    (struct reply){ .kind = REPLY_ARRAY, .count = count, .items = answers->items };
	return answers;
}

static void
answers_free(struct answers *answers)
{
	arena_free(&answers->arena);
	free(answers);
}

static void
first_fault(const struct answers *answers, struct credis_error *err)
{
	err->code = CREDIS_OK;
	err->text[0] = '\0';
	for (size_t n = 0; n < answers->reply.count; n++) {
		if (credis_reply_fault((const struct credis_reply *)answers->items[n], err))
			return;
	}
}

/* NULL when there are faults only. */
static const struct reply *
answers_whole(struct answers *answers)
{
	struct reply *reply = &answers->reply;
	struct reply *whole = NULL;
	int64_t sum = 0, integer;

	if (answers->kind == ANSWERS_EACH || answers->kind == ANSWERS_LIST)
		return reply;
	for (size_t n = 0; n < reply->count; n++) {
		if (reply->items[n] == NULL || reply_is_error(reply->items[n], NULL))
			continue;
		whole = reply->items[n];
		sum += reply_integer(whole, &integer) ? integer : 0;
	}
	if (whole != NULL && answers->kind == ANSWERS_SUM)
		*whole = (struct reply){ .kind = REPLY_INTEGER, .integer = sum };
	return whole;
}

static void
answers_part_ended(struct answers *answers)
{
	struct credis_error err;

	if (--answers->parts > 0)
		return;
	first_fault(answers, &err);
	if (answers->cb != NULL)
		answers->cb(answers->arg, (const struct credis_reply *)answers_whole(answers),
		    &err);
	answers_free(answers);
}

bool
answers_begin(struct answers *answers, struct credis_error *err)
{
	if (answers->taken > 0) {
		answers_part_ended(answers);
		return true;
	}
	error_set(err, answers->refusal.code, "%s", answers->refusal.text);
	answers_free(answers);
	return false;
}

struct part *
part_new(struct answers *answers, size_t count)
{
	struct part *part = malloc(sizeof *part + count * sizeof part->places[0]);

	if (part == NULL)
		return NULL;
	part->answers = answers;
	part->count = part->done = 0;
	answers->parts++;
	answers->taken++;
	return part;
}

void
part_add(struct part *part, size_t place)
{
	part->places[part->count++] = place;
}

size_t
part_count(const struct part *part)
{
	return part->count;
}

static struct reply no_memory = { .kind = REPLY_ERROR,
	.integer = CREDIS_ENOMEM,
	.text = "out of memory",
	.length = 13 };

void
answers_lack(struct answers *answers, size_t place)
{
	answers->items[place] = &no_memory;
	if (answers->refusal.code == CREDIS_OK)
		error_no_memory(&answers->refusal);
}

static void
part_put(struct part *part, const struct reply *reply, const struct credis_error *err)
{
	struct answers *answers = part->answers;
	struct reply fault = { .kind = REPLY_ERROR, .integer = err->code, .text = err->text };
	struct reply *copy;

	fault.length = strlen(err->text);
	copy = reply_copy(&answers->arena, reply != NULL ? reply : &fault);
	answers->items[part->places[part->done++]] = copy != NULL ? copy : &no_memory;
}

void
on_part_each(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	part_put(arg, (const struct reply *)reply, err);
}

/* Without a reply it is the end of all that have none yet. */
void
on_part_last(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct part *part = arg;
	struct answers *answers = part->answers;

	const struct reply *whole = (const struct reply *)reply;
	bool list = answers->kind == ANSWERS_LIST && whole != NULL && whole->kind == REPLY_ARRAY;

	while (part->done < part->count)
		part_put(part, list ? reply_item(whole, part->done) : whole, err);
	free(part);
	answers_part_ended(answers);
}

void
part_refuse(struct part *part, const struct credis_error *err)
{
	struct answers *answers = part->answers;

	if (answers->refusal.code == CREDIS_OK)
		answers->refusal = *err;
	while (part->done < part->count)
		part_put(part, NULL, err);
	free(part);
	answers->parts--;
	answers->taken--;
}
