/* json_write.c: a tree as JSON text.
 * Knows how each form spaces, escapes and prints numbers, and the wide form's objects of one member. */
#include "core/tree.h"

#include "core/error.h"
#include "core/json_text.h"
#include "core/number.h"

#include <math.h>
#include <string.h>

struct writer {
	const struct tree *tree;
	enum json_form form;
	struct buffer *out;
	struct credis_error *err;
};

static bool write_node(struct writer *writer, size_t n);

static bool
refuse(struct writer *writer, const char *what)
{
	return error_set(writer->err, CREDIS_ETYPE, "JSON has no word for %s", what);
}

static void
write_text(struct writer *writer, const struct node *node)
{
	const char *text = tree_bytes(writer->tree, node);

	if (writer->form == JSON_PYTHON)
		json_text_append_ascii(writer->out, text, node->length);
	else
		json_text_append(writer->out, text, node->length);
}

static void
write_hex(struct writer *writer, const struct node *node)
{
	const char *bytes = tree_bytes(writer->tree, node);

	buffer_text(writer->out, "\"");
	for (size_t n = 0; n < node->length; n++) {
		static const char digits[] = "0123456789abcdef";
		unsigned char byte = (unsigned char)bytes[n];

		buffer_append(writer->out, (char[]){ digits[byte >> 4], digits[byte & 15] }, 2);
	}
	buffer_text(writer->out, "\"");
}

static bool
write_real(struct writer *writer, double real)
{
	char text[NUMBER_TEXT + 2];
	size_t length = number_print_double(text, real);

	if (isfinite(real)) {
		if (strpbrk(text, ".e") == NULL)
			strcpy(text + length, ".0");
		buffer_text(writer->out, text);
	} else if (writer->form == JSON_PYTHON) {
		buffer_text(writer->out, isnan(real) ? "NaN" : real < 0 ? "-Infinity" : "Infinity");
	} else if (writer->form == JSON_WIDE) {
		buffer_printf(writer->out, "{\"$float\":\"%s\"}", text);
	} else {
		return refuse(writer, text);
	}
	return true;
}

static bool
write_bytes(struct writer *writer, const struct node *node)
{
	if (writer->form != JSON_WIDE)
		return refuse(writer, "bytes");
	if (node->kind == NODE_EXT)
		buffer_printf(writer->out, "{\"$ext\":[%lld,", (long long)node->integer);
	else
		buffer_text(writer->out, "{\"$bin\":");
	write_hex(writer, node);
	buffer_text(writer->out, node->kind == NODE_EXT ? "]}" : "}");
	return true;
}

/* Whether a map can stand as an object. */
static bool
is_object(const struct writer *writer, size_t n)
{
	const struct node *nodes = writer->tree->nodes, *map = &nodes[n];
	bool alone = map->length == 2;

	for (size_t key = n + 1; key < map->next; key = nodes[nodes[key].next].next) {
		if (nodes[key].kind != NODE_TEXT ||
		    (alone && writer->form == JSON_WIDE &&
			tree_bytes(writer->tree, &nodes[key])[0] == '$'))
			return false;
	}
	return true;
}

/* The members of an array or a map, with what stands between them, in turn. */
static bool
write_all(struct writer *writer, size_t n, const char *first, const char *second)
{
	const struct node *nodes = writer->tree->nodes;
	size_t count = 0;

	for (size_t at = n + 1; at < nodes[n].next; at = nodes[at].next) {
		if (count > 0)
			buffer_text(writer->out, count % 2 == 1 ? first : second);
		if (!write_node(writer, at))
			return false;
		count++;
	}
	return true;
}

static bool
write_map(struct writer *writer, size_t n)
{
	bool wide = !is_object(writer, n), ok;

	if (wide && writer->form != JSON_WIDE)
		return refuse(writer, "a member whose name is no text");
	buffer_text(writer->out, wide ? "{\"$map\":[" : "{");
	if (!wide)
		ok = writer->form == JSON_PYTHON ? write_all(writer, n, ": ", ", ")
						 : write_all(writer, n, ":", ",");
	else {
		buffer_text(writer->out, "[");
		ok = write_all(writer, n, ",", "],[");
		buffer_text(writer->out, "]");
	}
	buffer_text(writer->out, wide ? "]}" : "}");
	return ok;
}

static bool
write_array(struct writer *writer, size_t n)
{
	const char *between = writer->form == JSON_PYTHON ? ", " : ",";
	bool ok;

	buffer_text(writer->out, "[");
	ok = write_all(writer, n, between, between);
	buffer_text(writer->out, "]");
	return ok;
}

static bool
write_node(struct writer *writer, size_t n)
{
	const struct node *node = &writer->tree->nodes[n];
	struct buffer *out = writer->out;

	switch (node->kind) {
	case NODE_NULL: buffer_text(out, "null"); return true;
	case NODE_FALSE: buffer_text(out, "false"); return true;
	case NODE_TRUE: buffer_text(out, "true"); return true;
	case NODE_INTEGER: buffer_printf(out, "%lld", (long long)node->integer); return true;
	case NODE_UNSIGNED:
		buffer_printf(out, "%llu", (unsigned long long)node->natural);
		return true;
	case NODE_DIGITS:
		buffer_append(out, tree_bytes(writer->tree, node), node->length);
		return true;
	case NODE_REAL: return write_real(writer, node->real);
	case NODE_TEXT: write_text(writer, node); return true;
	case NODE_BYTES:
	case NODE_EXT: return write_bytes(writer, node);
	case NODE_ARRAY: return write_array(writer, n);
	case NODE_MAP: return write_map(writer, n);
	}
	return false;
}

bool
json_write(const struct tree *tree, enum json_form form, struct buffer *out,
    struct credis_error *err)
{
	struct writer writer = { tree, form, out, err };

	if (!write_node(&writer, 0))
		return false;
	return !out->failed || error_no_memory(err);
}
