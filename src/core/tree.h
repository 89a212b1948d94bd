/* tree.h: a value of any shape, as JSON and msgpack know them: its nodes one after another in reading
 * order. Built by a reader, walked by a writer. */
#ifndef CORE_TREE_H
#define CORE_TREE_H

#include "core/buffer.h"

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TREE_DEPTH = 512 }; /* arrays and maps one in another */

enum node_kind {
	NODE_NULL,
	NODE_FALSE,
	NODE_TRUE,
	NODE_INTEGER,
	NODE_UNSIGNED, /* above INT64_MAX */
	NODE_DIGITS,   /* a whole number beyond 64 bits, as text */
	NODE_REAL,
	NODE_TEXT,  /* UTF-8; of Python's JSON it may hold halves of surrogate pairs */
	NODE_BYTES, /* anything */
	NODE_EXT,   /* msgpack's extensions: bytes with a type */
	NODE_ARRAY,
	NODE_MAP,
};

struct node {
	enum node_kind kind;
	size_t next; /* the node after this one and all in it */
	size_t at;   /* of digits, text, bytes: where they begin */
	size_t
	    length; /* of them; of an array or a map: how many nodes it holds, a pair being two */
	union {
		int64_t integer; /* also the type of an extension */
		uint64_t natural;
		double real;
	};
};

struct tree {
	struct node *nodes;
	size_t count, room;
	struct buffer bytes;
	bool failed; /* an allocation failed; nodes are missing */
};

#define TREE_EMPTY \
	{ \
		NULL, 0, 0, BUFFER_EMPTY, false \
	}

void tree_free(struct tree *tree);

/* Adds a node, complete but for its value. Never NULL: after a failed allocation, one that goes nowhere. Lent
 * until the next is added. */
struct node *tree_add(struct tree *tree, enum node_kind kind);

/* Adds one of those that have bytes. */
struct node *tree_add_bytes(struct tree *tree, enum node_kind kind, const char *bytes,
    size_t length);

/* Begins an array or a map, and ends it when all that is in it was added. */
size_t tree_open(struct tree *tree, enum node_kind kind);
void tree_close(struct tree *tree, size_t node, size_t length);

const char *tree_bytes(const struct tree *tree, const struct node *node);
bool tree_text_is(const struct tree *tree, const struct node *node, const char *text);

/* Forms of JSON. */
enum json_form {
	JSON_PLAIN,  /* RFC 8259, in UTF-8, without blanks */
	JSON_PYTHON, /* byte for byte what json.dumps() of Python writes; NaN and Infinity too */
	JSON_WIDE, /* plain, and what JSON has no word for as an object of one member: {"$bin": "00ff"},
	              * {"$float": "nan"}, {"$ext": [5, "00"]}, {"$map": [[1, "a"]]}; an ordinary map whose only
	              * member begins with $ is a $map too */
};

/* Readers append to an empty tree; false with CREDIS_ETYPE (or ENOMEM) and where it goes wrong. Members that come
 * twice are both kept: a later reader takes the last. */
bool json_read(struct tree *tree, enum json_form form, const char *text, size_t length,
    struct credis_error *err);
bool msgpack_read(struct tree *tree, const char *bytes, size_t length, struct credis_error *err);

/* Writers append to 'out'; false with CREDIS_ETYPE for what the form has no word for, or ENOMEM. */
bool json_write(const struct tree *tree, enum json_form form, struct buffer *out,
    struct credis_error *err);
bool msgpack_write(const struct tree *tree, struct buffer *out, struct credis_error *err);

#endif
