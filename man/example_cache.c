#include <credis/cache.h>

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Argument: a URL. Prints the value of each key that it reads, and in the end how often it had to ask. */
int
main(int argc, char **argv)
{
	struct credis_store *store = NULL;
	struct credis_cache *cache = NULL;
	struct credis_cache_statistics statistics;
	struct credis_error err;
	char line[256];

	if (argc < 2)
		return 2;
	store = credis_store_open(argv[1], NULL, &err);
	if (store != NULL)
		cache = credis_cache_new(store, NULL, CREDIS_AS_MSGPACK, NULL, &err);
	if (cache == NULL) {
		fprintf(stderr, "%s\n", err.text);
		credis_store_free(store);
		return 1;
	}
	for (int tries = 0; tries < 30 && !credis_cache_is_live(cache); tries++)
		credis_store_run(store, 100);
	while (fgets(line, sizeof line, stdin) != NULL) {
		const char *key = strtok(line, "\n");
		const struct credis_answer *answer = NULL;

		if (key != NULL)
			answer = credis_cache_ask(cache, "get", 1, &key, NULL, 0, &err);
		if (answer == NULL)
			puts(key != NULL ? err.text : "no key");
		else
			puts(answer->count > 0 ? answer->items[0].text : "there is none");
	}
	credis_cache_statistics(cache, &statistics);
	printf("asked %" PRIu64 " times\n", statistics.misses);
	credis_cache_free(cache);
	credis_store_free(store);
	return 0;
}
