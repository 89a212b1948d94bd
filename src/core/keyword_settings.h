/* keyword_settings.h: the table of settings, as the description's reader and writer use it. */
#ifndef CORE_KEYWORD_SETTINGS_H
#define CORE_KEYWORD_SETTINGS_H

#include "core/buffer.h"
#include "core/keyword.h"

#include <jansson.h>

/* As credis_keyword_set(), of a setting that exists. */
bool keyword_set_json(struct credis_keyword *keyword, const char *setting, const json_t *json,
    struct credis_error *err);

/* Appends a setting as JSON, or nothing when it stands at its default. */
void keyword_print_setting(const struct credis_keyword *keyword, size_t row, struct buffer *out);

#endif
