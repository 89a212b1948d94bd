/* serial.h: how values lie in the store: from the text that programs and people write, and back.
 * Knows no connection; each serializer writes what programs in other languages write. */
#ifndef CREDIS_SERIAL_H
#define CREDIS_SERIAL_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The text form is the same as the stored form but for msgpack. Since 0.1. */
enum credis_serializer {
	CREDIS_AS_RAW,         /* "raw": bytes, as they are */
	CREDIS_AS_TEXT,        /* "string": UTF-8 */
	CREDIS_AS_INTEGER,     /* "integer": a whole number of 64 bits, in decimal */
	CREDIS_AS_DOUBLE,      /* "double": as Python's repr(): 1.0, 1e-07, nan */
	CREDIS_AS_JSON,        /* "json": without blanks, in UTF-8 */
	CREDIS_AS_PYTHON_JSON, /* "python": byte for byte what Python's json.dumps() writes */
	CREDIS_AS_MSGPACK, /* "msgpack": byte for byte what Python's msgpack.packb() writes; the text
	                        * is JSON. What JSON has no word for is an object of one member:
	                        * {"$bin":"00ff"}, {"$float":"nan"}, {"$ext":[5,"00"]},
	                        * {"$map":[[1,"a"]]} */
	CREDIS_SERIALIZERS /* how many there are */
};

/* "raw", "python", "msgpack"; never NULL. Since 0.1. */
const char *credis_serializer_name(enum credis_serializer serializer);

/* Finds a serializer by name. False leaves '*serializer' alone. Since 0.1. */
bool credis_serializer_find(const char *name, enum credis_serializer *serializer);

/* 'length' bytes of text as they are to be stored. Returns '*stored_length' bytes to free(), terminated, or
 * NULL with the reason (CREDIS_ETYPE, CREDIS_ENOMEM). Since 0.1. */
char *credis_serialize(enum credis_serializer serializer, const char *text, size_t length,
    size_t *stored_length, struct credis_error *err);

/* The way back. What older writers of msgpack left is understood; text of theirs that is not UTF-8 comes
 * back as $bin. Nesting is bounded by 512. Python's pickles are bytes, and are never executed.
 * Returns '*text_length' bytes to free(), terminated, or NULL with the reason. Since 0.1. */
char *credis_deserialize(enum credis_serializer serializer, const char *stored, size_t length,
    size_t *text_length, struct credis_error *err);

#ifdef __cplusplus
}
#endif
#endif
