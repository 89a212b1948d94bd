/* value.h: the types of keywords, and one value of one of them.
 * A value knows its stored form (text) and its binary form (numbers); what it may be is the
 * keyword's business (keyword.h). */
#ifndef CREDIS_VALUE_H
#define CREDIS_VALUE_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The types of KTL, under the names of credisd.conf(5). Since 0.1. */
enum credis_type {
	CREDIS_STRING,
	CREDIS_BOOLEAN,
	CREDIS_INTEGER,
	CREDIS_FLOAT,
	CREDIS_DOUBLE,
	CREDIS_ENUMERATED,
	CREDIS_MASK,
	CREDIS_INTEGER_ARRAY,
	CREDIS_FLOAT_ARRAY,
	CREDIS_DOUBLE_ARRAY,
	CREDIS_STRING_ARRAY,
	CREDIS_TYPES /* how many there are */
};

/* How good a value is, from EPICS. Since 0.1. */
enum credis_severity {
	CREDIS_NONE,
	CREDIS_MINOR,
	CREDIS_MAJOR,
	CREDIS_INVALID,
	CREDIS_SEVERITIES /* how many there are */
};

/* "double array", "enumerated"; never NULL. Since 0.1. */
const char *credis_type_name(enum credis_type type);

/* Finds a type by name. False leaves '*type' alone. Since 0.1. */
bool credis_type_find(const char *name, enum credis_type *type);

/* "none", "minor", "major", "invalid"; never NULL. Since 0.1. */
const char *credis_severity_name(enum credis_severity severity);

/* Finds a severity by name. False leaves '*severity' alone. Since 0.1. */
bool credis_severity_find(const char *name, enum credis_severity *severity);

struct credis_value;
struct credis_keyword;

/* Reads 'length' bytes of 'text' as a value of 'keyword', by the rules of credisd.conf(5),
 * and checks that the keyword allows it. Returns a value to free with credis_value_free(), or
 * NULL with the reason in 'err' (CREDIS_ETYPE, ERANGE, EVALUES, ELENGTH, EPATTERN, ENOMEM).
 * Since 0.1. */
struct credis_value *credis_value_new(const struct credis_keyword *keyword, const char *text,
    size_t length, struct credis_error *err);

void credis_value_free(struct credis_value *value);

/* The stored form, terminated; '*length' (may be NULL) gets its bytes. Lent while the value
 * lives. Since 0.1. */
const char *credis_value_text(const struct credis_value *value, size_t *length);

enum credis_type credis_value_type(const struct credis_value *value);

/* The binary form as a whole number: 0 or 1, the number, the key, the bits. False, and
 * '*integer' untouched, for types that have none. Since 0.1. */
bool credis_value_integer(const struct credis_value *value, int64_t *integer);

/* The binary form as a real number; also of whole numbers, keys and bits. Since 0.1. */
bool credis_value_real(const struct credis_value *value, double *real);

/* How many elements an array has; 1 for every other type. Since 0.1. */
size_t credis_value_count(const struct credis_value *value);

/* An element of an array, counted from 0; of another type, element 0 is the value itself.
 * False past the end or for an element of another kind. Text is lent. Since 0.1. */
bool credis_value_element_integer(const struct credis_value *value, size_t n, int64_t *integer);
bool credis_value_element_real(const struct credis_value *value, size_t n, double *real);
const char *credis_value_element_text(const struct credis_value *value, size_t n);

#ifdef __cplusplus
}
#endif
#endif
