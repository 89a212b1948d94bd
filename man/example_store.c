#include <credis/store.h>

#include <stdio.h>

/* Arguments: a URL, a key. Counts up, and says what it has come to. */
int
main(int argc, char **argv)
{
	struct credis_store *store;
	const struct credis_reply *reply = NULL;
	struct credis_error err;

	if (argc != 3)
		return 2;
	store = credis_store_open(argv[1], NULL, &err);
	if (store != NULL && credis_store_ask_texts(store, &err, "INCR", argv[2], NULL) != NULL)
		reply = credis_store_ask_texts(store, &err, "GET", argv[2], NULL);
	if (reply != NULL)
		printf("%s\n", credis_reply_text(reply, NULL));
	else
		fprintf(stderr, "%s\n", err.text);
	credis_store_free(store);
	return reply != NULL ? 0 : 1;
}
