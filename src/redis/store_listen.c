/* store_listen.c: a store's subscriptions, on its second connection.
 * Knows the public callbacks; sharing, restoring and telling are subscriptions.c's. */
#include "core/error.h"
#include "redis/link.h"
#include "redis/server.h"
#include "redis/store_inside.h"
#include "redis/subscriptions.h"

#include <stdlib.h>
#include <string.h>

struct credis_subscription {
	struct subscriptions *owner;
	struct subscription *subscription;
	bool alone; /* it has its owner to itself */
	struct credis_listener listener;
	void *arg;
};

static void
tell(const struct credis_subscription *heard, enum credis_subscription_event event,
    const struct credis_error *why)
{
	if (heard->listener.on_event != NULL)
		heard->listener.on_event(heard->arg, event, why);
}

static void
on_message(void *arg, const char *channel, const char *payload, size_t length)
{
	const struct credis_subscription *heard = arg;

	if (heard->listener.on_message != NULL)
		heard->listener.on_message(heard->arg, channel, payload, length);
}

static void
on_live(void *arg, bool again)
{
	static const struct credis_error fine = { .code = CREDIS_OK };

	tell(arg, again ? CREDIS_RESUBSCRIBED : CREDIS_SUBSCRIBED, &fine);
}

static void
on_lost(void *arg, const struct credis_error *why)
{
	tell(arg, CREDIS_UNSUBSCRIBED, why);
}

static struct credis_subscription *
subscribe(struct subscriptions *owner, const char *channel, const struct credis_listener *listener,
    void *arg, struct credis_error *err)
{
	static const struct subscription_events events = { on_message, on_live, on_lost };
	struct credis_subscription *heard = malloc(sizeof *heard);

	if (heard == NULL) {
		error_no_memory(err);
		return NULL;
	}
	*heard = (struct credis_subscription){ .owner = owner, .listener = *listener, .arg = arg };
	heard->subscription = subscriptions_add(owner, channel, &events, heard, err);
	if (heard->subscription != NULL)
		return heard;
	free(heard);
	return NULL;
}

struct credis_subscription *
credis_subscribe(struct credis_store *store, const char *channel,
    const struct credis_listener *listener, void *arg, struct credis_error *err)
{
	struct server *server = store_shard(store, channel, strlen(channel));

	return subscribe(server->subscriptions, channel, listener, arg, err);
}

/* And no shards. */
static bool
is_one(const struct credis_store *store, const char *otherwise, struct credis_error *err)
{
	return store->ring == NULL || error_set(err, CREDIS_EINVAL, "%s", otherwise);
}

struct credis_subscription *
credis_subscribe_pattern(struct credis_store *store, const char *pattern,
    const struct credis_listener *listener, void *arg, struct credis_error *err)
{
	struct server *server = store->servers[0];

	if (!is_one(store, "PSUBSCRIBE: the channels that match lie on different shards", err))
		return NULL;
	if (server->patterns == NULL) {
		server->patterns = server_listen(server, err);
		if (server->patterns == NULL)
			return NULL;
		subscriptions_take_patterns(server->patterns);
	}
	return subscribe(server->patterns, pattern, listener, arg, err);
}

struct credis_subscription *
credis_subscribe_keys(struct credis_store *store, const char *prefix,
    const struct credis_listener *listener, void *arg, struct credis_error *err)
{
	struct credis_subscription *heard;
	struct subscriptions *owner;

	if (!is_one(store, "CLIENT TRACKING: the keys lie on different shards", err))
		return NULL;
	owner = server_listen(store->servers[0], err);
	if (owner == NULL)
		return NULL;
	subscriptions_take_keys(owner);
	heard = subscribe(owner, prefix, listener, arg, err);
	if (heard != NULL)
		heard->alone = true;
	else
		subscriptions_free(owner);
	return heard;
}

void
credis_unsubscribe(struct credis_subscription *subscription)
{
	if (subscription == NULL)
		return;
	subscriptions_remove(subscription->owner, subscription->subscription);
	if (subscription->alone)
		subscriptions_free(subscription->owner);
	free(subscription);
}

bool
credis_subscription_is_live(const struct credis_subscription *subscription)
{
	return subscription_is_live(subscription->subscription);
}

int64_t
credis_subscription_connection(const struct credis_subscription *subscription)
{
	struct link *link = subscriptions_link(subscription->owner);

	return link_is_up(link) ? link_connection_id(link) : 0;
}
