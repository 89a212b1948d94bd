/* message.h: what travels on channels: requests, answers, and their header line.
 * Source of the format: credis-protocol(7). Decodes in place and copies nothing. */
#ifndef CORE_MESSAGE_H
#define CORE_MESSAGE_H

#include "core/buffer.h"
#include "core/names.h"
#include "core/slice.h"

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	MESSAGE_HEADER_MAX = 4096, /* bytes in a header line, from '@' to its end */
	MESSAGE_FROM_MAX = 256,    /* bytes of 'from', and of 'key' */
};

enum message_field { /* bits in 'has' */
	MESSAGE_ID = 1 << 0,
	MESSAGE_TO = 1 << 1,
	MESSAGE_SENT = 1 << 2,
	MESSAGE_EXPIRES = 1 << 3,
	MESSAGE_IF_SEQ = 1 << 4,
	MESSAGE_FROM = 1 << 5,
	MESSAGE_KEY = 1 << 6,
	MESSAGE_GROUP = 1 << 7,
	MESSAGE_OF = 1 << 8,
	MESSAGE_IS = 1 << 9,
	MESSAGE_CODE = 1 << 10,
	MESSAGE_SEQ = 1 << 11,
	MESSAGE_TIME = 1 << 12,
	MESSAGE_SEVERITY = 1 << 13,
};

enum message_is {
	MESSAGE_IS_ACCEPTED,
	MESSAGE_IS_DONE,
	MESSAGE_IS_REFUSED,
	MESSAGE_IS_FAILED,
	MESSAGE_IS_EXPIRED,
	MESSAGE_IS_UNKNOWN,
};

/* One message, request or answer: the same header, other fields. */
struct message {
	unsigned has; /* enum message_field */
	bool bare;    /* had no header at all */
	uint64_t id;
	struct slice to; /* NAMES_CLIENT hex digits, lower case */
	int64_t sent_us; /* Unix time, microseconds */
	int64_t expires_us;
	uint64_t if_seq;
	struct slice from; /* free of blanks and control bytes */
	struct slice key;  /* as sent; case and characters are not checked here */
	uint64_t group;    /* all-or-nothing set: its number … */
	uint64_t of;       /* … and how many belong to it */
	enum message_is is;
	enum credis_code code;
	uint64_t seq;
	int64_t time_us;
	struct slice severity; /* how good the value is; a word, not checked here */
	struct slice body;
};

/* Where a reader stands in a payload. */
struct message_reader {
	const char *bytes;
	size_t left;
	bool first;
};

void message_reader_init(struct message_reader *reader, const void *bytes, size_t length);

enum message_next {
	MESSAGE_END,
	MESSAGE_READ,
	MESSAGE_MALFORMED, /* 'err' says why; nothing after it can be found. 'message' holds
	                             * what was understood all the same, so that id and to can be
	                             * answered when both are there; its body is empty */
};

/* Takes the next message. Unknown fields are passed over; a known one twice, a value it cannot
 * have, or a body that does not end where the payload or another '@' says are faults. A payload that does not begin with '@' is one bare message. An empty
 * payload is one bare message with an empty body. */
enum message_next message_next(struct message_reader *reader, struct message *message,
    struct credis_error *err);

/* Writes header and body; 'len' always, fields as in 'has'. What came from message_next() gives
 * the same message again. */
void message_write(struct buffer *out, const struct message *message);

/* Seconds with six decimals, as they stand in headers and hashes: "1795208169.123456". 'text' has
 * room for 32; returns the length. */
size_t message_print_time(char *text, int64_t us);

/* The same back; up to nine decimals are read, six count. */
bool message_parse_time(const char *text, size_t length, int64_t *us);

const char *message_is_word(enum message_is is);

#endif
