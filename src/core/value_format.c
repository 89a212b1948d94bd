/* value_format.c: printf formats given by a configuration, checked first and bounded when printing.
 * Knows which conversions fit a type; takes a format apart and never hands it to printf whole. */
#include "core/error.h"
#include "core/text.h"
#include "core/value.h"

#include <langinfo.h>
#include <stdio.h>
#include <string.h>

enum {
	FORMAT_MAX = 128,     /* bytes in a format */
	FORMAT_SIZE_MAX = 64, /* width and precision */
	NUMBER_MAX = 512,     /* bytes of any number so printed: 1e308 with %64.64f has 374 */
};

struct conversion {
	const char *start, *end; /* from the '%' to behind the letter */
	char flags[8];
	int width, precision; /* -1: not given */
	char letter;
};

/* A number of at most FORMAT_SIZE_MAX; 'none' when there are no digits. */
static bool
scan_size(const char **at, int *size, int none)
{
	const char *first = *at;

	for (*size = 0; **at >= '0' && **at <= '9'; ++*at) {
		*size = *size * 10 + (**at - '0');
		if (*size > FORMAT_SIZE_MAX)
			return false;
	}
	if (*at == first)
		*size = none;
	return true;
}

/* What stands behind a '%'. Lengths (l, ll, h …) are passed over: the printer knows its own. */
static bool
scan_conversion(struct conversion *conversion, const char *at, struct credis_error *err)
{
	size_t flags = strspn(at + 1, "-+ #0");

	*conversion = (struct conversion){ .start = at, .precision = -1 };
	if (flags >= sizeof(conversion->flags))
		return error_set(err, CREDIS_EINVAL, "more than %zu flags",
		    sizeof(conversion->flags) - 1);
	memcpy(conversion->flags, at + 1, flags);
	at += 1 + flags;
	bool fine = scan_size(&at, &conversion->width, -1);
	if (fine && *at == '.') {
		at++;
		fine = scan_size(&at, &conversion->precision, 0);
	}
	if (!fine)
		return error_set(err, CREDIS_EINVAL, "width or precision above %d",
		    FORMAT_SIZE_MAX);
	at += strspn(at, "lhLqjzt");
	conversion->letter = *at;
	conversion->end = at + (*at != '\0');
	return true;
}

/* The one conversion of a format. */
static bool
find_conversion(struct conversion *found, const char *format, struct credis_error *err)
{
	struct conversion conversion;
	size_t count = 0;

	for (const char *at = format; (at = strchr(at, '%')) != NULL;) {
		if (at[1] == '%') {
			at += 2;
			continue;
		}
		if (!scan_conversion(&conversion, at, err))
			return false;
		at = conversion.end;
		*found = conversion;
		count++;
	}
	if (count == 1)
		return true;
	return error_set(err, CREDIS_EINVAL, "%zu conversions instead of one", count);
}

/* The letters that fit a type, or the elements of an array. */
static const char *
letters(enum credis_type type)
{
	static const char *const fitting[CREDIS_TYPES] = {
		[CREDIS_STRING] = "s",
		[CREDIS_BOOLEAN] = "sdiuxXo",
		[CREDIS_INTEGER] = "diuxXoeEfFgG",
		[CREDIS_FLOAT] = "eEfFgGaA",
		[CREDIS_DOUBLE] = "eEfFgGaA",
		[CREDIS_ENUMERATED] = "sdiuxXo",
		[CREDIS_MASK] = "sdiuxXo",
	};

	return fitting[type_element(type)];
}

bool
value_format_check(const char *format, enum credis_type type, struct credis_error *err)
{
	struct conversion conversion;
	size_t length = strlen(format);
	char quoted[2];

	if (length > FORMAT_MAX)
		return error_set(err, CREDIS_EINVAL, "%zu bytes are more than the maximum %d",
		    length, FORMAT_MAX);
	if (!find_conversion(&conversion, format, err))
		return false;
	if (conversion.letter == '\0')
		return error_set(err, CREDIS_EINVAL, "the conversion has no letter (one of %s)",
		    letters(type));
	if (strchr(letters(type), conversion.letter) != NULL)
		return true;
	quoted[0] = conversion.letter > ' ' && conversion.letter < 0x7f ? conversion.letter : '?';
	quoted[1] = '\0';
	return error_set(err, CREDIS_EINVAL, "%%%s does not fit the type %s (one of %s)", quoted,
	    credis_type_name(type), letters(type));
}

/* Appends the literal text of a format: "%%" is one '%'. */
static void
print_literal(struct buffer *out, const char *at, const char *end)
{
	for (; at < end; at++) {
		buffer_append(out, at, 1);
		at += *at == '%';
	}
}

/* Appends a printed number with '.' whatever the locale's point. */
static void
print_pointed(struct buffer *out, const char *number)
{
	const char *radix = nl_langinfo(RADIXCHAR);
	const char *point = *radix != '\0' ? strstr(number, radix) : NULL;

	if (point == NULL) {
		buffer_text(out, number);
		return;
	}
	buffer_append(out, number, (size_t)(point - number));
	buffer_append(out, ".", 1);
	buffer_text(out, point + strlen(radix));
}

/* The conversion again, with our own length. */
static void
spell_conversion(const struct conversion *conversion, const char *length, char text[32])
{
	char *place = stpcpy(stpcpy(text, "%"), conversion->flags);

	if (conversion->width >= 0)
		place += sprintf(place, "%d", conversion->width);
	if (conversion->precision >= 0)
		place += sprintf(place, ".%d", conversion->precision);
	sprintf(place, "%s%c", length, conversion->letter);
}

/* These two formats are put together here from checked parts. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"

static void
print_real(struct buffer *out, const struct conversion *conversion, double real)
{
	char format[32], number[NUMBER_MAX];

	spell_conversion(conversion, "", format);
	snprintf(number, sizeof(number), format, real);
	print_pointed(out, number);
}

static void
print_integer(struct buffer *out, const struct conversion *conversion, int64_t integer)
{
	char format[32], number[NUMBER_MAX];

	if (strchr("eEfFgG", conversion->letter) != NULL) {
		print_real(out, conversion, (double)integer);
		return;
	}
	spell_conversion(conversion, "ll", format);
	snprintf(number, sizeof(number), format, (long long)integer);
	buffer_text(out, number);
}

#pragma GCC diagnostic pop

/* %s by hand: its width may count on no locale and its precision may cut no character. */
static void
print_text(struct buffer *out, const struct conversion *conversion, const char *text)
{
	size_t length = strlen(text);
	bool left = strchr(conversion->flags, '-') != NULL;

	if (conversion->precision >= 0)
		length = text_cut(text, length, (size_t)conversion->precision);
	int pad = conversion->width - (int)(length < FORMAT_SIZE_MAX ? length : FORMAT_SIZE_MAX);
	if (!left && pad > 0)
		buffer_printf(out, "%*s", pad, "");
	buffer_append(out, text, length);
	if (left && pad > 0)
		buffer_printf(out, "%*s", pad, "");
}

static void
print_element(struct buffer *out, const char *format, const struct conversion *conversion,
    const struct credis_value *value, size_t n)
{
	int64_t integer;
	double real;

	print_literal(out, format, conversion->start);
	if (conversion->letter == 's')
		print_text(out, conversion, credis_value_element_text(value, n));
	else if (credis_value_element_integer(value, n, &integer))
		print_integer(out, conversion, integer);
	else if (credis_value_element_real(value, n, &real))
		print_real(out, conversion, real);
	print_literal(out, conversion->end, conversion->end + strlen(conversion->end));
}

void
value_print_format(const struct credis_value *value, const char *format, struct buffer *out)
{
	struct conversion conversion;

	if (format == NULL || *format == '\0' || !find_conversion(&conversion, format, NULL)) {
		buffer_append(out, value_text(value), value->length);
		return;
	}
	if (!type_is_array(value->type)) {
		print_element(out, format, &conversion, value, 0);
		return;
	}
	buffer_append(out, "[", 1);
	for (size_t n = 0; n < value->count; n++) {
		if (n > 0)
			buffer_append(out, ", ", 2);
		print_element(out, format, &conversion, value, n);
	}
	buffer_append(out, "]", 1);
}
