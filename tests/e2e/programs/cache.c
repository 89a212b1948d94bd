/* cache.c: a cache over a dictionary that does as it is told: arguments URL NAMESPACE ["tracking"], and on
 * standard input, a line each: get KEY, has KEY, set KEY VALUE, del KEY, find KEY, statistics.
 * Each is answered by a line; "live" and "lost" come between. Knows nothing of what it ought to find. */
#include <credis/cache.h>

#include <event2/event.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct event_base *base;
static struct credis_cache *cache;

static void
say(const char *text)
{
	puts(text);
	fflush(stdout);
}

static void
on_live(void *arg, bool live, const struct credis_error *why)
{
	(void)arg, (void)why;
	say(live ? "live" : "lost");
}

static void
say_answer(const struct credis_answer *answer)
{
	char number[24];

	snprintf(number, sizeof number, "%" PRId64, answer->integer);
	say(answer->kind == CREDIS_ANSWER_VALUE      ? answer->items[0].text
		: answer->kind == CREDIS_ANSWER_NIL  ? "nil"
		: answer->kind == CREDIS_ANSWER_DONE ? "done"
						     : number);
}

static void
on_answer(void *arg, const struct credis_answer *answer, const struct credis_error *err)
{
	(void)arg;
	if (err->code == CREDIS_OK)
		say_answer(answer);
	else
		printf("error %s\n", err->text);
	fflush(stdout);
}

static void
say_statistics(void)
{
	struct credis_cache_statistics now;

	credis_cache_statistics(cache, &now);
	printf("{\"hits\":%" PRIu64 ",\"misses\":%" PRIu64 ",\"evictions\":%" PRIu64
	       ",\"flushes\":%" PRIu64 ",\"invalidations\":%" PRIu64
	       ",\"entries\":%zu,\"bytes\":%zu}\n",
	    now.hits, now.misses, now.evictions, now.flushes, now.invalidations, now.entries,
	    now.bytes);
	fflush(stdout);
}

static void
obey(char *line)
{
	const char *words[3] = { strtok(line, " "), strtok(NULL, " "), strtok(NULL, "") };
	struct credis_error err;

	if (strcmp(words[0], "statistics") == 0) {
		say_statistics();
	} else if (strcmp(words[0], "find") == 0) {
		const struct credis_answer *answer =
		    credis_cache_find(cache, words[1], strlen(words[1]));

		if (answer != NULL)
			say_answer(answer);
		else
			say("unknown");
	} else if (!credis_cache_call(cache, words[0], words[2] != NULL ? 2 : 1, words + 1, NULL, 0,
		       on_answer, NULL, &err)) {
		printf("error %s\n", err.text);
		fflush(stdout);
	}
}

static void
on_input(evutil_socket_t fd, short what, void *arg)
{
	static char input[65536];
	static size_t length;
	ssize_t got = read(fd, input + length, sizeof input - 1 - length);
	char *end;

	(void)what, (void)arg;
	if (got <= 0) {
		event_base_loopbreak(base);
		return;
	}
	length += (size_t)got;
	input[length] = '\0';
	while ((end = strchr(input, '\n')) != NULL) {
		*end = '\0';
		obey(input);
		length -= (size_t)(end + 1 - input);
		memmove(input, end + 1, length + 1);
	}
}

int
main(int argc, char **argv)
{
	const struct credis_store_options how = { .backoff_ms = 50 };
	const struct credis_cache_options options = { .tracking = argc > 3, .on_live = on_live };
	struct credis_store *store;
	struct event *input;

	if (argc < 3)
		return 2;
	base = event_base_new();
	store = credis_store_new(base, argv[1], &how, NULL);
	cache = credis_cache_new(store, argv[2], CREDIS_AS_MSGPACK, &options, NULL);
	input = event_new(base, STDIN_FILENO, EV_READ | EV_PERSIST, on_input, NULL);
	if (cache == NULL || input == NULL || event_add(input, NULL) != 0)
		return 1;
	event_base_dispatch(base);
	event_free(input);
	credis_cache_free(cache);
	credis_store_free(store);
	event_base_free(base);
	return 0;
}
