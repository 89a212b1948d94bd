/* object.h: one JSON object on one line, member by member.
 * Not jansson: a stored number is printed digit by digit as it was stored. */
#ifndef CLI_OBJECT_H
#define CLI_OBJECT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

struct object {
	FILE *to;
	const char *before; /* what goes before the next member */
};

struct object object_open(FILE *to);

/* NULL text leaves the member out. */
void object_text(struct object *object, const char *name, const char *text);
void object_bytes(struct object *object, const char *name, const char *text, size_t length);

/* Text; {"$bin":"00ff"} for what is not UTF-8, as credis/serial.h has it. */
void object_data(struct object *object, const char *name, const char *bytes, size_t length);
void object_integer(struct object *object, const char *name, int64_t value);

/* Unix time as seconds with six decimals. */
void object_time(struct object *object, const char *name, int64_t time_us);

/* 'json' is JSON already. */
void object_json(struct object *object, const char *name, const char *json);

/* All members of another object's text. */
void object_members(struct object *object, const char *json);

void object_close(struct object *object);

#endif
