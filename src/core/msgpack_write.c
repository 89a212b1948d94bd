/* msgpack_write.c: a tree as msgpack, each value in its shortest form, as Python's packb() does.
 * The wide JSON's objects of one member become what they stand for. */
#include "core/tree.h"

#include "core/error.h"

#include <math.h>
#include <string.h>

struct writer {
	const struct tree *tree;
	struct buffer *out;
	struct credis_error *err;
};

static bool write_node(struct writer *writer, size_t n);

static bool
refuse(struct writer *writer, const char *why)
{
	return error_set(writer->err, CREDIS_ETYPE, "%s", why);
}

static void
put(struct writer *writer, unsigned char head, unsigned width, uint64_t number)
{
	unsigned char bytes[9] = { head };

	for (unsigned n = 0; n < width; n++)
		bytes[n + 1] = (unsigned char)(number >> 8 * (width - 1 - n));
	buffer_append(writer->out, bytes, width + 1);
}

/* Bytes that a number takes, and their binary logarithm. */
static unsigned
width_of(uint64_t number, unsigned *log)
{
	*log = number <= UINT8_MAX ? 0 : number <= UINT16_MAX ? 1 : number <= UINT32_MAX ? 2 : 3;
	return 1u << *log;
}

static void
put_natural(struct writer *writer, uint64_t number)
{
	unsigned log, width = width_of(number, &log);

	if (number < 0x80)
		put(writer, (unsigned char)number, 0, 0);
	else
		put(writer, (unsigned char)(0xcc + log), width, number);
}

static void
put_integer(struct writer *writer, int64_t number)
{
	unsigned log, width;

	if (number >= 0) {
		put_natural(writer, (uint64_t)number);
	} else if (number >= -32) {
		put(writer, (unsigned char)number, 0, 0);
	} else {
		/* -128 takes as many bytes as 127 and, doubled, 255 */
		width = width_of((uint64_t)~number << 1 | 1, &log);
		put(writer, (unsigned char)(0xd0 + log), width, (uint64_t)number);
	}
}

static void
put_real(struct writer *writer, double real)
{
	uint64_t bits;

	if (isnan(real))
		real = copysign(NAN, 1);
	memcpy(&bits, &real, sizeof bits);
	put(writer, 0xcb, 8, bits);
}

/* Lengths up to 'most' stand in the first byte, 'few'; others behind 'head' (of 8 bits, unless that is 0),
 * and the two after it. */
static bool
put_length(struct writer *writer, unsigned char few, size_t most, unsigned char head,
    unsigned char head16, size_t length)
{
	if (length > UINT32_MAX)
		return refuse(writer, "msgpack has no lengths beyond 32 bits");
	if (length <= most && few != 0)
		put(writer, (unsigned char)(few | length), 0, 0);
	else if (length <= UINT8_MAX && head != 0)
		put(writer, head, 1, length);
	else if (length <= UINT16_MAX)
		put(writer, head16, 2, length);
	else
		put(writer, (unsigned char)(head16 + 1), 4, length);
	return true;
}

static bool
put_ext(struct writer *writer, int8_t type, const char *bytes, size_t length)
{
	bool fixed = length == 1 || length == 2 || length == 4 || length == 8 || length == 16;

	if (fixed)
		put(writer, (unsigned char)(0xd4 + __builtin_ctz((unsigned)length)), 0, 0);
	else if (!put_length(writer, 0, 0, 0xc7, 0xc8, length))
		return false;
	put(writer, (unsigned char)type, 0, 0);
	buffer_append(writer->out, bytes, length);
	return true;
}

/* The wide form's objects. */

static int
hex_digit(char c)
{
	const char *digits = "0123456789abcdef", *at = c != '\0' ? strchr(digits, c) : NULL;

	return at != NULL ? (int)(at - digits) : -1;
}

static bool
read_hex(struct writer *writer, const struct node *node, struct buffer *bytes)
{
	const char *hex = tree_bytes(writer->tree, node);

	if (node->kind != NODE_TEXT || node->length % 2 != 0)
		return refuse(writer, "bytes are written as pairs of hexadecimal digits");
	for (size_t n = 0; n < node->length; n += 2) {
		int high = hex_digit(hex[n]), low = hex_digit(hex[n + 1]);

		if (high < 0 || low < 0)
			return refuse(writer, "bytes are written in the digits 0 to 9 and a to f");
		buffer_append(bytes, &(char){ (char)(high << 4 | low) }, 1);
	}
	return !bytes->failed || error_no_memory(writer->err);
}

static bool
write_bin(struct writer *writer, size_t n)
{
	struct buffer bytes = BUFFER_EMPTY;
	bool ok = read_hex(writer, &writer->tree->nodes[n], &bytes) &&
	    put_length(writer, 0, 0, 0xc4, 0xc5, bytes.length);

	if (ok)
		buffer_append(writer->out, bytes.bytes, bytes.length);
	buffer_free(&bytes);
	return ok;
}

static bool
write_ext(struct writer *writer, size_t n)
{
	const struct node *pair = &writer->tree->nodes[n], *type = pair + 1;
	struct buffer bytes = BUFFER_EMPTY;
	bool ok = pair->kind == NODE_ARRAY && pair->length == 2 && type->kind == NODE_INTEGER &&
	    type->integer >= INT8_MIN && type->integer <= INT8_MAX;

	if (!ok)
		return refuse(writer, "$ext is a type from -128 to 127, and bytes");
	ok = read_hex(writer, type + 1, &bytes) &&
	    put_ext(writer, (int8_t)type->integer, bytes.bytes, bytes.length);
	buffer_free(&bytes);
	return ok;
}

static bool
write_float(struct writer *writer, size_t n)
{
	static const struct {
		const char *name;
		double real;
	} reals[] = { { "nan", NAN }, { "inf", INFINITY }, { "-inf", -INFINITY } };

	for (size_t each = 0; each < sizeof reals / sizeof *reals; each++) {
		if (tree_text_is(writer->tree, &writer->tree->nodes[n], reals[each].name)) {
			put_real(writer, reals[each].real);
			return true;
		}
	}
	return refuse(writer, "$float is nan, inf or -inf");
}

static bool
write_pairs(struct writer *writer, size_t n)
{
	const struct node *nodes = writer->tree->nodes, *pairs = &nodes[n];

	if (pairs->kind != NODE_ARRAY)
		return refuse(writer, "$map is an array of pairs");
	if (!put_length(writer, 0x80, 15, 0, 0xde, pairs->length))
		return false;
	for (size_t pair = n + 1; pair < pairs->next; pair = nodes[pair].next) {
		if (nodes[pair].kind != NODE_ARRAY || nodes[pair].length != 2)
			return refuse(writer, "$map is an array of pairs");
		if (!write_node(writer, pair + 1) || !write_node(writer, nodes[pair + 1].next))
			return false;
	}
	return true;
}

static const struct {
	const char *name;
	bool (*write)(struct writer *writer, size_t n);
} wide[] = {
	{ "$bin", write_bin },
	{ "$ext", write_ext },
	{ "$float", write_float },
	{ "$map", write_pairs },
};

static bool
write_all(struct writer *writer, size_t n)
{
	const struct node *nodes = writer->tree->nodes;

	for (size_t at = n + 1; at < nodes[n].next; at = nodes[at].next)
		if (!write_node(writer, at))
			return false;
	return true;
}

static bool
write_map(struct writer *writer, size_t n)
{
	const struct node *map = &writer->tree->nodes[n];

	for (size_t each = 0; map->length == 2 && each < sizeof wide / sizeof *wide; each++)
		if (tree_text_is(writer->tree, map + 1, wide[each].name))
			return wide[each].write(writer, n + 2);
	return put_length(writer, 0x80, 15, 0, 0xde, map->length / 2) && write_all(writer, n);
}

static bool
write_bytes(struct writer *writer, const struct node *node)
{
	const char *bytes = tree_bytes(writer->tree, node);

	if (node->kind == NODE_EXT)
		return put_ext(writer, (int8_t)node->integer, bytes, node->length);
	if (!(node->kind == NODE_TEXT ? put_length(writer, 0xa0, 31, 0xd9, 0xda, node->length)
				      : put_length(writer, 0, 0, 0xc4, 0xc5, node->length)))
		return false;
	buffer_append(writer->out, bytes, node->length);
	return true;
}

static bool
write_node(struct writer *writer, size_t n)
{
	const struct node *node = &writer->tree->nodes[n];

	switch (node->kind) {
	case NODE_NULL: put(writer, 0xc0, 0, 0); return true;
	case NODE_FALSE: put(writer, 0xc2, 0, 0); return true;
	case NODE_TRUE: put(writer, 0xc3, 0, 0); return true;
	case NODE_INTEGER: put_integer(writer, node->integer); return true;
	case NODE_UNSIGNED: put_natural(writer, node->natural); return true;
	case NODE_DIGITS: return refuse(writer, "msgpack has no whole numbers beyond 64 bits");
	case NODE_REAL: put_real(writer, node->real); return true;
	case NODE_TEXT:
	case NODE_BYTES:
	case NODE_EXT: return write_bytes(writer, node);
	case NODE_ARRAY:
		return put_length(writer, 0x90, 15, 0, 0xdc, node->length) && write_all(writer, n);
	case NODE_MAP: return write_map(writer, n);
	}
	return false;
}

bool
msgpack_write(const struct tree *tree, struct buffer *out, struct credis_error *err)
{
	struct writer writer = { tree, out, err };

	if (!write_node(&writer, 0))
		return false;
	return !out->failed || error_no_memory(err);
}
