/* value.h (core): text → value → text, by type and labels alone.
 * Limits (range, length, pattern, access) are core/keyword.h's. */
#ifndef CORE_VALUE_H
#define CORE_VALUE_H

#include "core/buffer.h"
#include "core/labels.h"
#include "core/number.h"

#include <credis/value.h>

struct credis_value {
	enum credis_type type;
	union {
		int64_t integer;   /* boolean 0 or 1, integer, enumerated its key, mask its bits */
		double real;       /* float, double */
		int64_t *integers; /* arrays: 'count' of them */
		double *reals;
		char **texts;
	} as;
	size_t count;           /* elements; 1 unless an array */
	size_t length;          /* of the stored form */
	char *text;             /* the stored form; NULL while it is in 'room' */
	char room[NUMBER_TEXT]; /* short stored forms need no allocation */
};

enum { VALUE_BITS = 63 }; /* most bits of a mask: the sign stays out of it */

/* What value_parse() needs to know of a keyword. */
struct value_rules {
	enum credis_type type;
	bool finite;                 /* inf and nan refused */
	const struct labels *labels; /* enumerated, mask; boolean: two names or none */
	size_t max_count;            /* arrays: most elements worth reading; 0 is no limit */
};

/* Reads 'length' bytes as a value. 'value' need not be initialised; on success it owns memory
 * to release with value_clear(). On failure returns false with the reason in 'err', worded
 * without the keyword's name ("'4.1' is not a whole number"); 'value' is then empty. Takes every
 * text of "Types" in credisd.conf(5), and every stored form. */
bool value_parse(struct credis_value *value, const struct value_rules *rules, const char *text,
    size_t length, struct credis_error *err);

/* Makes a value that owns nothing and reads as "". */
void value_init(struct credis_value *value, enum credis_type type);
void value_clear(struct credis_value *value);

/* Moves 'from' over 'value' (cleared first); 'from' is empty afterwards. */
void value_take(struct credis_value *value, struct credis_value *from);
bool value_copy(struct credis_value *value, const struct credis_value *from);

/* The stored form, terminated. Lent. */
static inline const char *
value_text(const struct credis_value *value)
{
	return value->text != NULL ? value->text : value->room;
}

/* Puts "element 3: " (for n = 2) before what 'err' says; returns false. */
bool value_blame_element(struct credis_error *err, size_t n);

/* The meaning of "yes", "off", "1", … in any case; false for a word that has none. */
bool value_find_boolean(const char *text, size_t length, bool *meaning);

/* Of the same type with the same stored form. */
bool value_equal(const struct credis_value *a, const struct credis_value *b);

/* The largest difference between numbers, element by element; infinite where shapes or types
 * differ or there is nothing to subtract. */
double value_distance(const struct credis_value *a, const struct credis_value *b);

/* The binary form as text: numbers, keys, bits. */
void value_print_binary(const struct credis_value *value, struct buffer *out);

/* Whether a printf format is fit for a type: exactly one conversion, of the right kind, bounded in
 * width and precision (both at most 64). */
bool value_format_check(const char *format, enum credis_type type, struct credis_error *err);

/* The value through a checked printf format ("" or NULL: the stored form); an array's elements
 * each, joined by ", " in brackets. */
void value_print_format(const struct credis_value *value, const char *format, struct buffer *out);

bool type_is_array(enum credis_type type);
enum credis_type type_element(enum credis_type type); /* itself unless an array */

#endif
