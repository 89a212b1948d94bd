/* served.c: how a service comes to be served and goes on being so.
 * Ties lease, registration, intake and schedule together; none of them knows the others. */
#include "dispatcher/served.h"

#include "core/error.h"
#include "core/text.h"
#include "dispatcher/calc.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/clock.h"
#include "dispatcher/intake.h"
#include "dispatcher/notifications.h"
#include "dispatcher/reconcile.h"
#include "dispatcher/requests.h"
#include "dispatcher/steps.h"
#include "redis/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	STATISTICS_SECONDS = 10, /* how long the figures outlive us */
	FAULTS_SAID = 100,       /* in a second; others are counted */
	FAULT_SHOWN = 200,       /* bytes of one in DISPERROR */
};

static const char *const state_words[] = {
	[SERVED_AWAY] = "-served",
	[SERVED_CLAIMING] = "claiming",
	[SERVED_STANDBY] = "standby",
	[SERVED_REGISTERING] = "registering",
	[SERVED_SUBSCRIBING] = "subscribing",
	[SERVED_READY] = "+served",
	[SERVED_STOPPING] = "stopping",
	[SERVED_STOPPED] = "stopped",
};

/* The one place where the state changes. */
static void
served_enter(struct served *served, enum served_state state, const char *why)
{
	bool news = served->state != state || strcmp(served->why, why) != 0;

	served->state = state;
	snprintf(served->why, sizeof(served->why), "%s", why);
	if (!news)
		return;
	log_event(served->post->log, CREDIS_LOG_INFO, state_words[state], "%s%s%s",
	    served_name(served), *why != '\0' ? ": " : "", why);
	served->post->on_change(served->post->arg);
}

const char *
served_name(const struct served *served)
{
	return served->definition->name;
}

static bool
is_stopping(const struct served *served)
{
	return served->state == SERVED_STOPPING || served->state == SERVED_STOPPED;
}

bool
served_is_serving(const struct served *served)
{
	return served->state == SERVED_SUBSCRIBING || served->state == SERVED_READY;
}

static void
print_utc(char *text, size_t room, int64_t us)
{
	time_t seconds = us / 1000000;
	struct tm utc;

	gmtime_r(&seconds, &utc);
	strftime(text, room, "%Y-%m-%dT%H:%M:%SZ", &utc);
}

static void
set_own_at_start(struct served *served)
{
	char started[32];

	print_utc(started, sizeof(started), served->post->started_us);
	served_set_own(served, OWN_START, started);
	served_set_own(served, OWN_HOST, served->post->host);
}

struct served *
served_new(struct post *post, struct credis_service *definition, struct credis_error *err)
{
	struct served *served = calloc(1, sizeof(*served));

	if (served == NULL) {
		error_no_memory(err);
		return NULL;
	}
	served->post = post;
	served->serial = ++post->last_serial;
	served_new_round(served);
	served->definition = definition;
	holdback_init(&served->holdback);
	if (registry_build(&served->registry, definition, err) && steps_attach(served) &&
	    mirror_prepare(served, NULL) && registration_prepare(served) &&
	    lease_init(&served->lease, post, served, definition->name) &&
	    schedule_start(&served->schedule, served))
		return served;
	served->definition = NULL;
	served_free(served);
	error_no_memory(err);
	return NULL;
}

void
served_free(struct served *served)
{
	holdback_clear(&served->holdback);
	buffer_free(&served->registration.gone);
	values_clear(&served->values);
	schedule_clear(&served->schedule);
	steps_detach(served);
	lease_clear(&served->lease);
	mirror_free(served->mirror);
	registry_clear(&served->registry);
	credis_service_free(served->definition);
	free(served);
}

bool
served_follow(struct served *served, struct credis_service *definition, struct credis_error *err)
{
	struct registry fresh = { 0 }, old = served->registry;
	struct credis_service *before = served->definition;

	if (!registry_build(&fresh, definition, err))
		return false;
	registry_inherit(&fresh, &old);
	schedule_clear(&served->schedule);
	served->definition = definition;
	served->lease.service = definition->name;
	served->registry = fresh;
	served->looked_at = 0;
	registration_abandon(served);
	steps_follow(served, &old);
	if (!steps_attach(served) || !mirror_prepare(served, &old) ||
	    !registration_prepare(served) || !schedule_start(&served->schedule, served))
		log_event(served->post->log, CREDIS_LOG_ERROR, "memory",
		    "%s: out of memory while reloading", served_name(served));
	if (served->on_channels)
		intake_unsubscribe(served->post->intake, served, &old);
	served->subscribing = served->on_channels; /* at the latest by intake_tick() */
	if (served->state >= SERVED_REGISTERING && served->state <= SERVED_READY)
		registration_start(served);
	registry_clear(&old);
	credis_service_free(before);
	return true;
}

void
served_store_up(struct served *served)
{
	if (is_stopping(served))
		return;
	served_enter(served, SERVED_CLAIMING, "");
	lease_claim(&served->lease);
}

void
served_store_down(struct served *served, const char *why)
{
	registration_abandon(served);
	lease_suspend(&served->lease);
	if (is_stopping(served)) {
		served_enter(served, SERVED_STOPPED, why);
		return;
	}
	served_enter(served, SERVED_AWAY, why);
}

void
served_intake_down(struct served *served, const char *why)
{
	served->on_channels = served->subscribing = false;
	if (served->state != SERVED_READY)
		return;
	served_set_own(served, OWN_STATE, "degraded");
	served_enter(served, SERVED_SUBSCRIBING, why);
}

void
served_new_round(struct served *served)
{
	served->round = ++served->post->last_serial;
}

/* False when nothing more will come on them; otherwise served->drained tells when. */
static bool
leave_channels(struct served *served)
{
	bool was_on_channels = served->on_channels;

	registration_abandon(served);
	served->on_channels = served->subscribing = false;
	return was_on_channels &&
	    intake_unsubscribe(served->post->intake, served, &served->registry);
}

void
served_on_lease_held(struct served *served, enum lease_gap gap)
{
	if (is_stopping(served))
		return; /* too late: served_stop_if_idle() gives it all up */
	served->ours = true;
	if (gap != LEASE_NOBODY) {
		leave_channels(served);
		served->took_us = store_now_us(&served->post->store);
	}
	if (gap == LEASE_SOMEBODY) {
		steps_abandon(served, STEPS_TAKEN);
		registry_forget(&served->registry);
	}
	if (gap != LEASE_NOBODY || served->state != SERVED_READY)
		served_enter(served, SERVED_REGISTERING, "");
	registration_start(served);
}

void
served_on_lease_others(struct served *served)
{
	char holder[128], why[192];

	if (is_stopping(served))
		return; /* nothing to give up but the waiting */
	served->ours = false;
	leave_channels(served);
	if (served->state != SERVED_STANDBY)
		steps_abandon(served, STEPS_TAKEN);
	holdback_clear(&served->holdback); /* whoever serves has them, too */
	snprintf(why, sizeof(why), "served by %s; standing by",
	    lease_holder(&served->lease, holder));
	if (!is_stopping(served))
		served_enter(served, SERVED_STANDBY, why);
}

void
served_on_lease_refused(struct served *served, const char *why)
{
	leave_channels(served);
	if (!is_stopping(served))
		served_enter(served, SERVED_CLAIMING, why);
}

void
served_on_registered(struct served *served, const struct credis_error *err)
{
	if (is_stopping(served))
		return; /* too late: served_stop_if_idle() gives it all up */
	if (err != NULL) {
		served_report(served, err->text);
		served_enter(served, served->state, err->text);
		return; /* served_tick() tries again */
	}
	if (served->state == SERVED_REGISTERING) {
		set_own_at_start(served);
		served_enter(served, SERVED_SUBSCRIBING, "");
	}
	if (served->mirror != NULL)
		mirror_register(served);
	intake_subscribe(served->post->intake, served);
}

void
served_on_subscribed(struct served *served)
{
	if (is_stopping(served))
		return; /* too late: served_stop_if_idle() gives it all up */
	served->subscribing = false;
	if (served->state == SERVED_SUBSCRIBING)
		served_enter(served, SERVED_READY, "");
	schedule_ready(&served->schedule);
	served_set_own(served, OWN_STATE, "ready");
	if (served->mirror != NULL)
		mirror_announce(served);
	holdback_release(served);
}

/* A standby is not asked; whoever is between leases or without the store comes back to it. Nor is anything refused
 * while the lease may be another's: what we refuse, that one may execute. */
static bool
is_serving_soon(const struct served *served)
{
	if (served_is_serving(served))
		return !lease_is_fresh(&served->lease) && served->lease.fault.code == CREDIS_OK;
	return served->state < SERVED_SUBSCRIBING && served->state != SERVED_STANDBY;
}

static bool
is_asked(const struct served *served)
{
	return served->state != SERVED_STANDBY && served->state != SERVED_STOPPED &&
	    !(served->state == SERVED_STOPPING && served->drained);
}

void
served_on_lease_renewed(struct served *served)
{
	if (served->state == SERVED_READY && lease_is_fresh(&served->lease))
		holdback_release(served);
}

void
served_take(struct served *served, const struct slice *name, enum dispatch_verb verb,
    const char *payload, size_t length)
{
	struct credis_error err;

	if (is_serving_soon(served)) {
		if (!holdback_add(&served->holdback, verb, name, payload, length)) {
			error_set(&err,
			    lease_may_be_others(&served->lease) ? CREDIS_EUNKNOWN : CREDIS_EBUSY,
			    "%s: too many requests wait for the store", served_name(served));
			served_turn_away(served, name, verb, payload, length, &err);
		}
	} else if (served->doomed && verb != DISPATCH_BARE) {
		error_set(&err, CREDIS_ENOKEYWORD, "%s: removed meanwhile", served_name(served));
		if (served->wiping)
			served_turn_away(served, name, verb, payload, length, &err);
	} else if (is_asked(served)) {
		dispatch_payload(served->post, served, name, verb, payload, length);
	}
}

void
served_turn_away(struct served *served, const struct slice *name, enum dispatch_verb verb,
    const char *payload, size_t length, const struct credis_error *err)
{
	if (verb != DISPATCH_BARE)
		dispatch_refuse(served->post, served, payload, length, err);
	else
		mirror_turn_away(served, name, err);
}

bool
served_may_write(const struct served *served, struct credis_error *err)
{
	if (lease_is_fresh(&served->lease))
		return true;
	if (served->lease.fault.code != CREDIS_OK)
		return error_set(err, CREDIS_ESTORE, "the store does not renew the lease: %s",
		    served->lease.fault.text);
	return error_set(err, CREDIS_EBUSY, "%s: its dispatcher is not sure to be the only one",
	    served_name(served));
}

static bool
within_deadband(const struct entry *entry, const struct credis_value *value)
{
	double deadband = entry->keyword->deadband;

	return deadband > 0 && entry->seq > 0 && value_distance(&entry->value, value) <= deadband;
}

struct store_write
served_write(struct served *served, struct entry *entry)
{
	struct store_write write = {
		.service = served_name(served),
		.keyword = entry->keyword->name,
		.text = value_text(&entry->value),
		.length = entry->value.length,
		.seq = entry->seq,
		.time_us = entry->time_us,
	};

	if (entry->extra != NULL)
		extra_describe(entry, &write);
	return write;
}

/* Unless it cannot be: registration will store it then; or is being removed. */
static void
store_present(struct served *served, struct entry *entry)
{
	struct store_write write;

	if (served->state < SERVED_REGISTERING || served->registration.removed > 0 ||
	    !lease_is_fresh(&served->lease))
		return;
	write = served_write(served, entry);
	values_announce(served, entry->keyword, &write);
	store_write(&served->post->store, &write, NULL, NULL, NULL, 0, NULL);
}

bool
served_set(struct served *served, struct entry *entry, const char *text, size_t length,
    struct credis_error *err)
{
	struct credis_sample reading = { .text = text, .length = length };

	return served_set_reading(served, entry, &reading, err);
}

/* When it was read, by its source; nothing is read in the future. */
static int64_t
reading_time(const struct served *served, const struct credis_sample *reading)
{
	int64_t now_us = store_now_us(&served->post->store);

	return reading->time_us > 0 && reading->time_us < now_us ? reading->time_us : now_us;
}

bool
served_set_reading(struct served *served, struct entry *entry, const struct credis_sample *reading,
    struct credis_error *err)
{
	struct credis_value value;
	uint64_t seq;
	int64_t time_us;
	bool changes;

	if (!keyword_parse_value(entry->keyword, &value, reading->text, reading->length, err))
		return false;
	changes = entry_set_source_severity(entry, reading->severity, reading->reason);
	changes = (entry->extra != NULL && extra_hear(entry, &value)) || changes;
	if (!changes &&
	    (within_deadband(entry, &value) ||
		(!entry->keyword->force && value_equal(&entry->value, &value)))) {
		value_clear(&value);
		return true;
	}
	entry_next(entry, reading_time(served, reading), &seq, &time_us);
	entry_take_value(entry, &value, seq, time_us);
	store_present(served, entry);
	if (served->mirror != NULL)
		mirror_change(served, entry);
	return true;
}

void
served_store_again(struct served *served, struct entry *entry)
{
	if (!entry->known)
		return; /* registration will store it */
	entry_next(entry, store_now_us(&served->post->store), &entry->seq, &entry->time_us);
	store_present(served, entry);
	if (entry->extra != NULL)
		calc_touch(entry);
}

void
served_set_own(struct served *served, enum own_keyword own, const char *text)
{
	struct entry *entry = registry_own(&served->registry, own);

	if (entry != NULL)
		served_set(served, entry, text, strlen(text), NULL);
}

/* Some faults come by the thousand. */
static bool
may_say(struct served *served)
{
	int64_t second = clock_monotonic_ms() / 1000;

	if (served->faults_second != second)
		served->faults_said = 0;
	served->faults_second = second;
	return served->faults_said++ < FAULTS_SAID;
}

void
served_report(struct served *served, const char *fault)
{
	char shown[FAULT_SHOWN + 4];

	served->counters.faults++;
	if (!may_say(served))
		return;
	log_event(served->post->log, CREDIS_LOG_WARNING, "fault", "%s: %s", served_name(served),
	    fault);
	served_set_own(served, OWN_ERROR, text_quote(shown, fault, strlen(fault), FAULT_SHOWN));
}

static void
measure(struct served *served)
{
	const struct counters *c = &served->counters;
	uint64_t finished = c->done + c->refused + c->failed;
	uint64_t fresh = finished - served->last_finished;

	served->rate = (double)(c->requests - served->last_requests);
	served->lag_us = fresh > 0 ? (int64_t)((c->lag_us - served->last_lag_us) / fresh) : 0;
	served->last_requests = c->requests;
	served->last_finished = finished;
	served->last_lag_us = c->lag_us;
}

/* Makes way where something else lies: there are new figures each second. */
static void
on_statistics(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	struct buffer *out;
	struct name key;

	(void)err;
	if (served == NULL || reply == NULL || !reply_is_error(reply, "WRONGTYPE"))
		return;
	names_service(&key, served->post->store.ns, served_name(served), NAMES_STATISTICS);
	log_event(served->post->log, CREDIS_LOG_WARNING, "heal", "%s: was no hash", key.text);
	served->counters.healed++;
	out = link_command(served->post->store.link, NULL, NULL, 0, NULL);
	if (out != NULL)
		command_texts(out, "DEL", key.text, NULL);
}

/* What "credis status" shows; it goes away by itself when we do. */
static void
publish_statistics(struct served *served)
{
	struct post *post = served->post;
	const struct counters *c = &served->counters;
	struct buffer *out = link_batch(post->store.link, 2, on_statistics, NULL, post,
	    post_ticket(served->serial, 0), NULL);
	struct name key;
	char beat[32];

	if (out == NULL)
		return;
	names_service(&key, post->store.ns, served_name(served), NAMES_STATISTICS);
	command_begin(out, 18);
	command_text(out, "HSET");
	command_word(out, key.text, key.length);
	command_text(out, "beat");
	command_word(out, beat, message_print_time(beat, store_now_us(&post->store)));
	command_text(out, "rate");
	command_integer(out, (int64_t)served->rate);
	command_text(out, "lag_us");
	command_integer(out, served->lag_us);
	command_text(out, "requests");
	command_integer(out, (int64_t)c->requests);
	command_text(out, "refused");
	command_integer(out, (int64_t)c->refused);
	command_text(out, "failed");
	command_integer(out, (int64_t)c->failed);
	command_text(out, "faults");
	command_integer(out, (int64_t)c->faults);
	command_text(out, "store");
	command_text(out, post->server);
	command_begin(out, 3);
	command_text(out, "EXPIRE");
	command_word(out, key.text, key.length);
	command_integer(out, STATISTICS_SECONDS);
}

void
served_tick(struct served *served)
{
	measure(served);
	if (served->state == SERVED_REGISTERING ||
	    (served_is_serving(served) && served->registration.broken_off))
		registration_start(served); /* one under way goes on */
	if (served->state != SERVED_READY || !lease_is_fresh(&served->lease))
		return;
	served_check_age(served);
	registration_check(served);
	reconcile_some(served);
	values_tick(served);
	if (served->mirror != NULL)
		mirror_tick(served);
	publish_statistics(served);
	notifications_expect(served);
}

/* What waited to be taken up will not be. */
static void
refuse_held(struct served *served)
{
	struct credis_error err;

	if (lease_may_be_others(&served->lease))
		error_set(&err, CREDIS_EUNKNOWN,
		    "%s: not executed here, but another dispatcher may have taken over",
		    served_name(served));
	else if (served->doomed)
		error_set(&err, CREDIS_ENOKEYWORD, "%s: removed meanwhile", served_name(served));
	else
		error_set(&err, CREDIS_EBUSY, "%s: not executed, the dispatcher is stopping",
		    served_name(served));
	holdback_refuse(served, &err);
}

void
served_stop(struct served *served, bool doomed)
{
	bool serving = served_is_serving(served);

	if (is_stopping(served))
		return;
	served->doomed = doomed;
	served->wiping = doomed && (serving || served->lease.state == LEASE_HELD);
	refuse_held(served);
	if (serving && doomed)
		steps_abandon(served, STEPS_REMOVED);
	else if (serving)
		steps_turn_waiting_away(served, STEPS_STOPPED);
	if (serving)
		served_set_own(served, OWN_STATE, "stopping");
	served->drained = !leave_channels(served) || !serving;
	served_enter(served, SERVED_STOPPING, "");
}

void
served_stop_if_idle(struct served *served, bool now)
{
	bool idle = served->drained && served->under_way == 0;

	if (served->state != SERVED_STOPPING || (!idle && !now))
		return;
	if (served->registration.removed == 0)
		steps_abandon(served, STEPS_STOPPED);
	if (served->wiping && !registration_remove(served, now))
		return;
	if (served->mirror != NULL && mirror_may_write(served))
		mirror_withdraw(served);
	lease_release(&served->lease);
	served_enter(served, SERVED_STOPPED, "");
}
