/* tree.c: nodes in a row, and their bytes.
 * Knows neither JSON nor msgpack. */
#include "core/tree.h"

#include <stdlib.h>
#include <string.h>

/* Where what cannot be kept is written to; never read. */
static _Thread_local struct node nowhere;

void
tree_free(struct tree *tree)
{
	free(tree->nodes);
	buffer_free(&tree->bytes);
	*tree = (struct tree)TREE_EMPTY;
}

static bool
have_room(struct tree *tree)
{
	size_t room = tree->room == 0 ? 16 : tree->room * 2;
	struct node *nodes;

	if (tree->count < tree->room)
		return true;
	nodes =
	    room <= SIZE_MAX / sizeof *nodes ? realloc(tree->nodes, room * sizeof *nodes) : NULL;
	if (nodes == NULL)
		return false;
	tree->nodes = nodes;
	tree->room = room;
	return true;
}

struct node *
tree_add(struct tree *tree, enum node_kind kind)
{
	struct node *node;

	if (tree->failed || !have_room(tree)) {
		tree->failed = true;
		return &nowhere;
	}
	node = &tree->nodes[tree->count++];
	*node = (struct node){ .kind = kind, .next = tree->count };
	return node;
}

struct node *
tree_add_bytes(struct tree *tree, enum node_kind kind, const char *bytes, size_t length)
{
	struct node *node = tree_add(tree, kind);

	node->at = tree->bytes.length;
	node->length = length;
	buffer_append(&tree->bytes, bytes, length);
	tree->failed = tree->failed || tree->bytes.failed;
	return node;
}

size_t
tree_open(struct tree *tree, enum node_kind kind)
{
	tree_add(tree, kind);
	return tree->count - !tree->failed;
}

void
tree_close(struct tree *tree, size_t node, size_t length)
{
	if (tree->failed)
		return;
	tree->nodes[node].next = tree->count;
	tree->nodes[node].length = length;
}

const char *
tree_bytes(const struct tree *tree, const struct node *node)
{
	return node->length > 0 ? tree->bytes.bytes + node->at : "";
}

bool
tree_text_is(const struct tree *tree, const struct node *node, const char *text)
{
	return node->kind == NODE_TEXT && node->length == strlen(text) &&
	    memcmp(tree_bytes(tree, node), text, node->length) == 0;
}
