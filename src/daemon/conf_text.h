/* conf_text.h: the text of a configuration file with all that it includes, made fit for libconfig.
 * Knows files and tokens, and the defects of libconfig that they must get around; knows no settings. */
#ifndef DAEMON_CONF_TEXT_H
#define DAEMON_CONF_TEXT_H

#include "faults.h"

#include <stdbool.h>

struct conf_text;

/* What the word null, which libconfig does not have, becomes where a value is wanted: such a text. */
#define CONF_TEXT_NULL "\x01null"

/* Reads a file, or takes 'length' bytes as one called 'name'. Always returns a text; its faults are
 * in 'faults', which must outlive it. */
struct conf_text *conf_text_read(const char *name, struct faults *faults);
struct conf_text *conf_text_scan(const char *name, const char *bytes, size_t length,
    struct faults *faults);
void conf_text_free(struct conf_text *text);

/* Whether it is worth parsing: false once its tokens or brackets were wrong. */
bool conf_text_is_sound(const struct conf_text *text);

/* What libconfig is to read, and where its line 'line' came from. */
const char *conf_text_bytes(const struct conf_text *text);
struct place conf_text_place(const struct conf_text *text, int line);

/* Whether bytes are well-formed UTF-8 without NUL. */
bool conf_text_is_utf8(const char *bytes, size_t length);

/* 'path' as seen from the directory of the file 'from'. To free(). */
char *conf_text_beside(const char *from, const char *path);

#endif
