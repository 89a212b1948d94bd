/* assignments.c: "KW=v", "KW= v", "KW =v", "KW = v", and the words nowait, notify, wait and silent, as
 * KTL's modify takes them. */
#include "assignments.h"

#include "memory.h"
#include "session.h"
#include "target.h"

#include <string.h>

#define AT(member) offsetof(struct assignments, member)

/* They may stand anywhere among the arguments. */
static const struct {
	const char *word;
	size_t member;
	bool on;
} ktl_words[] = {
	{ "nowait", AT(nowait), true },
	{ "notify", AT(notify), true },
	{ "silent", AT(silent), true },
	{ "wait", AT(nowait), false },
};

/* 'to' may be NULL: only asks. */
static bool
take_ktl_word(struct assignments *to, const char *word)
{
	for (size_t i = 0; i < sizeof ktl_words / sizeof *ktl_words; i++) {
		if (strcmp(ktl_words[i].word, word) != 0)
			continue;
		if (to != NULL)
			*(bool *)((char *)to + ktl_words[i].member) = ktl_words[i].on;
		return true;
	}
	return false;
}

/* "NAME=…", or "NAME" and then "=…". */
static bool
is_assignment(const char *word, const char *next)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				      "0123456789_.-";
	size_t name = strspn(word, letters);

	return name > 0 &&
	    (word[name] == '=' || (word[name] == '\0' && next != NULL && next[0] == '='));
}

/* Whether what stands behind "KEYWORD=" is its value, rather than a further argument. */
static bool
is_value(char **words)
{
	return words[0] != NULL && !is_assignment(words[0], words[1]) &&
	    !take_ktl_word(NULL, words[0]);
}

static void
add(struct assignments *to, struct session *session, const char *name, size_t length,
    const char *value)
{
	struct target *target = &to->targets[to->count];
	struct credis_error err;
	char *word = must(strndup(name, length));

	if (!target_parse(target, word, session->options->service, &err)) {
		session_fail(session, NULL, NULL, &err);
	} else if (target_is_glob(target->both)) {
		session_refuse(session, "%s: a keyword to write must be named; a glob will not do",
		    target->both);
	} else {
		to->writes[to->count++] = (struct credis_modify){
			.keyword = target->both,
			.text = value,
			.length = strlen(value),
			.has_if_seq = session->options->if_seq > 0,
			.if_seq = (uint64_t)session->options->if_seq,
		};
	}
	free(word);
}

/* The value stands 'here', behind the '=', or else is the first of the words after it. Returns how many
 * of those it took. */
static int
take_value(struct assignments *to, struct session *session, const char *name, size_t length,
    const char *here, char **after)
{
	bool apart = here[0] == '\0' && is_value(after);

	add(to, session, name, length, apart ? after[0] : here);
	return apart ? 1 : 0;
}

/* Takes one argument, with what belongs to it. Returns how many words that were. */
static int
take(struct assignments *to, struct session *session, char **words)
{
	const char *word = words[0], *next = words[1], *equals = strchr(word, '=');

	if (equals != NULL && equals > word)
		return 1 +
		    take_value(to, session, word, (size_t)(equals - word), equals + 1, words + 1);
	if (equals == NULL && next != NULL && next[0] == '=')
		return 2 + take_value(to, session, word, strlen(word), next + 1, words + 2);
	if (equals != NULL)
		session_refuse(session, "'%.64s': no keyword before '='", word);
	else if (!take_ktl_word(to, word))
		session_refuse(session, "'%.64s' has no value: write KEYWORD=VALUE", word);
	return 1;
}

static void
judge(const struct assignments *assignments, struct session *session)
{
	if (assignments->nowait && assignments->notify)
		session_refuse(session, "nowait and notify exclude each other");
	if (session->options->if_seq > 0 && assignments->count > 1)
		session_refuse(session, "--if-seq is for one keyword; write them one by one");
	if (assignments->count == 0 && session->status == EXIT_DONE)
		session_refuse(session, "nothing to write: KEYWORD=VALUE is missing");
}

bool
assignments_read(struct assignments *assignments, struct session *session, char **words, int count)
{
	const struct options *options = session->options;
	size_t room = (size_t)count + 1;

	*assignments = (struct assignments){
		.nowait = options->nowait,
		.notify = options->notify,
		.silent = options->quiet,
		.targets = must(calloc(room, sizeof *assignments->targets)),
		.writes = must(calloc(room, sizeof *assignments->writes)),
	};
	for (int i = 0; i < count;)
		i += take(assignments, session, words + i);
	judge(assignments, session);
	return session->status == EXIT_DONE;
}

void
assignments_clear(struct assignments *assignments)
{
	free(assignments->writes);
	free(assignments->targets);
	*assignments = (struct assignments){ 0 };
}
