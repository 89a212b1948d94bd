/* message.c: the header line of requests and answers, in and out, one table for both ways.
 * Knows the wire; whether a request makes sense is the dispatcher's business. On the way of every
 * request: decodes in one pass, in place. */
#include "core/message.h"

#include "core/digits.h"
#include "core/error.h"
#include "core/text.h"

#include <string.h>

enum {
	DECIMALS = 6, /* written; TIME_DECIMALS are read */
	TIME_DECIMALS = 9,
	CODE_MAX = 31,
	QUOTED = 64,
	HEADER_WRITTEN_MAX = 1024, /* whatever is in 'has', without 'from' and 'key' */
	LENGTH_BIT = 1 << 15,      /* in 'has' only while a header is read */
	NAME_ROOM = 16,
	SAFE_DIGITS = 18, /* that cannot overflow */
};
static const int64_t second_us = 1000000;
static const uint64_t seconds_max = 253402300799; /* the last of the year 9999 */

enum kind { NUMBER, TIME, CLIENT, WORD, IS, CODE, LENGTH };

static const char *const value_faults[] = {
	[NUMBER] = "is not an unsigned decimal number of 64 bits",
	[TIME] = "is not seconds before the year 10000 with at most nine decimals",
	[CLIENT] = "is not 32 lower-case hexadecimal digits",
	[WORD] = "is not 1 to 256 bytes without control bytes",
	[IS] = "is not accepted, done, refused, failed, expired or unknown",
	[CODE] = "is not a word of 1 to 31 bytes",
	[LENGTH] = "is not an unsigned decimal number of 64 bits",
};

static const char *const is_words[] = {
	[MESSAGE_IS_ACCEPTED] = "accepted",
	[MESSAGE_IS_DONE] = "done",
	[MESSAGE_IS_REFUSED] = "refused",
	[MESSAGE_IS_FAILED] = "failed",
	[MESSAGE_IS_EXPIRED] = "expired",
	[MESSAGE_IS_UNKNOWN] = "unknown",
};
enum { IS_WORDS = sizeof is_words / sizeof *is_words };

/* In the order in which they are written; a reader expects them in that order and finds them in
 * any. */
static const struct field {
	char word[NAME_ROOM]; /* " <name>=", and zeros: copied whole */
	uint8_t name_length;
	uint8_t kind;
	uint16_t bit;
	uint16_t offset;
} fields[] = {
#define FIELD(name, kind, bit, member) \
	{ \
		" " name "=", sizeof name - 1, kind, bit, offsetof(struct message, member) \
	}
	FIELD("id", NUMBER, MESSAGE_ID, id),
	FIELD("to", CLIENT, MESSAGE_TO, to),
	FIELD("is", IS, MESSAGE_IS, is),
	FIELD("code", CODE, MESSAGE_CODE, code),
	FIELD("seq", NUMBER, MESSAGE_SEQ, seq),
	FIELD("time", TIME, MESSAGE_TIME, time_us),
	FIELD("severity", WORD, MESSAGE_SEVERITY, severity),
	FIELD("sent", TIME, MESSAGE_SENT, sent_us),
	FIELD("expires", TIME, MESSAGE_EXPIRES, expires_us),
	FIELD("if-seq", NUMBER, MESSAGE_IF_SEQ, if_seq),
	FIELD("key", WORD, MESSAGE_KEY, key),
	FIELD("group", NUMBER, MESSAGE_GROUP, group),
	FIELD("of", NUMBER, MESSAGE_OF, of),
	FIELD("from", WORD, MESSAGE_FROM, from),
	FIELD("len", LENGTH, LENGTH_BIT, body.length),
#undef FIELD
};
enum { FIELDS = sizeof fields / sizeof *fields };

/* A header line under way. */
struct header {
	const char *at;
	const char *end;
	size_t next; /* the field to expect */
	struct message *message;
	struct credis_error *err;
	bool malformed; /* the first fault is in 'err' */
};

static const char *find_end(struct message_reader *reader, struct header *header);
static void read_header(struct header *header);
static void read_body(struct message_reader *reader, struct header *header);
static const char *take_value(const struct field *field, struct message *message, const char *at,
    const char *end);
static const char *take_time(const char *at, const char *end, int64_t *us);
static const char *word_end(const char *at, const char *end);
static char *put_field(char *at, const struct field *field, const struct message *message);
static char *put_bytes(char *at, const void *bytes, size_t length);

void
message_reader_init(struct message_reader *reader, const void *bytes, size_t length)
{
	*reader = (struct message_reader){ bytes, length, true };
}

enum message_next
message_next(struct message_reader *reader, struct message *message, struct credis_error *err)
{
	struct header header = { .message = message, .err = err };
	bool first = reader->first;

	memset(message, 0, sizeof *message);
	reader->first = false;
	if (reader->left == 0 && !first)
		return MESSAGE_END;
	if (reader->left == 0 || *reader->bytes != '@') {
		/* Only the first can lack its '@': read_body() sees to it. */
		message->bare = true;
		message->body = (struct slice){ reader->bytes, reader->left };
		reader->left = 0;
		return MESSAGE_READ;
	}
	const char *body = find_end(reader, &header);
	read_header(&header);
	reader->left -= (size_t)(body - reader->bytes);
	reader->bytes = body;
	read_body(reader, &header);
	message->has &= ~(unsigned)LENGTH_BIT;
	return header.malformed ? MESSAGE_MALFORMED : MESSAGE_READ;
}

void
message_write(struct buffer *out, const struct message *message)
{
	char *start = buffer_reserve(out,
	    HEADER_WRITTEN_MAX + message->from.length + message->key.length + message->body.length);
	char *at = start;

	if (start == NULL)
		return;
	if (!message->bare) {
		for (size_t i = 0; i < FIELDS; i++)
			if (message->has & fields[i].bit || fields[i].kind == LENGTH)
				at = put_field(at, &fields[i], message);
		*start = '@'; /* over the blank before the first field */
		*at++ = '\n';
	}
	at = put_bytes(at, message->body.bytes, message->body.length);
	buffer_wrote(out, (size_t)(at - start));
}

const char *
message_is_word(enum message_is is)
{
	return is_words[is];
}

static void
fault(struct header *header, const char *word, size_t length, const char *what)
{
	char quoted[QUOTED + 4];

	if (!header->malformed)
		error_set(header->err, CREDIS_EMALFORMED, "header: '%s' %s",
		    text_quote(quoted, word, length, QUOTED), what);
	header->malformed = true;
}

/* Finds where the header line ends and the body begins. A line that was cut at the limit loses its
 * last word, which may have been cut as well. */
static const char *
find_end(struct message_reader *reader, struct header *header)
{
	const char *bytes = reader->bytes;
	bool fits = reader->left <= MESSAGE_HEADER_MAX;
	size_t length = fits ? reader->left : MESSAGE_HEADER_MAX;
	const char *end = memchr(bytes, '\n', length);

	header->at = bytes + 1;
	if (end != NULL) {
		header->end = end;
		return end + 1;
	}
	end = bytes + length;
	fault(header, bytes, length, fits ? "has no end of line" : "is longer than 4096 bytes");
	while (!fits && end > header->at && end[-1] != ' ')
		end--;
	header->end = end;
	return bytes + length;
}

/* Finds which field stands at 'at', and steps behind its '='. */
static const struct field *
take_name(struct header *header)
{
	size_t left = (size_t)(header->end - header->at);

	for (size_t i = 0, n = header->next; i < FIELDS; i++, n = n + 1 < FIELDS ? n + 1 : 0) {
		const struct field *field = &fields[n];
		size_t length = field->name_length;
		if (left > length && header->at[length] == '=' && *header->at == field->word[1] &&
		    memcmp(header->at, field->word + 1, length) == 0) {
			header->at += length + 1;
			header->next = n + 1 < FIELDS ? n + 1 : 0;
			return field;
		}
	}
	return NULL;
}

static void
skip_unknown(struct header *header, const char *word, size_t length)
{
	const char *equals = memchr(word, '=', length);

	if (equals == NULL || equals == word)
		fault(header, word, length, "is not name=value");
	else if (word_end(word, word + length) != word + length)
		fault(header, word, length, "holds a control byte");
}

static void
read_pair(struct header *header)
{
	struct message *message = header->message;
	const char *word = header->at;
	const struct field *field = take_name(header);

	if (field != NULL && !(message->has & field->bit)) {
		const char *end = take_value(field, message, header->at, header->end);
		if (end != NULL && (end == header->end || *end == ' ')) {
			message->has |= field->bit;
			header->at = end;
			return;
		}
	}
	/* Out of the ordinary: the whole word is needed, for the sentence. */
	const char *end = memchr(word, ' ', (size_t)(header->end - word));
	if (end == NULL)
		end = header->end;
	header->at = end;
	size_t length = (size_t)(end - word);
	if (field == NULL)
		skip_unknown(header, word, length);
	else if (message->has & field->bit)
		fault(header, word, length, "stands there twice");
	else
		fault(header, word, length, value_faults[field->kind]);
}

static void
read_header(struct header *header)
{
	while (header->at < header->end)
		if (*header->at == ' ')
			header->at++;
		else
			read_pair(header);
}

/* What is left must hold the body, and behind it nothing or another message: a body cut short by a
 * wrong len would be another value. */
static void
read_body(struct message_reader *reader, struct header *header)
{
	struct slice *body = &header->message->body;
	size_t left = reader->left;
	size_t length = header->message->has & LENGTH_BIT ? body->length : left;

	if (!header->malformed &&
	    (length > left || (length < left && reader->bytes[length] != '@'))) {
		error_set(header->err, CREDIS_EMALFORMED,
		    "header: len=%zu, but %zu bytes follow and no other message after it", length,
		    left);
		header->malformed = true;
	}
	if (header->malformed) {
		*body = (struct slice){ NULL, 0 };
		reader->left = 0;
		return;
	}
	*body = (struct slice){ reader->bytes, length };
	reader->bytes += length;
	reader->left -= length;
}

static const char *
take_number(const char *at, const char *end, uint64_t *number)
{
	const char *first = at;
	const char *safe = end - at > SAFE_DIGITS ? at + SAFE_DIGITS : end;
	uint64_t sum = 0;
	unsigned digit;

	for (; at < safe && (digit = (unsigned)(*at - '0')) <= 9; at++)
		sum = sum * 10 + digit;
	for (; at < end && (digit = (unsigned)(*at - '0')) <= 9; at++)
		if (__builtin_mul_overflow(sum, 10, &sum) ||
		    __builtin_add_overflow(sum, digit, &sum))
			return NULL;
	*number = sum;
	return at > first ? at : NULL;
}

/* Digits beyond the microseconds are cut off. */
static const char *
take_time(const char *at, const char *end, int64_t *us)
{
	static const int32_t units[] = { 1000000, 100000, 10000, 1000, 100, 10, 1 };
	uint64_t seconds;
	int32_t fraction = 0;

	at = take_number(at, end, &seconds);
	if (at == NULL || seconds > seconds_max)
		return NULL;
	if (at < end && *at == '.') {
		const char *point = at++;
		for (; at < end && *at >= '0' && *at <= '9'; at++)
			if (at - point <= DECIMALS)
				fraction = fraction * 10 + (*at - '0');
		if (at == point + 1 || at - point > TIME_DECIMALS + 1)
			return NULL;
		fraction *= units[at - point - 1 < DECIMALS ? at - point - 1 : DECIMALS];
	}
	*us = (int64_t)seconds * second_us + fraction;
	return at;
}

/* Without a way out in between, the compiler looks at many bytes at once. */
static const char *
take_client(const char *at, const char *end)
{
	unsigned char wrong = 0;

	if (end - at < NAMES_CLIENT)
		return NULL;
	for (int n = 0; n < NAMES_CLIENT; n++) {
		unsigned char digit = (unsigned char)(at[n] - '0'),
			      letter = (unsigned char)(at[n] - 'a');
		wrong |= (digit > 9) & (letter > 5);
	}
	return wrong ? NULL : at + NAMES_CLIENT;
}

static const char *
take_is(const char *at, const char *end, enum message_is *is)
{
	size_t length = (size_t)(word_end(at, end) - at);

	for (size_t i = 0; i < IS_WORDS; i++)
		if (strlen(is_words[i]) == length && memcmp(at, is_words[i], length) == 0) {
			*is = (enum message_is)i;
			return at + length;
		}
	return NULL;
}

/* A word nobody knows may be a newer version's: CREDIS_EPROTOCOL. */
static const char *
take_code(const char *at, const char *end, enum credis_code *code)
{
	char word[CODE_MAX + 1];
	size_t length = (size_t)(word_end(at, end) - at);

	if (length == 0 || length > CODE_MAX)
		return NULL;
	memcpy(word, at, length);
	word[length] = '\0';
	*code = credis_code_find(word);
	return at + length;
}

/* Reads a value; returns where it ends, or NULL. */
static const char *
take_value(const struct field *field, struct message *message, const char *at, const char *end)
{
	void *member = (char *)message + field->offset;
	const char *after = NULL;
	uint64_t number;

	switch ((enum kind)field->kind) {
	case NUMBER: return take_number(at, end, member);
	case TIME: return take_time(at, end, member);
	case IS: return take_is(at, end, member);
	case CODE: return take_code(at, end, member);
	case LENGTH:
		after = take_number(at, end, &number);
		if (after != NULL)
			*(size_t *)member = number < SIZE_MAX ? (size_t)number : SIZE_MAX;
		return after;
	case CLIENT: after = take_client(at, end); break;
	case WORD:
		after = word_end(at, end);
		if (after == at || after - at > MESSAGE_FROM_MAX)
			return NULL;
	}
	if (after != NULL)
		*(struct slice *)member = (struct slice){ at, (size_t)(after - at) };
	return after;
}

/* Where the first blank or control byte stands. */
static const char *
word_end(const char *at, const char *end)
{
	while (at < end && (unsigned char)*at > ' ' && *at != 0x7f)
		at++;
	return at;
}

bool
message_parse_time(const char *text, size_t length, int64_t *us)
{
	int64_t read;

	if (take_time(text, text + length, &read) != text + length)
		return false;
	*us = read;
	return true;
}

static char *
put_bytes(char *at, const void *bytes, size_t length)
{
	if (length > 0)
		memcpy(at, bytes, length);
	return at + length;
}

/* Before 1970 there is nothing. */
static char *
put_time(char *at, int64_t us)
{
	uint64_t time = us > 0 ? (uint64_t)us : 0;
	uint32_t fraction = (uint32_t)(time % (uint64_t)second_us);

	at = digits_put(at, time / (uint64_t)second_us);
	*at++ = '.';
	memcpy(at, digits_pair(fraction / 10000), 2);
	memcpy(at + 2, digits_pair(fraction / 100 % 100), 2);
	memcpy(at + 4, digits_pair(fraction % 100), 2);
	return at + DECIMALS;
}

size_t
message_print_time(char *text, int64_t us)
{
	char *end = put_time(text, us);

	*end = '\0';
	return (size_t)(end - text);
}

static char *
put_word(char *at, const char *word)
{
	return put_bytes(at, word, strlen(word));
}

static char *
put_field(char *at, const struct field *field, const struct message *message)
{
	const void *member = (const char *)message + field->offset;
	const struct slice *slice = member;

	memcpy(at, field->word, NAME_ROOM);
	at += field->name_length + 2;
	switch ((enum kind)field->kind) {
	case NUMBER: return digits_put(at, *(const uint64_t *)member);
	case TIME: return put_time(at, *(const int64_t *)member);
	case CLIENT:
	case WORD: return put_bytes(at, slice->bytes, slice->length);
	case IS: return put_word(at, is_words[message->is]);
	case CODE: return put_word(at, credis_code_word(message->code));
	case LENGTH: break;
	}
	return digits_put(at, message->body.length);
}
