/* demand.c: descriptions that must be there: a question to catalog.c, and where its answer lacks
 * what was asked for, the reason. */
#include "client/demand.h"

#include "client/calls.h"
#include "client/diagnose.h"
#include "client/session.h"
#include "core/keyword.h"

#include <stdio.h>
#include <string.h>

struct demand {
	struct call call;
	char service[CREDIS_SERVICE_MAX + 1];
	char keyword[CREDIS_KEYWORD_MAX + 1]; /* "": all there are */
	credis_call step;                     /* the call under way for it */
	struct catalog *catalog;              /* held: found, but empty */
	catalog_end *end;
	void *arg;
	credis_keywords_cb *cb; /* with credis_client_keywords() */
	void *cb_arg;
};

static void
on_clear(struct call *call)
{
	struct demand *demand = (struct demand *)call;

	credis_client_cancel(call->client, demand->step);
	catalog_release(demand->catalog);
}

static void
settle(struct demand *demand, const struct credis_error *err, struct catalog *catalog)
{
	struct call *call = &demand->call;

	call_hold(call);
	call_end(call);
	demand->end(demand->arg, err, catalog);
	call_release(call);
}

static void
on_fail(struct call *call, const struct credis_error *err)
{
	settle((struct demand *)call, err, NULL);
}

static void on_answer(void *arg, const struct credis_error *err, struct catalog *catalog);

static void
on_start(struct call *call)
{
	struct demand *demand = (struct demand *)call;
	const char *name = demand->keyword;
	struct credis_error err;

	credis_client_cancel(call->client, demand->step);
	demand->step = catalog_ask(call->client, demand->service, name[0] != '\0' ? &name : NULL, 1,
	    on_answer, demand, &err);
	if (demand->step == 0)
		settle(demand, &err, NULL);
}

/* It exists: then there is nothing in it, or the keyword has come meanwhile. */
static void
on_diagnosed(void *arg, const struct credis_error *err)
{
	struct demand *demand = arg;

	demand->step = 0;
	if (err->code != CREDIS_OK)
		settle(demand, err, NULL);
	else if (demand->keyword[0] == '\0')
		settle(demand, err, demand->catalog);
	else
		on_start(&demand->call);
}

static void
on_answer(void *arg, const struct credis_error *err, struct catalog *catalog)
{
	struct demand *demand = arg;
	const char *name = demand->keyword[0] != '\0' ? demand->keyword : NULL;
	struct credis_error fault;

	demand->step = 0;
	if (err->code != CREDIS_OK ||
	    (name == NULL ? catalog->count > 0 : catalog_find(catalog, name) != NULL)) {
		settle(demand, err, catalog);
		return;
	}
	catalog_release(demand->catalog);
	demand->catalog = catalog_hold(catalog);
	demand->step =
	    diagnose(demand->call.client, demand->service, name, on_diagnosed, demand, &fault);
	if (demand->step == 0)
		settle(demand, &fault, NULL);
}

static struct demand *
demand_new(struct credis_client *client, const char *service, const char *keyword, catalog_end *end,
    void *arg, struct credis_error *err)
{
	static const struct call_kind kind = {
		.start = on_start,
		.fail = on_fail,
		.clear = on_clear,
	};
	struct demand *demand = call_new(client, sizeof(*demand), &kind, err);

	if (demand == NULL)
		return NULL;
	snprintf(demand->service, sizeof(demand->service), "%s", service);
	snprintf(demand->keyword, sizeof(demand->keyword), "%s", keyword);
	demand->end = end;
	demand->arg = arg;
	return demand;
}

credis_call
demand_descriptions(struct credis_client *client, const char *service, const char *keyword,
    catalog_end *end, void *arg, struct credis_error *err)
{
	struct demand *demand = demand_new(client, service, keyword, end, arg, err);

	return demand != NULL ? demand->call.id : 0;
}

static void
on_listed(void *arg, const struct credis_error *err, struct catalog *catalog)
{
	struct demand *demand = arg;
	size_t count = catalog != NULL ? catalog->count : 0;

	demand->cb(demand->cb_arg, err,
	    catalog != NULL ? (const struct credis_keyword *const *)catalog->keywords : NULL,
	    count);
}

credis_call
credis_client_keywords(struct credis_client *client, const char *service, credis_keywords_cb *cb,
    void *arg, struct credis_error *err)
{
	char name[CREDIS_SERVICE_MAX + 1];
	struct demand *demand;

	if (!service_name_check(service, strlen(service), name, err) ||
	    !calls_have_room(client, 1, err))
		return 0;
	demand = demand_new(client, name, "", on_listed, NULL, err);
	if (demand == NULL)
		return 0;
	demand->arg = demand;
	demand->cb = cb;
	demand->cb_arg = arg;
	return demand->call.id;
}
