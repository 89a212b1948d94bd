/* read.c: one value: the stored one, or first a fresh one from its source; with its description.
 * Value and description are asked for together. */
#include "client/calls.h"
#include "client/demand.h"
#include "client/errand.h"
#include "client/session.h"
#include "client/stored.h"
#include "core/error.h"
#include "core/keyword.h"

#include <stdlib.h>

struct read {
	struct call call;
	struct names_pair name;
	struct errand errand; /* of a refresh: one request */
	struct credis_reading *reading;
	struct catalog *catalog; /* held */
	credis_call describing;
	credis_reading_cb *cb;
	void *arg;
};

static void
forget(struct read *read)
{
	credis_client_cancel(read->call.client, read->describing);
	read->describing = 0;
	free(read->reading);
	read->reading = NULL;
	catalog_release(read->catalog);
	read->catalog = NULL;
}

static void
on_clear(struct call *call)
{
	struct read *read = (struct read *)call;

	forget(read);
	errand_clear(&read->errand);
}

static void
finish(struct read *read, const struct credis_error *err)
{
	struct call *call = &read->call;

	call_hold(call);
	call_end(call);
	read->cb(read->arg, err, err->code == CREDIS_OK ? read->reading : NULL);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	finish((struct read *)call, err);
}

/* Both have come. */
static void
finish_well(struct read *read)
{
	struct credis_error err = { .code = CREDIS_OK };

	read->reading->description = catalog_find(read->catalog, read->name.keyword);
	if (!keyword_is_readable(read->reading->description))
		error_set(&err, CREDIS_EWRITEONLY, "%s.%s: may only be written", read->name.service,
		    read->name.keyword);
	finish(read, &err);
}

static void
on_value(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);
	struct read *read = (struct read *)call;
	struct credis_reading reading;
	struct credis_error err;

	(void)lost;
	if (call == NULL)
		return;
	stored_read(&reading, &read->name, reply);
	read->reading = stored_copy(&reading);
	if (read->reading == NULL) {
		error_no_memory(&err);
		finish(read, &err);
	} else if (read->catalog != NULL) {
		finish_well(read);
	}
}

static void
on_description(void *arg, const struct credis_error *err, struct catalog *catalog)
{
	struct read *read = arg;

	read->describing = 0;
	if (err->code != CREDIS_OK) {
		finish(read, err);
		return;
	}
	read->catalog = catalog_hold(catalog);
	if (read->reading != NULL)
		finish_well(read);
}

static void
on_start(struct call *call)
{
	struct read *read = (struct read *)call;
	struct buffer *out;
	struct credis_error err;

	forget(read);
	read->describing = demand_descriptions(call->client, read->name.service, read->name.keyword,
	    on_description, read, &err);
	if (read->describing == 0) {
		finish(read, &err);
		return;
	}
	out = call_command(call, on_value);
	if (out != NULL)
		stored_ask(out, call->client->ns, &read->name);
}

static void
on_refreshed(struct call *call, size_t n, enum credis_progress progress,
    const struct message *answer, const struct credis_error *err)
{
	(void)n;
	(void)answer;
	if (progress != CREDIS_FINAL)
		return;
	if (err->code != CREDIS_OK)
		finish((struct read *)call, err);
	else
		on_start(call);
}

static void
on_refresh_start(struct call *call)
{
	struct read *read = (struct read *)call;

	if (read->errand.left > 0)
		errand_send(&read->errand);
	else
		on_start(call);
}

static void
on_refresh_late(struct call *call)
{
	errand_late(&((struct read *)call)->errand);
}

static bool
add_errand(struct read *read, struct credis_error *err)
{
	struct outgoing *request = calloc(1, sizeof(*request));

	if (request == NULL)
		return error_no_memory(err);
	request->name = read->name;
	read->errand.verb = NAMES_READ;
	read->errand.on_outcome = on_refreshed;
	return errand_init(&read->errand, &read->call, request, 1, err);
}

credis_call
credis_client_read(struct credis_client *client, const char *keyword, bool refresh,
    credis_reading_cb *cb, void *arg, struct credis_error *err)
{
	static const struct call_kind plain = {
		.start = on_start,
		.fail = on_fail,
		.clear = on_clear,
	};
	static const struct call_kind refreshing = {
		.answers = true,
		.start = on_refresh_start,
		.fail = on_fail,
		.late = on_refresh_late,
		.clear = on_clear,
	};
	struct names_pair name;
	struct read *read;

	if (!names_split(keyword, NULL, false, &name, err) || !calls_have_room(client, 1, err))
		return 0;
	read = call_new(client, sizeof(*read), refresh ? &refreshing : &plain, err);
	if (read == NULL)
		return 0;
	read->name = name;
	read->call.about = &read->name;
	read->cb = cb;
	read->arg = arg;
	if (!refresh || add_errand(read, err))
		return read->call.id;
	call_end(&read->call);
	return 0;
}
