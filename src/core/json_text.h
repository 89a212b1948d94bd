/* json_text.h: a text as JSON writes it, in quotation marks, out and in. */
#ifndef CORE_JSON_TEXT_H
#define CORE_JSON_TEXT_H

#include "core/buffer.h"

#include <credis/error.h>

/* Appends a text with its quotation marks. */
void json_text_append(struct buffer *out, const char *text, size_t length);

/* Reads what stands between quotation marks into 'out', which has room for 'length' bytes. False
 * with the reason (CREDIS_ETYPE) for what JSON does not allow, what is not UTF-8, and NUL. */
bool json_text_read(char *out, size_t *written, const char *text, size_t length,
    struct credis_error *err);

#endif
