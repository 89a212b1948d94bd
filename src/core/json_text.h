/* json_text.h: a text as JSON writes it, in quotation marks, out and in. */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include "core/buffer.h"

#include <credis/error.h>

/* Appends a text with its quotation marks. */
void json_text_append(struct buffer *out, const char *text, size_t length);

/* The same in ASCII only, as Python's json.dumps() does: UTF-8, in which a half of a surrogate pair may
 * stand for itself. */
void json_text_append_ascii(struct buffer *out, const char *text, size_t length);

/* Reads what stands between quotation marks into 'out', which has room for 'length' bytes. False
 * with the reason (CREDIS_ETYPE) for what JSON does not allow, what is not UTF-8, and NUL. */
bool json_text_read(char *out, size_t *written, const char *text, size_t length,
    struct credis_error *err);

/* The same, but takes some of what is refused there. */
enum json_text_allow { JSON_TEXT_NUL = 1, JSON_TEXT_SURROGATES = 2 };
bool json_text_read_with(char *out, size_t *written, const char *text, size_t length,
    unsigned allow, struct credis_error *err);

#endif
