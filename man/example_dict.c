#include <credis/dict.h>

#include <stdio.h>

/* Arguments: a URL, a key, perhaps a value in JSON. Sets it; then prints what it is. */
int
main(int argc, char **argv)
{
	struct credis_store *store = NULL;
	struct credis_dict *dict = NULL;
	const struct credis_answer *answer = NULL;
	const char *const *words = (const char *const *)argv + 2;
	struct credis_error err;

	if (argc < 3)
		return 2;
	store = credis_store_open(argv[1], NULL, &err);
	if (store != NULL)
		dict = credis_dict_new(store, NULL, CREDIS_AS_MSGPACK, &err);
	if (dict != NULL &&
	    (argc == 3 || credis_dict_ask(dict, "set", 2, words, NULL, 0, &err) != NULL))
		answer = credis_dict_ask(dict, "get", 1, words, NULL, 0, &err);
	if (answer == NULL)
		fprintf(stderr, "%s\n", err.text);
	else
		printf("%s\n", answer->count > 0 ? answer->items[0].text : "there is none");
	credis_dict_free(dict);
	credis_store_free(store);
	return answer != NULL ? 0 : 1;
}
