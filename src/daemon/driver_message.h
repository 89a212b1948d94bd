/* driver_message.h: the lines that go to a driver and come from it: one JSON object each, credis-driver(7).
 * Knows how they look; knows nothing of who asked, nor of what becomes of them. */
#ifndef DAEMON_DRIVER_MESSAGE_H
#define DAEMON_DRIVER_MESSAGE_H

#include <credis/error.h>
#include <credis/keyword.h>
#include <credis/value.h>

#include <jansson.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct evbuffer;

void driver_message_put_read(struct evbuffer *out, int64_t id, const char *keyword);
void driver_message_put_write(struct evbuffer *out, int64_t id,
    const struct credis_keyword *keyword, const char *text, size_t length);
void driver_message_put_stop(struct evbuffer *out);

enum driver_message_kind { DRIVER_ANSWER, DRIVER_VALUE, DRIVER_LOG };

struct driver_message {
	enum driver_message_kind kind;
	int64_t id;          /* of an answer */
	const char *keyword; /* of a value */
	const char *value;   /* NULL: none */
	size_t length;
	int64_t time_us; /* 0: now */
	bool has_severity;
	enum credis_severity severity;
	const char *reason; /* NULL: none */
	const char *error;  /* NULL: none */
	const char *log;

	json_t *json; /* what all of it is lent from */
	char *array;
	char number[32];
};

/* Takes a line apart; false with what is wrong with it. To driver_message_clear() when true. */
bool driver_message_parse(struct driver_message *message, const char *line, size_t length,
    struct credis_error *err);
void driver_message_clear(struct driver_message *message);

#endif
