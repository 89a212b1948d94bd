/* main.c: takes the command line apart, runs the verb, ends with the status of its first failure. */
#include "fault.h"
#include "help.h"
#include "memory.h"
#include "output.h"
#include "session.h"
#include "verbs.h"

#include <credis/version.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

/* Reports what is wrong with the command line. */
static void
refuse(struct session *session, const struct verb *verb, const struct credis_error *err)
{
	session_fail(session, NULL, NULL, err);
	if (!session->options->json)
		help_usage(stderr, verb);
}

static void
refuse_verb(struct session *session, const char *name)
{
	const char *names[VERBS_MAX + 1];
	char hint[FAULT_HINT];
	struct credis_error err;

	verb_names(names);
	fault(&err, CREDIS_EINVAL, "'%.64s' is no verb%s", name,
	    fault_hint(hint, "", credis_nearest(name, names)));
	refuse(session, NULL, &err);
}

static void
run(struct session *session, const struct verb *verb, char **words, int count)
{
	struct credis_error err;

	if (count < verb->min || count > verb->max) {
		fault(&err, CREDIS_EINVAL,
		    count < verb->min ? "%s needs %s%s" : "%s takes %s and nothing more%s",
		    verb->name, *verb->arguments != '\0' ? verb->arguments : "options",
		    verb->run == run_wait ? ": quote it for the shell" : "");
		refuse(session, verb, &err);
		return;
	}
	session->verb = verb->name;
	if (verb->offline || session_connect(session))
		verb->run(session, words, count);
}

static void
run_line(struct session *session, struct options *options, int argc, char **argv, char **words)
{
	struct credis_error err;
	int count;
	bool ok = options_parse(options, argc, argv, words, &count, NULL, &err);
	const struct verb *verb = count > 0 ? verb_find(words[0]) : NULL;

	session_init(session, options);
	if (count > 0 && verb == NULL)
		refuse_verb(session, words[0]);
	else if (!ok)
		refuse(session, verb, &err);
	else if (options->help)
		help_page(stdout, verb);
	else if (options->version)
		printf("credis %s\n", credis_version());
	else if (verb != NULL)
		run(session, verb, words + 1, count - 1);
	else {
		fault(&err, CREDIS_EINVAL, "what to do is missing: a verb");
		refuse(session, NULL, &err);
	}
}

static bool
reader_is_gone(void)
{
	struct pollfd out = { .fd = STDOUT_FILENO };

	return poll(&out, 1, 0) == 1 && (out.revents & POLLERR) != 0;
}

/* What was printed is only said when it arrived; a reader that had enough is no failure. */
static void
finish_output(struct session *session)
{
	struct credis_error err;

	if ((fflush(stdout) == 0 && !ferror(stdout)) || reader_is_gone())
		return;
	fault(&err, CREDIS_ESTORE, "cannot write the output: %s", strerror(errno));
	output_text.error(NULL, NULL, &err);
	if (session->status == EXIT_DONE)
		session->status = EXIT_REFUSED;
}

int
main(int argc, char **argv)
{
	struct options options = { 0 };
	struct session session;
	char **words = must(calloc((size_t)argc + 1, sizeof *words));

	signal(SIGPIPE, SIG_IGN);
	run_line(&session, &options, argc > 0 ? argc - 1 : 0, argv + 1, words);
	session_close(&session);
	finish_output(&session);
	free(words);
	if (session.signal != 0) {
		signal(session.signal, SIG_DFL);
		raise(session.signal);
	}
	return (int)session.status;
}
