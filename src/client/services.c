/* services.c: which services there are, who serves each, and how that goes.
 * Gathers what lies under several keys; the tables below say what is where. */
#include "client/calls.h"
#include "client/diagnose.h"
#include "client/session.h"
#include "core/error.h"
#include "core/keyword.h"
#include "core/message.h"
#include "core/number.h"
#include "core/text.h"
#include "redis/command.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

/* A text that lives as long as the answer is being gathered. */
struct scrap {
	struct scrap *next;
	char text[];
};

struct services {
	struct call call;
	char one[CREDIS_SERVICE_MAX + 1]; /* "": all */
	struct credis_service_info *infos;
	size_t count;
	size_t answered; /* commands, in their order */
	struct scrap *scraps;
	credis_call doubt;
	credis_services_cb *cb;
	void *arg;
};

static void
forget(struct services *services)
{
	struct scrap *scrap;

	credis_client_cancel(services->call.client, services->doubt);
	services->doubt = 0;
	while ((scrap = services->scraps) != NULL) {
		services->scraps = scrap->next;
		free(scrap);
	}
	free(services->infos);
	services->infos = NULL;
	services->count = services->answered = 0;
}

static void
on_clear(struct call *call)
{
	forget((struct services *)call);
}

static void
finish(struct services *services, const struct credis_error *err)
{
	struct call *call = &services->call;
	bool well = err->code == CREDIS_OK;

	call_hold(call);
	call_end(call);
	services->cb(services->arg, err, well ? services->infos : NULL, well ? services->count : 0);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	finish((struct services *)call, err);
}

/* Out of memory, it is as if it were not known. */
static const char *
keep(struct services *services, const char *text)
{
	size_t length = strlen(text);
	struct scrap *scrap = malloc(sizeof(*scrap) + length + 1);

	if (scrap == NULL)
		return "";
	memcpy(scrap->text, text, length + 1);
	scrap->next = services->scraps;
	services->scraps = scrap;
	return scrap->text;
}

enum kind { TEXT, WHOLE, REAL, MOMENT };

struct field {
	const char *name;
	enum kind kind;
	size_t offset;
};

#define FIELD(name, kind, member) \
	{ \
		name, kind, offsetof(struct credis_service_info, member) \
	}

static const struct field about_fields[] = {
	FIELD("help", TEXT, help),
	FIELD("version", TEXT, version),
	FIELD("generation", TEXT, generation),
	{ NULL, TEXT, 0 },
};
static const struct field statistics_fields[] = {
	FIELD("beat", MOMENT, beat_us),
	FIELD("rate", REAL, rate),
	FIELD("lag_us", WHOLE, lag_us),
	FIELD("requests", WHOLE, requests),
	FIELD("refused", WHOLE, refused),
	FIELD("failed", WHOLE, failed),
	FIELD("faults", WHOLE, faults),
	FIELD("store", TEXT, store),
	{ NULL, TEXT, 0 },
};
static const struct field state_fields[] = { FIELD("value", TEXT, state), { NULL, TEXT, 0 } };
static const struct field error_fields[] = { FIELD("value", TEXT, error), { NULL, TEXT, 0 } };

/* What cannot be understood is not known. */
static void
take_field(struct services *services, void *member, enum kind kind, const char *text, size_t length)
{
	switch (kind) {
	case TEXT: *(const char **)member = keep(services, text); return;
	case WHOLE: number_parse_integer(text, length, member); return;
	case REAL: number_parse_double(text, length, member); return;
	case MOMENT: message_parse_time(text, length, member); return;
	}
}

static void
take_fields(struct services *services, struct credis_service_info *info, const struct field *fields,
    const struct reply *reply)
{
	for (size_t n = 0; fields[n].name != NULL; n++) {
		const struct reply *value = reply_item(reply, n);

		if (value->kind == REPLY_TEXT)
			take_field(services, (char *)info + fields[n].offset, fields[n].kind,
			    value->text, value->length);
	}
}

static void
take_count(struct services *services, struct credis_service_info *info, const struct reply *reply)
{
	(void)services;
	if (reply->kind == REPLY_INTEGER && reply->integer > 0)
		info->keywords = (size_t)reply->integer;
}

static const char *
json_text(struct services *services, const json_t *lease, const char *name)
{
	const char *text = json_string_value(json_object_get(lease, name));

	return text != NULL ? keep(services, text) : "";
}

/* Unix seconds, as a number or as text. */
static int64_t
json_moment(const json_t *lease, const char *name)
{
	const json_t *value = json_object_get(lease, name);
	const char *text = json_string_value(value);
	double seconds = json_number_value(value);
	int64_t us = 0;

	if (text != NULL)
		message_parse_time(text, strlen(text), &us);
	else if (seconds > 0 && seconds < 1e11)
		us = (int64_t)(seconds * 1e6 + 0.5);
	return us;
}

static void
take_lease(struct services *services, struct credis_service_info *info, const struct reply *reply)
{
	json_t *lease = NULL;

	if (reply->kind != REPLY_TEXT)
		return;
	info->served = true;
	lease = json_loadb(reply->text, reply->length, 0, NULL);
	info->host = json_text(services, lease, "host");
	info->pid = json_integer_value(json_object_get(lease, "pid"));
	info->dispatcher_version = json_text(services, lease, "version");
	info->started_us = json_moment(lease, "started");
	json_decref(lease);
}

static void
take_standby(struct services *services, struct credis_service_info *info, const struct reply *reply)
{
	json_t *standby = NULL;

	if (reply->kind != REPLY_TEXT)
		return;
	standby = json_loadb(reply->text, reply->length, 0, NULL);
	info->standby_host = json_text(services, standby, "host");
	info->standby_pid = json_integer_value(json_object_get(standby, "pid"));
	info->standby_version = json_text(services, standby, "version");
	info->standby_started_us = json_moment(standby, "started");
	json_decref(standby);
}

/* What is asked of each service, in this order. */
static const struct step {
	const char *command;
	enum names_of_service what; /* the key, unless a keyword's hash is */
	const char *keyword;
	const struct field *fields; /* for HMGET */
	void (*take)(struct services *services, struct credis_service_info *info,
	    const struct reply *reply);
} steps[] = {
	{ "GET", NAMES_DISPATCHER, NULL, NULL, take_lease },
	{ "GET", NAMES_STANDBY, NULL, NULL, take_standby },
	{ "HMGET", NAMES_ABOUT, NULL, about_fields, NULL },
	{ "HLEN", NAMES_KEYWORDS, NULL, NULL, take_count },
	{ "HMGET", NAMES_STATISTICS, NULL, statistics_fields, NULL },
	{ "HMGET", NAMES_KEYWORDS, "DISPSTATE", state_fields, NULL },
	{ "HMGET", NAMES_KEYWORDS, "DISPERROR", error_fields, NULL },
};
enum { STEPS = sizeof(steps) / sizeof(steps[0]) };

/* A state that nobody keeps up to date says nothing. */
static void
finish_well(struct services *services)
{
	static const struct credis_error fine = { .code = CREDIS_OK };

	for (size_t n = 0; n < services->count; n++) {
		if (!services->infos[n].served)
			services->infos[n].state = "";
	}
	finish(services, &fine);
}

/* An error here is one thing that is not known. */
static void
on_step(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, false);
	struct services *services = (struct services *)call;
	struct credis_service_info *info;
	const struct step *step;

	(void)lost;
	if (call == NULL)
		return;
	info = &services->infos[services->answered / STEPS];
	step = &steps[services->answered++ % STEPS];
	if (step->take != NULL)
		step->take(services, info, reply);
	else
		take_fields(services, info, step->fields, reply);
	if (services->answered == services->count * STEPS)
		finish_well(services);
}

static void
format_step(const struct credis_client *client, const char *service, const struct step *step,
    struct buffer *out)
{
	size_t count = 0;
	struct name key;

	if (step->keyword != NULL)
		names_keyword(&key, client->ns, service, step->keyword, NAMES_VALUE);
	else
		names_service(&key, client->ns, service, step->what);
	while (step->fields != NULL && step->fields[count].name != NULL)
		count++;
	command_begin(out, 2 + count);
	command_text(out, step->command);
	command_word(out, key.text, key.length);
	for (size_t n = 0; n < count; n++)
		command_text(out, step->fields[n].name);
}

static void
ask_each(struct services *services)
{
	struct call *call = &services->call;

	if (services->count == 0) {
		finish_well(services);
		return;
	}
	for (size_t n = 0; n < services->count * STEPS; n++) {
		struct buffer *out = call_command(call, on_step);

		if (out == NULL)
			return;
		format_step(call->client, services->infos[n / STEPS].name, &steps[n % STEPS], out);
	}
}

static int
compare_names(const void *a, const void *b)
{
	return strcmp(((const struct credis_service_info *)a)->name,
	    ((const struct credis_service_info *)b)->name);
}

static bool
make_room(struct services *services, size_t count)
{
	struct credis_error err;

	services->infos = calloc(count + 1, sizeof(*services->infos));
	if (services->infos != NULL)
		return true;
	error_no_memory(&err);
	finish(services, &err);
	return false;
}

static void
add(struct services *services, const char *name)
{
	services->infos[services->count++] = (struct credis_service_info){
		.name = name,
		.help = "",
		.version = "",
		.generation = "",
		.state = "",
		.error = "",
		.host = "",
		.dispatcher_version = "",
		.store = "",
		.standby_host = "",
		.standby_version = "",
	};
}

static void
on_names(void *client, uint64_t id, const struct reply *reply, const struct credis_error *lost)
{
	struct call *call = call_answered(client, id, reply, true);
	struct services *services = (struct services *)call;
	char name[CREDIS_SERVICE_MAX + 1];

	(void)lost;
	if (call == NULL || !make_room(services, reply->count))
		return;
	for (size_t n = 0; n < reply->count; n++) {
		const struct reply *item = reply_item(reply, n);

		if (item->kind == REPLY_TEXT &&
		    service_name_check(item->text, item->length, name, NULL))
			add(services, keep(services, name));
	}
	qsort(services->infos, services->count, sizeof(*services->infos), compare_names);
	ask_each(services);
}

static void
on_one_exists(void *arg, const struct credis_error *err)
{
	struct services *services = arg;

	services->doubt = 0;
	if (err->code != CREDIS_OK) {
		finish(services, err);
	} else if (make_room(services, 1)) {
		add(services, services->one);
		ask_each(services);
	}
}

static void
on_start(struct call *call)
{
	struct services *services = (struct services *)call;
	struct buffer *out;
	struct name key;
	struct credis_error err;

	forget(services);
	if (services->one[0] != '\0') {
		services->doubt =
		    diagnose(call->client, services->one, NULL, on_one_exists, services, &err);
		if (services->doubt == 0)
			finish(services, &err);
		return;
	}
	out = call_command(call, on_names);
	if (out == NULL)
		return;
	names_services(&key, call->client->ns);
	command_texts(out, "SMEMBERS", key.text, NULL);
}

credis_call
credis_client_services(struct credis_client *client, const char *service, credis_services_cb *cb,
    void *arg, struct credis_error *err)
{
	static const struct call_kind kind = {
		.start = on_start,
		.fail = on_fail,
		.clear = on_clear,
	};
	char one[CREDIS_SERVICE_MAX + 1] = "";
	struct services *services;

	if (service != NULL && !service_name_check(service, strlen(service), one, err))
		return 0;
	if (!calls_have_room(client, 1, err))
		return 0;
	services = call_new(client, sizeof(*services), &kind, err);
	if (services == NULL)
		return 0;
	strcpy(services->one, one);
	services->cb = cb;
	services->arg = arg;
	return services->call.id;
}
