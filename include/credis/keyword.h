/* keyword.h: what is known of a keyword: its name, type, limits and words for people.
 * The same description serves the dispatcher that owns it and the clients that use it; it
 * holds no current value. Settings go in and out as text, by name, through one table: the
 * settings of credisd.conf(5). */
#ifndef CREDIS_KEYWORD_H
#define CREDIS_KEYWORD_H

#include <credis/error.h>
#include <credis/value.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
	CREDIS_SERVICE_MAX = 63,  /* bytes in the name of a service */
	CREDIS_KEYWORD_MAX = 127, /* bytes in the name of a keyword */
};

/* Who may do what. Since 0.1. */
enum credis_access { CREDIS_READ_WRITE, CREDIS_READ, CREDIS_WRITE };

struct credis_keyword;

/* Makes a keyword. The name is [A-Za-z][A-Za-z0-9_.]*, kept in upper case. Returns one to free
 * with credis_keyword_free(), or NULL with CREDIS_EINVAL or CREDIS_ENOMEM. Since 0.1. */
struct credis_keyword *credis_keyword_new(const char *name, enum credis_type type,
    struct credis_error *err);

void credis_keyword_free(struct credis_keyword *keyword);

/* Sets one setting from JSON text, as it stands in a description: "range" "[0, 360]",
 * "values" "[\"open\", \"U\"]", "persist" "true". Where the setting is a text, bare text is
 * taken as well: "units" "deg"; spans are text: "period" "1 second". Returns false with
 * the fault and what is allowed; the keyword is then unchanged. Since 0.1. */
bool credis_keyword_set(struct credis_keyword *keyword, const char *setting, const char *json,
    struct credis_error *err);

/* Checks what only the whole shows: that the initial value is allowed, that the format fits
 * the type, that labels are there. Also settles the initial value where none was given. False
 * with the fault; '*setting' (may be NULL) then names the setting to blame. Since 0.1. */
bool credis_keyword_finish(struct credis_keyword *keyword, const char **setting,
    struct credis_error *err);

/* The settings there are: row 0, 1, 2 … until NULL. 'allowed' says in words what may be given.
 * Since 0.1. */
struct credis_setting {
	const char *name;
	const char *allowed;
	const char *help;
};
const struct credis_setting *credis_keyword_setting(size_t row);

/* A setting as JSON text, or NULL when it stands at its default. To free(). Since 0.1. */
char *credis_keyword_get(const struct credis_keyword *keyword, const char *setting);

/* The whole description as one JSON object, as it lies in the store: settings at their
 * defaults are left out. To free(); NULL when out of memory. Since 0.1. */
char *credis_keyword_to_json(const struct credis_keyword *keyword);

/* Reads such a description back. Unknown members are ignored: they may be a newer version's.
 * Since 0.1. */
struct credis_keyword *credis_keyword_from_json(const char *json, struct credis_error *err);

const char *credis_keyword_name(const struct credis_keyword *keyword);
enum credis_type credis_keyword_type(const struct credis_keyword *keyword);
enum credis_access credis_keyword_access(const struct credis_keyword *keyword);

/* "" where none was given. Lent. Since 0.1. */
const char *credis_keyword_units(const struct credis_keyword *keyword);
const char *credis_keyword_help(const struct credis_keyword *keyword);

/* Label number n of an enumerated, mask or boolean keyword, or of an array's elements, with its
 * key; NULL past the last. Lent. Since 0.1. */
const char *credis_keyword_label(const struct credis_keyword *keyword, size_t n, int64_t *key);

/* The three faces of a value. Since 0.1. */
enum credis_form {
	CREDIS_STORED,     /* as it lies in the store */
	CREDIS_ASCII,      /* for people: with the keyword's format and units */
	CREDIS_ASCII_BARE, /* the same without units */
	CREDIS_BINARY,     /* numbers, keys, bits */
};

/* Puts a stored form into the face asked for. Returns text to free(), or NULL when out of
 * memory. What does not parse comes back as it is: a person is better served by a strange value
 * than by none. Since 0.1. */
char *credis_keyword_present(const struct credis_keyword *keyword, const char *stored,
    size_t length, enum credis_form form);

#ifdef __cplusplus
}
#endif
#endif
