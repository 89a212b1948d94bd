/* lock.c: one holder at a time: tries until it has the key, renews it, says when it is lost.
 * Counts time from before each request, so that the key never goes before its holder knows. */
#include <credis/lock.h>

#include "core/error.h"
#include "core/text.h"
#include "redis/clock.h"
#include "redis/store_inside.h"

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

enum { TTL_MS = 10000, TTL_MIN_MS = 100, PAUSE_MS = 50, LAST_MS = 200, TOKEN = 33 };

enum state { FREE, TAKING, PAUSING, HELD, RELEASING };

struct credis_lock {
	struct credis_store *store;
	credis_lock_cb *cb;
	void *arg;
	char *key;
	char token[TOKEN]; /* a new one each time */
	int64_t ttl_ms;
	enum state state;
	unsigned turn;    /* how often it was to be taken */
	int64_t until_ms; /* held: surely ours until then; taking: tries until then */
	int64_t last_ms;  /* how long the last try may take */
	struct event *timer;
	bool *done; /* of a blocking call */
	struct credis_error *outcome;
	unsigned under_way; /* requests that will still come back to us */
	bool freed;
};

static const char renew_script[] = "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end "
				   "return redis.call('PEXPIRE', KEYS[1], ARGV[2])";
static const char release_script[] =
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end return redis.call('DEL', KEYS[1])";

static void
lock_clear(struct credis_lock *lock)
{
	if (lock->timer != NULL)
		event_free(lock->timer);
	free(lock->key);
	free(lock);
}

void
credis_lock_free(struct credis_lock *lock)
{
	if (lock == NULL || lock->freed)
		return;
	lock->freed = true;
	if (lock->timer != NULL)
		event_del(lock->timer);
	if (lock->under_way == 0)
		lock_clear(lock);
}

bool
credis_lock_is_held(const struct credis_lock *lock)
{
	return lock->state == HELD && clock_steady_ms() < lock->until_ms;
}

/* The end of a call, or the loss of what was held. The callback may free the lock. */
static void
tell(struct credis_lock *lock, const struct credis_error *err)
{
	if (lock->done != NULL) {
		*lock->done = true;
		*lock->outcome = *err;
		lock->done = NULL;
		return;
	}
	if (lock->cb != NULL)
		lock->cb(lock->arg, err);
}

static void
lock_enter(struct credis_lock *lock, enum state state, int64_t timer_ms)
{
	struct timeval delay = { timer_ms / 1000, timer_ms % 1000 * 1000 };

	lock->state = state;
	event_del(lock->timer);
	if (timer_ms > 0)
		event_add(lock->timer, &delay);
}

static void
end(struct credis_lock *lock, enum state state, const struct credis_error *err)
{
	struct credis_error why = *err;

	if (why.code == CREDIS_ESTORE)
		error_prefix(&why, lock->key);
	lock_enter(lock, state, 0);
	tell(lock, &why);
}

static void
lose(struct credis_lock *lock, const char *why)
{
	struct credis_error err;

	error_set(&err, CREDIS_ELOST, "%s: the lock is lost: %s", lock->key, why);
	end(lock, FREE, &err);
}

/* Requests. What comes after its time is not listened to. */

struct asking {
	struct credis_lock *lock;
	enum state state;
	unsigned turn;
	int64_t asked_ms;
};

static void on_reply(void *arg, const struct credis_reply *reply, const struct credis_error *err);

/* Who waits for the lock does not wait longer for the answer. */
static int64_t
answer_in_ms(const struct credis_lock *lock)
{
	int64_t left_ms = lock->until_ms - clock_steady_ms();

	if (left_ms < lock->last_ms)
		left_ms = lock->last_ms;
	return lock->state == TAKING && left_ms < lock->ttl_ms ? left_ms : lock->ttl_ms;
}

static bool
ask(struct credis_lock *lock, int argc, const char *const *argv, struct credis_error *err)
{
	struct asking *asked = malloc(sizeof *asked);

	if (asked == NULL)
		return error_no_memory(err);
	*asked = (struct asking){ lock, lock->state, lock->turn, clock_steady_ms() };
	lock->under_way++;
	if (credis_store_command(lock->store, argc, argv, NULL, CREDIS_PRIMARY, answer_in_ms(lock),
		on_reply, asked, err))
		return true;
	lock->under_way--;
	free(asked);
	return false;
}

static bool
ask_script(struct credis_lock *lock, const char *script, struct credis_error *err)
{
	char ttl[24];
	const char *argv[] = { "EVAL", script, "1", lock->key, lock->token, ttl };

	snprintf(ttl, sizeof ttl, "%" PRId64, lock->ttl_ms);
	return ask(lock, 6, argv, err);
}

static bool
ask_take(struct credis_lock *lock, struct credis_error *err)
{
	char ttl[24];
	const char *argv[] = { "SET", lock->key, lock->token, "NX", "PX", ttl };

	snprintf(ttl, sizeof ttl, "%" PRId64, lock->ttl_ms);
	return ask(lock, 6, argv, err);
}

static void
pause_or_give_up(struct credis_lock *lock)
{
	int64_t left_ms = lock->until_ms - clock_steady_ms();
	struct credis_error err;

	if (left_ms > 0) {
		/* Those who wait do not come back together. */
		int64_t pause_ms = PAUSE_MS / 2 + clock_steady_ms() * 7919 % PAUSE_MS;

		lock_enter(lock, PAUSING, pause_ms < left_ms ? pause_ms : left_ms);
		return;
	}
	error_set(&err, CREDIS_EBUSY, "%s: somebody else holds the lock", lock->key);
	end(lock, FREE, &err);
}

/* It may have been taken, by a request whose answer did not come: given back, whatever it was. */
static void
fail_taking(struct credis_lock *lock, const struct credis_error *err)
{
	struct credis_error ignored;
	enum state state = lock->state;

	lock->state = FREE; /* its answer is nobody's */
	if (err->code == CREDIS_ELOST || err->code == CREDIS_EDEADLINE ||
	    err->code == CREDIS_ENOMEM)
		ask_script(lock, release_script, &ignored);
	lock->state = state;
	end(lock, FREE, err);
}

static void
on_taken(struct credis_lock *lock, int64_t asked_ms, const struct credis_reply *reply,
    const struct credis_error *err)
{
	if (err->code != CREDIS_OK) {
		fail_taking(lock, err);
	} else if (credis_reply_kind(reply) == CREDIS_REPLY_NIL) {
		pause_or_give_up(lock);
	} else {
		int64_t renew_ms = asked_ms + lock->ttl_ms / 3 - clock_steady_ms();

		lock->until_ms = asked_ms + lock->ttl_ms;
		lock_enter(lock, HELD, renew_ms > 1 ? renew_ms : 1);
		tell(lock, err);
	}
}

/* What has failed is tried again until the time is over. */
static void
on_renewed(struct credis_lock *lock, int64_t asked_ms, const struct credis_reply *reply,
    const struct credis_error *err)
{
	int64_t renewed = 0;

	if (err->code != CREDIS_OK)
		return;
	if (credis_reply_integer(reply, &renewed) && renewed == 1)
		lock->until_ms = asked_ms + lock->ttl_ms;
	else
		lose(lock, "it was taken away");
}

static void
on_released(struct credis_lock *lock, const struct credis_reply *reply,
    const struct credis_error *err)
{
	int64_t released = 0;

	if (err->code != CREDIS_OK)
		end(lock, FREE, err);
	else if (credis_reply_integer(reply, &released) && released == 1)
		end(lock, FREE, err);
	else
		lose(lock, "it had expired, or was taken away, before it was given back");
}

static void
on_reply(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct asking asked = *(struct asking *)arg;
	struct credis_lock *lock = asked.lock;
	bool wanted = asked.state == lock->state && asked.turn == lock->turn;

	free(arg);
	if (!lock->freed && wanted && asked.state == TAKING)
		on_taken(lock, asked.asked_ms, reply, err);
	else if (!lock->freed && wanted && asked.state == HELD)
		on_renewed(lock, asked.asked_ms, reply, err);
	else if (!lock->freed && wanted && asked.state == RELEASING)
		on_released(lock, reply, err);
	if (--lock->under_way == 0 && lock->freed)
		lock_clear(lock);
}

static void
take(struct credis_lock *lock)
{
	struct credis_error err;

	lock_enter(lock, TAKING, 0);
	if (!ask_take(lock, &err))
		end(lock, FREE, &err);
}

static void
renew(struct credis_lock *lock)
{
	struct credis_error ignored;
	int64_t left_ms = lock->until_ms - clock_steady_ms(), next_ms = lock->ttl_ms / 3;

	if (left_ms <= 0) {
		lose(lock, "it could not be renewed in time");
		return;
	}
	lock_enter(lock, HELD, next_ms < left_ms ? next_ms : left_ms);
	ask_script(lock, renew_script, &ignored);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct credis_lock *lock = arg;

	(void)fd, (void)what;
	if (lock->state == HELD)
		renew(lock);
	else if (lock->state == PAUSING)
		take(lock);
}

/* The calls. */

struct credis_lock *
credis_lock_new(struct credis_store *store, const char *key, int64_t ttl_ms, credis_lock_cb *cb,
    void *arg, struct credis_error *err)
{
	struct credis_lock *lock;

	if (ttl_ms != 0 && ttl_ms < TTL_MIN_MS) {
		error_set(err, CREDIS_EINVAL, "%s: a lock lives %d ms at least", key, TTL_MIN_MS);
		return NULL;
	}
	lock = calloc(1, sizeof *lock);
	if (lock != NULL) {
		lock->store = store;
		lock->cb = cb;
		lock->arg = arg;
		lock->ttl_ms = ttl_ms != 0 ? ttl_ms : TTL_MS;
		lock->key = text_copy(key, strlen(key));
		lock->timer = evtimer_new(credis_store_base(store), on_timer, lock);
	}
	if (lock != NULL && lock->key != NULL && lock->timer != NULL)
		return lock;
	credis_lock_free(lock);
	error_no_memory(err);
	return NULL;
}

static bool
make_token(struct credis_lock *lock, struct credis_error *err)
{
	uint64_t random[2];

	if (getrandom(random, sizeof random, 0) != sizeof random)
		return error_set(err, CREDIS_EINVAL, "%s: no random numbers to be had", lock->key);
	snprintf(lock->token, sizeof lock->token, "%016" PRIx64 "%016" PRIx64, random[0],
	    random[1]);
	return true;
}

bool
credis_lock_acquire(struct credis_lock *lock, int64_t wait_ms, struct credis_error *err)
{
	if (lock->state != FREE)
		return error_set(err, CREDIS_EINVAL, "%s: it is held, or under way", lock->key);
	if (!make_token(lock, err))
		return false;
	lock->until_ms =
	    clock_steady_ms() + (wait_ms < CLOCK_CENTURY_MS ? wait_ms : CLOCK_CENTURY_MS);
	lock->last_ms = wait_ms > 0 ? LAST_MS : lock->ttl_ms;
	lock->turn++;
	lock_enter(lock, TAKING, 0);
	if (ask_take(lock, err))
		return true;
	lock_enter(lock, FREE, 0);
	return false;
}

bool
credis_lock_release(struct credis_lock *lock, struct credis_error *err)
{
	if (lock->state != HELD)
		return error_set(err, CREDIS_EINVAL, "%s: it is not held", lock->key);
	lock_enter(lock, RELEASING, 0);
	if (ask_script(lock, release_script, err))
		return true;
	lock_enter(lock, FREE, 0);
	return false;
}

/* Acquires, with a 'wait_ms', or releases. */
static bool
wait_for(struct credis_lock *lock, const int64_t *wait_ms, struct credis_error *err)
{
	struct credis_error outcome = { .code = CREDIS_OK };
	bool done = false, begun = store_may_block(lock->store, &outcome);

	lock->done = &done;
	lock->outcome = &outcome;
	if (begun)
		begun = wait_ms != NULL ? credis_lock_acquire(lock, *wait_ms, &outcome)
					: credis_lock_release(lock, &outcome);
	if (begun)
		store_run_until(lock->store, &done);
	lock->done = NULL;
	lock->outcome = NULL;
	if (err != NULL)
		*err = outcome;
	return begun && outcome.code == CREDIS_OK;
}

bool
credis_lock_acquire_wait(struct credis_lock *lock, int64_t wait_ms, struct credis_error *err)
{
	return wait_for(lock, &wait_ms, err);
}

bool
credis_lock_release_wait(struct credis_lock *lock, struct credis_error *err)
{
	return wait_for(lock, NULL, err);
}
