/* store_ask.c: the blocking calls: the store's own event loop runs until the answer is there, or, which costs
 * less, the one connection that is waited for is read. */
#include "core/error.h"
#include "redis/link.h"
#include "redis/reply_copy.h"
#include "redis/server.h"
#include "redis/store_inside.h"
#include "redis/stream.h"

#include <event2/event.h>
#include <stdarg.h>

enum {
	WORDS_MAX = 64,
	LOOP_MS = 5, /* everything else on the loop can wait so long */
};

void
on_asked(void *arg, const struct credis_reply *reply, const struct credis_error *err)
{
	struct asked *asked = arg;

	asked->done = true;
	asked->err = *err;
	if (credis_reply_kind(reply) == CREDIS_REPLY_ERROR || reply == NULL)
		return;
	asked->reply = reply_copy(&asked->store->kept, (const struct reply *)reply);
	if (asked->reply == NULL)
		error_no_memory(&asked->err);
}

bool
store_may_block(const struct credis_store *store, struct credis_error *err)
{
	if (!store->own_base)
		return error_set(err, CREDIS_EINVAL,
		    "a store on an event loop of the program's own cannot block");
	return !store->running ||
	    error_set(err, CREDIS_EINVAL, "a call from inside a callback cannot block");
}

void
store_turn(struct credis_store *store, int flags)
{
	store->running = true;
	event_base_loop(store->base, flags);
	store->running = false;
	store->ran_ms = store_now_ms();
}

/* Most blocking calls are the only one, and are answered at once: their connection is asked directly. Not where
 * the loop is to see a replica die before it is asked. */
static bool
wait_for_the_only_call(struct credis_store *store)
{
	const struct call *call = TAILQ_FIRST(&store->calls);
	int64_t now_ms = store_now_ms();
	bool came;

	if (store->replica_count > 0 || call == NULL || call != TAILQ_LAST(&store->calls, calls) ||
	    call->held || call->due_ms - now_ms < STREAM_WAIT_MOST_MS ||
	    now_ms - store->ran_ms >= LOOP_MS)
		return false;
	store->running = true;
	came = link_wait(call->lane->conn->link);
	store->running = false;
	return came;
}

void
store_run_until(struct credis_store *store, const bool *done)
{
	while (!*done) {
		if (!wait_for_the_only_call(store))
			store_turn(store, EVLOOP_ONCE);
	}
}

bool
asked_may(struct asked *asked, struct credis_store *store)
{
	*asked = (struct asked){ .store = store };
	return store_may_block(store, &asked->err);
}

const struct credis_reply *
asked_wait(struct asked *asked, bool begun, struct credis_error *err)
{
	if (begun) {
		arena_reset(&asked->store->kept);
		store_run_until(asked->store, &asked->done);
	}
	if (err != NULL)
		*err = asked->err;
	return (const struct credis_reply *)asked->reply;
}

const struct credis_reply *
credis_store_ask(struct credis_store *store, int argc, const char *const *argv,
    const size_t *lengths, unsigned flags, int64_t timeout_ms, struct credis_error *err)
{
	struct asked asked;
	bool begun = asked_may(&asked, store) &&
	    credis_store_command(store, argc, argv, lengths, flags, timeout_ms, on_asked, &asked,
		&asked.err);

	return asked_wait(&asked, begun, err);
}

const struct credis_reply *
credis_store_ask_texts(struct credis_store *store, struct credis_error *err, ...)
{
	const char *words[WORDS_MAX + 1];
	va_list arguments;
	int count = 0;

	va_start(arguments, err);
	while (count <= WORDS_MAX && (words[count] = va_arg(arguments, const char *)) != NULL)
		count++;
	va_end(arguments);
	if (count <= WORDS_MAX)
		return credis_store_ask(store, count, words, NULL, 0, 0, err);
	error_set(err, CREDIS_EINVAL, "a command of texts has at most %d words", WORDS_MAX);
	return NULL;
}

static void
on_time(evutil_socket_t fd, short what, void *arg)
{
	(void)fd, (void)what, (void)arg; /* it is what the loop was waiting for */
}

void
credis_store_run(struct credis_store *store, int64_t timeout_ms)
{
	struct timeval limit = { timeout_ms / 1000, timeout_ms % 1000 * 1000 };
	struct event *timer = NULL;

	if (store_may_block(store, NULL))
		timer = evtimer_new(store->base, on_time, NULL);
	if (timer == NULL)
		return;
	event_add(timer, &limit);
	store_turn(store, EVLOOP_ONCE);
	event_free(timer);
}
