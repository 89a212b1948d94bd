/* shard.c: the verb shard: on which of several servers keys lie.
 * Knows how it is printed; the ring is the library's, and asks no server. */
#include "answer.h"
#include "object.h"
#include "session.h"
#include "verbs.h"

#include <credis/store.h>

#include <string.h>

static void
print_node(struct session *session, const char *key, const char *node)
{
	struct object object;

	if (!session->options->json) {
		answer_line(session, node, strlen(node));
		return;
	}
	object = object_open(session_out(session));
	object_text(&object, "key", key);
	object_text(&object, "node", node);
	object_close(&object);
}

void
run_shard(struct session *session, char **words, int count)
{
	const struct credis_store_options options = {
		.nodes = session->options->nodes.at,
		.node_count = session->options->nodes.count,
	};
	struct credis_store *store;
	struct credis_error err;

	if (options.node_count == 0) {
		session_refuse(session, "shard needs --node URL, once for each server, in order");
		return;
	}
	store = credis_store_open(NULL, &options, &err);
	if (store == NULL) {
		session_fail(session, NULL, NULL, &err);
		return;
	}
	for (int n = 0; n < count; n++)
		print_node(session, words[n],
		    credis_store_node(store,
			credis_store_shard(store, words[n], strlen(words[n]))));
	credis_store_free(store);
}
