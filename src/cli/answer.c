/* answer.c: how the answer of a shared data structure is printed, as text and as JSON. */
#include "answer.h"

#include "object.h"
#include "session.h"
#include "text.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { REAL_TEXT = 40 };

#define PLAIN_BELOW 1e15 /* all digits count */

/* A whole number plainly; otherwise the shortest that reads back as the same. */
static const char *
print_real(char text[REAL_TEXT], double real)
{
	if (fabs(real) < PLAIN_BELOW && real == trunc(real)) {
		snprintf(text, REAL_TEXT, "%.0f", real);
		return text;
	}
	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, REAL_TEXT, "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	return text;
}

static void
print_bytes(struct session *session, const char *text, size_t length)
{
	FILE *to = session_out(session);

	if (isatty(STDOUT_FILENO))
		text_print(to, text, length);
	else
		fwrite(text, 1, length, to);
}

void
answer_line(struct session *session, const char *text, size_t length)
{
	print_bytes(session, text, length);
	putc('\n', session_out(session));
}

void
answer_member(struct object *object, const char *name, enum credis_serializer serializer,
    const char *text, size_t length)
{
	char *json = NULL;
	size_t json_length;

	if (serializer != CREDIS_AS_RAW && serializer != CREDIS_AS_TEXT)
		json = credis_serialize(CREDIS_AS_JSON, text, length, &json_length, NULL);
	if (json != NULL)
		object_json(object, name, json);
	else
		object_data(object, name, text, length);
	free(json);
}

static void
add_real(struct object *object, const char *name, double real)
{
	char text[REAL_TEXT];

	if (isfinite(real))
		object_json(object, name, print_real(text, real));
	else
		object_text(object, name, print_real(text, real));
}

static void
print_item_json(struct session *session, const char *key, enum credis_serializer serializer,
    const struct credis_answer *answer, const struct credis_item *item)
{
	struct object object = object_open(session_out(session));

	object_text(&object, "key", key);
	if (item->field != NULL)
		object_data(&object, "field", item->field, item->field_length);
	answer_member(&object, "value", serializer, item->text, item->length);
	if (answer->scored)
		add_real(&object, "score", item->score);
	object_close(&object);
}

/* "value", "field = value", "value = score". */
static void
print_item(struct session *session, const struct credis_answer *answer,
    const struct credis_item *item)
{
	char score[REAL_TEXT];

	if (item->field != NULL) {
		print_bytes(session, item->field, item->field_length);
		fputs(" = ", session_out(session));
	}
	print_bytes(session, item->text, item->length);
	if (answer->scored && answer->kind == CREDIS_ANSWER_VALUES)
		fprintf(session_out(session), " = %s", print_real(score, item->score));
	putc('\n', session_out(session));
}

static void
print_json(struct session *session, const char *key, const struct credis_answer *answer)
{
	struct object object = object_open(session_out(session));

	object_text(&object, "key", key);
	switch (answer->kind) {
	case CREDIS_ANSWER_NIL: object_json(&object, "value", "null"); break;
	case CREDIS_ANSWER_DONE: object_json(&object, "done", "true"); break;
	case CREDIS_ANSWER_INTEGER: object_integer(&object, "value", answer->integer); break;
	case CREDIS_ANSWER_REAL: add_real(&object, "value", answer->real); break;
	case CREDIS_ANSWER_VALUE:
	case CREDIS_ANSWER_VALUES: break;
	}
	object_close(&object);
}

static void
print_text(struct session *session, const struct credis_answer *answer)
{
	char text[REAL_TEXT];

	if (answer->kind == CREDIS_ANSWER_INTEGER)
		fprintf(session_out(session), "%" PRId64 "\n", answer->integer);
	if (answer->kind == CREDIS_ANSWER_REAL)
		fprintf(session_out(session), "%s\n", print_real(text, answer->real));
}

void
answer_print(struct session *session, const char *key, enum credis_serializer serializer,
    const struct credis_answer *answer)
{
	bool json = session->options->json;

	if (answer->kind == CREDIS_ANSWER_NIL && session->status == EXIT_DONE)
		session->status = EXIT_REFUSED;
	if (answer->kind < CREDIS_ANSWER_VALUE && json)
		print_json(session, key, answer);
	else if (answer->kind < CREDIS_ANSWER_VALUE)
		print_text(session, answer);
	for (size_t n = 0; n < answer->count; n++) {
		if (json)
			print_item_json(session, key, serializer, answer, &answer->items[n]);
		else
			print_item(session, answer, &answer->items[n]);
	}
}
