/* setting.h: one row of the table of settings, and the ways to read and write them.
 * For keyword_settings.c, which has the table, and setting_*.c alone. */
#ifndef CORE_SETTING_H
#define CORE_SETTING_H

#include "core/buffer.h"
#include "core/keyword.h"

#include <jansson.h>

#define TYPE_BIT(type) (1u << (type))

/* The types a setting fits, and their name in a sentence. */
struct fit {
	unsigned types;
	const char *name;
};

struct setting;

/* Takes a setting from JSON; false with the fault (without the setting's name) and the keyword
 * unchanged. */
typedef bool setting_set(struct credis_keyword *keyword, const struct setting *row,
    const json_t *json, struct credis_error *err);

/* Appends a setting as JSON, or nothing when it stands at its default. */
typedef void setting_get(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out);

struct setting {
	struct credis_setting shown;
	const struct fit *fits;
	setting_set *set;
	setting_get *get;
	bool bare;        /* a text: the quotation marks may be left out */
	size_t at;        /* where it is in a keyword, for those that are read alike */
	int64_t standard; /* their default */
	size_t max;       /* texts: bytes */
};

/* "must be …" in the words of the row; returns false. */
bool setting_must_be(const struct setting *row, struct credis_error *err);

/* Numbers of JSON as values: through their text. */
bool setting_read_integer(const json_t *json, int64_t *integer, struct credis_error *err);
bool setting_read_real(const json_t *json, bool single, double *real, struct credis_error *err);

setting_set setting_set_type, setting_set_text, setting_set_format, setting_set_pattern,
    setting_set_flag, setting_set_span, setting_set_access, setting_set_range, setting_set_deadband,
    setting_set_length, setting_set_max_length, setting_set_initial, setting_set_labels,
    setting_set_alarm, setting_set_history, setting_set_calc, setting_set_schedule,
    setting_set_driver, setting_set_argv;
setting_get setting_get_type, setting_get_text, setting_get_pattern, setting_get_flag,
    setting_get_span, setting_get_access, setting_get_range, setting_get_deadband,
    setting_get_length, setting_get_max_length, setting_get_initial, setting_get_labels,
    setting_get_alarm, setting_get_history, setting_get_calc, setting_get_schedule,
    setting_get_driver, setting_get_argv;

#endif
