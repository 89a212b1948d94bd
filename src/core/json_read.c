/* json_read.c: JSON text into a tree.
 * Not jansson: it has no whole numbers beyond 64 bits, nothing of Python's, and does not tell a wrong text
 * from memory that ran out. */
#include "core/tree.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/number.h"

#include <math.h>
#include <string.h>

struct reader {
	struct tree *tree;
	enum json_form form;
	const char *text, *at, *end;
	int depth;
	struct credis_error *err;
};

static bool read_value(struct reader *reader);

static bool
refuse(struct reader *reader, const char *why)
{
	if (reader->tree->failed)
		return error_no_memory(reader->err);
	return error_set(reader->err, CREDIS_ETYPE, "the JSON is wrong at byte %zu: %s",
	    (size_t)(reader->at - reader->text) + 1, why);
}

static void
skip_blanks(struct reader *reader)
{
	while (reader->at < reader->end && strchr(" \t\n\r", *reader->at) != NULL &&
	    *reader->at != '\0')
		reader->at++;
}

static bool
next_is(const struct reader *reader, char c)
{
	return reader->at < reader->end && *reader->at == c;
}

/* Takes 'c' with the blanks before it. */
static bool
take(struct reader *reader, char c)
{
	skip_blanks(reader);
	if (!next_is(reader, c))
		return false;
	reader->at++;
	return true;
}

static bool
take_word(struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	if ((size_t)(reader->end - reader->at) < length || memcmp(reader->at, word, length) != 0)
		return false;
	reader->at += length;
	return true;
}

static const struct word {
	const char *text;
	enum node_kind kind;
	double real;
	bool python; /* only of Python's */
} words[] = {
	{ "null", NODE_NULL, 0, false },
	{ "true", NODE_TRUE, 0, false },
	{ "false", NODE_FALSE, 0, false },
	{ "NaN", NODE_REAL, NAN, true },
	{ "Infinity", NODE_REAL, INFINITY, true },
	{ "-Infinity", NODE_REAL, -INFINITY, true },
};

static bool
read_word(struct reader *reader)
{
	for (size_t n = 0; n < sizeof words / sizeof *words; n++) {
		if ((words[n].python && reader->form != JSON_PYTHON) ||
		    !take_word(reader, words[n].text))
			continue;
		struct node *node = tree_add(reader->tree, words[n].kind);
		if (words[n].python)
			node->real = words[n].real;
		return true;
	}
	return false;
}

static size_t
take_digits(struct reader *reader)
{
	const char *start = reader->at;

	while (reader->at < reader->end && *reader->at >= '0' && *reader->at <= '9')
		reader->at++;
	return (size_t)(reader->at - start);
}

static bool
add_whole(struct reader *reader, const char *text, size_t length)
{
	uint64_t natural = 0;
	int64_t integer;

	if (number_parse_integer(text, length, &integer) == NUMBER_FINE) {
		tree_add(reader->tree, NODE_INTEGER)->integer = integer;
		return true;
	}
	for (size_t n = 0; n < length; n++) {
		if (text[n] == '-' || __builtin_mul_overflow(natural, (uint64_t)10, &natural) ||
		    __builtin_add_overflow(natural, (uint64_t)(text[n] - '0'), &natural)) {
			tree_add_bytes(reader->tree, NODE_DIGITS, text, length);
			return true;
		}
	}
	tree_add(reader->tree, NODE_UNSIGNED)->natural = natural;
	return true;
}

static bool
add_real(struct reader *reader, const char *text, size_t length)
{
	double real;

	if (number_parse_double(text, length, &real) != NUMBER_FINE)
		return refuse(reader, "a number beyond the largest double");
	tree_add(reader->tree, NODE_REAL)->real = real;
	return true;
}

/* Takes "e+5". */
static bool
take_exponent(struct reader *reader)
{
	reader->at++;
	if (next_is(reader, '+') || next_is(reader, '-'))
		reader->at++;
	return take_digits(reader) > 0;
}

static bool
read_number(struct reader *reader)
{
	const char *start = reader->at;
	bool whole = true;

	if (next_is(reader, '-'))
		reader->at++;
	bool zero = next_is(reader, '0');
	size_t digits = take_digits(reader);
	if (digits == 0 || (zero && digits > 1))
		return refuse(reader, "no value");
	if (next_is(reader, '.')) {
		reader->at++;
		whole = false;
		if (take_digits(reader) == 0)
			return refuse(reader, "digits are missing behind the point");
	}
	if (next_is(reader, 'e') || next_is(reader, 'E')) {
		whole = false;
		if (!take_exponent(reader))
			return refuse(reader, "digits are missing behind the e");
	}
	return (whole ? add_whole : add_real)(reader, start, (size_t)(reader->at - start));
}

static bool
read_text(struct reader *reader)
{
	const char *start = ++reader->at;
	unsigned allow = JSON_TEXT_NUL | (reader->form == JSON_PYTHON ? JSON_TEXT_SURROGATES : 0);
	struct node *node = tree_add(reader->tree, NODE_TEXT);
	struct buffer *bytes = &reader->tree->bytes;

	while (reader->at < reader->end && *reader->at != '"')
		reader->at += *reader->at == '\\' && reader->end - reader->at > 1 ? 2 : 1;
	if (reader->at >= reader->end)
		return refuse(reader, "a text without its end");
	char *place = buffer_reserve(bytes, (size_t)(reader->at - start));
	node->at = bytes->length;
	reader->tree->failed = reader->tree->failed || place == NULL;
	if (reader->tree->failed)
		return refuse(reader, "");
	if (!json_text_read_with(place, &node->length, start, (size_t)(reader->at - start), allow,
		reader->err))
		return false;
	buffer_wrote(bytes, node->length);
	reader->at++;
	return true;
}

/* What may stand in an array, or in a map as a member. */
static bool
read_member(struct reader *reader)
{
	skip_blanks(reader);
	if (!next_is(reader, '"'))
		return refuse(reader, "a member's name is missing");
	if (!read_text(reader))
		return false;
	return take(reader, ':') || refuse(reader, "a ':' is missing");
}

/* Takes an array or a map, what opens it being taken. */
static bool
read_many(struct reader *reader, enum node_kind kind, char end)
{
	size_t node = tree_open(reader->tree, kind), count = 0;

	if (++reader->depth > TREE_DEPTH)
		return refuse(reader, "nested more than 512 deep");
	if (!take(reader, end)) {
		do {
			if (kind == NODE_MAP && !read_member(reader))
				return false;
			if (!read_value(reader))
				return false;
			count += kind == NODE_MAP ? 2 : 1;
		} while (take(reader, ','));
		if (!take(reader, end))
			return refuse(reader,
			    kind == NODE_MAP ? "a '}' is missing" : "a ']' is missing");
	}
	tree_close(reader->tree, node, count);
	reader->depth--;
	return true;
}

static bool
read_value(struct reader *reader)
{
	skip_blanks(reader);
	if (next_is(reader, '"'))
		return read_text(reader);
	if (take(reader, '['))
		return read_many(reader, NODE_ARRAY, ']');
	if (take(reader, '{'))
		return read_many(reader, NODE_MAP, '}');
	return read_word(reader) || read_number(reader);
}

bool
json_read(struct tree *tree, enum json_form form, const char *text, size_t length,
    struct credis_error *err)
{
	struct reader reader = { tree, form, text, text, text + length, 0, err };

	if (!read_value(&reader))
		return false;
	skip_blanks(&reader);
	if (reader.at < reader.end)
		return refuse(&reader, "more follows");
	return !tree->failed || error_no_memory(err);
}
