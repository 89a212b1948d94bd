/* value_inside.h: what the files of a value share with each other and with nobody else. */
#ifndef CORE_VALUE_INSIDE_H
#define CORE_VALUE_INSIDE_H

#include "core/value.h"

/* Keeps a copy of 'text' as the stored form. */
bool value_set_text(struct credis_value *value, const char *text, size_t length,
    struct credis_error *err);

/* Numbers with their refusals. 'single' rounds to a float. */
bool value_read_integer(int64_t *integer, const char *text, size_t length,
    struct credis_error *err);
bool value_read_real(double *real, bool single, bool finite, const char *text, size_t length,
    struct credis_error *err);

/* Refuses what is not UTF-8 or holds a NUL. */
bool value_check_text(const char *text, size_t length, struct credis_error *err);

/* value_array.c: as value_parse(), and the copy of the elements. */
bool value_parse_array(struct credis_value *value, const struct value_rules *rules,
    const char *text, size_t length, struct credis_error *err);
bool value_copy_array(struct credis_value *value, const struct credis_value *from);

#endif
