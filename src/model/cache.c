/* cache.c: a dictionary whose values are remembered until somebody announces a change.
 * Knows when to believe; remembering is lru.c's, what is under way traffic.c's, asking dict.c's. */
#include <credis/cache.h>

#include "core/error.h"
#include "model/answer.h"
#include "model/dict_inside.h"
#include "model/lru.h"
#include "model/traffic.h"
#include "redis/clock.h"
#include "redis/store_inside.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	ENTRIES = 10000,
	BYTES = 64 << 20,
	LISTEN_MS = 1,   /* a blocking program listens so often */
	CLOCK_MS = 1000, /* the event loop notes so often that it runs */
	REST_MS = 5000,  /* after such a rest of its own, nothing is believed */
	PASSES_MAX = 1000,
};

enum { UPDATED, DELETED, TRACKED, HEARINGS };

struct hearing {
	struct credis_cache *cache;
	struct credis_subscription *subscription; /* NULL: not wanted */
	bool live;
};

STAILQ_HEAD(hits, hit);
LIST_HEAD(errands, errand);

struct credis_cache {
	struct credis_store *store;
	struct credis_dict *dict;
	enum credis_serializer serializer;
	size_t prefix; /* bytes of "<namespace>/" */
	credis_cache_cb *on_live;
	void *arg;

	struct hearing hearings[HEARINGS];
	bool live;       /* all of them */
	uint64_t heard;  /* messages */
	uint64_t losses; /* of the store, as of the last look */
	int64_t ran_ms;  /* when the event loop is known to have run */
	struct event *clock;

	struct lru *lru;
	struct traffic *traffic;
	struct hits hits;   /* to be told */
	struct event *turn; /* tells them */
	struct memo *lent;
	struct credis_answer *kept; /* of the last blocking call that did not read */
	struct credis_cache_statistics statistics;

	struct errands errands; /* under way */

	bool asking; /* inside a blocking call, ... */
	bool freed;  /* ... which will take the memory away */
};

/* The end of a call: the answer is in 'memo', or else in 'answer', which is then the taker's. */
struct outcome {
	bool done;
	struct memo *memo;
	struct credis_answer *answer;
	struct credis_error err;
};

/* Whom an answer is for: a callback, or a blocking call. */
struct taker {
	credis_answer_cb *cb;
	void *arg;
	struct outcome *outcome; /* NULL: the callback's */
};

struct hit {
	STAILQ_ENTRY(hit) place;
	struct memo *memo;
	bool has; /* asked whether it is there, not what */
	struct taker taker;
};

/* May outlive its cache. */
struct errand {
	LIST_ENTRY(errand) place;
	struct credis_cache *cache; /* NULL: freed */
	struct flight flight;
	bool reads;        /* its answer is what is to be remembered: */
	struct memo *memo; /* NULL: nothing is */
	struct taker taker;
};

static const struct credis_error fine = { .code = CREDIS_OK };

/* Listening. */

bool
credis_cache_is_live(const struct credis_cache *cache)
{
	return cache->live;
}

void
credis_cache_flush(struct credis_cache *cache)
{
	cache->statistics.flushes++;
	lru_clear(cache->lru);
	traffic_doubt_all(cache->traffic);
}

static void
invalidate(struct credis_cache *cache, const char *key, size_t length)
{
	cache->statistics.invalidations++;
	lru_drop(cache->lru, key, length);
	traffic_doubt(cache->traffic, key, length);
}

/* Announcements come in the order of the changes, each with the bare key. */
static void
on_announced(void *arg, const char *channel, const char *key, size_t length)
{
	struct credis_cache *cache = ((struct hearing *)arg)->cache;

	(void)channel;
	cache->heard++;
	if (!traffic_is_echo(&cache->traffic, key, length))
		invalidate(cache, key, length);
}

/* Changes of one turn of the server are told together: one's own may hide another's. */
static void
on_tracked(void *arg, const char *prefix, const char *key, size_t length)
{
	struct credis_cache *cache = ((struct hearing *)arg)->cache;

	(void)prefix;
	cache->heard++;
	if (key == NULL)
		credis_cache_flush(cache);
	else if (length >= cache->prefix)
		invalidate(cache, key + cache->prefix, length - cache->prefix);
}

static void
on_event(void *arg, enum credis_subscription_event event, const struct credis_error *why)
{
	struct hearing *hearing = arg;
	struct credis_cache *cache = hearing->cache;
	bool was_live = cache->live;
	bool refused = event == CREDIS_UNSUBSCRIBED && !hearing->live;

	cache->heard++;
	hearing->live = event != CREDIS_UNSUBSCRIBED;
	cache->live = true;
	for (int n = 0; n < HEARINGS; n++)
		cache->live = cache->live &&
		    (cache->hearings[n].subscription == NULL || cache->hearings[n].live);
	if (was_live && !cache->live) {
		credis_cache_flush(cache);
		traffic_lose_echoes(&cache->traffic);
	}
	if (cache->on_live != NULL && !cache->freed && (was_live != cache->live || refused))
		cache->on_live(cache->arg, cache->live, why);
}

/* What was announced during a rest of the event loop lies in the connection, if that still stands: which
 * only the loop can tell. */
static void
check_rest(struct credis_cache *cache, int64_t now_ms)
{
	if (now_ms - cache->ran_ms > REST_MS && lru_count(cache->lru) > 0)
		credis_cache_flush(cache);
}

static void
on_clock(evutil_socket_t fd, short what, void *arg)
{
	struct credis_cache *cache = arg;
	int64_t now_ms = clock_steady_ms();

	(void)fd, (void)what;
	check_rest(cache, now_ms);
	cache->ran_ms = now_ms;
}

/* For a program that only blocks. */
static void
listen_now(struct credis_cache *cache)
{
	int64_t now_ms = clock_steady_ms();
	uint64_t heard;
	int passes = 0;

	if (now_ms - cache->ran_ms < LISTEN_MS)
		return;
	check_rest(cache, now_ms);
	cache->ran_ms = now_ms;
	do {
		heard = cache->heard;
		store_turn(cache->store, EVLOOP_NONBLOCK);
	} while (cache->heard != heard && ++passes < PASSES_MAX);
}

/* Calls. */

/* For whoever asked whether a key is there. */
static const struct credis_answer *
answer_in(const struct memo *memo, bool has)
{
	static const struct credis_answer presence[] = {
		{ .kind = CREDIS_ANSWER_INTEGER, .integer = 0 },
		{ .kind = CREDIS_ANSWER_INTEGER, .integer = 1 },
	};

	return has ? &presence[memo->answer->kind != CREDIS_ANSWER_NIL] : memo->answer;
}

/* The answer is in 'memo', or else it is 'answer', which goes to the taker. */
static void
deliver(const struct taker *taker, struct memo *memo, struct credis_answer *answer,
    const struct credis_error *err)
{
	if (taker->outcome != NULL) {
		*taker->outcome = (struct outcome){ true, memo, answer, *err };
		if (memo != NULL)
			memo_hold(memo);
		return;
	}
	if (taker->cb != NULL)
		taker->cb(taker->arg, memo != NULL ? memo->answer : answer, err);
	answer_free(answer);
}

static void
deliver_hits(struct hits *hits)
{
	struct hit *hit;

	while ((hit = STAILQ_FIRST(hits)) != NULL) {
		STAILQ_REMOVE_HEAD(hits, place);
		if (hit->taker.cb != NULL)
			hit->taker.cb(hit->taker.arg, answer_in(hit->memo, hit->has), &fine);
		memo_release(hit->memo);
		free(hit);
	}
}

/* A callback may free the cache, or ask it for more, which is told in another turn. */
static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct credis_cache *cache = arg;
	struct hits hits = STAILQ_HEAD_INITIALIZER(hits);

	(void)fd, (void)what;
	STAILQ_CONCAT(&hits, &cache->hits);
	deliver_hits(&hits);
}

static bool
tell_hit(struct credis_cache *cache, struct memo *memo, bool has, const struct taker *taker,
    struct credis_error *err)
{
	struct hit *hit = malloc(sizeof *hit);

	if (hit == NULL)
		return error_no_memory(err);
	*hit = (struct hit){ .memo = memo_hold(memo), .has = has, .taker = *taker };
	STAILQ_INSERT_TAIL(&cache->hits, hit, place);
	event_active(cache->turn, EV_TIMEOUT, 0);
	return true;
}

static void
errand_free(struct errand *errand)
{
	memo_release(errand->memo);
	free(errand);
}

static void
on_end(void *arg, struct credis_answer *answer, const struct credis_error *err)
{
	struct errand *errand = arg;
	struct credis_cache *cache = errand->cache;
	struct memo *memo = NULL;
	bool done = err->code == CREDIS_OK;

	if (done && errand->reads) {
		memo = errand->memo;
		memo->answer = answer;
		answer = NULL;
	}
	if (cache != NULL) {
		LIST_REMOVE(errand, place);
		traffic_end(&cache->traffic, &errand->flight, done);
		if (done && errand->memo != NULL && !errand->flight.doubtful)
			lru_keep(cache->lru, errand->memo);
	}
	deliver(&errand->taker, memo, answer, err);
	errand_free(errand);
}

/* A call, and what it means for what is remembered. */
struct order {
	struct credis_cache *cache;
	const char *operation;
	size_t count;
	const char *const *words;
	const size_t *lengths;
	enum { GET, HAS, SET, DEL, OTHER } kind;
	const char *key;
	size_t length;
};

static struct order
order_of(struct credis_cache *cache, const char *operation, size_t count, const char *const *words,
    const size_t *lengths)
{
	static const struct {
		const char *name;
		size_t count;
	} kinds[] = { [GET] = { "get", 1 },
		[HAS] = { "has", 1 },
		[SET] = { "set", 2 },
		[DEL] = { "del", 1 } };
	struct order order = { .cache = cache,
		.operation = operation,
		.count = count,
		.words = words,
		.lengths = lengths };

	for (order.kind = GET; order.kind != OTHER; order.kind++) {
		if (kinds[order.kind].count != count ||
		    strcmp(kinds[order.kind].name, operation) != 0)
			continue;
		order.key = words[0];
		order.length = lengths != NULL ? lengths[0] : strlen(order.key);
		break;
	}
	return order;
}

/* What was read on a connection that is lost since may be an older primary's, which did not know of changes
 * that the new one announced before. */
static void
check_losses(struct credis_cache *cache)
{
	if (cache->losses == cache->store->losses)
		return;
	cache->losses = cache->store->losses;
	if (lru_count(cache->lru) > 0)
		credis_cache_flush(cache);
}

static struct memo *
recall(struct credis_cache *cache, const char *key, size_t length)
{
	struct memo *memo;

	check_losses(cache);
	memo = lru_find(cache->lru, key, length);
	cache->statistics.hits += memo != NULL;
	return memo;
}

/* NULL: only the server knows. */
static struct memo *
order_recall(const struct order *order)
{
	struct memo *memo;

	if (order->kind != GET && order->kind != HAS)
		return NULL;
	memo = recall(order->cache, order->key, order->length);
	order->cache->statistics.misses += memo == NULL;
	return memo;
}

/* What a reader will get of what is written now; NULL: let him ask. */
static struct credis_answer *
order_foresee(const struct order *order)
{
	enum credis_serializer serializer = order->cache->serializer;
	struct credis_answer *answer;
	size_t length, stored_length;
	char *stored, *text = NULL;

	if (order->kind == DEL)
		return answer_of(NULL, 0);
	length = order->lengths != NULL ? order->lengths[1] : strlen(order->words[1]);
	stored = credis_serialize(serializer, order->words[1], length, &stored_length, NULL);
	if (stored != NULL)
		text = credis_deserialize(serializer, stored, stored_length, &length, NULL);
	free(stored);
	if (text == NULL)
		return NULL;
	answer = answer_of(text, length);
	if (answer == NULL)
		free(text);
	return answer;
}

/* With tracking our own writes cannot be told from others'. */
static bool
errand_prepare(struct errand *errand, const struct order *order)
{
	struct credis_cache *cache = errand->cache;
	bool writes = order->kind == SET || order->kind == DEL;

	if (!writes && order->kind != GET)
		return true;
	errand->memo = memo_new(order->key, order->length);
	if (errand->memo == NULL ||
	    !traffic_begin(&cache->traffic, &errand->flight, order->key, order->length, writes,
		writes && cache->live))
		return false;
	errand->reads = !writes;
	if (writes) {
		lru_drop(cache->lru, order->key, order->length);
		if (cache->live && cache->hearings[TRACKED].subscription == NULL)
			errand->memo->answer = order_foresee(order);
	}
	if (!cache->live || (writes && errand->memo->answer == NULL))
		errand->flight.doubtful = true;
	return true;
}

static bool
order_send(const struct order *order, int64_t timeout_ms, const struct taker *taker,
    struct credis_error *err)
{
	struct credis_cache *cache = order->cache;
	struct errand *errand = calloc(1, sizeof *errand);

	if (errand == NULL)
		return error_no_memory(err);
	errand->cache = cache;
	errand->taker = *taker;
	if (!errand_prepare(errand, order)) {
		error_no_memory(err);
	} else if (dict_call(cache->dict, order->operation, order->count, order->words,
		       order->lengths, CREDIS_PRIMARY, timeout_ms, on_end, errand, err)) {
		LIST_INSERT_HEAD(&cache->errands, errand, place);
		return true;
	}
	traffic_end(&cache->traffic, &errand->flight, false);
	errand_free(errand);
	return false;
}

bool
credis_cache_call(struct credis_cache *cache, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, int64_t timeout_ms, credis_answer_cb *cb,
    void *arg, struct credis_error *err)
{
	const struct taker taker = { .cb = cb, .arg = arg };
	struct order order = order_of(cache, operation, count, words, lengths);
	struct memo *memo;

	check_rest(cache, clock_steady_ms());
	memo = order_recall(&order);
	return memo != NULL ? tell_hit(cache, memo, order.kind == HAS, &taker, err)
			    : order_send(&order, timeout_ms, &taker, err);
}

/* What was lent is no more; this is. */
static void
lend(struct credis_cache *cache, struct memo *memo, struct credis_answer *answer)
{
	memo_release(cache->lent);
	answer_free(cache->kept);
	cache->lent = memo;
	cache->kept = answer;
}

const struct credis_answer *
credis_cache_find(struct credis_cache *cache, const char *key, size_t length)
{
	struct memo *memo;

	check_rest(cache, clock_steady_ms());
	memo = recall(cache, key, length);
	lend(cache, memo != NULL ? memo_hold(memo) : NULL, NULL);
	return memo != NULL ? memo->answer : NULL;
}

/* Asks the server, and lends what it says. */
static const struct credis_answer *
order_wait(const struct order *order, int64_t timeout_ms, struct credis_error *err)
{
	struct outcome outcome = { .done = false };
	const struct taker taker = { .outcome = &outcome };

	if (order_send(order, timeout_ms, &taker, &outcome.err))
		store_run_until(order->cache->store, &outcome.done);
	lend(order->cache, outcome.memo, outcome.answer);
	if (err != NULL)
		*err = outcome.err;
	if (outcome.err.code != CREDIS_OK)
		return NULL;
	return outcome.memo != NULL ? outcome.memo->answer : outcome.answer;
}

/* From memory, if it can. */
static const struct credis_answer *
order_ask(const struct order *order, int64_t timeout_ms, struct credis_error *err)
{
	struct memo *memo = order_recall(order);

	if (memo == NULL)
		return order_wait(order, timeout_ms, err);
	lend(order->cache, memo_hold(memo), NULL);
	if (err != NULL) {
		err->code = CREDIS_OK;
		err->text[0] = '\0';
	}
	return answer_in(memo, order->kind == HAS);
}

const struct credis_answer *
credis_cache_ask(struct credis_cache *cache, const char *operation, size_t count,
    const char *const *words, const size_t *lengths, int64_t timeout_ms, struct credis_error *err)
{
	struct order order = order_of(cache, operation, count, words, lengths);
	const struct credis_answer *answer = NULL;

	if (!store_may_block(cache->store, err))
		return NULL;
	cache->asking = true;
	listen_now(cache);
	if (!cache->freed)
		answer = order_ask(&order, timeout_ms, err);
	cache->asking = false;
	if (!cache->freed)
		return answer;
	credis_cache_free(cache);
	error_set(err, CREDIS_ELOST, "the cache was freed meanwhile");
	return NULL;
}

/* Making. */

static bool
hear(struct credis_cache *cache, int which, const char *name_space, const char *what,
    struct credis_error *err)
{
	static const struct credis_listener announced = { on_announced, on_event };
	static const struct credis_listener tracked = { on_tracked, on_event };
	struct hearing *hearing = &cache->hearings[which];
	struct buffer name = BUFFER_EMPTY;

	hearing->cache = cache;
	buffer_text(&name, name_space);
	buffer_text(&name, "/");
	buffer_text(&name, what);
	if (name.failed)
		error_no_memory(err);
	else
		hearing->subscription = which == TRACKED
		    ? credis_subscribe_keys(cache->store, name.bytes, &tracked, hearing, err)
		    : credis_subscribe(cache->store, name.bytes, &announced, hearing, err);
	buffer_free(&name);
	return hearing->subscription != NULL;
}

static bool
cache_set_up(struct credis_cache *cache, const char *name_space,
    const struct credis_cache_options *options, struct credis_error *err)
{
	static const struct timeval second = { CLOCK_MS / 1000, CLOCK_MS % 1000 * 1000 };
	struct event_base *base = credis_store_base(cache->store);

	cache->dict = credis_dict_new(cache->store, name_space, cache->serializer, err);
	if (cache->dict == NULL)
		return false;
	name_space = dict_name_space(cache->dict);
	cache->prefix = strlen(name_space) + 1;
	cache->losses = cache->store->losses;
	cache->ran_ms = clock_steady_ms();
	cache->lru = lru_new(options->entries > 0 ? options->entries : ENTRIES,
	    options->bytes > 0 ? options->bytes : BYTES);
	cache->turn = event_new(base, -1, 0, on_turn, cache);
	cache->clock = event_new(base, -1, EV_PERSIST, on_clock, cache);
	if (cache->lru == NULL || cache->turn == NULL || cache->clock == NULL ||
	    event_add(cache->clock, &second) != 0)
		return error_no_memory(err);
	return hear(cache, UPDATED, name_space, "update", err) &&
	    hear(cache, DELETED, name_space, "delete", err) &&
	    (!options->tracking || hear(cache, TRACKED, name_space, "", err));
}

struct credis_cache *
credis_cache_new(struct credis_store *store, const char *name_space,
    enum credis_serializer serializer, const struct credis_cache_options *options,
    struct credis_error *err)
{
	static const struct credis_cache_options defaults;
	struct credis_cache *cache;

	if (options == NULL)
		options = &defaults;
	if (store->ring != NULL) {
		error_set(err, CREDIS_EINVAL, "a cache needs one server, not shards");
		return NULL;
	}
	cache = calloc(1, sizeof *cache);
	if (cache == NULL) {
		error_no_memory(err);
		return NULL;
	}
	cache->store = store;
	cache->serializer = serializer;
	cache->on_live = options->on_live;
	cache->arg = options->arg;
	STAILQ_INIT(&cache->hits);
	if (cache_set_up(cache, name_space, options, err))
		return cache;
	credis_cache_free(cache);
	return NULL;
}

void
credis_cache_free(struct credis_cache *cache)
{
	struct hits hits = STAILQ_HEAD_INITIALIZER(hits);
	struct errand *errand;

	if (cache == NULL)
		return;
	cache->freed = true;
	if (cache->asking)
		return;
	for (int n = 0; n < HEARINGS; n++)
		credis_unsubscribe(cache->hearings[n].subscription);
	if (cache->clock != NULL)
		event_free(cache->clock);
	if (cache->turn != NULL)
		event_free(cache->turn);
	traffic_clear(&cache->traffic);
	while ((errand = LIST_FIRST(&cache->errands)) != NULL) {
		LIST_REMOVE(errand, place);
		errand->cache = NULL;
	}
	lend(cache, NULL, NULL);
	lru_free(cache->lru);
	credis_dict_free(cache->dict);
	STAILQ_CONCAT(&hits, &cache->hits);
	free(cache);
	deliver_hits(&hits);
}

void
credis_cache_statistics(const struct credis_cache *cache,
    struct credis_cache_statistics *statistics)
{
	*statistics = cache->statistics;
	statistics->evictions = lru_evictions(cache->lru);
	statistics->entries = lru_count(cache->lru);
	statistics->bytes = lru_bytes(cache->lru);
}
