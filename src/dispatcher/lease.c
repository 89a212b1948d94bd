/* lease.c: one dispatcher a service, by a key that lapses (SET NX PX, in a script that also counts the
 * take-overs). A new owner first kills the connections of the one before, so that one that was merely
 * paused cannot write late. */
#include "dispatcher/lease.h"

#include "core/error.h"
#include "core/text.h"
#include "dispatcher/clock.h"
#include "dispatcher/intake.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <event2/event.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the script counts is put into the text under the key. */
#define EPOCH "\"epoch\":"
#define NO_EPOCH EPOCH "0"

/* A text of our own (ARGV[3] names us) counts as free, as it is of a lost connection; so does what is no text at
 * all, or no lease's and would never lapse. Who is patient (ARGV[5]) leaves an emptied store to others. A count of
 * epochs that begins gets a name, as it begins anew where the store was emptied. The owner before is told from beside
 * the count, as the key may have lapsed, or been written over, before we ever saw it. Who may not write there is told
 * so by what follows, which names the command. */
static const char claim_script[] =
    "local now = redis.pcall('get', KEYS[1]) "
    "if type(now) == 'string' and not string.find(now, ARGV[3], 1, true) "
    "and (string.sub(now, 1, 1) == '{' or redis.pcall('pttl', KEYS[1]) ~= -1) then return now end "
    "if ARGV[5] == '1' and not redis.pcall('hget', KEYS[2], 'epoch') then return false end "
    "local epoch = redis.pcall('hincrby', KEYS[2], 'epoch', 1) "
    "if type(epoch) == 'table' then redis.call('del', KEYS[2]) "
    "epoch = redis.call('hincrby', KEYS[2], 'epoch', 1) end "
    "if epoch == 1 then "
    "redis.call('hset', KEYS[2], 'count', table.concat(redis.call('time'), '.')) end "
    "local text = string.gsub(ARGV[1], ARGV[4], '\"epoch\":' .. epoch, 1) "
    "redis.call('set', KEYS[1], text, 'px', ARGV[2]) "
    "local before = redis.call('hget', KEYS[2], 'owner') "
    "redis.pcall('hset', KEYS[2], 'owner', text) "
    "return {epoch, redis.call('hget', KEYS[2], 'count'), before}";
static const char renew_script[] = "if redis.pcall('get', KEYS[1]) == ARGV[1] then "
				   "return redis.call('pexpire', KEYS[1], ARGV[2]) end return 0";
static const char release_script[] =
    "if redis.call('get', KEYS[1]) == ARGV[1] then return redis.call('del', KEYS[1]) end return 0";

static void
lease_arm(struct lease *lease, int ms)
{
	struct timeval after = { ms / 1000, ms % 1000 * 1000 };

	event_add(lease->timer, &after);
}

static void on_timer(evutil_socket_t fd, short what, void *arg);

bool
lease_init(struct lease *lease, struct post *post, struct served *served, const char *service)
{
	memset(lease, 0, sizeof(*lease));
	lease->post = post;
	lease->served = served;
	lease->service = service;
	lease->timer = event_new(post->base, -1, 0, on_timer, lease);
	return lease->timer != NULL;
}

void
lease_clear(struct lease *lease)
{
	if (lease->timer != NULL)
		event_free(lease->timer);
	free(lease->mine);
	free(lease->before);
	free(lease->others);
	memset(lease, 0, sizeof(*lease));
}

bool
lease_is_fresh(const struct lease *lease)
{
	return lease->state == LEASE_HELD && !lease_may_be_others(lease);
}

bool
lease_may_be_others(const struct lease *lease)
{
	return clock_monotonic_ms() >= lease->renewed_ms + LEASE_MS - CLOCK_LATE_MS;
}

char *
lease_holder(const struct lease *lease, char *text)
{
	json_t *json = lease->others != NULL ? json_loads(lease->others, 0, NULL) : NULL;
	const char *host = json_string_value(json_object_get(json, "host"));
	long long pid = json_integer_value(json_object_get(json, "pid"));

	if (host != NULL)
		snprintf(text, 128, "%.80s pid %lld", host, pid);
	else
		snprintf(text, 128, "somebody unknown");
	json_decref(json);
	return text;
}

/* The text under the key: who we are, and which connections to kill when we are paused. */
static char *
lease_text(const struct lease *lease)
{
	const struct post *post = lease->post;
	json_t *json = json_pack("{s:s, s:s, s:i, s:s, s:f, s:I, s:s, s:[I, I]}", "id", post->id,
	    "host", post->host, "pid", (int)getpid(), "version", CREDIS_VERSION, "started",
	    (double)post->started_us / 1e6, "epoch", (json_int_t)0, "run", post->run_id,
	    "connections", (json_int_t)link_connection_id(post->store.link),
	    (json_int_t)intake_connection_id(post->intake));
	char *text = json != NULL ? json_dumps(json, JSON_COMPACT | JSON_REAL_PRECISION(17)) : NULL;

	json_decref(json);
	return text;
}

static void on_claimed(void *arg, uint64_t ticket, const struct reply *reply,
    const struct credis_error *err);
static void on_renewed(void *arg, uint64_t ticket, const struct reply *reply,
    const struct credis_error *err);

/* Whoever served until now has the values in memory where the store lost them, and goes first. */
static bool
is_patient(const struct lease *lease)
{
	return lease->others != NULL &&
	    (lease->emptied_ms == 0 || clock_monotonic_ms() < lease->emptied_ms + LEASE_MS);
}

static bool
send_script(struct lease *lease, const char *script, link_answer *answer)
{
	struct post *post = lease->post;
	struct buffer *out = link_command(post->store.link, answer, post,
	    post_ticket(lease->served->serial, 0), NULL);
	struct name key, about;
	char ours[sizeof("\"id\":\"\"") + sizeof(post->id)];

	if (out == NULL)
		return false;
	snprintf(ours, sizeof(ours), "\"id\":\"%s\"", post->id);
	names_service(&key, post->store.ns, lease->service, NAMES_DISPATCHER);
	names_service(&about, post->store.ns, lease->service, NAMES_ABOUT);
	command_begin(out, 10);
	command_text(out, "EVAL");
	command_text(out, script);
	command_integer(out, 2);
	command_word(out, key.text, key.length);
	command_word(out, about.text, about.length);
	command_text(out, lease->mine);
	command_integer(out, LEASE_MS);
	command_text(out, ours);
	command_text(out, NO_EPOCH);
	command_text(out, is_patient(lease) ? "1" : "0");
	lease->asked_ms = clock_monotonic_ms();
	return true;
}

void
lease_claim(struct lease *lease)
{
	if (lease->was_held) {
		free(lease->before);
		lease->before = lease->mine;
		lease->mine = NULL;
	}
	lease->was_held = false;
	free(lease->mine);
	lease->mine = lease_text(lease);
	lease->state = LEASE_ASKED;
	lease->renewing = false;
	event_del(lease->timer); /* a second claim would count on, past what 'mine' says */
	if (lease->mine == NULL || !send_script(lease, claim_script, on_claimed))
		lease_arm(lease, LEASE_RETRY_MS);
}

/* For "credis status": a standby is known while it says so once a second. */
static void
say_waiting(struct lease *lease)
{
	struct buffer *out;
	struct name key;

	if (clock_monotonic_ms() < lease->waiting_ms + LEASE_RENEW_MS)
		return;
	out = link_command(lease->post->store.link, NULL, NULL, 0, NULL);
	if (out == NULL)
		return;
	lease->waiting_ms = clock_monotonic_ms();
	names_service(&key, lease->post->store.ns, lease->service, NAMES_STANDBY);
	command_texts(out, "SET", key.text, lease->mine, "PX", "3000", NULL);
}

static void
say_waiting_no_more(struct lease *lease)
{
	struct buffer *out;
	struct name key;

	if (lease->waiting_ms == 0)
		return;
	lease->waiting_ms = 0;
	out = link_command(lease->post->store.link, NULL, NULL, 0, NULL);
	names_service(&key, lease->post->store.ns, lease->service, NAMES_STANDBY);
	if (out != NULL)
		command_texts(out, "DEL", key.text, NULL);
}

static bool
is_in_use(const struct post *post, int64_t connection)
{
	return connection == link_connection_id(post->store.link) ||
	    connection == intake_connection_id(post->intake);
}

/* Kills the connections that a lease names: what they still hold must not be executed from now on. Ids of
 * another run of the server may be anybody's by now. */
static void
kill_connections(const struct lease *lease, const char *text)
{
	const struct post *post = lease->post;
	json_t *json = text != NULL ? json_loads(text, 0, NULL) : NULL;
	const char *run = json_string_value(json_object_get(json, "run"));
	json_t *connections = json_object_get(json, "connections");
	json_t *connection;
	size_t n;

	if (run != NULL && post->run_id[0] != '\0' && strcmp(run, post->run_id) == 0) {
		json_array_foreach(connections, n, connection)
		{
			int64_t id = json_integer_value(connection);
			struct buffer *out;

			if (id <= 0 || is_in_use(post, id))
				continue;
			out = link_command(post->store.link, NULL, NULL, 0, NULL);
			if (out == NULL)
				break;
			command_begin(out, 4);
			command_text(out, "CLIENT");
			command_text(out, "KILL");
			command_text(out, "ID");
			command_integer(out, id);
		}
	}
	json_decref(json);
}

/* As the script did. */
static void
lease_set_epoch(struct lease *lease, int64_t epoch)
{
	const char *at = strstr(lease->mine, NO_EPOCH);
	struct buffer text = BUFFER_EMPTY;

	if (at == NULL)
		return;
	buffer_append(&text, lease->mine, (size_t)(at - lease->mine));
	buffer_printf(&text, EPOCH "%lld", (long long)epoch);
	buffer_text(&text, at + strlen(NO_EPOCH));
	free(lease->mine);
	lease->mine = buffer_give(&text);
}

/* Where the count began anew, nobody can have come first while our lease had not lapsed. */
static enum lease_gap
gap_before(const struct lease *lease, int64_t epoch, const char *count)
{
	if (lease->epoch == 0)
		return LEASE_SOMEBODY;
	if (strcmp(count, lease->count) == 0)
		return epoch == lease->epoch + 1 ? LEASE_NOBODY : LEASE_SOMEBODY;
	if (epoch != 1)
		return LEASE_SOMEBODY;
	return lease_may_be_others(lease) ? LEASE_UNCERTAIN : LEASE_NOBODY;
}

/* 'before' is the text of the owner before. */
static void
lease_taken(struct lease *lease, int64_t epoch, const char *count, const char *before)
{
	enum lease_gap gap = gap_before(lease, epoch, count);

	kill_connections(lease, before);
	kill_connections(lease, lease->others);
	kill_connections(lease, lease->before);
	say_waiting_no_more(lease);
	free(lease->others);
	lease->others = NULL;
	lease_set_epoch(lease, epoch);
	lease->epoch = epoch;
	snprintf(lease->count, sizeof(lease->count), "%s", count);
	lease->state = LEASE_HELD;
	lease->was_held = true;
	lease->renewed_ms = lease->asked_ms;
	lease->emptied_ms = 0;
	lease->fault.code = CREDIS_OK;
	lease_arm(lease, LEASE_RENEW_MS);
	log_event(lease->post->log, CREDIS_LOG_INFO, "+lease", "%s: taken, number %lld",
	    lease->service, (long long)epoch);
	served_on_lease_held(lease->served, gap);
}

static void
lease_seen(struct lease *lease, const struct reply *reply)
{
	bool news = lease->state != LEASE_OTHERS || lease->others == NULL ||
	    !reply_text_is(reply, lease->others);

	lease->state = LEASE_OTHERS;
	lease->epoch = 0;
	lease->emptied_ms = 0;
	lease_arm(lease, LEASE_RETRY_MS);
	say_waiting(lease);
	if (!news)
		return;
	free(lease->others);
	lease->others = text_copy(reply->text, reply->length);
	served_on_lease_others(lease->served);
}

/* Nobody holds it, and the store knows nothing: whose turn it is shows within LEASE_MS. */
static void
lease_left(struct lease *lease)
{
	if (lease->emptied_ms == 0)
		lease->emptied_ms = clock_monotonic_ms();
	lease_arm(lease, LEASE_RETRY_MS);
}

static const char *
text_item(const struct reply *reply, size_t n)
{
	const struct reply *item = reply_item(reply, n);

	return item->kind == REPLY_TEXT ? item->text : "";
}

static void
on_claimed(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	struct credis_error why;
	int64_t epoch;

	(void)err;
	if (served == NULL || reply == NULL || served->lease.state == LEASE_NONE)
		return; /* lost: served_store_up() begins anew */
	if (reply->kind == REPLY_TEXT) {
		lease_seen(&served->lease, reply);
	} else if (reply_integer(reply_item(reply, 0), &epoch)) {
		lease_taken(&served->lease, epoch, text_item(reply, 1), text_item(reply, 2));
	} else if (reply->kind == REPLY_ERROR) {
		reply_explain(reply, &why);
		lease_arm(&served->lease, LEASE_RENEW_MS);
		served_on_lease_refused(served, why.text);
	} else {
		lease_left(&served->lease);
	}
}

static void
on_renewed(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	int64_t renewed = 0;

	(void)err;
	if (served == NULL || reply == NULL || served->lease.state != LEASE_HELD)
		return;
	served->lease.renewing = false;
	if (reply->kind == REPLY_ERROR) {
		reply_explain(reply, &served->lease.fault);
		return;
	}
	served->lease.fault.code = CREDIS_OK;
	if (reply_integer(reply, &renewed) && renewed == 1) {
		served->lease.renewed_ms = served->lease.asked_ms;
		served_on_lease_renewed(served);
		return;
	}
	log_event(served->post->log, CREDIS_LOG_WARNING, "-lease", "%s: it is gone",
	    served_name(served));
	lease_claim(&served->lease);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct lease *lease = arg;

	(void)fd;
	(void)what;
	if (lease->state != LEASE_HELD) {
		if (!send_script(lease, claim_script, on_claimed))
			lease_arm(lease, LEASE_RETRY_MS);
		return;
	}
	lease_arm(lease, LEASE_RENEW_MS);
	if (!lease->renewing)
		lease->renewing = send_script(lease, renew_script, on_renewed);
}

void
lease_suspend(struct lease *lease)
{
	lease->state = LEASE_NONE;
	lease->emptied_ms = 0;
	event_del(lease->timer);
}

void
lease_release(struct lease *lease)
{
	bool held = lease->state == LEASE_HELD;

	say_waiting_no_more(lease);
	lease_suspend(lease);
	if (held)
		send_script(lease, release_script, NULL);
}
