/* value_array.c: arrays, from JSON or from text with commas, and their stored form "[1, 2]".
 * Takes the text apart itself: the numbers of a JSON array are read as exactly as all others. */
#include "core/value_inside.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/text.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What is left of the text between the brackets, or of the text with commas. */
struct walk {
	const char *at, *end;
	bool json;
	bool more;    /* another element must follow: a comma stood before 'at' */
	size_t count; /* elements taken so far */
};

struct element {
	const char *text; /* of a quoted one with its quotation marks */
	size_t length;
	bool quoted;
};

static bool
walk_begin(struct walk *walk, const char *text, size_t length, struct credis_error *err)
{
	text_trim(&text, &length);
	*walk = (struct walk){ .at = text, .end = text + length };
	if (length == 0 || *text != '[')
		return true;
	if (length < 2 || text[length - 1] != ']')
		return error_set(err, CREDIS_ETYPE, "the array has no ']' at its end");
	walk->json = true;
	walk->at++;
	walk->end--;
	return true;
}

/* The end of a text in quotation marks, NULL if it has none. */
static const char *
quoted_end(const char *at, const char *end)
{
	for (at++; at < end; at++) {
		if (*at == '\\')
			at++;
		else if (*at == '"')
			return at + 1;
	}
	return NULL;
}

enum step { STEP_END, STEP_ELEMENT, STEP_FAULT };

static enum step
walk_fault(const struct walk *walk, const char *fault, struct credis_error *err)
{
	error_set(err, CREDIS_ETYPE, "element %zu %s", walk->count + 1, fault);
	return STEP_FAULT;
}

static enum step
walk_next(struct walk *walk, struct element *element, struct credis_error *err)
{
	while (walk->at < walk->end && text_is_blank(*walk->at))
		walk->at++;
	if (walk->at == walk->end && !walk->more)
		return STEP_END;

	const char *stop = walk->at;
	element->quoted = walk->json && walk->at < walk->end && *walk->at == '"';
	if (element->quoted)
		stop = quoted_end(walk->at, walk->end);
	if (stop == NULL)
		return walk_fault(walk, "has no quotation mark at its end", err);
	const char *comma = memchr(stop, ',', (size_t)(walk->end - stop));
	const char *next = comma != NULL ? comma : walk->end;

	element->text = walk->at;
	element->length = (size_t)(next - walk->at);
	text_trim(&element->text, &element->length);
	if (walk->json && element->length == 0)
		return walk_fault(walk, "is missing", err);
	if (element->quoted && element->text + element->length != stop)
		return walk_fault(walk, "has something behind its quotation mark", err);
	walk->more = comma != NULL;
	walk->at = comma != NULL ? comma + 1 : next;
	walk->count++;
	return STEP_ELEMENT;
}

/* Counts before anything is kept, so that what is too long costs no memory. */
static bool
count_elements(size_t *count, const struct walk *begin, size_t max, struct credis_error *err)
{
	struct walk walk = *begin;
	struct element element;
	enum step step;

	while ((step = walk_next(&walk, &element, err)) == STEP_ELEMENT)
		if (max > 0 && walk.count > max)
			return error_set(err, CREDIS_ELENGTH, "more than %zu elements", max);
	*count = walk.count;
	return step == STEP_END;
}

static bool
read_number(struct credis_value *value, size_t n, const struct value_rules *rules,
    const struct element *element, struct credis_error *err)
{
	const char *text = element->text;
	size_t length = element->length;

	if (element->quoted) {
		text++;
		length -= 2;
	}
	if (rules->type == CREDIS_INTEGER_ARRAY)
		return value_read_integer(&value->as.integers[n], text, length, err);
	return value_read_real(&value->as.reals[n], rules->type == CREDIS_FLOAT_ARRAY,
	    rules->finite, text, length, err);
}

/* Texts lie behind the pointers to them, in one piece of memory. */
static bool
read_text(struct credis_value *value, size_t n, const struct element *element, char **place,
    bool json, struct credis_error *err)
{
	size_t length = element->length;

	if (json && !element->quoted)
		return error_set(err, CREDIS_ETYPE, "not a text in quotation marks");
	if (element->quoted) {
		if (!json_text_read(*place, &length, element->text + 1, length - 2, err))
			return false;
	} else {
		if (!value_check_text(element->text, length, err))
			return false;
		memcpy(*place, element->text, length);
	}
	value->as.texts[n] = *place;
	(*place)[length] = '\0';
	*place += length + 1;
	return true;
}

bool
value_blame_element(struct credis_error *err, size_t n)
{
	char subject[32];

	snprintf(subject, sizeof(subject), "element %zu", n + 1);
	return error_prefix(err, subject);
}

static bool
read_elements(struct credis_value *value, const struct value_rules *rules, struct walk *walk,
    char *place, struct credis_error *err)
{
	struct element element;
	bool ok;

	for (size_t n = 0; walk_next(walk, &element, err) == STEP_ELEMENT; n++) {
		if (rules->type == CREDIS_STRING_ARRAY)
			ok = read_text(value, n, &element, &place, walk->json, err);
		else
			ok = read_number(value, n, rules, &element, err);
		if (!ok)
			return value_blame_element(err, n);
	}
	return true;
}

static void
print_element(const struct credis_value *value, size_t n, struct buffer *out)
{
	char number[NUMBER_TEXT];
	size_t length;

	if (value->type == CREDIS_STRING_ARRAY) {
		json_text_append(out, value->as.texts[n], strlen(value->as.texts[n]));
		return;
	}
	if (value->type == CREDIS_INTEGER_ARRAY)
		length = number_print_integer(number, value->as.integers[n]);
	else if (value->type == CREDIS_FLOAT_ARRAY)
		length = number_print_float(number, value->as.reals[n]);
	else
		length = number_print_double(number, value->as.reals[n]);
	/* JSON has no words for what is not finite */
	if (value->type != CREDIS_INTEGER_ARRAY && !isfinite(value->as.reals[n]))
		json_text_append(out, number, length);
	else
		buffer_append(out, number, length);
}

static bool
print_array(struct credis_value *value, struct credis_error *err)
{
	struct buffer text = BUFFER_EMPTY;

	buffer_append(&text, "[", 1);
	for (size_t n = 0; n < value->count; n++) {
		if (n > 0)
			buffer_append(&text, ", ", 2);
		print_element(value, n, &text);
	}
	buffer_append(&text, "]", 1);
	bool ok = text.failed ? error_no_memory(err)
			      : value_set_text(value, text.bytes, text.length, err);
	buffer_free(&text);
	return ok;
}

bool
value_parse_array(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err)
{
	bool texts = rules->type == CREDIS_STRING_ARRAY;
	size_t count = 0, size;
	struct walk walk;

	if (!walk_begin(&walk, text, length, err) ||
	    !count_elements(&count, &walk, rules->max_count, err))
		return false;
	/* unquoted texts are never longer than quoted ones; each gets a NUL */
	size = count * (texts ? sizeof(char *) + 1 : sizeof(int64_t)) + (texts ? length : 0);
	value->as.integers = malloc(size + 1);
	if (value->as.integers == NULL)
		return error_no_memory(err);
	if (!read_elements(value, rules, &walk, (char *)(value->as.texts + (texts ? count : 0)),
		err))
		return false;
	value->count = count;
	return print_array(value, err);
}

/* The bytes that the elements take up, texts included. */
static size_t
elements_size(const struct credis_value *value)
{
	if (value->count == 0)
		return 0;
	if (value->type != CREDIS_STRING_ARRAY)
		return value->count * sizeof(int64_t);
	const char *last = value->as.texts[value->count - 1];
	return (size_t)(last + strlen(last) + 1 - (const char *)value->as.texts);
}

bool
value_copy_array(struct credis_value *value, const struct credis_value *from)
{
	size_t size = elements_size(from);

	value->as.integers = malloc(size + 1);
	if (value->as.integers == NULL)
		return false;
	if (size > 0)
		memcpy(value->as.integers, from->as.integers, size);
	if (from->type == CREDIS_STRING_ARRAY)
		for (size_t n = 0; n < from->count; n++)
			value->as.texts[n] = (char *)value->as.texts +
			    (from->as.texts[n] - (const char *)from->as.texts);
	value->count = from->count;
	return true;
}
