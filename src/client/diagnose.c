/* diagnose.c: SISMEMBER and HEXISTS, and where both say no, which services there are. */
#include "client/diagnose.h"

#include "client/calls.h"
#include "client/session.h"
#include "core/error.h"
#include "redis/command.h"

#include <stdio.h>
#include <stdlib.h>

struct diagnosis {
	struct call call;
	struct names_pair name; /* keyword "": only the service matters */
	bool exists;            /* the service */
	diagnose_end *end;
	void *arg;
};

static void
finish(struct diagnosis *diagnosis, const struct credis_error *err)
{
	struct call *call = &diagnosis->call;

	call_hold(call);
	call_end(call);
	diagnosis->end(diagnosis->arg, err);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	finish((struct diagnosis *)call, err);
}

static void
no_service(struct diagnosis *diagnosis, const struct reply *services)
{
	const char **names = calloc(services->count + 1, sizeof(*names));
	const char *nearest = NULL;
	struct credis_error err;

	for (size_t n = 0, count = 0; names != NULL && n < services->count; n++) {
		if (reply_item(services, n)->kind == REPLY_TEXT)
			names[count++] = reply_item(services, n)->text;
	}
	if (names != NULL)
		nearest = error_nearest(diagnosis->name.service, names);
	if (nearest != NULL)
		error_set(&err, CREDIS_ENOSERVICE, "%s: no such service (did you mean '%.64s'?)",
		    diagnosis->name.service, nearest);
	else
		error_set(&err, CREDIS_ENOSERVICE, "%s: no such service", diagnosis->name.service);
	free(names);
	finish(diagnosis, &err);
}

static void
on_services(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);

	(void)lost;
	if (call != NULL)
		no_service((struct diagnosis *)call, reply);
}

static void
ask_services(struct diagnosis *diagnosis)
{
	struct buffer *out = call_command(&diagnosis->call, on_services);
	struct name services;

	if (out == NULL)
		return;
	names_services(&services, diagnosis->call.client->ns);
	command_texts(out, "SMEMBERS", services.text, NULL);
}

static bool
says_yes(const struct reply *reply)
{
	return reply->kind == REPLY_INTEGER && reply->integer > 0;
}

static void
on_keyword(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);
	struct diagnosis *diagnosis = (struct diagnosis *)call;
	struct credis_error err = { .code = CREDIS_OK };

	(void)lost;
	if (call == NULL)
		return;
	if (!diagnosis->exists && !says_yes(reply)) {
		ask_services(diagnosis);
		return;
	}
	if (diagnosis->name.keyword[0] != '\0' && !says_yes(reply))
		error_set(&err, CREDIS_ENOKEYWORD, "%s.%s: no such keyword",
		    diagnosis->name.service, diagnosis->name.keyword);
	finish(diagnosis, &err);
}

static void
on_service(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);

	(void)lost;
	if (call != NULL)
		((struct diagnosis *)call)->exists = says_yes(reply);
}

static void
on_start(struct call *call)
{
	struct diagnosis *diagnosis = (struct diagnosis *)call;
	const char *ns = call->client->ns;
	struct buffer *out = call_command(call, on_service);
	struct name services, keywords;

	if (out == NULL)
		return;
	names_services(&services, ns);
	command_texts(out, "SISMEMBER", services.text, diagnosis->name.service, NULL);
	out = call_command(call, on_keyword);
	if (out == NULL)
		return;
	names_service(&keywords, ns, diagnosis->name.service, NAMES_KEYWORDS);
	if (diagnosis->name.keyword[0] != '\0')
		command_texts(out, "HEXISTS", keywords.text, diagnosis->name.keyword, NULL);
	else
		command_texts(out, "EXISTS", keywords.text, NULL);
}

credis_call
diagnose(struct credis_client *client, const char *service, const char *keyword, diagnose_end *end,
    void *arg, struct credis_error *err)
{
	static const struct call_kind kind = { .start = on_start, .fail = on_fail };
	struct diagnosis *diagnosis = call_new(client, sizeof(*diagnosis), &kind, err);

	if (diagnosis == NULL)
		return 0;
	snprintf(diagnosis->name.service, sizeof(diagnosis->name.service), "%s", service);
	if (keyword != NULL)
		snprintf(diagnosis->name.keyword, sizeof(diagnosis->name.keyword), "%s", keyword);
	diagnosis->call.about = &diagnosis->name;
	diagnosis->end = end;
	diagnosis->arg = arg;
	return diagnosis->call.id;
}
