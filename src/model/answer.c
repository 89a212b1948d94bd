/* answer.c: what a server replied, as an answer of a model: nil, a number, values.
 * Knows the shapes of replies; what is stored becomes text again in core/serial.c. */
#include "model/answer.h"

#include "core/error.h"
#include "core/text.h"

#include <stdlib.h>

typedef bool reading(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err);

static bool
refuse_reply(struct credis_error *err)
{
	return error_set(err, CREDIS_EPROTOCOL, "the store answered with something else");
}

static bool
read_done(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	(void)serializer, (void)reply, (void)err;
	answer->kind = CREDIS_ANSWER_DONE;
	return true;
}

static bool
read_integer(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];
	size_t length;
	const char *text = credis_reply_text(reply, &length);

	(void)serializer;
	answer->kind = CREDIS_ANSWER_INTEGER;
	if (credis_reply_integer(reply, &answer->integer))
		return true;
	if (text == NULL)
		return refuse_reply(err);
	return error_set(err, CREDIS_ETYPE, "'%s' is not a whole number",
	    text_quote(quoted, text, length, ERROR_QUOTE));
}

static bool
read_real(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	(void)serializer;
	answer->kind = CREDIS_ANSWER_REAL;
	return credis_reply_real(reply, &answer->real) || refuse_reply(err);
}

static bool
make_items(struct credis_answer *answer, size_t count, struct credis_error *err)
{
	if (count == 0)
		return true;
	answer->items = calloc(count, sizeof *answer->items);
	return answer->items != NULL || error_no_memory(err);
}

/* What the serializer cannot read is kept as it is, and the first of its kind is told. */
static bool
add_item(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	struct credis_item *item = (struct credis_item *)&answer->items[answer->count];
	struct credis_error why;
	size_t length;
	const char *stored = credis_reply_text(reply, &length);

	if (stored == NULL)
		return refuse_reply(err);
	item->text = credis_deserialize(serializer, stored, length, &item->length, &why);
	if (item->text == NULL && why.code == CREDIS_ETYPE) {
		if (err->code == CREDIS_OK)
			*err = why;
		item->text = text_copy(stored, length);
		item->length = length;
	}
	if (item->text == NULL)
		return error_no_memory(err);
	answer->count++;
	return true;
}

static bool
read_value(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	answer->kind = CREDIS_ANSWER_VALUE;
	return make_items(answer, 1, err) && add_item(answer, serializer, reply, err);
}

static bool
begin_values(struct credis_answer *answer, const struct credis_reply *reply, size_t count,
    struct credis_error *err)
{
	answer->kind = CREDIS_ANSWER_VALUES;
	if (credis_reply_kind(reply) != CREDIS_REPLY_ARRAY)
		return refuse_reply(err);
	return make_items(answer, count, err);
}

static bool
read_values(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	size_t count = credis_reply_count(reply);

	if (!begin_values(answer, reply, count, err))
		return false;
	for (size_t n = 0; n < count; n++) {
		if (!add_item(answer, serializer, credis_reply_element(reply, n), err))
			return false;
	}
	return true;
}

static bool
set_field(struct credis_item *item, const struct credis_reply *reply, struct credis_error *err)
{
	const char *field = credis_reply_text(reply, &item->field_length);

	if (field == NULL)
		return refuse_reply(err);
	item->field = text_copy(field, item->field_length);
	return item->field != NULL || error_no_memory(err);
}

/* Two elements an item: the field and the value, or the value and the score. */
static bool
read_pairs(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, bool fields, struct credis_error *err)
{
	size_t count = credis_reply_count(reply) / 2;

	if (!begin_values(answer, reply, count, err))
		return false;
	for (size_t n = 0; n < count; n++) {
		const struct credis_reply *first = credis_reply_element(reply, 2 * n);
		const struct credis_reply *second = credis_reply_element(reply, 2 * n + 1);
		struct credis_item *item = (struct credis_item *)&answer->items[n];

		if (!add_item(answer, serializer, fields ? second : first, err))
			return false;
		if (fields && !set_field(item, first, err))
			return false;
		if (!fields && !credis_reply_real(second, &item->score))
			return refuse_reply(err);
	}
	return true;
}

static bool
read_fields(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	return read_pairs(answer, serializer, reply, true, err);
}

static bool
read_scored(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	answer->scored = true;
	return read_pairs(answer, serializer, reply, false, err);
}

static bool
read_lowest(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	bool ok = read_scored(answer, serializer, reply, err);

	answer->kind = answer->count > 0 ? CREDIS_ANSWER_VALUE : CREDIS_ANSWER_NIL;
	return ok;
}

/* Of what was waited for the key comes first, of which there is one. */
static bool
read_taken(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	bool waited = credis_reply_kind(reply) == CREDIS_REPLY_ARRAY;

	return read_value(answer, serializer, waited ? credis_reply_element(reply, 1) : reply, err);
}

static bool
read_awaited(struct credis_answer *answer, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	if (credis_reply_count(reply) != 3)
		return read_lowest(answer, serializer, reply, err);
	if (!read_taken(answer, serializer, reply, err))
		return false;
	answer->scored = true;
	return credis_reply_real(credis_reply_element(reply, 2),
		   &((struct credis_item *)answer->items)->score) ||
	    refuse_reply(err);
}

static reading *const readings[] = {
	[CREDIS_GIVES_DONE] = read_done,
	[CREDIS_GIVES_INTEGER] = read_integer,
	[CREDIS_GIVES_REAL] = read_real,
	[CREDIS_GIVES_VALUE] = read_value,
	[CREDIS_GIVES_VALUES] = read_values,
	[CREDIS_GIVES_FIELDS] = read_fields,
	[CREDIS_GIVES_SCORED] = read_scored,
	[CREDIS_GIVES_LOWEST] = read_lowest,
	[CREDIS_GIVES_TAKEN] = read_taken,
	[CREDIS_GIVES_AWAITED] = read_awaited,
};

struct credis_answer *
answer_new(enum credis_gives gives, enum credis_serializer serializer,
    const struct credis_reply *reply, struct credis_error *err)
{
	struct credis_answer *answer = calloc(1, sizeof *answer);

	*err = (struct credis_error){ .code = CREDIS_OK };
	if (answer == NULL) {
		error_no_memory(err);
		return NULL;
	}
	if (credis_reply_kind(reply) == CREDIS_REPLY_NIL)
		return answer;
	if (readings[gives](answer, serializer, reply, err))
		return answer;
	answer_free(answer);
	return NULL;
}

struct credis_answer *
answer_of(char *text, size_t length)
{
	struct credis_answer *answer = calloc(1, sizeof *answer);

	if (answer == NULL || text == NULL)
		return answer;
	answer->kind = CREDIS_ANSWER_VALUE;
	if (make_items(answer, 1, NULL)) {
		*(struct credis_item *)answer->items =
		    (struct credis_item){ .text = text, .length = length };
		answer->count = 1;
		return answer;
	}
	free(answer);
	return NULL;
}

void
answer_free(struct credis_answer *answer)
{
	if (answer == NULL)
		return;
	for (size_t n = 0; n < answer->count; n++) {
		free((char *)answer->items[n].text);
		free((char *)answer->items[n].field);
	}
	free((struct credis_item *)answer->items);
	free(answer);
}
