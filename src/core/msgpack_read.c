/* msgpack_read.c: msgpack into a tree; a count is believed only as far as there are bytes for it.
 * Not msgpack-c, whose reader goes 32 levels deep; Python's writers go further. */
#include "core/tree.h"

#include "core/error.h"
#include "core/text.h"

#include <string.h>

struct reader {
	struct tree *tree;
	const unsigned char *bytes, *at, *end;
	int depth;
	struct credis_error *err;
};

static bool read_value(struct reader *reader);

static bool
refuse(struct reader *reader, const char *why)
{
	return error_set(reader->err, CREDIS_ETYPE, "the msgpack is wrong at byte %zu: %s",
	    (size_t)(reader->at - reader->bytes) + 1, why);
}

static size_t
left(const struct reader *reader)
{
	return (size_t)(reader->end - reader->at);
}

/* Takes a number of 'width' bytes. */
static bool
take_number(struct reader *reader, unsigned width, uint64_t *number)
{
	if (left(reader) < width)
		return refuse(reader, "its end is missing");
	*number = 0;
	while (width-- > 0)
		*number = *number << 8 | *reader->at++;
	return true;
}

/* Text of older writers may be anything: what is not UTF-8 is bytes. */
static bool
add_bytes(struct reader *reader, enum node_kind kind, uint64_t length)
{
	const char *bytes = (const char *)reader->at;

	if (left(reader) < length)
		return refuse(reader, "its end is missing");
	if (kind == NODE_TEXT && !text_is_utf8(bytes, (size_t)length))
		kind = NODE_BYTES;
	tree_add_bytes(reader->tree, kind, bytes, (size_t)length);
	reader->at += length;
	return true;
}

static bool
add_ext(struct reader *reader, uint64_t length)
{
	uint64_t type = 0;
	size_t node = reader->tree->count;

	if (!take_number(reader, 1, &type) || !add_bytes(reader, NODE_EXT, length))
		return false;
	if (!reader->tree->failed)
		reader->tree->nodes[node].integer = (int8_t)type;
	return true;
}

static bool
add_many(struct reader *reader, enum node_kind kind, uint64_t count)
{
	size_t node = tree_open(reader->tree, kind);

	if (++reader->depth > TREE_DEPTH)
		return refuse(reader, "nested more than 512 deep");
	if (count > left(reader))
		return refuse(reader, "more elements than bytes");
	if (kind == NODE_MAP)
		count *= 2;
	for (uint64_t n = 0; n < count; n++)
		if (!read_value(reader))
			return false;
	tree_close(reader->tree, node, (size_t)count);
	reader->depth--;
	return true;
}

static bool
add_natural(struct reader *reader, unsigned width)
{
	uint64_t number;

	if (!take_number(reader, width, &number))
		return false;
	if (number > INT64_MAX)
		tree_add(reader->tree, NODE_UNSIGNED)->natural = number;
	else
		tree_add(reader->tree, NODE_INTEGER)->integer = (int64_t)number;
	return true;
}

static bool
add_integer(struct reader *reader, unsigned width)
{
	unsigned shift = 64 - 8 * width;
	uint64_t number;

	if (!take_number(reader, width, &number))
		return false;
	/* the sign is drawn out over the upper bytes */
	tree_add(reader->tree, NODE_INTEGER)->integer = (int64_t)(number << shift) >> shift;
	return true;
}

static bool
add_real(struct reader *reader, unsigned width)
{
	uint64_t number;
	uint32_t half;
	float single;
	double real;

	if (!take_number(reader, width, &number))
		return false;
	half = (uint32_t)number;
	memcpy(&single, &half, sizeof single);
	memcpy(&real, &number, sizeof real);
	tree_add(reader->tree, NODE_REAL)->real = width == 4 ? (double)single : real;
	return true;
}

static bool
add_word(struct reader *reader, enum node_kind kind)
{
	tree_add(reader->tree, kind);
	return true;
}

/* What the bytes from 0xc0 to 0xdf begin: 'width' bytes of number or length follow. */
enum shape { WRONG, WORD, NATURAL, INTEGER, REAL, BYTES, EXT, FIXED_EXT, MANY };
static const struct format {
	enum shape shape;
	unsigned width; /* of FIXED_EXT: the length itself */
	enum node_kind kind;
} formats[32] = {
	{ WORD, 0, NODE_NULL },
	{ WRONG, 0, 0 },
	{ WORD, 0, NODE_FALSE },
	{ WORD, 0, NODE_TRUE },
	{ BYTES, 1, NODE_BYTES },
	{ BYTES, 2, NODE_BYTES },
	{ BYTES, 4, NODE_BYTES },
	{ EXT, 1, 0 },
	{ EXT, 2, 0 },
	{ EXT, 4, 0 },
	{ REAL, 4, 0 },
	{ REAL, 8, 0 },
	{ NATURAL, 1, 0 },
	{ NATURAL, 2, 0 },
	{ NATURAL, 4, 0 },
	{ NATURAL, 8, 0 },
	{ INTEGER, 1, 0 },
	{ INTEGER, 2, 0 },
	{ INTEGER, 4, 0 },
	{ INTEGER, 8, 0 },
	{ FIXED_EXT, 1, 0 },
	{ FIXED_EXT, 2, 0 },
	{ FIXED_EXT, 4, 0 },
	{ FIXED_EXT, 8, 0 },
	{ FIXED_EXT, 16, 0 },
	{ BYTES, 1, NODE_TEXT },
	{ BYTES, 2, NODE_TEXT },
	{ BYTES, 4, NODE_TEXT },
	{ MANY, 2, NODE_ARRAY },
	{ MANY, 4, NODE_ARRAY },
	{ MANY, 2, NODE_MAP },
	{ MANY, 4, NODE_MAP },
};

static bool
read_format(struct reader *reader, const struct format *format)
{
	uint64_t length = 0;

	switch (format->shape) {
	case WRONG: return refuse(reader, "a byte that begins nothing");
	case WORD: return add_word(reader, format->kind);
	case NATURAL: return add_natural(reader, format->width);
	case INTEGER: return add_integer(reader, format->width);
	case REAL: return add_real(reader, format->width);
	case FIXED_EXT: return add_ext(reader, format->width);
	case BYTES:
		return take_number(reader, format->width, &length) &&
		    add_bytes(reader, format->kind, length);
	case EXT: return take_number(reader, format->width, &length) && add_ext(reader, length);
	case MANY:
		return take_number(reader, format->width, &length) &&
		    add_many(reader, format->kind, length);
	}
	return false;
}

static bool
read_value(struct reader *reader)
{
	unsigned char byte;

	if (reader->tree->failed)
		return error_no_memory(reader->err);
	if (left(reader) == 0)
		return refuse(reader, "its end is missing");
	byte = *reader->at++;
	if (byte < 0x80 || byte >= 0xe0) {
		tree_add(reader->tree, NODE_INTEGER)->integer = (int8_t)byte;
		return true;
	}
	if (byte < 0x90)
		return add_many(reader, NODE_MAP, byte & 15);
	if (byte < 0xa0)
		return add_many(reader, NODE_ARRAY, byte & 15);
	if (byte < 0xc0)
		return add_bytes(reader, NODE_TEXT, byte & 31);
	return read_format(reader, &formats[byte - 0xc0]);
}

bool
msgpack_read(struct tree *tree, const char *bytes, size_t length, struct credis_error *err)
{
	const unsigned char *start = (const unsigned char *)bytes;
	struct reader reader = { tree, start, start, start + length, 0, err };

	if (!read_value(&reader))
		return false;
	if (left(&reader) > 0)
		return refuse(&reader, "more follows");
	return !tree->failed || error_no_memory(err);
}
