/* serial.c: the table of serializers.
 * JSON and msgpack go through a tree; numbers are checked and written the one way there is. */
#include <credis/serial.h>

#include "core/error.h"
#include "core/number.h"
#include "core/text.h"
#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

typedef bool conversion(struct buffer *out, const char *bytes, size_t length,
    struct credis_error *err);

static bool
copy(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	(void)err;
	buffer_append(out, bytes, length);
	return true;
}

static bool
copy_text(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	if (!text_is_utf8(bytes, length))
		return error_set(err, CREDIS_ETYPE, "the text is not valid UTF-8");
	return copy(out, bytes, length, err);
}

static bool
refuse_number(const char *bytes, size_t length, enum number_fault fault, const char *kind,
    struct credis_error *err)
{
	char quoted[ERROR_QUOTE + 4];

	return error_set(err, CREDIS_ETYPE, "'%s' is %s%s",
	    text_quote(quoted, bytes, length, ERROR_QUOTE),
	    fault == NUMBER_TOO_LARGE ? "too large for " : "not ", kind);
}

static bool
copy_integer(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	char text[NUMBER_TEXT];
	int64_t integer;
	enum number_fault fault = number_parse_integer(bytes, length, &integer);

	if (fault != NUMBER_FINE)
		return refuse_number(bytes, length, fault, "a whole number of 64 bits", err);
	buffer_append(out, text, number_print_integer(text, integer));
	return true;
}

static bool
copy_double(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	char text[NUMBER_TEXT];
	double real;
	enum number_fault fault = number_parse_double(bytes, length, &real);

	if (fault != NUMBER_FINE)
		return refuse_number(bytes, length, fault, "a double", err);
	buffer_append(out, text, number_print_double(text, real));
	if (strpbrk(text, ".en") == NULL)
		buffer_text(out, ".0");
	return true;
}

static bool
copy_json(enum json_form form, struct buffer *out, const char *bytes, size_t length,
    struct credis_error *err)
{
	struct tree tree = TREE_EMPTY;
	bool ok = json_read(&tree, form, bytes, length, err) && json_write(&tree, form, out, err);

	tree_free(&tree);
	return ok;
}

static bool
copy_plain(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	return copy_json(JSON_PLAIN, out, bytes, length, err);
}

static bool
copy_python(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	return copy_json(JSON_PYTHON, out, bytes, length, err);
}

static bool
pack(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	struct tree tree = TREE_EMPTY;
	bool ok = json_read(&tree, JSON_WIDE, bytes, length, err) && msgpack_write(&tree, out, err);

	tree_free(&tree);
	return ok;
}

static bool
unpack(struct buffer *out, const char *bytes, size_t length, struct credis_error *err)
{
	struct tree tree = TREE_EMPTY;
	bool ok = msgpack_read(&tree, bytes, length, err) && json_write(&tree, JSON_WIDE, out, err);

	tree_free(&tree);
	return ok;
}

static const struct {
	const char *name;
	conversion *in, *out;
} serializers[] = {
	[CREDIS_AS_RAW] = { "raw", copy, copy },
	[CREDIS_AS_TEXT] = { "string", copy_text, copy_text },
	[CREDIS_AS_INTEGER] = { "integer", copy_integer, copy_integer },
	[CREDIS_AS_DOUBLE] = { "double", copy_double, copy_double },
	[CREDIS_AS_JSON] = { "json", copy_plain, copy_plain },
	[CREDIS_AS_PYTHON_JSON] = { "python", copy_python, copy_python },
	[CREDIS_AS_MSGPACK] = { "msgpack", pack, unpack },
};

const char *
credis_serializer_name(enum credis_serializer serializer)
{
	return serializers[serializer].name;
}

bool
credis_serializer_find(const char *name, enum credis_serializer *serializer)
{
	for (int n = 0; n < CREDIS_SERIALIZERS; n++) {
		if (strcmp(serializers[n].name, name) == 0) {
			*serializer = (enum credis_serializer)n;
			return true;
		}
	}
	return false;
}

static char *
run(conversion *convert, const char *bytes, size_t length, size_t *out_length,
    struct credis_error *err)
{
	struct buffer out = BUFFER_EMPTY;

	if (!convert(&out, bytes, length, err)) {
		buffer_free(&out);
		return NULL;
	}
	buffer_append(&out, "", 0);
	*out_length = out.length;
	char *given = buffer_give(&out);
	if (given == NULL)
		error_no_memory(err);
	return given;
}

char *
credis_serialize(enum credis_serializer serializer, const char *text, size_t length,
    size_t *stored_length, struct credis_error *err)
{
	return run(serializers[serializer].in, text, length, stored_length, err);
}

char *
credis_deserialize(enum credis_serializer serializer, const char *stored, size_t length,
    size_t *text_length, struct credis_error *err)
{
	return run(serializers[serializer].out, stored, length, text_length, err);
}
