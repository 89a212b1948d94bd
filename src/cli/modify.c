/* modify.c: writes keywords and waits, as credis and as KTL write it. */
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "session.h"
#include "target.h"
#include "verbs.h"

#include <string.h>

struct modify {
	struct session *session;
	struct style style;
	bool nowait, notify, silent;
	struct target *targets;
	struct credis_modify *writes;
	bool *ended;
	size_t count;
};

/* KTL's words, which may stand anywhere among the arguments. */
static const struct {
	const char *word;
	size_t member; /* of struct modify */
	bool on;
} ktl_words[] = {
	{ "nowait", offsetof(struct modify, nowait), true },
	{ "notify", offsetof(struct modify, notify), true },
	{ "silent", offsetof(struct modify, silent), true },
	{ "wait", offsetof(struct modify, nowait), false },
};

static bool *
ktl_flag(struct modify *modify, const char *word, bool *on)
{
	for (size_t i = 0; i < sizeof ktl_words / sizeof *ktl_words; i++) {
		if (strcmp(ktl_words[i].word, word) == 0) {
			*on = ktl_words[i].on;
			return (bool *)((char *)modify + ktl_words[i].member);
		}
	}
	return NULL;
}

/* "NAME=…": what comes after "KEYWORD=" is then the next assignment and not the value. */
static bool
is_assignment(const char *word)
{
	size_t name = strspn(word,
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	    "0123456789_.-");

	return name > 0 && word[name] == '=';
}

static bool
is_value(struct modify *modify, const char *word)
{
	bool on;

	return word != NULL && !is_assignment(word) && ktl_flag(modify, word, &on) == NULL;
}

static void
add(struct modify *modify, const char *name, size_t length, const char *value)
{
	struct target *target = &modify->targets[modify->count];
	struct credis_modify *write = &modify->writes[modify->count];
	struct session *session = modify->session;
	struct credis_error err;
	char *word = must(strndup(name, length));

	if (!target_parse(target, word, session->options->service, &err))
		session_fail(session, NULL, NULL, &err);
	else if (target_is_glob(target->both))
		session_refuse(session, "%s: a keyword to write must be named; a glob will not do",
		    target->both);
	else {
		*write = (struct credis_modify){ .keyword = target->both,
			.text = value,
			.length = strlen(value),
			.has_if_seq = session->options->if_seq > 0,
			.if_seq = (uint64_t)session->options->if_seq };
		modify->count++;
	}
	free(word);
}

/* The value stands behind the '=', or else may be the next word. Returns how many words it took. */
static int
take_value(struct modify *modify, const char *name, size_t length, const char *here,
    const char *next)
{
	bool apart = here[0] == '\0' && is_value(modify, next);

	add(modify, name, length, apart ? next : here);
	return apart ? 2 : 1;
}

/* Takes one argument, with what follows if it belongs to it: "KW=v", "KW= v", "KW =v", "KW = v", or one of
 * KTL's words. Returns how many words it took. */
static int
take(struct modify *modify, char **words)
{
	const char *word = words[0], *next = words[1], *equals = strchr(word, '=');
	bool on, *flag = ktl_flag(modify, word, &on);

	if (equals != NULL && equals > word)
		return take_value(modify, word, (size_t)(equals - word), equals + 1, next);
	if (equals == NULL && next != NULL && next[0] == '=')
		return 1 + take_value(modify, word, strlen(word), next + 1, words[2]);
	if (flag != NULL)
		*flag = on;
	else
		session_refuse(modify->session,
		    equals != NULL ? "'%.64s': no keyword before '='"
				   : "'%.64s' has no value: write KEYWORD=VALUE",
		    word);
	return 1;
}

/* False when nothing is to be sent: the command line is wrong. */
static bool
take_all(struct modify *modify, char **words, int count)
{
	struct session *session = modify->session;

	for (int i = 0; i < count;)
		i += take(modify, words + i);
	if (modify->nowait && modify->notify)
		session_refuse(session, "nowait and notify exclude each other");
	else if (session->options->if_seq > 0 && modify->count > 1)
		session_refuse(session, "--if-seq is for one keyword; write them one by one");
	else if (modify->count == 0 && session->status == EXIT_DONE)
		session_refuse(session, "nothing to write: KEYWORD=VALUE is missing");
	return session->status == EXIT_DONE;
}

static void
announce(struct modify *modify)
{
	struct session *session = modify->session;
	const char *how = modify->nowait ? "nowait" : modify->notify ? "notify" : "wait";

	for (size_t i = 0; i < modify->count && !modify->silent; i++) {
		const struct target *target = &modify->targets[i];

		session->output->writing(session_out(session),
		    modify->style.qualified ? target->both : target->keyword,
		    modify->writes[i].text, how);
	}
	fflush(stdout);
}

static void
say_progress(struct modify *modify)
{
	size_t i = 0;

	while (i < modify->count && modify->ended[i])
		i++;
	progress_say(modify->session->progress, i < modify->count ? modify->targets[i].both : NULL);
}

static void
on_progress(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	struct modify *modify = arg;
	struct session *session = modify->session;
	const struct target *target = &modify->targets[n];

	if (progress == CREDIS_ACCEPTED)
		return;
	if (err->code != CREDIS_OK)
		session_fail(session, target->service, target->keyword, err);
	else if (modify->notify || session->options->json)
		session->output->written(session_out(session), &modify->style,
		    modify->nowait ? WRITTEN_SENT : WRITTEN_DONE, target->service, target->keyword,
		    reading);
	fflush(stdout);
	modify->ended[n] = true;
	say_progress(modify);
	session_ended(session);
}

static void
send_all(struct modify *modify)
{
	struct session *session = modify->session;
	bool atomic = session->options->atomic;
	struct credis_error err;
	credis_call call;

	call = modify->nowait ? credis_client_send(session->client, modify->writes, modify->count,
				    atomic, on_progress, modify, &err)
			      : credis_client_modify(session->client, modify->writes, modify->count,
				    atomic, on_progress, modify, &err);
	if (call == 0) {
		session_fail(session, NULL, NULL, &err);
		return;
	}
	for (size_t i = 0; i < modify->count; i++)
		session_began(session);
	say_progress(modify);
	session_run(session);
}

void
run_modify(struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	size_t room = (size_t)count + 1;
	struct modify modify = {
		.session = session,
		.style = { .form = CREDIS_ASCII },
		.nowait = options->nowait,
		.notify = options->notify,
		.silent = options->quiet,
		.targets = must(calloc(room, sizeof *modify.targets)),
		.writes = must(calloc(room, sizeof *modify.writes)),
		.ended = must(calloc(room, sizeof *modify.ended)),
	};

	if (take_all(&modify, words, count)) {
		modify.style.qualified = targets_mix_services(modify.targets, modify.count);
		announce(&modify);
		send_all(&modify);
	}
	free(modify.ended);
	free(modify.writes);
	free(modify.targets);
}
