/* test_lock.c: what credis/lock.h promises: one holder, never two, never for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/lock.h>

#include <pthread.h>
#include <stdatomic.h>

#include "loop.h"
#include "redis_server.h"

enum { CLIENTS = 4, ROUNDS = 300 };

static int
start_server(void **state)
{
	struct redis_server *server = malloc(sizeof *server);

	redis_server_start(server, NULL);
	*state = server;
	return 0;
}

static int
stop_server(void **state)
{
	redis_server_stop(*state);
	free(*state);
	return 0;
}

struct race {
	const char *url;
	pthread_barrier_t barrier;
	atomic_int winners[ROUNDS];
	atomic_int faults;
};

static void *
run_client(void *arg)
{
	struct race *race = arg;
	struct credis_store *store = credis_store_open(race->url, NULL, NULL);
	struct credis_lock *lock = credis_lock_new(store, "race", 0, NULL, NULL, NULL);
	struct credis_error err;

	for (int round = 0; round < ROUNDS; round++) {
		pthread_barrier_wait(&race->barrier);
		bool won = credis_lock_acquire_wait(lock, 0, &err);

		race->winners[round] += won;
		race->faults += !won && err.code != CREDIS_EBUSY;
		pthread_barrier_wait(&race->barrier);
		race->faults += won && !credis_lock_release_wait(lock, &err);
	}
	credis_lock_free(lock);
	credis_store_free(store);
	return NULL;
}

static void
four_clients_in_300_rounds_have_one_winner_each(void **state)
{
	struct race *race = calloc(1, sizeof *race);
	pthread_t threads[CLIENTS];

	race->url = ((struct redis_server *)*state)->url;
	pthread_barrier_init(&race->barrier, NULL, CLIENTS);
	for (int n = 0; n < CLIENTS; n++)
		assert_int_equal(pthread_create(&threads[n], NULL, run_client, race), 0);
	for (int n = 0; n < CLIENTS; n++)
		pthread_join(threads[n], NULL);
	for (int round = 0; round < ROUNDS; round++)
		assert_int_equal(race->winners[round], 1);
	assert_int_equal(race->faults, 0);
	pthread_barrier_destroy(&race->barrier);
	free(race);
}

struct told {
	unsigned count;
	enum credis_code code;
};

static void
tell(void *arg, const struct credis_error *err)
{
	struct told *told = arg;

	told->count++;
	told->code = err->code;
}

struct holder {
	struct event_base *base;
	struct credis_store *store;
	struct credis_lock *lock;
	struct told told;
};

static void
hold(struct holder *holder, const struct redis_server *server, int64_t ttl_ms)
{
	*holder = (struct holder){ .base = event_base_new() };
	holder->store = credis_store_new(holder->base, server->url, NULL, NULL);
	holder->lock = credis_lock_new(holder->store, "l", ttl_ms, tell, &holder->told, NULL);
	assert_true(credis_lock_acquire(holder->lock, 0, NULL));
	EVENTUALLY(holder->base, holder->told.count == 1);
	assert_int_equal(holder->told.code, CREDIS_OK);
	assert_true(credis_lock_is_held(holder->lock));
}

static void
let_go(struct holder *holder)
{
	credis_lock_free(holder->lock);
	credis_store_free(holder->store);
	event_base_free(holder->base);
}

static void
a_lock_is_renewed_as_long_as_it_is_held(void **state)
{
	struct holder holder;
	int64_t began_ms;

	hold(&holder, *state, 1500);
	began_ms = loop_now_ms();
	EVENTUALLY(holder.base, loop_now_ms() > began_ms + 3000);
	assert_int_equal(holder.told.count, 1);
	assert_true(credis_lock_is_held(holder.lock));
	assert_true(credis_lock_release(holder.lock, NULL));
	EVENTUALLY(holder.base, holder.told.count == 2);
	assert_int_equal(holder.told.code, CREDIS_OK);
	assert_false(credis_lock_is_held(holder.lock));
	assert_int_equal(redis_server_say(*state, "EXISTS l"), 0);
	let_go(&holder);
}

static void
a_lock_that_is_taken_away_is_told_and_left_to_the_other(void **state)
{
	struct holder holder;

	hold(&holder, *state, 600);
	redis_server_say(*state, "SET l other");
	EVENTUALLY(holder.base, holder.told.count == 2);
	assert_int_equal(holder.told.code, CREDIS_ELOST);
	assert_false(credis_lock_release(holder.lock, NULL));
	assert_int_equal(redis_server_say(*state, "EXISTS l"), 1);
	let_go(&holder);
}

static void
a_lock_whose_server_is_away_is_lost_in_its_time(void **state)
{
	struct holder holder;
	int64_t began_ms;

	hold(&holder, *state, 500);
	redis_server_kill(*state);
	began_ms = loop_now_ms();
	EVENTUALLY(holder.base, holder.told.count == 2);
	assert_int_equal(holder.told.code, CREDIS_ELOST);
	assert_true(loop_now_ms() - began_ms < 30000);
	let_go(&holder);
}

/* The second answer comes after the time for the first renewal, and before the end. */
static void
a_lock_that_was_long_in_coming_is_renewed_in_time(void **state)
{
	struct holder holder;
	int64_t began_ms;

	redis_server_say(*state, "CONFIG SET hz 500");
	hold(&holder, *state, 2000);
	assert_true(credis_lock_release(holder.lock, NULL));
	EVENTUALLY(holder.base, holder.told.count == 2);
	redis_server_say(*state, "CLIENT PAUSE 1500 ALL");
	began_ms = loop_now_ms();
	assert_true(credis_lock_acquire(holder.lock, INT64_MAX, NULL));
	EVENTUALLY(holder.base, loop_now_ms() > began_ms + 3000);
	assert_int_equal(holder.told.count, 3);
	assert_int_equal(holder.told.code, CREDIS_OK);
	assert_true(credis_lock_is_held(holder.lock));
	let_go(&holder);
}

/* The first one is freed without giving it back, as by one that died. */
static void
who_waits_gets_the_lock_of_one_that_died(void **state)
{
	struct holder first, second;

	hold(&first, *state, 300);
	let_go(&first);
	second = (struct holder){ .base = event_base_new() };
	second.store =
	    credis_store_new(second.base, ((struct redis_server *)*state)->url, NULL, NULL);
	second.lock = credis_lock_new(second.store, "l", 0, tell, &second.told, NULL);
	assert_true(credis_lock_acquire(second.lock, 60000, NULL));
	assert_false(credis_lock_acquire(second.lock, 0, NULL));
	EVENTUALLY(second.base, second.told.count == 1);
	assert_int_equal(second.told.code, CREDIS_OK);
	let_go(&second);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(four_clients_in_300_rounds_have_one_winner_each,
		    start_server, stop_server),
		cmocka_unit_test_setup_teardown(a_lock_is_renewed_as_long_as_it_is_held,
		    start_server, stop_server),
		cmocka_unit_test_setup_teardown(
		    a_lock_that_is_taken_away_is_told_and_left_to_the_other, start_server,
		    stop_server),
		cmocka_unit_test_setup_teardown(a_lock_whose_server_is_away_is_lost_in_its_time,
		    start_server, stop_server),
		cmocka_unit_test_setup_teardown(a_lock_that_was_long_in_coming_is_renewed_in_time,
		    start_server, stop_server),
		cmocka_unit_test_setup_teardown(who_waits_gets_the_lock_of_one_that_died,
		    start_server, stop_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
