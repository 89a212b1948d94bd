/* words.c: an operation and its arguments become the words of a Redis command.
 * Knows what each kind of argument must look like; the rows are operations.c's. */
#include "model/words.h"

#include "core/error.h"
#include "core/number.h"
#include "core/text.h"
#include "model/operations.h"
#include "redis/clock.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define WAIT_MAX_MS (10 * CLOCK_CENTURY_MS)

/* A reply has at most 64 MiB, in which there is a key or a score besides. */
enum { WORD_MAX = 63 * 1024 * 1024 };

/* Nothing may come between looking and doing. */
static const struct {
	const char *name, *text;
} scripts[] = {
	{ "$offer",
	    "if redis.call('LLEN', KEYS[1]) >= tonumber(ARGV[1]) then return false end "
	    "return redis.call('RPUSH', KEYS[1], ARGV[2])" },
	{ "$recover",
	    "local n = redis.call('LLEN', KEYS[2]) "
	    "for _ = 1, n do redis.call('LMOVE', KEYS[2], KEYS[1], 'RIGHT', 'LEFT') end "
	    "return n" },
};

/* Where a command is being built, and from what. */
struct building {
	struct words *words;
	const char *key;
	enum credis_serializer serializer;
	const char *const *given;
	const size_t *lengths;
	size_t count, used;
};

typedef bool taking(struct building *building, const char *bytes, size_t length,
    struct credis_error *err);

/* What could not come back is not sent. */
static bool
words_take(struct words *words, char *bytes, size_t length, struct credis_error *err)
{
	if (length > WORD_MAX) {
		free(bytes);
		return error_set(err, CREDIS_ELENGTH, "%zu bytes are more than the maximum %d",
		    length, WORD_MAX);
	}
	if ((size_t)words->count == words->room) {
		size_t room = words->room * 2 + 8;
		char **at = realloc(words->at, room * sizeof *at);
		size_t *lengths;

		if (at != NULL)
			words->at = at;
		lengths = realloc(words->lengths, room * sizeof *lengths);
		if (lengths != NULL)
			words->lengths = lengths;
		if (at == NULL || lengths == NULL) {
			free(bytes);
			return error_no_memory(err);
		}
		words->room = room;
	}
	words->at[words->count] = bytes;
	words->lengths[words->count++] = length;
	return true;
}

bool
words_add(struct words *words, const char *bytes, size_t length, struct credis_error *err)
{
	char *copy = text_copy(bytes, length);

	return copy != NULL ? words_take(words, copy, length, err) : error_no_memory(err);
}

void
words_clear(struct words *words)
{
	for (int n = 0; n < words->count; n++)
		free(words->at[n]);
	free(words->at);
	free(words->lengths);
	*words = (struct words){ .count = 0 };
}

/* The kinds of arguments. */

static bool
take_bytes(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	return words_add(building->words, bytes, length, err);
}

/* A receiver's own key: what is moved from a list to itself is never done with. */
static bool
take_receiver(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	if (length == strlen(building->key) && memcmp(bytes, building->key, length) == 0)
		return error_set(err, CREDIS_EINVAL,
		    "a receiver has a key of its own, not that of the queue");
	return words_add(building->words, bytes, length, err);
}

static bool
take_value(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	size_t stored_length;
	char *stored = credis_serialize(building->serializer, bytes, length, &stored_length, err);

	return stored != NULL && words_take(building->words, stored, stored_length, err);
}

static bool
refuse(const char *bytes, size_t length, const char *what, struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	return error_set(err, CREDIS_EINVAL, "'%s' is not %s",
	    text_quote(quoted, bytes, length, ERROR_QUOTE), what);
}

static bool
add_integer(struct building *building, int64_t integer, struct credis_error *err)
{
	char text[NUMBER_TEXT];

	return words_add(building->words, text, number_print_integer(text, integer), err);
}

static bool
take_integer(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	int64_t integer;

	if (number_parse_integer(bytes, length, &integer) != NUMBER_FINE)
		return refuse(bytes, length, "a whole number of 64 bits", err);
	return add_integer(building, integer, err);
}

static bool
take_from(struct building *building, const char *bytes, size_t length, int64_t least, bool keep,
    const char *what, struct credis_error *err)
{
	int64_t integer;

	if (number_parse_integer(bytes, length, &integer) != NUMBER_FINE || integer < least ||
	    integer > INT64_MAX / 2)
		return refuse(bytes, length, what, err);
	return add_integer(building, keep ? -integer - 1 : integer, err);
}

static bool
take_ms(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	return take_from(building, bytes, length, 1, false, "a whole number from 1", err);
}

/* The last of those that go, counted from the end. */
static bool
take_keep(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	return take_from(building, bytes, length, 0, true, "a whole number from 0", err);
}

static bool
take_real(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	char text[NUMBER_TEXT];
	double real;

	if (number_parse_double(bytes, length, &real) != NUMBER_FINE || isnan(real))
		return refuse(bytes, length, "a number", err);
	return words_add(building->words, text, number_print_double(text, real), err);
}

static bool
take_bound(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	size_t open = length > 0 && bytes[0] == '(';
	double real;

	if (number_parse_double(bytes + open, length - open, &real) != NUMBER_FINE || isnan(real))
		return refuse(bytes, length, "a score, -inf, +inf, or '(' and a score", err);
	return words_add(building->words, bytes, length, err);
}

/* Each command that blocks begins with a B, and has one without it that does not. */
static void
do_not_block(struct words *words)
{
	memmove(words->at[0], words->at[0] + 1, words->lengths[0]--);
}

/* Redis counts in seconds, and takes 0 for no end. */
static bool
take_wait(struct building *building, const char *bytes, size_t length, struct credis_error *err)
{
	struct words *words = building->words;
	char text[NUMBER_TEXT];

	if (length == strlen("ever") && memcmp(bytes, "ever", length) == 0) {
		words->wait_ms = CLOCK_CENTURY_MS;
		return words_add(words, "0", 1, err);
	}
	if (number_parse_integer(bytes, length, &words->wait_ms) != NUMBER_FINE ||
	    words->wait_ms < 0 || words->wait_ms > WAIT_MAX_MS)
		return refuse(bytes, length, "a number of milliseconds from 0, or ever", err);
	if (words->wait_ms > 0)
		return words_add(words, text,
		    number_print_double(text, (double)words->wait_ms / 1000), err);
	do_not_block(words);
	return true;
}

static const struct {
	const char *name;
	taking *take;
} kinds[] = {
	{ "value", take_value },
	{ "field", take_bytes },
	{ "name", take_bytes },
	{ "receiver", take_receiver },
	{ "by", take_integer },
	{ "first", take_integer },
	{ "last", take_integer },
	{ "time", take_ms },
	{ "count", take_keep },
	{ "limit", take_ms },
	{ "wait", take_wait },
	{ "score", take_real },
	{ "min", take_bound },
	{ "max", take_bound },
};

static bool
take(struct building *building, const struct operation_word *word, const char *bytes, size_t length,
    struct credis_error *err)
{
	for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
		if (strlen(kinds[n].name) == word->name_length &&
		    memcmp(kinds[n].name, word->text, word->name_length) == 0)
			return kinds[n].take(building, bytes, length, err);
	}
	return error_set(err, CREDIS_EINVAL, "%.*s: no kind of argument", (int)word->length,
	    word->text);
}

static bool
take_next(struct building *building, const struct operation_word *word, struct credis_error *err)
{
	size_t n = building->used++;

	return take(building, word, building->given[n],
	    building->lengths != NULL ? building->lengths[n] : strlen(building->given[n]), err);
}

static bool
refuse_count(const struct building *building, const struct credis_operation *operation,
    struct credis_error *err)
{
	char usage[CREDIS_USAGE];

	credis_operation_usage(operation, usage);
	if (building->used < building->count)
		return error_set(err, CREDIS_EINVAL, "%s takes %s and nothing more",
		    operation->name, usage[0] != '\0' ? usage : "a key");
	return error_set(err, CREDIS_EINVAL, "%s needs %s", operation->name, usage);
}

static bool
add_constant(struct building *building, const struct operation_word *word, struct credis_error *err)
{
	const char *text = word->text;
	size_t length = word->length;

	for (size_t n = 0; text[0] == '$' && n < sizeof scripts / sizeof *scripts; n++) {
		if (strlen(scripts[n].name) != length || memcmp(scripts[n].name, text, length) != 0)
			continue;
		text = scripts[n].text;
		length = strlen(text);
	}
	return words_add(building->words, text, length, err);
}

static bool
add_word(struct building *building, const struct credis_operation *operation,
    const struct operation_word *word, struct credis_error *err)
{
	if (word->key)
		return words_add(building->words, building->key, strlen(building->key), err);
	if (!word->given)
		return add_constant(building, word, err);
	if (building->used == building->count && word->standard != NULL)
		return take(building, word, word->standard, word->standard_length, err);
	if (building->used == building->count)
		return refuse_count(building, operation, err);
	do {
		if (!take_next(building, word, err))
			return false;
	} while (word->several && building->used < building->count);
	return true;
}

bool
words_build(struct words *words, const struct credis_operation *operation, const char *key,
    enum credis_serializer serializer, size_t count, const char *const *given,
    const size_t *lengths, struct credis_error *err)
{
	struct building building = { words, key, serializer, given, lengths, count, 0 };
	const char *at = operation->arguments;
	struct operation_word word;

	if (!words_add(words, operation->command, strlen(operation->command), err))
		return false;
	while (operation_word(&at, &word)) {
		if (!add_word(&building, operation, &word, err))
			return false;
	}
	return building.used == count || refuse_count(&building, operation, err);
}
