/* keyword_present.c: the three faces of a value: stored, for people, in numbers.
 * Never refuses: what does not parse is shown as it is. */
#include "core/keyword_inside.h"

#include "core/text.h"

#include <stdlib.h>
#include <string.h>

/* A boolean with names of its own is shown by them; everything else by its stored form. */
static void
show_by_name(const struct credis_keyword *keyword, struct credis_value *value)
{
	if (value->type != CREDIS_BOOLEAN)
		return;
	const struct label *label = labels_by_key(&keyword->labels, value->as.integer);
	char *text = label != NULL ? text_copy(label->text, label->length) : NULL;
	if (text == NULL)
		return;
	free(value->text);
	value->text = text;
	value->length = label->length;
}

static void
print_face(const struct credis_keyword *keyword, struct credis_value *value, enum credis_form form,
    struct buffer *out)
{
	if (form == CREDIS_BINARY) {
		value_print_binary(value, out);
		return;
	}
	show_by_name(keyword, value);
	value_print_format(value, keyword->format, out);
	if (form == CREDIS_ASCII && *keyword->units != '\0') {
		buffer_append(out, " ", 1);
		buffer_text(out, keyword->units);
	}
}

char *
credis_keyword_present(const struct credis_keyword *keyword, const char *stored, size_t length,
    enum credis_form form)
{
	struct buffer out = BUFFER_EMPTY;
	struct value_rules rules;
	struct credis_value value;

	keyword_rules(keyword, &rules);
	rules.max_count = 0;
	if (form == CREDIS_STORED || !value_parse(&value, &rules, stored, length, NULL)) {
		buffer_append(&out, stored, length);
		return buffer_give(&out);
	}
	print_face(keyword, &value, form, &out);
	value_clear(&value);
	return buffer_give(&out);
}
