/* keyword_inside.h: what the files of a keyword share with each other and with nobody else. */
#ifndef CORE_KEYWORD_INSIDE_H
#define CORE_KEYWORD_INSIDE_H

#include "core/keyword.h"

/* A copy of a setting's text, or one that many share; NULL when out of memory. The text of settings that are not
 * given; and the end of either. */
char *keyword_keep_text(const char *text, size_t length);
char *keyword_nothing(void);
void keyword_drop_text(char *text);

/* Most bytes of a string or of a string element. */
size_t keyword_max_length(const struct credis_keyword *keyword);

/* Most elements of an array. */
size_t keyword_max_count(const struct credis_keyword *keyword);

/* What value_parse() needs to know. */
void keyword_rules(const struct credis_keyword *keyword, struct value_rules *rules);

/* Puts "<setting>: " before the reason, which becomes a wrong setting's; returns false. */
bool keyword_blame(struct credis_error *err, const char *setting);

void keyword_source_free(struct keyword_source *source);

/* Finds the labels that its alarm speaks of. */
bool alarm_finish(struct credis_keyword *keyword, struct credis_error *err);

/* Appends a limit of 'range', or "null". */
void keyword_print_limit(const struct credis_keyword *keyword, bool high, struct buffer *out);

/* As keyword_parse_value(), without the keyword's name before the reason. */
bool keyword_check_value(const struct credis_keyword *keyword, struct credis_value *value,
    const char *text, size_t length, struct credis_error *err);

#endif
