#include <credis/model.h>

#include <stdio.h>

/* Arguments: a URL, the key of a queue, perhaps an item. Puts the item in; without one takes one out. */
int
main(int argc, char **argv)
{
	struct credis_store *store = NULL;
	struct credis_model *queue = NULL;
	const struct credis_answer *answer = NULL;
	struct credis_error err;

	if (argc < 3)
		return 2;
	store = credis_store_open(argv[1], NULL, &err);
	if (store != NULL)
		queue = credis_model_new(store, "queue", argv[2], CREDIS_AS_JSON, &err);
	if (queue != NULL && argc > 3)
		answer = credis_model_ask_texts(queue, &err, "push", argv[3], NULL);
	else if (queue != NULL)
		answer = credis_model_ask_texts(queue, &err, "pop", NULL);
	if (answer == NULL)
		fprintf(stderr, "%s\n", err.text);
	else if (answer->kind == CREDIS_ANSWER_VALUE)
		printf("%s\n", answer->items[0].text);
	else if (answer->kind == CREDIS_ANSWER_NIL)
		printf("it is empty\n");
	credis_model_free(queue);
	credis_store_free(store);
	return answer != NULL ? 0 : 1;
}
