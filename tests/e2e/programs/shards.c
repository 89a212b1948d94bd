/* shards.c: asks a store over several nodes: arguments NODE…, and on standard input one command a line, words
 * apart by one blank. Answers with a line of JSON-like text: a value in quotes, nil, a number, an error as !CODE, and
 * lists in brackets. */
#include <credis/store.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { DEADLINE_MS = 5000, WORDS_MAX = 256 };

static void
say(const struct credis_reply *reply)
{
	struct credis_error err;
	int64_t number;

	if (credis_reply_fault(reply, &err)) {
		printf("\"!%d\"", (int)err.code);
	} else if (credis_reply_kind(reply) == CREDIS_REPLY_NIL) {
		printf("null");
	} else if (credis_reply_kind(reply) == CREDIS_REPLY_ARRAY) {
		for (size_t n = 0; n < credis_reply_count(reply); n++) {
			fputs(n == 0 ? "[" : ",", stdout);
			say(credis_reply_element(reply, n));
		}
		fputs("]", stdout);
	} else if (credis_reply_text(reply, NULL) != NULL) {
		printf("\"%s\"", credis_reply_text(reply, NULL));
	} else if (credis_reply_integer(reply, &number)) {
		printf("%" PRId64, number);
	}
}

int
main(int argc, char **argv)
{
	const struct credis_store_options options = { .nodes = (const char *const *)argv + 1,
		.node_count = (size_t)argc - 1,
		.timeout_ms = DEADLINE_MS };
	struct credis_error err;
	struct credis_store *store = credis_store_open(NULL, &options, &err);
	static char line[65536];

	if (store == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	while (fgets(line, sizeof line, stdin) != NULL) {
		const char *words[WORDS_MAX];
		int count = 0;

		for (char *at = strtok(line, " \n"); at != NULL && count < WORDS_MAX;
		     at = strtok(NULL, " \n"))
			words[count++] = at;
		const struct credis_reply *reply =
		    credis_store_ask(store, count, words, NULL, 0, 0, &err);

		if (reply != NULL)
			say(reply);
		else
			printf("\"!%d\"", (int)err.code);
		puts("");
		fflush(stdout);
	}
	credis_store_free(store);
	return 0;
}
