/* blocking.c: runs the client's own event loop until a call has ended. */
#include <credis/blocking.h>
#include <credis/history.h>
#include <credis/monitor.h>

#include "client/demand.h"
#include "client/session.h"
#include "client/stored.h"
#include "core/error.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

struct blocked {
	bool done;
	struct credis_error err;
	struct credis_reading *reading;
	struct names_pair name; /* of the description asked for */
	struct credis_keyword *description;
};

/* Every call ends by its deadline, so this does. */
static bool
run(struct credis_client *client, struct blocked *blocked, bool begun, struct credis_error *err)
{
	while (begun && !blocked->done) {
		client->running = true;
		event_base_loop(client->base, EVLOOP_ONCE);
		client->running = false;
	}
	if (err != NULL)
		*err = blocked->err;
	return blocked->err.code == CREDIS_OK;
}

static bool
may_block(const struct credis_client *client, struct blocked *blocked)
{
	*blocked = (struct blocked){ .err = { .code = CREDIS_OK } };
	if (!client->own_base)
		return error_set(&blocked->err, CREDIS_EINVAL,
		    "a client on an event loop of the program's own cannot block");
	return !client->running ||
	    error_set(&blocked->err, CREDIS_EINVAL, "a call from inside a callback cannot block");
}

static struct credis_keyword *
copy_description(const struct credis_keyword *keyword)
{
	char *json = credis_keyword_to_json(keyword);
	struct credis_keyword *copy = json != NULL ? credis_keyword_from_json(json, NULL) : NULL;

	free(json);
	return copy;
}

static void
keep_reading(struct blocked *blocked, const struct credis_reading *reading)
{
	bool described = reading->description != NULL;

	blocked->reading = stored_copy(reading);
	if (blocked->reading != NULL)
		blocked->reading->description =
		    described ? copy_description(reading->description) : NULL;
	if (blocked->reading != NULL && described == (blocked->reading->description != NULL))
		return;
	credis_reading_free(blocked->reading);
	blocked->reading = NULL;
	error_no_memory(&blocked->err);
}

static void
on_reading(void *arg, const struct credis_error *err, const struct credis_reading *reading)
{
	struct blocked *blocked = arg;

	blocked->done = true;
	blocked->err = *err;
	if (reading != NULL)
		keep_reading(blocked, reading);
}

struct credis_reading *
credis_read(struct credis_client *client, const char *keyword, bool refresh,
    struct credis_error *err)
{
	struct blocked blocked;
	bool begun = may_block(client, &blocked) &&
	    credis_client_read(client, keyword, refresh, on_reading, &blocked, &blocked.err) != 0;

	run(client, &blocked, begun, err);
	return blocked.reading;
}

static void
on_modify(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	(void)n;
	if (progress == CREDIS_FINAL)
		on_reading(arg, err, reading);
}

bool
credis_modify(struct credis_client *client, const char *keyword, const char *text,
    struct credis_reading **stored, struct credis_error *err)
{
	const struct credis_modify write = {
		.keyword = keyword,
		.text = text,
		.length = strlen(text),
	};
	struct blocked blocked;
	bool begun = may_block(client, &blocked) &&
	    credis_client_modify(client, &write, 1, false, on_modify, &blocked, &blocked.err) != 0;
	bool done = run(client, &blocked, begun, err);

	if (stored != NULL)
		*stored = blocked.reading;
	else
		credis_reading_free(blocked.reading);
	return done;
}

static void
on_wait(void *arg, const struct credis_error *err)
{
	on_reading(arg, err, NULL);
}

bool
credis_wait_until(struct credis_client *client, const char *expression, const char *service,
    int64_t timeout_ms, struct credis_error *err)
{
	struct blocked blocked;
	struct credis_wait *wait = NULL;
	bool done;

	if (may_block(client, &blocked))
		wait = credis_wait_new(client, expression, service, timeout_ms, on_wait, &blocked,
		    &blocked.err);
	done = run(client, &blocked, wait != NULL, err);
	credis_wait_free(wait);
	return done;
}

static void
on_description(void *arg, const struct credis_error *err, struct catalog *catalog)
{
	struct blocked *blocked = arg;

	on_reading(arg, err, NULL);
	if (catalog == NULL)
		return;
	/* one was asked for by name; a service that is kept comes whole */
	blocked->description = copy_description(catalog_find(catalog, blocked->name.keyword));
	if (blocked->description == NULL)
		error_no_memory(&blocked->err);
}

struct credis_keyword *
credis_describe(struct credis_client *client, const char *keyword, struct credis_error *err)
{
	struct blocked blocked;
	bool begun = may_block(client, &blocked) &&
	    names_split(keyword, NULL, false, &blocked.name, &blocked.err) &&
	    demand_descriptions(client, blocked.name.service, blocked.name.keyword, on_description,
		&blocked, &blocked.err) != 0;

	run(client, &blocked, begun, err);
	return blocked.description;
}

struct blocked_history {
	struct blocked blocked; /* the first member */
	credis_past_cb *each;
	void *arg;
};

static void
on_sample(void *arg, const struct credis_past *sample)
{
	struct blocked_history *history = arg;

	history->each(history->arg, sample);
}

static void
on_history(void *arg, const struct credis_error *err, const struct credis_keyword *description)
{
	struct blocked *blocked = arg;

	on_reading(arg, err, NULL);
	if (description == NULL)
		return;
	blocked->description = copy_description(description);
	if (blocked->description == NULL)
		error_no_memory(&blocked->err);
}

bool
credis_history(struct credis_client *client, const char *keyword, const struct credis_range *range,
    credis_past_cb *each, void *arg, struct credis_keyword **description, struct credis_error *err)
{
	struct blocked_history history = { .each = each, .arg = arg };
	struct blocked *blocked = &history.blocked;
	bool begun = may_block(client, blocked) &&
	    credis_client_history(client, keyword, range, on_sample, on_history, &history,
		&blocked->err) != 0;
	bool done = run(client, blocked, begun, err);

	if (description != NULL)
		*description = blocked->description;
	else
		credis_keyword_free(blocked->description);
	return done;
}

void
credis_reading_free(struct credis_reading *reading)
{
	if (reading != NULL)
		credis_keyword_free((struct credis_keyword *)(uintptr_t)reading->description);
	free(reading);
}
