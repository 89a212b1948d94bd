/* complete.c: what the last word of an unfinished command line may become, one candidate a line, with a
 * tab and a help text behind it. The shells' completion files only pass words in and candidates on. */
#include "find.h"
#include "memory.h"
#include "model.h"
#include "session.h"
#include "target.h"
#include "text.h"
#include "verbs.h"

#include <credis/model.h>

#include <fnmatch.h>
#include <string.h>
#include <strings.h>

/* A shell that waits longer feels broken. */
enum { DEADLINE_MS = 1000, WORD_MAX = 256 };

enum names { NO_NAMES, SERVICES, KEYWORDS, ASSIGNMENTS };

static const struct {
	verb_run *run;
	enum names names;
} names_of_verbs[] = {
	{ run_list, KEYWORDS },
	{ run_show, KEYWORDS },
	{ run_describe, KEYWORDS },
	{ run_modify, ASSIGNMENTS },
	{ run_monitor, KEYWORDS },
	{ run_history, KEYWORDS },
	{ run_alarms, KEYWORDS },
	{ run_status, SERVICES },
};

struct completion {
	struct session *session;
	const char *word; /* so far */
	struct target target;
	const char *after; /* what a candidate ends in: "." or "=" or "" */
	const char *label; /* of a value, so far */
};

static void
print_candidate(const char *before, const char *middle, const char *after, const char *help)
{
	printf("%s%s%s\t", before, middle, after);
	text_print(stdout, help, strlen(help));
	putchar('\n');
}

static void
complete_options(const char *word, const struct verb *verb)
{
	const struct option_row *row;
	size_t length = strlen(word + strspn(word, "-"));

	for (size_t i = 0; (row = option_row(i)) != NULL; i++) {
		if (row->verbs != NULL && (verb == NULL || !option_is_of(row, verb->name)))
			continue;
		if (strncmp(row->name, word + strspn(word, "-"), length) == 0)
			print_candidate("--", row->name, "", row->help);
	}
}

static void
complete_verbs(const char *word)
{
	const struct verb *verb;

	for (size_t i = 0; (verb = verb_row(i)) != NULL; i++) {
		if (!verb->hidden && strncmp(verb->name, word, strlen(word)) == 0)
			print_candidate("", verb->name, "", verb->summary);
	}
}

static void
complete_operations(const char *word, const struct verb *verb)
{
	const struct credis_operation *row;

	for (size_t i = 0; (row = model_row(verb, i)) != NULL; i++) {
		if (strncmp(row->name, word, strlen(word)) == 0)
			print_candidate("", row->name, "", row->help);
	}
}

static void
complete_serializers(const char *word)
{
	for (int i = 0; i < CREDIS_SERIALIZERS; i++) {
		const char *name = credis_serializer_name((enum credis_serializer)i);

		if (strncmp(name, word, strlen(word)) == 0)
			print_candidate("", name, "", "");
	}
}

static void
on_services(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct completion *completion = arg;

	session_ended(completion->session);
	for (size_t i = 0; err->code == CREDIS_OK && i < count; i++) {
		if (fnmatch(completion->target.service, services[i].name, FNM_NOESCAPE) == 0)
			print_candidate("", services[i].name, completion->after, services[i].help);
	}
}

static void
complete_services(struct completion *completion, const char *after)
{
	struct session *session = completion->session;
	char glob[WORD_MAX];
	struct credis_error err;

	completion->after = after;
	snprintf(glob, sizeof glob, "%s*", completion->word);
	if (!target_parse_service(&completion->target, glob, &err) || !session_connect(session))
		return;
	session_began(session);
	if (credis_client_services(session->client, NULL, on_services, completion, &err) == 0)
		session_ended(session);
	session_run(session);
}

static void
on_keyword(void *arg, const char *service, const struct credis_keyword *keyword)
{
	const struct completion *completion = arg;
	bool bare = completion->session->options->service != NULL;
	char before[CREDIS_SERVICE_MAX + 2];

	snprintf(before, sizeof before, "%s%s", bare ? "" : service, bare ? "" : ".");
	print_candidate(before, credis_keyword_name(keyword), completion->after,
	    credis_keyword_help(keyword));
}

static void
find(struct completion *completion, const char *word, find_each *each)
{
	struct session *session = completion->session;
	struct credis_error err;

	if (!target_parse(&completion->target, word, session->options->service, &err) ||
	    !session_connect(session))
		return;
	find_keywords(session, &completion->target, each, NULL, completion);
	session_run(session);
}

static void
complete_keywords(struct completion *completion, const char *after)
{
	char glob[WORD_MAX];

	if (completion->session->options->service == NULL &&
	    strchr(completion->word, '.') == NULL) {
		complete_services(completion, ".");
		return;
	}
	completion->after = after;
	snprintf(glob, sizeof glob, "%s*", completion->word);
	find(completion, glob, on_keyword);
}

static void
print_label(const struct completion *completion, const char *label)
{
	char before[WORD_MAX];

	if (strncasecmp(label, completion->label, strlen(completion->label)) != 0)
		return;
	snprintf(before, sizeof before, "%.*s", (int)(completion->label - completion->word),
	    completion->word);
	print_candidate(before, label, "", "");
}

static void
on_valued(void *arg, const char *service, const struct credis_keyword *keyword)
{
	const struct completion *completion = arg;
	enum credis_type type = credis_keyword_type(keyword);
	const char *label;
	int64_t key;
	size_t n = 0;

	(void)service;
	if (type != CREDIS_ENUMERATED && type != CREDIS_MASK && type != CREDIS_BOOLEAN)
		return;
	for (; (label = credis_keyword_label(keyword, n, &key)) != NULL; n++)
		print_label(completion, label);
	if (type == CREDIS_BOOLEAN && n == 0) {
		print_label(completion, "true");
		print_label(completion, "false");
	}
}

static void
complete_assignment(struct completion *completion)
{
	const char *equals = strchr(completion->word, '=');
	char name[WORD_MAX];

	if (equals == NULL) {
		complete_keywords(completion, "=");
		return;
	}
	completion->label = equals + 1;
	snprintf(name, sizeof name, "%.*s", (int)(equals - completion->word), completion->word);
	find(completion, name, on_valued);
}

static void
complete_names(struct completion *completion, const struct verb *verb)
{
	enum names names = NO_NAMES;

	for (size_t i = 0; i < sizeof names_of_verbs / sizeof *names_of_verbs; i++) {
		if (names_of_verbs[i].run == verb->run)
			names = names_of_verbs[i].names;
	}
	switch (names) {
	case NO_NAMES: return;
	case SERVICES: complete_services(completion, ""); return;
	case KEYWORDS: complete_keywords(completion, ""); return;
	case ASSIGNMENTS: complete_assignment(completion); return;
	}
}

/* 'words' has room for as many. */
static void
complete(char **line, int count, struct options *options, char **words)
{
	const struct option_row *wanting;
	const struct verb *verb = NULL;
	struct session session;
	struct completion completion = { .session = &session, .word = line[count - 1] };
	struct credis_error err;
	int good;

	/* what is wrong before the last word is not this moment's business */
	options_parse(options, count - 1, line, words, &good, &wanting, &err);
	options->json = false;
	options->quiet = true;
	if (options->timeout_ms == 0 || options->timeout_ms > DEADLINE_MS)
		options->timeout_ms = DEADLINE_MS;
	session_init(&session, options);
	if (good > 0)
		verb = verb_find(words[0]);
	if (strlen(completion.word) > WORD_MAX - 2)
		return;
	if (wanting != NULL && strcmp(wanting->name, "service") == 0)
		complete_services(&completion, "");
	else if (wanting != NULL && strcmp(wanting->name, "as") == 0)
		complete_serializers(completion.word);
	else if (wanting != NULL)
		return;
	else if (completion.word[0] == '-')
		complete_options(completion.word, verb);
	else if (good == 0)
		complete_verbs(completion.word);
	else if (verb != NULL && good == 1 && model_row(verb, 0) != NULL)
		complete_operations(completion.word, verb);
	else if (verb != NULL)
		complete_names(&completion, verb);
	session_close(&session);
}

void
run_complete(struct session *session, char **words, int count)
{
	struct options options = { 0 };
	char **rest;

	(void)session;
	if (count == 0)
		return;
	rest = must(calloc((size_t)count, sizeof *rest));
	complete(words, count, &options, rest);
	free(rest);
}
