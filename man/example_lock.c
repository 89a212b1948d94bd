#include <credis/lock.h>

#include <stdio.h>

/* Arguments: a URL, the name of a lock. Does its work while nobody else does, or says why not. */
int
main(int argc, char **argv)
{
	struct credis_store *store = NULL;
	struct credis_lock *lock = NULL;
	struct credis_error err;
	bool done = false;

	if (argc < 3)
		return 2;
	store = credis_store_open(argv[1], NULL, &err);
	if (store != NULL)
		lock = credis_lock_new(store, argv[2], 0, NULL, NULL, &err);
	if (lock != NULL && credis_lock_acquire_wait(lock, 1000, &err)) {
		puts("at work");
		credis_store_run(store, 100); /* it is renewed while this runs */
		done = credis_lock_release_wait(lock, &err);
	}
	if (!done)
		fprintf(stderr, "%s\n", err.text);
	credis_lock_free(lock);
	credis_store_free(store);
	return done ? 0 : 1;
}
