/* session.c: what every verb has: the options, the client, the event loop, the output, the status.
 * Knows no verb. */
#include "session.h"

#include "fault.h"
#include "memory.h"
#include "output.h"
#include "progress.h"
#include "text.h"
#include "where.h"

#include <credis/store.h>

#include <event2/event.h>

#include <assert.h>
#include <stdarg.h>
#include <string.h>

void
session_init(struct session *session, const struct options *options)
{
	*session = (struct session){ .options = options };
	session->output = options->json ? &output_json : &output_text;
}

static void
on_log(void *arg, enum credis_log_level level, const char *word, const char *text)
{
	(void)level;
	session_note(arg, "%s %s", word, text);
}

static struct credis_client *
open_client(struct session *session, const struct where *where, struct credis_error *err)
{
	const struct options *options = session->options;
	struct credis_client *client = credis_client_new(session->base, where->url, err);

	if (client == NULL)
		return NULL;
	if (where->name_space != NULL &&
	    !credis_client_set_namespace(client, where->name_space, err)) {
		credis_client_free(client);
		return NULL;
	}
	if (options->timeout_ms > 0)
		credis_client_set_timeout(client, options->timeout_ms);
	if (options->verbose)
		credis_client_set_log(client, on_log, session);
	return client;
}

static void
open_loop(struct session *session)
{
	session->base = must(event_base_new());
	session->progress = progress_new(session->base, session->options->quiet);
}

bool
session_connect(struct session *session)
{
	struct where where;
	struct credis_error err;

	open_loop(session);
	if (where_find(&where, session->options->url, &err))
		session->client = open_client(session, &where, &err);
	where_clear(&where);
	if (session->client == NULL) {
		session_fail(session, NULL, NULL, &err);
		return false;
	}
	if (session->options->verbose)
		session_note(session, "the store is %s", credis_client_where(session->client));
	return true;
}

bool
session_open_store(struct session *session)
{
	struct credis_store_options options = {
		.timeout_ms = session->options->timeout_ms,
		.log = session->options->verbose ? on_log : NULL,
		.log_arg = session,
	};
	struct where where;
	struct credis_error err;

	open_loop(session);
	if (where_find(&where, session->options->url, &err))
		session->store = credis_store_new(session->base, where.url, &options, &err);
	where_clear(&where);
	if (session->store == NULL)
		session_fail(session, NULL, NULL, &err);
	return session->store != NULL;
}

bool
session_serializer(struct session *session, enum credis_serializer standard,
    enum credis_serializer *serializer)
{
	const char *names[CREDIS_SERIALIZERS + 1], *as = session->options->as;
	char hint[FAULT_HINT];

	*serializer = standard;
	if (as == NULL || credis_serializer_find(as, serializer))
		return true;
	for (int n = 0; n < CREDIS_SERIALIZERS; n++)
		names[n] = credis_serializer_name((enum credis_serializer)n);
	names[CREDIS_SERIALIZERS] = NULL;
	session_refuse(session, "--as: '%.64s' is no serializer%s", as,
	    fault_hint(hint, "", credis_nearest(as, names)));
	return false;
}

void
session_close(struct session *session)
{
	credis_store_free(session->store);
	progress_free(session->progress);
	credis_client_free(session->client);
	if (session->base != NULL)
		event_base_free(session->base);
}

void
session_began(struct session *session)
{
	session->pending++;
}

void
session_ended(struct session *session)
{
	session->pending--;
}

void
session_run(struct session *session)
{
	while (session->pending > 0 && !session->stopping) {
		int idle = event_base_loop(session->base, EVLOOP_ONCE);

		assert(idle == 0); /* each call ends, by its deadline at the latest */
		if (idle != 0)
			break;
	}
	progress_say(session->progress, NULL);
}

void
session_stop(struct session *session)
{
	session->stopping = true;
}

void
session_interrupt(struct session *session, int number)
{
	session->signal = number;
	session_stop(session);
}

FILE *
session_out(struct session *session)
{
	progress_clear(session->progress);
	return stdout;
}

/* Puts the service before a sentence that begins with the bare keyword, as a dispatcher's does. */
static void
qualify(struct credis_error *err, const char *service, const char *keyword)
{
	char text[CREDIS_ERROR_TEXT];
	size_t length = keyword != NULL ? strlen(keyword) : 0;

	if (service == NULL || length == 0 || strncmp(err->text, keyword, length) != 0 ||
	    err->text[length] != ':')
		return;
	memcpy(text, err->text, sizeof text);
	fault(err, err->code, "%.64s.%.440s", service, text);
}

void
session_fail(struct session *session, const char *service, const char *keyword,
    const struct credis_error *err)
{
	struct credis_error full = *err;

	qualify(&full, service, keyword);
	if (session->status == EXIT_DONE)
		session->status = exit_of(err->code);
	progress_clear(session->progress);
	/* One store that is away is one sentence, however many keywords were asked for. */
	if (session->options->json || strcmp(session->said, full.text) != 0)
		session->output->error(service, keyword, &full);
	memcpy(session->said, full.text, sizeof full.text);
}

void
session_refuse(struct session *session, const char *format, ...)
{
	va_list list;
	struct credis_error err = { .code = CREDIS_EINVAL };

	va_start(list, format);
	vsnprintf(err.text, sizeof err.text, format, list);
	va_end(list);
	session_fail(session, NULL, NULL, &err);
}

void
session_note(struct session *session, const char *format, ...)
{
	va_list list;
	char text[CREDIS_ERROR_TEXT];

	if (session->options->quiet)
		return;
	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	progress_clear(session->progress);
	fputs("credis: ", stderr);
	text_print(stderr, text, strlen(text));
	putc('\n', stderr);
}
