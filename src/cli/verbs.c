/* verbs.c: the table of verbs, and what their help says.
 * Tests compare the manual with it. */
#include "verbs.h"

#include <string.h>

/* The prose is set by hand. */
/* clang-format off */
#define MODEL_ARGUMENTS "OPERATION KEY [ARGUMENT…]"
#define MODEL_ABOUT \
	"\n" \
	"The key is used as given; programs in other languages see the same. Values are bytes, unless --as\n" \
	"says how they are stored. Nil (no such thing) prints nothing, and is status 1.\n" \
	"TIME and WAIT are spans like that of -t: 500ms, 2s, 5m, or seconds. ttl prints milliseconds.\n"

static const struct verb verbs[] = {
	{ .name = "list", .max = 1, .run = run_list, .arguments = "[PATTERN]",
	    .summary = "the services, or the keywords of one",
	    .about =
	    "Without PATTERN lists the services: state, number of keywords, help. With a service, or\n"
	    "SERVICE.PATTERN, lists its keywords: type, access, units, help, and the severity of those\n"
	    "whose values are not fine.\n",
	    .examples =
	    "credis list\n"
	    "credis list telescope\n"
	    "credis list 'telescope.A*'\n" },
	{ .name = "show", .min = 1, .max = VERB_ANY, .run = run_show, .arguments = "KEYWORD…",
	    .summary = "current values",
	    .about =
	    "Prints the stored value of each keyword, or with --refresh a fresh one. A name may be a\n"
	    "glob: * and % stand for any run of characters, ? for one. Names are qualified with their\n"
	    "service when keywords of several services are asked for.\n",
	    .examples =
	    "credis show telescope.AZ\n"
	    "credis show -s telescope AZ EL --refresh\n"
	    "az=$(credis show --terse telescope.AZ)\n" },
	{ .name = "describe", .min = 1, .max = VERB_ANY, .run = run_describe,
	    .arguments = "KEYWORD…",
	    .summary = "everything known of a keyword",
	    .about =
	    "Prints the description of each keyword, a setting a line, as in credisd.conf(5). What\n"
	    "stands at its default is left out.\n",
	    .examples =
	    "credis describe telescope.FILTER\n"
	    "credis describe --json 'telescope.*'\n" },
	{ .name = "modify", .min = 1, .max = VERB_ANY, .run = run_modify,
	    .arguments = "KEYWORD=VALUE…",
	    .summary = "write keywords and wait",
	    .about =
	    "Writes each keyword and waits until all writes have completed. VALUE is any text that the\n"
	    "keyword's type accepts and may hold '='. Fails at once when nobody serves the keyword.\n"
	    "\n"
	    "With --notify each keyword is printed as its write completes. With --nowait the requests\n"
	    "are handed over and their outcome is not waited for.\n"
	    "\n"
	    "As in KTL, 'KEYWORD= VALUE', 'KEYWORD =VALUE' and 'KEYWORD = VALUE' mean the same, and the\n"
	    "words nowait, notify, wait and silent may stand among the arguments ('silent' is -q). After\n"
	    "'KEYWORD=', another assignment or one of these words is not taken for the value: the value\n"
	    "is then empty.\n",
	    .examples =
	    "credis modify telescope.FILTER=R\n"
	    "credis modify --atomic telescope.AZ=120 telescope.EL=45\n"
	    "credis modify -s telescope AZ=12.5 nowait silent\n" },
	{ .name = "monitor", .min = 1, .max = VERB_ANY, .run = run_monitor,
	    .arguments = "KEYWORD…",
	    .summary = "print values as they change",
	    .about =
	    "Prints a line at once for each keyword that has a value, and one at each change, until\n"
	    "interrupted, -n lines were printed, or -t has passed (which is status 3 if -n lines were\n"
	    "asked for). When the store is lost it says so on stderr (with --json as an object with\n"
	    "\"event\"), keeps trying, and says when it is back; what changed meanwhile is printed then.\n",
	    .examples =
	    "credis monitor 'telescope.*'\n"
	    "credis monitor -n 1 telescope.AZ\n"
	    "credis monitor --json weather.WIND | jq .value\n" },
	{ .name = "wait", .min = 1, .max = 1, .run = run_wait, .arguments = "EXPRESSION",
	    .summary = "wait until an expression is true",
	    .about =
	    "Waits until EXPRESSION is true; prints nothing, see the exit status. Without -t the\n"
	    "deadline is one hour. $SERVICE.KEYWORD is a value ($KEYWORD with -s); there are comparisons,\n"
	    "and or not, arithmetic and functions, see credisd.conf(5). Quote it for the shell.\n",
	    .examples =
	    "credis wait -t 5m '$telescope.AZ >= 9.9 and $telescope.FILTER == open'\n"
	    "credis wait -s telescope 'not $PARK' && echo moving\n" },
	{ .name = "history", .min = 1, .max = 1, .run = run_history, .arguments = "KEYWORD",
	    .summary = "past values",
	    .about =
	    "Prints the past values of a keyword that keeps a history, in the order of time: time and\n"
	    "value; all of them, or those of a time (--since, --from, --to), or the newest (--last). A\n"
	    "time is UTC, as printed, or so long ago.\n"
	    "\n"
	    "With --svg or --spark they are drawn instead, the extremes however many there are; labels,\n"
	    "true and false as steps. Text and arrays cannot be drawn.\n",
	    .examples =
	    "credis history telescope.AZ --since '1 day ago'\n"
	    "credis history weather.TEMP --last 500 --svg temp.svg\n"
	    "credis history weather.TEMP --from 2026-11-20 --to '2026-11-20 12:00' --csv > temp.csv\n" },
	{ .name = "alarms", .max = VERB_ANY, .run = run_alarms, .arguments = "[KEYWORD…]",
	    .summary = "what is not fine, most severe first",
	    .about =
	    "Prints each keyword whose value is not fine: its severity (invalid, major, minor), value,\n"
	    "the time of that value, and why. Looks at all keywords, or at those that are named; a name\n"
	    "may be a glob. Prints nothing when all is well.\n",
	    .examples =
	    "credis alarms\n"
	    "credis alarms --json 'telescope.*'\n" },
	{ .name = "status", .max = 1, .run = run_status, .arguments = "[SERVICE]",
	    .summary = "who serves what, and how well",
	    .about =
	    "Prints for each service, or the one named, its dispatcher: state, host, process, version,\n"
	    "since when, requests a second, time from request to answer, store, faults (malformed\n"
	    "requests, values found wrong, writes that failed) and the last fault. A service that nobody\n"
	    "serves says so; if it is the one named, the exit status is 6.\n",
	    .examples =
	    "credis status\n"
	    "credis status telescope\n" },
	{ .name = "bench", .max = 0, .run = run_bench, .arguments = "",
	    .summary = "how fast this installation is",
	    .about =
	    "Serves a scratch service for ten seconds, writes its keywords with 1, 16, 64 and 256 requests in\n"
	    "flight, and prints how many were answered a second, and the median, 99th percentile and maximum\n"
	    "of the time to the answer, in microseconds; beside it the same for plain SETs. The dispatcher runs\n"
	    "in the same process. The service is removed however it ends; no other is touched, but the store\n"
	    "is busy meanwhile.\n",
	    .examples =
	    "credis bench\n"
	    "credis bench -u redis://example.org/0 --json\n" },
	{ .name = "counter", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "a number that programs count up together",
	    .about =
	    "Counts in a key. Nothing is lost when several count at once.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis counter incr visits\n"
	    "credis counter get visits\n", .offline = true },
	{ .name = "map", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "a value in a key",
	    .about =
	    "Stores a value in a key.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis map set site 'La Silla'\n"
	    "credis map get --as json settings\n", .offline = true },
	{ .name = "hash", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "named fields in a key",
	    .about =
	    "Stores fields in a key.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis hash set seeing 2026-11-25 0.8\n"
	    "credis hash all seeing\n", .offline = true },
	{ .name = "set", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "a set of values",
	    .about =
	    "Keeps each value once. Members are compared byte for byte, as stored.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis set add targets M31 M33\n"
	    "credis set has targets M31\n", .offline = true },
	{ .name = "zset", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "a set of values in the order of their scores",
	    .about =
	    "Keeps each value once, with a score. MIN and MAX are scores, -inf, +inf, or '(' and a score, which\n"
	    "is then left out.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis zset add best 0.55 2026-11-25\n"
	    "credis zset highest best 0 9\n"
	    "credis zset count best 0.5 '(1'\n", .offline = true },
	{ .name = "queue", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "first in, first out",
	    .about =
	    "Hands out items in the order in which they came in. With -t pop waits for one that long.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis queue push jobs 'calibrate B'\n"
	    "job=$(credis queue pop jobs) && echo \"$job\"\n", .offline = true },
	{ .name = "stack", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "last in, first out",
	    .about =
	    "Hands out the newest item first.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis stack push undo 'AZ=12.5'\n"
	    "credis stack pop undo\n", .offline = true },
	{ .name = "pqueue", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "the lowest number first",
	    .about =
	    "Hands out each item once, the lowest number first. With -t pop waits for one that long.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis pqueue push jobs 5 'flat field'\n"
	    "credis pqueue pop jobs\n", .offline = true },
	{ .name = "mq", .min = 2, .max = VERB_ANY, .run = run_model, .arguments = MODEL_ARGUMENTS,
	    .summary = "messages, each for one receiver",
	    .about =
	    "Hands out messages in the order in which they came in; an empty message is one. Without WAIT,\n"
	    "or -t, get and take wait until there is one; with 0 they only look. What take has handed out\n"
	    "lies at the key RECEIVER, which is that of one receiver alone, until ack, so that a receiver that\n"
	    "dies loses nothing: recover puts it back. ack of what is not there is status 1. A shell's $(…) takes\n"
	    "the line ends off the end of a message: what may have one is better taken with --json.\n"
	    MODEL_ABOUT,
	    .examples =
	    "credis mq put jobs 'calibrate B'\n"
	    "me=jobs:$HOSTNAME\n"
	    "job=$(credis mq take jobs $me) && work \"$job\" && credis mq ack jobs $me -- \"$job\"\n",
	    .offline = true },
	{ .name = "dict", .min = 2, .max = 4, .run = run_dict,
	    .arguments = "NAMESPACE OPERATION [KEY] [VALUE]",
	    .summary = "a dictionary whose changes are announced",
	    .about =
	    "get KEY, set KEY VALUE, del KEY, has KEY, or keys. Values are JSON, and are stored as msgpack in\n"
	    "the key NAMESPACE/KEY, as programs with redis-pubsub-dict do (their default namespace is\n"
	    "redisDict); each change is published on NAMESPACE/update or NAMESPACE/delete.\n",
	    .examples =
	    "credis dict redisDict set site '{\"height\": 2400}'\n"
	    "credis dict redisDict get site\n"
	    "credis dict redisDict keys\n", .offline = true },
	{ .name = "lock", .min = 2, .max = VERB_ANY, .run = run_lock, .arguments = "NAME COMMAND…",
	    .summary = "run a command while nobody else does",
	    .about =
	    "Takes the lock NAME, waiting for it until -t (10 seconds), runs COMMAND, and gives it back. It is\n"
	    "renewed while COMMAND runs, and free again 10 seconds after its holder has died. If it is lost\n"
	    "COMMAND gets SIGTERM, and SIGKILL 5 seconds later, and the exit status is 1; otherwise it is that of\n"
	    "COMMAND. What stands behind COMMAND is its own, options included.\n",
	    .examples =
	    "credis lock backup -- rsync -a /data /mnt\n"
	    "credis lock -t 1h dome sh -c 'close && park'\n",
	    .offline = true },
	{ .name = "shard", .min = 1, .max = VERB_ANY, .run = run_shard, .arguments = "KEY…",
	    .summary = "the server that a key lies on",
	    .about =
	    "Prints for each key the one of the nodes that it lies on, the keys being spread as txredisapi\n"
	    "does it. Order of the nodes and spelling of host and port count. No server is asked.\n",
	    .examples =
	    "credis shard --node redis://a:6379 --node redis://b:6379 user:17 'name{user:17}'\n",
	    .offline = true },
	{ .name = "driver-check", .min = 1, .max = VERB_ANY, .run = run_driver_check,
	    .arguments = "COMMAND…", .summary = "play credisd to a driver, and say what is wrong",
	    .about =
	    "Starts COMMAND, a driver as in credis-driver(7), reads and writes the keywords named with -k,\n"
	    "asks for what it cannot know, sends what it must survive, and ends it in all the ways that\n"
	    "credisd does. What stands behind COMMAND is its own, options included. Prints what is right\n"
	    "and what is wrong; the exit status is 1 if anything is. -t bounds the time for an answer,\n"
	    "which is 5 seconds.\n",
	    .examples =
	    "credis driver-check -k AZ=12.5 -k STATE ./mount --sim\n"
	    "credis driver-check --json -t 30s -k VALVE=open ./plc\n", .offline = true },
	{ .name = "import-ktlxml", .min = 1, .max = 1, .run = run_import_ktlxml,
	    .arguments = "FILE|DIR", .summary = "turn KTL's XML bundles into a file for services.d",
	    .about =
	    "Reads a bundle of keywords, or all *.xml of a directory, and prints one service that\n"
	    "credisd -n takes. It is called what -s says, or else what the bundle or the file is called.\n"
	    "What could not be carried over stands in comments, and on stderr. Files that a bundle\n"
	    "includes, and entities, are not read.\n",
	    .examples =
	    "credis import-ktlxml dcs.xml > services.d/dcs.conf\n"
	    "credis import-ktlxml -s dcs /kroot/data/dcs\n", .offline = true },
	{ .name = "complete", .max = VERB_ANY, .run = run_complete, .arguments = "-- WORD…",
	    .summary = "what the last of the words may become, for shells", .about = "",
	    .examples = "", .offline = true, .hidden = true },
};
/* clang-format on */

const struct verb *
verb_row(size_t n)
{
	return n < sizeof verbs / sizeof *verbs ? &verbs[n] : NULL;
}

const struct verb *
verb_find(const char *name)
{
	for (size_t i = 0; verb_row(i) != NULL; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

void
verb_names(const char *names[VERBS_MAX + 1])
{
	size_t count = 0;

	for (size_t i = 0; verb_row(i) != NULL && count < VERBS_MAX; i++) {
		if (!verbs[i].hidden)
			names[count++] = verbs[i].name;
	}
	names[count] = NULL;
}
