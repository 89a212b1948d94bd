/* registration.c: the steps of a registration, each begun by the answers to the one before:
 * look what is there → describe → reconcile values → say it is all there. */
#include "dispatcher/registration.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "dispatcher/reconcile.h"
#include "dispatcher/served.h"
#include "redis/command.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough under way that the store never waits for us, nor we for it. */
enum {
	DESCRIBE_AT_ONCE = 256, /* descriptions in one command */
	DESCRIBE_AHEAD = 4,     /* such commands that are not answered */
	RECONCILE_AHEAD = 2048, /* values asked for that are not there */
	REMOVE_AT_ONCE = 512,   /* keywords whose keys go in one command */
};

/* FNV-1a, 64 bits: tells one set of descriptions from another, no more. */
static uint64_t
hash_text(uint64_t hash, const char *text)
{
	do {
		hash ^= (unsigned char)*text;
		hash *= UINT64_C(1099511628211);
	} while (*text++ != '\0');
	return hash;
}

bool
registration_prepare(struct served *served)
{
	uint64_t hash = hash_text(UINT64_C(14695981039346656037), served->definition->help);
	struct buffer json = BUFFER_EMPTY;
	bool ok = true;

	hash = hash_text(hash, served->definition->version);
	for (size_t n = 0; n < served->registry.count && ok; n++) {
		buffer_clear(&json);
		keyword_print_json(served->registry.entries[n]->keyword, &json);
		ok = !json.failed;
		if (ok)
			hash = hash_text(hash, json.bytes);
	}
	buffer_free(&json);
	snprintf(served->registration.generation, sizeof(served->registration.generation),
	    "%016" PRIx64, hash);
	return ok;
}

static void
note_fault(struct served *served, const struct reply *reply, const struct credis_error *lost)
{
	struct credis_error why;

	if (!store_wrote(reply, lost, &why) && served->registration.fault.code == CREDIS_OK)
		served->registration.fault = why;
}

/* A command with a key of the service's own. */
static struct buffer *
begin(struct served *served, size_t words, const char *verb, enum names_of_service what,
    link_answer *answer)
{
	struct post *post = served->post;
	struct buffer *out =
	    link_command(post->store.link, answer, post, post_ticket(served->round, what), NULL);
	struct name key;

	if (out == NULL)
		return NULL;
	names_service(&key, post->store.ns, served_name(served), what);
	command_begin(out, words);
	command_text(out, verb);
	command_word(out, key.text, key.length);
	return out;
}

static struct served *
under_way(void *arg, uint64_t ticket, const struct reply *reply)
{
	struct served *served = post_find(arg, ticket);

	return served != NULL && reply != NULL && served->registration.under_way ? served : NULL;
}

static void
on_write(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	if (served != NULL)
		note_fault(served, reply, err);
}

/* The link is full, so that no answer will come: served_tick() begins anew. */
static void
break_off(struct served *served)
{
	registration_abandon(served);
	served->registration.broken_off = true;
}

static void
finish(struct served *served)
{
	struct registration *registration = &served->registration;

	registration->under_way = false;
	served_on_registered(served,
	    registration->fault.code == CREDIS_OK ? NULL : &registration->fault);
}

static void
on_named(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	if (served == NULL)
		return;
	note_fault(served, reply, err);
	finish(served);
}

/* On the set of all services' names. */
static bool
name_command(struct served *served, const char *verb, link_answer *answer)
{
	struct post *post = served->post;
	struct buffer *out =
	    link_command(post->store.link, answer, post, post_ticket(served->round, 0), NULL);
	struct name services;

	if (out == NULL)
		return false;
	names_services(&services, post->store.ns);
	command_texts(out, verb, services.text, served_name(served), NULL);
	return true;
}

/* Makes way for the set of names. */
static void
clear_names(struct served *served)
{
	struct store *store = &served->post->store;
	struct buffer *out = link_command(store->link, NULL, NULL, 0, NULL);
	struct name services;

	names_services(&services, store->ns);
	log_event(served->post->log, CREDIS_LOG_WARNING, "heal", "%s: was no set", services.text);
	if (out != NULL)
		command_texts(out, "DEL", services.text, NULL);
}

static void
on_announced(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	if (served == NULL || !reply_is_error(reply, "WRONGTYPE")) {
		on_named(arg, ticket, reply, err);
		return;
	}
	clear_names(served);
	if (!name_command(served, "SADD", on_named))
		break_off(served);
}

/* Last: whoever sees the new generation finds everything in place. */
static void
announce(struct served *served)
{
	struct buffer *out = begin(served, 8, "HSET", NAMES_ABOUT, on_write);

	if (out != NULL) {
		command_text(out, "help");
		command_text(out, served->definition->help);
		command_text(out, "version");
		command_text(out, served->definition->version);
		command_text(out, "generation");
		command_text(out, served->registration.generation);
	}
	if (out == NULL || !name_command(served, "SADD", on_announced))
		break_off(served);
}

static void go_on(struct served *served);

static void
on_value(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	(void)err;
	if (served == NULL)
		return;
	reconcile_entry(served, served->registry.entries[(uint32_t)ticket], reply, on_write);
	if (++served->registration.answered < served->registry.count)
		go_on(served);
	else
		announce(served);
}

static void
on_described(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	if (served == NULL)
		return;
	note_fault(served, reply, err);
	served->registration.describing--;
	go_on(served);
}

static bool
describe_portion(struct served *served)
{
	size_t from = served->registration.described;
	size_t count = served->registry.count - from;
	struct buffer json = BUFFER_EMPTY, *out;

	if (count > DESCRIBE_AT_ONCE)
		count = DESCRIBE_AT_ONCE;
	out = begin(served, 2 + 2 * count, "HSET", NAMES_KEYWORDS, on_described);
	if (out == NULL)
		return false;
	for (size_t n = from; n < from + count; n++) {
		const struct credis_keyword *keyword = served->registry.entries[n]->keyword;

		buffer_clear(&json);
		keyword_print_json(keyword, &json);
		command_text(out, keyword->name);
		command_text(out, !json.failed ? json.bytes : "{}");
	}
	buffer_free(&json);
	served->registration.described += count;
	served->registration.describing++;
	return true;
}

/* Descriptions, then questions after values: each answer lets one more go. When the link takes none, it is lost,
 * which served_store_down() sees to, or full, and the next answer comes here again. */
static void
go_on(struct served *served)
{
	struct registration *registration = &served->registration;
	size_t count = served->registry.count;

	while (registration->described < count && registration->describing < DESCRIBE_AHEAD &&
	    describe_portion(served))
		;
	while (registration->described == count && registration->reconciled < count &&
	    registration->reconciled - registration->answered < RECONCILE_AHEAD &&
	    reconcile_ask(served, registration->reconciled, on_value))
		registration->reconciled++;
	if (registration->describing == 0 && registration->reconciled == registration->answered)
		break_off(served);
}

/* The keys of some keywords; their descriptions, too, where the service stays. */
static bool
remove_keys(struct served *served, const char *const *names, size_t count, bool described,
    link_answer *answer)
{
	struct post *post = served->post;
	struct buffer *out = link_batch(post->store.link, described ? 2 : 1, NULL, answer, post,
	    post_ticket(served->round, 0), NULL);
	struct name key;

	if (out == NULL)
		return false;
	command_begin(out, 1 + 2 * count);
	command_text(out, "DEL");
	for (size_t n = 0; n < count; n++) {
		names_keyword(&key, post->store.ns, served_name(served), names[n], NAMES_VALUE);
		command_word(out, key.text, key.length);
		names_keyword(&key, post->store.ns, served_name(served), names[n], NAMES_HISTORY);
		command_word(out, key.text, key.length);
	}
	if (described) {
		names_service(&key, post->store.ns, served_name(served), NAMES_KEYWORDS);
		command_begin(out, 2 + count);
		command_text(out, "HDEL");
		command_word(out, key.text, key.length);
		for (size_t n = 0; n < count; n++)
			command_text(out, names[n]);
	}
	if (served->mirror != NULL)
		mirror_remove(served, names, count);
	return true;
}

static void remove_gone(struct served *served);

static void
on_gone(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	if (served == NULL)
		return;
	note_fault(served, reply, err);
	remove_gone(served);
}

static void
remove_gone(struct served *served)
{
	struct registration *registration = &served->registration;
	const char *names[REMOVE_AT_ONCE];
	size_t count = 0, at = registration->gone_at;

	while (count < REMOVE_AT_ONCE && at < registration->gone.length) {
		names[count++] = registration->gone.bytes + at;
		at += strlen(registration->gone.bytes + at) + 1;
	}
	registration->gone_at = at;
	if (count == 0) {
		buffer_free(&registration->gone);
		registration->gone_at = 0;
		go_on(served);
	} else if (!remove_keys(served, names, count, true, on_gone)) {
		break_off(served);
	}
}

/* Other fields than names of keywords have no keys: "dispatcher" is the lease. */
static bool
is_name(const struct reply *field)
{
	char name[CREDIS_KEYWORD_MAX + 1];

	return keyword_name_check(field->text, field->length, name, NULL) &&
	    strcmp(field->text, name) == 0;
}

static void
drop_field(struct served *served, const struct reply *field)
{
	struct buffer *out = begin(served, 3, "HDEL", NAMES_KEYWORDS, on_write);

	if (out != NULL)
		command_word(out, field->text, field->length);
}

/* What the store has and we have not: keywords of an earlier configuration. */
static void
on_names(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);
	struct buffer *gone;

	(void)err;
	if (served == NULL)
		return;
	gone = &served->registration.gone;
	for (size_t n = 0; reply->kind == REPLY_ARRAY && n < reply->count; n++) {
		const struct reply *name = reply->items[n];

		if (name->kind != REPLY_TEXT ||
		    registry_find(&served->registry, name->text, name->length) != NULL)
			continue;
		if (is_name(name))
			buffer_append(gone, name->text, name->length + 1);
		else
			drop_field(served, name);
	}
	if (gone->failed)
		break_off(served);
	else
		remove_gone(served);
}

static void
on_count(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);
	int64_t count = -1;

	(void)err;
	if (served == NULL)
		return;
	if (served->registration.described_before && reply_integer(reply, &count) &&
	    (size_t)count == served->registry.count) {
		served->registration.described = served->registry.count;
		go_on(served);
	} else if (begin(served, 2, "HKEYS", NAMES_KEYWORDS, on_names) == NULL) {
		break_off(served);
	}
}

static void
on_generation(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	(void)err;
	if (served != NULL)
		served->registration.described_before = reply->kind == REPLY_TEXT &&
		    strcmp(reply->text, served->registration.generation) == 0;
}

/* Makes way where something else lies under one of our keys. */
static void
on_type(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = under_way(arg, ticket, reply);

	(void)err;
	if (served == NULL || reply_text_is(reply, "hash") || reply_text_is(reply, "none") ||
	    reply->kind == REPLY_ERROR)
		return;
	log_event(served->post->log, CREDIS_LOG_WARNING, "heal",
	    "%s: a %s lay where a hash belongs", served_name(served), reply->text);
	begin(served, 2, "DEL", (enum names_of_service)(uint32_t)ticket, on_write);
}

void
registration_start(struct served *served)
{
	struct registration *registration = &served->registration;
	struct buffer *out;

	if (registration->under_way)
		return;
	registration->under_way = true;
	registration->broken_off = false;
	registration->described = registration->describing = 0;
	registration->reconciled = registration->answered = 0;
	registration->fault.code = CREDIS_OK;
	begin(served, 2, "TYPE", NAMES_ABOUT, on_type);
	begin(served, 2, "TYPE", NAMES_KEYWORDS, on_type);
	out = begin(served, 3, "HGET", NAMES_ABOUT, on_generation);
	if (out != NULL)
		command_text(out, "generation");
	if (begin(served, 2, "HLEN", NAMES_KEYWORDS, on_count) == NULL)
		break_off(served);
}

void
registration_abandon(struct served *served)
{
	served->registration.under_way = false;
	buffer_free(&served->registration.gone);
	served->registration.gone_at = 0;
	served_new_round(served);
}

static void
begin_anew(struct served *served, const char *why)
{
	if (served->registration.under_way)
		return;
	log_event(served->post->log, CREDIS_LOG_WARNING, "heal", "%s: %s; registering again",
	    served_name(served), why);
	served->counters.healed++;
	registration_start(served);
}

static struct served *
still_ready(void *arg, uint64_t ticket, const struct reply *reply)
{
	struct served *served = post_find(arg, ticket);

	return served != NULL && reply != NULL && served->state == SERVED_READY ? served : NULL;
}

static void
on_check_generation(void *arg, uint64_t ticket, const struct reply *reply,
    const struct credis_error *err)
{
	struct served *served = still_ready(arg, ticket, reply);

	(void)err;
	if (served != NULL &&
	    !(reply->kind == REPLY_TEXT &&
		strcmp(reply->text, served->registration.generation) == 0))
		begin_anew(served, "the store forgot what it is");
}

static void
on_check_count(void *arg, uint64_t ticket, const struct reply *reply,
    const struct credis_error *err)
{
	struct served *served = still_ready(arg, ticket, reply);
	int64_t count = -1;

	(void)err;
	if (served != NULL &&
	    !(reply_integer(reply, &count) && (size_t)count == served->registry.count))
		begin_anew(served, "the store forgot descriptions");
}

static void
on_check_name(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = still_ready(arg, ticket, reply);

	(void)err;
	if (served == NULL || (reply->kind == REPLY_INTEGER && reply->integer == 1))
		return;
	if (reply_is_error(reply, "WRONGTYPE"))
		clear_names(served);
	begin_anew(served, "the store forgot its name");
}

void
registration_check(struct served *served)
{
	struct buffer *out;

	if (served->registration.under_way)
		return;
	out = begin(served, 3, "HGET", NAMES_ABOUT, on_check_generation);
	if (out != NULL)
		command_text(out, "generation");
	begin(served, 2, "HLEN", NAMES_KEYWORDS, on_check_count);
	name_command(served, "SISMEMBER", on_check_name);
}

void
registration_remind(struct served *served)
{
	struct buffer *out = begin(served, 4, "HSET", NAMES_ABOUT, NULL);

	if (out == NULL)
		return;
	command_text(out, "generation");
	command_text(out, served->registration.generation);
}

static void
on_removed(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);

	(void)err;
	if (served == NULL || reply == NULL)
		return; /* lost: served_store_down() ends it */
	served->registration.removing = false;
	served_stop_if_idle(served, false);
}

static void
remove_portion(struct served *served)
{
	struct registration *registration = &served->registration;
	const char *names[REMOVE_AT_ONCE];
	size_t from = registration->removed, count = 0;

	for (; count < REMOVE_AT_ONCE && from + count < served->registry.count; count++)
		names[count] = served->registry.entries[from + count]->name;
	registration->removing = remove_keys(served, names, count, false, on_removed);
	if (registration->removing)
		registration->removed += count;
}

/* Monitors hear of hash commands only: HDEL tells them. */
static void
remove_service(struct served *served)
{
	struct buffer *out = begin(served, 3, "HDEL", NAMES_ABOUT, NULL);

	if (out != NULL)
		command_text(out, "generation");
	begin(served, 2, "DEL", NAMES_KEYWORDS, NULL);
	begin(served, 2, "DEL", NAMES_ABOUT, NULL);
	begin(served, 2, "DEL", NAMES_STATISTICS, NULL);
	name_command(served, "SREM", NULL);
}

bool
registration_remove(struct served *served, bool now)
{
	struct registration *registration = &served->registration;

	if (served->lease.state != LEASE_HELD)
		return true; /* another's by now */
	if (!registration->removing && registration->removed < served->registry.count)
		remove_portion(served);
	if (!now && (registration->removing || registration->removed < served->registry.count))
		return false;
	remove_service(served);
	return true;
}
