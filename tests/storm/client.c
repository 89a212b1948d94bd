/* client.c: the load of a campaign: logical clients that write, read and watch keywords, and put down
 * all they asked and all they were told, a line each (records.py names the fields). Judges nothing.
 * Every written value carries a number of its own, which is also the number of its request. */
#include <credis/client.h>
#include <credis/monitor.h>

#include <errno.h>
#include <event2/event.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
	KEYWORDS_MAX = 64,
	ASKERS_MAX = 512,
	URLS_MAX = 8,
	SET_MAX = 6,
	UNDER_WAY_MAX = 64, /* writes of one asker without an outcome */
	LENGTH_MAX = 4096,  /* of the strings that storm's keywords take */
	REWATCH_MS = 3000,
};
#define NUMBERS_EACH UINT64_C(100000000) /* an asker's numbers begin at its own times this */
#define BEYOND_RANGE UINT64_C(1000000000000)

struct storm;

struct asker {
	struct storm *storm;
	struct credis_client *client;
	struct credis_monitor *monitor;
	struct event *timer;
	uint64_t number;
	uint64_t last; /* number given */
	uint64_t random;
	uint64_t watch;     /* number of the monitor */
	int64_t rewatch_ms; /* monotonic: when the monitor is replaced */
	int64_t timeout_ms;
	uint64_t seqs[KEYWORDS_MAX]; /* as last heard; 0: never */
	unsigned under_way;
};

struct storm {
	struct event_base *base;
	FILE *record;
	const char *service;
	const char *urls[URLS_MAX];
	size_t url_count;
	char keywords[KEYWORDS_MAX][32];
	size_t keyword_count;
	struct asker askers[ASKERS_MAX];
	size_t asker_count;
	uint64_t first; /* number of the first asker */
	uint64_t seed;
	int pace_ms;
	bool asking;
	bool quiet; /* said so */
};

static int64_t
now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

/* xorshift64*: the same numbers for the same seed everywhere. */
static uint64_t
pick(struct asker *asker, uint64_t below)
{
	uint64_t x = asker->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	asker->random = x;
	return ((x * UINT64_C(2685821657736338717)) >> 33) % below;
}

static size_t
pick_keyword(struct asker *asker)
{
	return pick(asker, asker->storm->keyword_count);
}

static bool
is_text(const struct asker *asker, size_t keyword)
{
	return asker->storm->keywords[keyword][0] == 'S';
}

/* One write on its way to the library. */
struct draft {
	size_t keyword;
	bool wrong; /* to be refused */
	char name[80];
	char text[LENGTH_MAX + 128];
	size_t length;
};

/* "s<number>.xxx…" or the number itself, past what the keyword takes when 'wrong'. */
static void
draft_text(struct asker *asker, struct draft *draft, uint64_t id)
{
	size_t length;

	if (!is_text(asker, draft->keyword)) {
		draft->length = (size_t)snprintf(draft->text, sizeof(draft->text), "%" PRIu64,
		    id + (draft->wrong ? BEYOND_RANGE : 0));
		return;
	}
	draft->length = (size_t)snprintf(draft->text, sizeof(draft->text), "s%" PRIu64 ".", id);
	length = draft->wrong
	    ? LENGTH_MAX + 1 + pick(asker, 64)
	    : draft->length + (pick(asker, 8) == 0 ? pick(asker, 2000) : pick(asker, 40));
	memset(draft->text + draft->length, 'x', length - draft->length);
	draft->length = length;
}

/* What a value says of the request that wrote it: its number, or the value itself where no request
 * did, or "garbled". Initial values are short words and numbers. */
static const char *
token(const struct credis_reading *reading, char *out, size_t room)
{
	const char *text = reading->text;
	char *end;

	if (reading->seq == 0)
		return "-";
	if (text[0] != 's' || text[1] < '0' || text[1] > '9') {
		snprintf(out, room, "%.*s", (int)strcspn(text, " \n"), text);
		return out;
	}
	snprintf(out, room, "%llu", strtoull(text + 1, &end, 10));
	if (*end != '.' || end + 1 + strspn(end + 1, "x") != text + reading->length)
		return "garbled";
	return out;
}

static size_t
keyword_index(const struct storm *storm, const char *name)
{
	for (size_t n = 0; n < storm->keyword_count; n++) {
		if (strcmp(storm->keywords[n], name) == 0)
			return n;
	}
	return 0;
}

static void
record_reading(struct asker *asker, const struct credis_reading *reading)
{
	char text[64];

	if (reading == NULL) {
		fprintf(asker->storm->record, " 0 - 0\n");
		return;
	}
	fprintf(asker->storm->record, " %" PRIu64 " %s %zu\n", reading->seq,
	    token(reading, text, sizeof(text)), reading->length);
	if (reading->keyword != NULL)
		asker->seqs[keyword_index(asker->storm, reading->keyword)] = reading->seq;
}

static const char *
word(const struct credis_error *err)
{
	return err->code == CREDIS_OK ? "done" : credis_code_word(err->code);
}

static void
quiet_if_over(struct storm *storm)
{
	if (storm->asking || storm->quiet)
		return;
	for (size_t n = 0; n < storm->asker_count; n++) {
		if (storm->askers[n].under_way > 0)
			return;
	}
	storm->quiet = true;
	fprintf(storm->record, "quiet %" PRId64 "\n", now_us());
	fflush(storm->record);
}

static struct storm *the_storm; /* callbacks carry a request's number instead */

static struct asker *
asker_of(uint64_t id)
{
	return &the_storm->askers[id / NUMBERS_EACH - the_storm->first];
}

static void
settled(struct asker *asker)
{
	if (asker->under_way > 0)
		asker->under_way--;
	quiet_if_over(asker->storm);
}

static void
on_write(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	uint64_t id = (uint64_t)(uintptr_t)arg + n;
	struct asker *asker = asker_of(id);

	if (progress == CREDIS_ACCEPTED) {
		fprintf(asker->storm->record, "accepted %" PRId64 " %" PRIu64 "\n", now_us(), id);
		return;
	}
	fprintf(asker->storm->record, "end %" PRId64 " %" PRIu64 " %s", now_us(), id, word(err));
	record_reading(asker, reading);
	settled(asker);
}

/* What is asked, how: written to the record before the library hears of it. */
struct plan {
	struct draft drafts[SET_MAX];
	size_t count;
	bool atomic;
	bool unanswered;
	bool has_if_seq;
	uint64_t if_seq;
};

static void
record_asked(struct asker *asker, const struct plan *plan, uint64_t first)
{
	int64_t expires_us = credis_client_now_us(asker->client) + asker->timeout_ms * 1000;

	for (size_t n = 0; n < plan->count; n++) {
		const struct draft *draft = &plan->drafts[n];

		fprintf(asker->storm->record,
		    "ask %" PRId64 " %" PRIu64 " %s %s %" PRIu64 " %" PRId64 " %" PRId64 " %zu\n",
		    now_us(), first + n, asker->storm->keywords[draft->keyword],
		    plan->unanswered   ? "send"
			: draft->wrong ? "wrong"
				       : "modify",
		    plan->atomic ? first : 0, plan->has_if_seq ? (int64_t)plan->if_seq : -1,
		    expires_us, draft->length);
	}
}

static void
carry_out(struct asker *asker, struct plan *plan)
{
	struct credis_modify writes[SET_MAX];
	uint64_t first = asker->last + 1;
	struct credis_error err;
	credis_call call;

	for (size_t n = 0; n < plan->count; n++) {
		struct draft *draft = &plan->drafts[n];

		draft_text(asker, draft, first + n);
		snprintf(draft->name, sizeof(draft->name), "%s.%s", asker->storm->service,
		    asker->storm->keywords[draft->keyword]);
		writes[n] = (struct credis_modify){ draft->name, draft->text, draft->length,
			plan->has_if_seq, plan->if_seq };
	}
	asker->last += plan->count;
	record_asked(asker, plan, first);
	call = (plan->unanswered ? credis_client_send : credis_client_modify)(asker->client, writes,
	    plan->count, plan->atomic, on_write, (void *)(uintptr_t)first, &err);
	if (call != 0) {
		asker->under_way += (unsigned)plan->count;
		return;
	}
	for (size_t n = 0; n < plan->count; n++)
		fprintf(asker->storm->record, "untaken %" PRId64 " %" PRIu64 " %s\n", now_us(),
		    first + n, credis_code_word(err.code));
}

static struct plan draft_plan; /* too large for the stack of every call */

static struct plan *
plan_new(struct asker *asker, size_t count)
{
	draft_plan.count = count;
	draft_plan.atomic = draft_plan.unanswered = draft_plan.has_if_seq = false;
	for (size_t n = 0; n < count; n++) {
		draft_plan.drafts[n].keyword = pick_keyword(asker);
		draft_plan.drafts[n].wrong = false;
	}
	return &draft_plan;
}

static void
write_one(struct asker *asker)
{
	carry_out(asker, plan_new(asker, 1));
}

static void
write_unanswered(struct asker *asker)
{
	struct plan *plan = plan_new(asker, 1 + pick(asker, 2));

	plan->unanswered = true;
	carry_out(asker, plan);
}

static void
write_several(struct asker *asker)
{
	carry_out(asker, plan_new(asker, 2 + pick(asker, SET_MAX - 1)));
}

static struct plan *
plan_set(struct asker *asker)
{
	struct plan *plan = plan_new(asker, 2 + pick(asker, 3));
	size_t from = pick_keyword(asker);

	plan->atomic = true;
	for (size_t n = 0; n < plan->count; n++)
		plan->drafts[n].keyword = (from + n) % asker->storm->keyword_count;
	return plan;
}

static void
write_set(struct asker *asker)
{
	carry_out(asker, plan_set(asker));
}

static void
write_spoilt_set(struct asker *asker)
{
	struct plan *plan = plan_set(asker);

	plan->drafts[pick(asker, plan->count)].wrong = true;
	carry_out(asker, plan);
}

static void
write_wrong(struct asker *asker)
{
	struct plan *plan = plan_new(asker, 1);

	plan->drafts[0].wrong = true;
	carry_out(asker, plan);
}

static void
write_at_sequence(struct asker *asker)
{
	struct plan *plan = plan_new(asker, 1);

	plan->has_if_seq = asker->seqs[plan->drafts[0].keyword] > 0;
	plan->if_seq = asker->seqs[plan->drafts[0].keyword];
	carry_out(asker, plan);
}

static void
on_read(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	uint64_t id = (uint64_t)(uintptr_t)arg;
	struct asker *asker = asker_of(id);

	fprintf(asker->storm->record, "saw %" PRId64 " %" PRIu64 " %s", now_us(), id, word(err));
	record_reading(asker, reading);
	settled(asker);
}

static void
look(struct asker *asker)
{
	size_t keyword = pick_keyword(asker);
	bool refresh = pick(asker, 2) == 0;
	uint64_t id = ++asker->last;
	struct credis_error err;
	char name[80];

	snprintf(name, sizeof(name), "%s.%s", asker->storm->service,
	    asker->storm->keywords[keyword]);
	fprintf(asker->storm->record, "look %" PRId64 " %" PRIu64 " %s %d\n", now_us(), id,
	    asker->storm->keywords[keyword], refresh);
	if (credis_client_read(asker->client, name, refresh, on_read, (void *)(uintptr_t)id,
		&err) != 0)
		asker->under_way++;
	else
		fprintf(asker->storm->record, "untaken %" PRId64 " %" PRIu64 " %s\n", now_us(), id,
		    credis_code_word(err.code));
}

static const char *const event_words[] = {
	[CREDIS_MONITOR_VALUE] = "value",
	[CREDIS_MONITOR_PRIMED] = "primed",
	[CREDIS_MONITOR_GAP] = "gap",
	[CREDIS_MONITOR_RESTORED] = "restored",
	[CREDIS_MONITOR_GONE] = "gone",
	[CREDIS_MONITOR_FAILED] = "failed",
};

static void
unwatch(struct asker *asker)
{
	if (asker->monitor == NULL)
		return;
	credis_monitor_free(asker->monitor);
	asker->monitor = NULL;
	fprintf(asker->storm->record, "unwatch %" PRId64 " %" PRIu64 "\n", now_us(), asker->watch);
}

static void
on_change(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	struct asker *asker = arg;
	struct storm *storm = asker->storm;

	if (event == CREDIS_MONITOR_UNSERVED || event == CREDIS_MONITOR_SERVED)
		return;
	if (reading == NULL) {
		fprintf(storm->record, "%s %" PRId64 " %" PRIu64 " %s\n", event_words[event],
		    now_us(), asker->watch, credis_code_word(err->code));
		if (event == CREDIS_MONITOR_FAILED)
			unwatch(asker);
		return;
	}
	fprintf(storm->record, "%s %" PRId64 " %" PRIu64 " %s", event_words[event], now_us(),
	    asker->watch, reading->keyword);
	record_reading(asker, reading);
}

/* By a glob, or three by name. */
static void
watch(struct asker *asker)
{
	const struct storm *storm = asker->storm;
	char names[3][80];
	const char *keywords[3] = { names[0], names[1], names[2] };
	bool by_glob = pick(asker, 2) == 0;
	size_t count = by_glob ? 1 : 3;
	struct credis_error err;

	asker->watch = ++asker->last;
	fprintf(storm->record, "watch %" PRId64 " %" PRIu64, now_us(), asker->watch);
	for (size_t n = 0; n < count; n++) {
		const char *name = by_glob
		    ? (pick(asker, 2) == 0 ? "I*" : "S*")
		    : storm->keywords[(asker->watch + n) % storm->keyword_count];

		snprintf(names[n], sizeof(names[n]), "%s.%s", storm->service, name);
		fprintf(storm->record, " %s", name);
	}
	fputc('\n', storm->record);
	asker->monitor = credis_monitor_new(asker->client, keywords, count, on_change, asker, &err);
	if (asker->monitor == NULL)
		fprintf(storm->record, "failed %" PRId64 " %" PRIu64 " %s\n", now_us(),
		    asker->watch, credis_code_word(err.code));
	asker->rewatch_ms = now_us() / 1000 + REWATCH_MS + (int64_t)pick(asker, 12 * REWATCH_MS);
}

/* Replaced now and then while there is load, so that monitors also begin in the middle of faults; kept
 * once the load is over, so that what is shown can be compared. */
static void
watch_if_due(struct asker *asker)
{
	bool due = now_us() / 1000 >= asker->rewatch_ms;

	if (asker->monitor != NULL && (!due || !asker->storm->asking))
		return;
	unwatch(asker);
	watch(asker);
}

static const struct habit {
	unsigned weight;
	void (*act)(struct asker *asker);
} habits[] = {
	{ 40, write_one },
	{ 10, write_unanswered },
	{ 12, write_several },
	{ 12, write_set },
	{ 4, write_spoilt_set },
	{ 4, write_wrong },
	{ 8, write_at_sequence },
	{ 10, look },
};

static void
act(struct asker *asker)
{
	uint64_t at = pick(asker, 100);

	for (size_t n = 0; n < sizeof(habits) / sizeof(habits[0]); n++) {
		if (at < habits[n].weight) {
			habits[n].act(asker);
			return;
		}
		at -= habits[n].weight;
	}
}

static void
arm(struct asker *asker)
{
	int64_t us = 1000 * (int64_t)(1 + pick(asker, 2 * (uint64_t)asker->storm->pace_ms));
	struct timeval after = { us / 1000000, us % 1000000 };

	event_add(asker->timer, &after);
}

static void
on_turn(evutil_socket_t fd, short what, void *arg)
{
	struct asker *asker = arg;

	(void)fd;
	(void)what;
	arm(asker);
	if (asker->number % 2 == 0)
		watch_if_due(asker);
	if (asker->storm->asking && asker->under_way < UNDER_WAY_MAX)
		act(asker);
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	fflush(((struct storm *)arg)->record);
}

static void
on_stop_asking(evutil_socket_t fd, short what, void *arg)
{
	struct storm *storm = arg;

	(void)fd;
	(void)what;
	storm->asking = false;
	quiet_if_over(storm);
}

static void
on_end(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	event_base_loopbreak(((struct storm *)arg)->base);
}

static void
die(const char *what, const char *why)
{
	fprintf(stderr, "storm client: %s: %s\n", what, why);
	exit(1);
}

static void
asker_start(struct storm *storm, size_t n)
{
	struct asker *asker = &storm->askers[n];
	struct credis_error err;
	char from[32];

	asker->storm = storm;
	asker->number = storm->first + n;
	asker->last = asker->number * NUMBERS_EACH;
	asker->random =
	    (storm->seed + 1) * UINT64_C(0x9e3779b97f4a7c15) ^ (asker->number << 32 | 1);
	asker->timeout_ms = 2000 + (int64_t)pick(asker, 8000);
	asker->client = credis_client_new(storm->base, storm->urls[n % storm->url_count], &err);
	if (asker->client == NULL)
		die(storm->urls[n % storm->url_count], err.text);
	snprintf(from, sizeof(from), "storm%" PRIu64, asker->number);
	credis_client_set_from(asker->client, from, NULL);
	credis_client_set_timeout(asker->client, asker->timeout_ms);
	credis_client_set_patient(asker->client, n % 3 == 0);
	asker->timer = event_new(storm->base, -1, 0, on_turn, asker);
	arm(asker);
}

static void
asker_end(struct asker *asker)
{
	event_free(asker->timer);
	unwatch(asker);
	credis_client_free(asker->client);
}

static const char usage[] =
    "usage: client -u URL... -o RECORD -k KEYWORD,KEYWORD... [-s SERVICE] [-n CLIENTS] [-f FIRST]\n"
    "           [-p PACE_MS] [-S SEED]\n"
    "SIGUSR1 ends the asking, SIGTERM the program.\n";

static void
split_keywords(struct storm *storm, char *list)
{
	for (char *name = strtok(list, ","); name != NULL && storm->keyword_count < KEYWORDS_MAX;
	     name = strtok(NULL, ","))
		snprintf(storm->keywords[storm->keyword_count++], sizeof(storm->keywords[0]), "%s",
		    name);
}

static void
read_options(struct storm *storm, int argc, char **argv)
{
	const char *path = NULL;
	int option;

	while ((option = getopt(argc, argv, "u:o:k:s:n:f:p:S:")) != -1) {
		switch (option) {
		case 'u':
			if (storm->url_count < URLS_MAX)
				storm->urls[storm->url_count++] = optarg;
			break;
		case 'o': path = optarg; break;
		case 'k': split_keywords(storm, optarg); break;
		case 's': storm->service = optarg; break;
		case 'n': storm->asker_count = strtoul(optarg, NULL, 10); break;
		case 'f': storm->first = strtoull(optarg, NULL, 10); break;
		case 'p': storm->pace_ms = atoi(optarg); break;
		case 'S': storm->seed = strtoull(optarg, NULL, 10); break;
		default: die(usage, "unknown option");
		}
	}
	if (storm->url_count == 0 || path == NULL || storm->keyword_count < SET_MAX ||
	    storm->asker_count < 1 || storm->asker_count > ASKERS_MAX || storm->pace_ms < 1)
		die(usage, "something is missing or out of bounds");
	storm->record = fopen(path, "w");
	if (storm->record == NULL)
		die(path, strerror(errno));
}

int
main(int argc, char **argv)
{
	static struct storm storm = { .service = "storm",
		.asker_count = 8,
		.first = 1,
		.pace_ms = 50,
		.asking = true };
	static const struct timeval second = { 1, 0 };
	struct event *events[3];

	the_storm = &storm;
	read_options(&storm, argc, argv);
	storm.base = event_base_new();
	events[0] = evsignal_new(storm.base, SIGUSR1, on_stop_asking, &storm);
	events[1] = evsignal_new(storm.base, SIGTERM, on_end, &storm);
	events[2] = event_new(storm.base, -1, EV_PERSIST, on_second, &storm);
	event_add(events[0], NULL);
	event_add(events[1], NULL);
	event_add(events[2], &second);
	for (size_t n = 0; n < storm.asker_count; n++)
		asker_start(&storm, n);
	event_base_dispatch(storm.base);
	for (size_t n = 0; n < storm.asker_count; n++)
		asker_end(&storm.askers[n]);
	fprintf(storm.record, "bye %" PRId64 "\n", now_us());
	for (size_t n = 0; n < 3; n++)
		event_free(events[n]);
	event_base_free(storm.base);
	return fclose(storm.record) == 0 ? 0 : 1;
}
