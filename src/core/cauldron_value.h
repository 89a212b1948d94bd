/* cauldron_value.h: values as Cauldron's clients write and read them.
 * Two texts of one value: the one on their wire, and what core/value.h takes and stores. */
#ifndef CORE_CAULDRON_VALUE_H
#define CORE_CAULDRON_VALUE_H

#include "core/keyword.h"

/* Appends what a client's text means, for keyword_parse_value() to judge: whole numbers are cut off after the
 * point and have 32 bits, a number names a label by its key. Where neither is the case it is the text itself.
 * False with the reason in 'err'. */
bool cauldron_value_read(const struct credis_keyword *keyword, const char *text, size_t length,
    struct buffer *out, struct credis_error *err);

/* Appends what clients read: 1 or 0, the key, bits as a number, doubles as Python's repr() has them. */
void cauldron_value_print(const struct credis_value *value, struct buffer *out);

#endif
