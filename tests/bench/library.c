/* library.c: libcredis beside plain hiredis and redis-benchmark: GET, SET and pipelines of 16, in one run; and
 * what a hit of a cache costs.
 * Repeats are interleaved, so that whatever else the machine does hits all alike; a ratio is the median
 * of theirs. Arguments: calls a repeat (20000), repeats (9). Starts a redis-server of its own. */
#include <credis/batch.h>
#include <credis/cache.h>

#include "redis_server.h"

enum { DEPTH = 16, REPEATS_MAX = 99, KEYS = 1000 };

struct bench {
	struct redis_server server;
	redisContext *hiredis;
	struct credis_store *store;
	int calls;
};

static double
now_s(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void
check(bool fine, const char *what)
{
	if (!fine) {
		fprintf(stderr, "library: %s\n", what);
		abort();
	}
}

/* Each makes 'calls' calls. */
typedef void load(struct bench *bench, int argc, const char **argv);

static void
by_hiredis(struct bench *bench, int argc, const char **argv)
{
	for (int n = 0; n < bench->calls; n++) {
		redisReply *reply = redisCommandArgv(bench->hiredis, argc, argv, NULL);

		check(reply != NULL && reply->type != REDIS_REPLY_ERROR, "hiredis failed");
		freeReplyObject(reply);
	}
}

static void
by_credis(struct bench *bench, int argc, const char **argv)
{
	for (int n = 0; n < bench->calls; n++)
		check(credis_store_ask(bench->store, argc, argv, NULL, 0, 0, NULL) != NULL,
		    "credis failed");
}

static void
by_hiredis_piped(struct bench *bench, int argc, const char **argv)
{
	void *reply;

	for (int n = 0; n < bench->calls; n += DEPTH) {
		for (int i = 0; i < DEPTH; i++)
			redisAppendCommandArgv(bench->hiredis, argc, argv, NULL);
		for (int i = 0; i < DEPTH; i++) {
			check(redisGetReply(bench->hiredis, &reply) == REDIS_OK, "hiredis failed");
			freeReplyObject(reply);
		}
	}
}

static void
by_credis_piped(struct bench *bench, int argc, const char **argv)
{
	for (int n = 0; n < bench->calls; n += DEPTH) {
		struct credis_pipeline *pipeline = credis_pipeline_new(bench->store, "b", NULL);

		for (int i = 0; i < DEPTH; i++)
			credis_pipeline_add(pipeline, argc, argv, NULL, 0, NULL);
		check(credis_reply_count(credis_pipeline_run(pipeline, 0, NULL)) == DEPTH,
		    "credis failed");
	}
}

static double
rate(struct bench *bench, load *run, int argc, const char **argv)
{
	double began_s = now_s();

	run(bench, argc, argv);
	return bench->calls / (now_s() - began_s);
}

/* Calls a second of redis-benchmark on one connection. */
static double
rate_of_redis_benchmark(const struct bench *bench, const char *test, int depth)
{
	char command[256], line[256];
	double found = 0;
	FILE *out;

	snprintf(command, sizeof command,
	    "redis-benchmark -s %s -c 1 -n %d -P %d -t %s --csv 2>/dev/null", bench->server.socket,
	    bench->calls, depth, test);
	out = popen(command, "r");
	while (out != NULL && fgets(line, sizeof line, out) != NULL)
		sscanf(line, "\"%*[A-Z]\",\"%lf", &found);
	if (out != NULL)
		pclose(out);
	return found;
}

static int
by_size(const void *a, const void *b)
{
	const double *left = a, *right = b;

	return (*left > *right) - (*left < *right);
}

static double
median(double *values, int count)
{
	qsort(values, (size_t)count, sizeof *values, by_size);
	return values[count / 2];
}

static void
measure(struct bench *bench, int repeats, const char *title, const char *test, int depth, int argc,
    const char **argv)
{
	double ours[REPEATS_MAX], to_hiredis[REPEATS_MAX], to_benchmark[REPEATS_MAX];

	for (int n = 0; n < repeats; n++) {
		double plain = rate(bench, depth > 1 ? by_hiredis_piped : by_hiredis, argc, argv);

		ours[n] = rate(bench, depth > 1 ? by_credis_piped : by_credis, argc, argv);
		to_hiredis[n] = ours[n] / plain;
		to_benchmark[n] = ours[n] / rate_of_redis_benchmark(bench, test, depth);
	}
	printf("| %s | %.0f | %.2f | %.2f |\n", title, median(ours, repeats),
	    median(to_hiredis, repeats), median(to_benchmark, repeats));
}

/* Blocking calls that hit, each of another key, in nanoseconds. */
static double
hit_ns(struct credis_cache *cache, char keys[KEYS][16], int calls)
{
	double began_s = now_s();

	for (int n = 0; n < calls; n++) {
		const char *key = keys[n % KEYS];

		check(credis_cache_ask(cache, "get", 1, &key, NULL, 0, NULL) != NULL, "no hit");
	}
	return (now_s() - began_s) / calls * 1e9;
}

static void
measure_cache(struct bench *bench, int repeats)
{
	struct credis_cache *cache =
	    credis_cache_new(bench->store, NULL, CREDIS_AS_MSGPACK, NULL, NULL);
	double costs[REPEATS_MAX];
	static char keys[KEYS][16];
	struct credis_cache_statistics now;

	check(cache != NULL, "no cache");
	while (!credis_cache_is_live(cache))
		credis_store_run(bench->store, 1000);
	for (int n = 0; n < KEYS; n++)
		snprintf(keys[n], sizeof keys[n], "key:%d", n);
	hit_ns(cache, keys, KEYS);
	for (int n = 0; n < repeats; n++)
		costs[n] = hit_ns(cache, keys, 10 * bench->calls);
	credis_cache_statistics(cache, &now);
	check(now.misses == KEYS, "it did not remember");
	printf("\nA hit of a cache: %.0f ns (to be below 200).\n", median(costs, repeats));
	credis_cache_free(cache);
}

int
main(int argc, char **argv)
{
	const char *get[] = { "GET", "key:__rand_int__" };
	const char *set[] = { "SET", "key:__rand_int__", "xxx" };
	struct bench bench = { .calls = argc > 1 ? atoi(argv[1]) : 20000 };
	int repeats = argc > 2 ? atoi(argv[2]) : 9;

	check(bench.calls > 0 && repeats > 0 && repeats <= REPEATS_MAX, "wrong arguments");
	redis_server_start(&bench.server, NULL);
	bench.hiredis = redis_server_connect(&bench.server);
	bench.store = credis_store_open(bench.server.url, NULL, NULL);
	check(bench.hiredis != NULL && bench.store != NULL, "no connection");
	printf("| | libcredis, calls/s | / hiredis | / redis-benchmark |\n|---|---|---|---|\n");
	measure(&bench, repeats, "SET", "set", 1, 3, set);
	measure(&bench, repeats, "GET", "get", 1, 2, get);
	measure(&bench, repeats, "SET, pipelines of 16", "set", DEPTH, 3, set);
	measure(&bench, repeats, "GET, pipelines of 16", "get", DEPTH, 2, get);
	measure_cache(&bench, repeats);
	credis_store_free(bench.store);
	redisFree(bench.hiredis);
	redis_server_stop(&bench.server);
	return 0;
}
