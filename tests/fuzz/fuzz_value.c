/* fuzz_value.c: any text is refused with a reason, or becomes a value whose stored form is itself a
 * text of that value; formats are refused or print.
 * The first byte chooses type and rules; what lies before a NUL is a format, the rest the text. */
#include "fuzz.h"

#include "core/text.h"
#include "core/value.h"

static struct labels labels[CREDIS_TYPES];

static void
add(enum credis_type type, int64_t key, const char *text)
{
	struct credis_error err;

	PROMISE(labels_add(&labels[type], key, text, strlen(text), &err));
}

static void
make_labels(void)
{
	if (labels[CREDIS_MASK].count > 0)
		return;
	add(CREDIS_BOOLEAN, 0, "closed");
	add(CREDIS_BOOLEAN, 1, "open");
	add(CREDIS_ENUMERATED, 0, "open");
	add(CREDIS_ENUMERATED, -7, "a long label, longer than a value's room");
	add(CREDIS_ENUMERATED, 3, "0");
	add(CREDIS_MASK, 0, "neon");
	add(CREDIS_MASK, 5, "argon");
	add(CREDIS_MASK, 62, "1");
}

static void
check_copy(const struct credis_value *value)
{
	struct credis_value copy;

	PROMISE(value_copy(&copy, value));
	PROMISE(value_equal(&copy, value));
	PROMISE(copy.count == value->count);
	value_clear(&copy);
}

static void
check_stored_form(const struct credis_value *value, const struct value_rules *rules)
{
	struct credis_value again;
	struct credis_error err;
	double distance;

	PROMISE(strlen(value_text(value)) == value->length);
	PROMISE(text_is_utf8(value_text(value), value->length));
	PROMISE(value_parse(&again, rules, value_text(value), value->length, &err));
	PROMISE(value_equal(&again, value));
	distance = value_distance(&again, value);
	PROMISE(distance == 0 || distance > 1e308);
	value_clear(&again);
}

static void
check_faces(const struct credis_value *value, const char *format)
{
	struct buffer out = BUFFER_EMPTY;
	struct credis_error err;

	value_print_binary(value, &out);
	PROMISE(!out.failed);
	if (value_format_check(format, value->type, &err))
		value_print_format(value, format, &out);
	else
		PROMISE(err.code == CREDIS_EINVAL && err.text[0] != '\0');
	PROMISE(!out.failed);
	buffer_free(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct credis_error err = { .code = CREDIS_OK };
	struct credis_value value;

	make_labels();
	if (size == 0)
		return 0;
	struct value_rules rules = {
		.type = (enum credis_type)(data[0] % CREDIS_TYPES),
		.finite = (data[0] & 0x80) == 0,
		.labels = &labels[data[0] % CREDIS_TYPES],
		.max_count = (data[0] & 0x40) != 0 ? 3 : 0,
	};
	const char *format = (const char *)data + 1, *text = format;
	const char *nul = memchr(format, '\0', size - 1);
	if (nul != NULL)
		text = nul + 1;
	size_t length = size - (size_t)(text - (const char *)data);

	if (!value_parse(&value, &rules, text, length, &err)) {
		PROMISE(err.code != CREDIS_OK && text_is_printable(err.text, strlen(err.text)));
		PROMISE(value.length == 0 && value.text == NULL);
		return 0;
	}
	check_stored_form(&value, &rules);
	check_copy(&value);
	check_faces(&value, nul != NULL ? format : "");
	value_clear(&value);
	return 0;
}
