/* presence.c: asks for the lease of each service that is watched, and tells the scopes of its monitors.
 * A lease that is missing once may be on its way back: a dispatcher heals an emptied store within two seconds. */
#include "client/presence.h"

#include "core/error.h"
#include "redis/command.h"
#include "redis/link.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum {
	LOOK_S = 1,
	MISSED = 3, /* looks in a row, until nobody is taken to serve */
};

struct presence {
	struct credis_client *client;
	uint64_t serial;
	unsigned missed;
	bool asking;  /* a look is under way */
	bool telling; /* its scopes: it stays */
	struct event *look;
	TAILQ_HEAD(scope_list, scope) scopes;
	LIST_ENTRY(presence) next; /* of the client */
};

static const char *
service_of(const struct presence *presence)
{
	return TAILQ_FIRST(&presence->scopes)->service;
}

static void
presence_free(struct presence *presence)
{
	LIST_REMOVE(presence, next);
	if (presence->look != NULL)
		event_free(presence->look);
	free(presence);
}

/* The scope may be no more when its monitor's callback returns, which is lent a name that stays. */
static void
tell(struct scope *scope)
{
	char service[sizeof(scope->service)];
	const struct credis_reading reading = {
		.service = service,
		.keyword = "",
		.text = "",
		.reason = "",
	};
	struct credis_error err = { .code = CREDIS_OK };

	strcpy(service, scope->service);
	if (scope->unserved)
		error_set(&err, CREDIS_EUNSERVED, "%s: nobody serves it", service);
	monitor_tell(scope->monitor,
	    scope->unserved ? CREDIS_MONITOR_UNSERVED : CREDIS_MONITOR_SERVED, &reading, &err);
}

/* A monitor may free itself in its callback, and others with it: the list is walked from its start each time. */
static void
tell_all(struct presence *presence)
{
	bool unserved = presence->missed >= MISSED;
	struct scope *scope = TAILQ_FIRST(&presence->scopes);

	presence->telling = true;
	while (scope != NULL) {
		bool news = scope->unserved != unserved;

		scope->unserved = unserved;
		if (news)
			tell(scope);
		scope = news ? TAILQ_FIRST(&presence->scopes) : TAILQ_NEXT(scope, others);
	}
	presence->telling = false;
	if (TAILQ_EMPTY(&presence->scopes))
		presence_free(presence);
}

static struct presence *
find(const struct credis_client *client, uint64_t serial)
{
	struct presence *presence = LIST_FIRST(&client->presences);

	while (presence != NULL && presence->serial != serial)
		presence = LIST_NEXT(presence, next);
	return presence;
}

/* Whoever may not ask for the lease, and where the store is away, is told nothing. */
static void
on_lease(void *client, uint64_t serial, const struct reply *reply, const struct credis_error *lost)
{
	struct presence *presence = find(client, serial);

	(void)lost;
	if (presence == NULL)
		return;
	presence->asking = false;
	if (reply == NULL || reply->kind != REPLY_INTEGER)
		return;
	presence->missed = reply->integer == 0 ? presence->missed + 1 : 0;
	tell_all(presence);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct presence *presence = arg;
	struct credis_client *client = presence->client;
	struct buffer *out = NULL;
	struct name lease;

	(void)fd;
	(void)what;
	if (!presence->asking)
		out = link_command(client->commands, on_lease, client, presence->serial, NULL);
	if (out == NULL)
		return;
	presence->asking = true;
	names_service(&lease, client->ns, service_of(presence), NAMES_DISPATCHER);
	command_texts(out, "EXISTS", lease.text, NULL);
}

static struct presence *
presence_new(struct credis_client *client, struct credis_error *err)
{
	struct presence *presence = calloc(1, sizeof(*presence));

	if (presence == NULL) {
		error_no_memory(err);
		return NULL;
	}
	presence->client = client;
	presence->serial = ++client->last_presence;
	TAILQ_INIT(&presence->scopes);
	LIST_INSERT_HEAD(&client->presences, presence, next);
	presence->look = event_new(client->base, -1, EV_PERSIST, on_look, presence);
	if (presence->look != NULL &&
	    event_add(presence->look, &(struct timeval){ LOOK_S, 0 }) == 0)
		return presence;
	presence_free(presence);
	error_no_memory(err);
	return NULL;
}

bool
presence_join(struct scope *scope, struct credis_error *err)
{
	struct credis_client *client = scope->monitor->client;
	struct presence *presence = LIST_FIRST(&client->presences);

	while (presence != NULL && strcmp(service_of(presence), scope->service) != 0)
		presence = LIST_NEXT(presence, next);
	if (presence == NULL)
		presence = presence_new(client, err);
	if (presence == NULL)
		return false;
	scope->presence = presence;
	TAILQ_INSERT_TAIL(&presence->scopes, scope, others);
	return true;
}

void
presence_leave(struct scope *scope)
{
	struct presence *presence = scope->presence;

	if (presence == NULL)
		return;
	scope->presence = NULL;
	TAILQ_REMOVE(&presence->scopes, scope, others);
	if (TAILQ_EMPTY(&presence->scopes) && !presence->telling)
		presence_free(presence);
}
