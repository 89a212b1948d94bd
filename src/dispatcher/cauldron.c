/* cauldron.c: requests of Cauldron's clients, and what becomes of them, as keys that they watch.
 * A value and its status change in one command: a client that saw one without the other could wait for ever. */
#include "dispatcher/cauldron.h"

#include "core/cauldron_value.h"
#include "core/text.h"
#include "dispatcher/cauldron_inside.h"
#include "dispatcher/intake.h"
#include "dispatcher/modify.h"
#include "redis/command.h"

#include <stdlib.h>
#include <string.h>

struct watch *
watch_find(const struct mirror *mirror, const char *name)
{
	struct watch *watch;

	HASH_FIND_STR(mirror->watches, name, watch);
	return watch;
}

struct watch *
watch_make(struct mirror *mirror, const char *name)
{
	struct watch *watch = watch_find(mirror, name);
	size_t length = strlen(name);

	if (watch != NULL)
		return watch;
	watch = calloc(1, sizeof(*watch) + length + 1);
	if (watch == NULL)
		return NULL;
	memcpy(watch->name, name, length);
	HASH_ADD_STR(mirror->watches, name, watch);
	if (watch->hh.tbl != NULL)
		return watch;
	free(watch);
	return NULL;
}

static void
watch_forget(struct mirror *mirror, struct watch *watch)
{
	HASH_DEL(mirror->watches, watch);
	free(watch->refusal);
	free(watch);
}

size_t
mirror_count(const struct registry *registry)
{
	return registry->count - OWN_KEYWORDS;
}

static bool
is_mirrored(const struct served *served, const struct entry *entry)
{
	return !own_keyword_is(entry->name) &&
	    registry_find(&served->registry, entry->name, strlen(entry->name)) == entry;
}

/* NULL where there is no mirror (any more), or no such keyword. */
static struct entry *
find_entry(const struct served *served, const struct slice *name)
{
	return served->mirror != NULL ? registry_find(&served->registry, name->bytes, name->length)
				      : NULL;
}

void
mirror_key(const struct served *served, const char *keyword, enum names_of_cauldron what,
    struct name *key)
{
	names_cauldron(key, served->mirror->prefix, served_name(served), keyword, what);
}

bool
mirror_may_write(const struct served *served)
{
	return served->state >= SERVED_REGISTERING && lease_is_fresh(&served->lease);
}

static struct mirror *
mirror_new(const char *prefix)
{
	struct mirror *mirror = calloc(1, sizeof(*mirror));

	if (mirror != NULL)
		memcpy(mirror->prefix, prefix, strlen(prefix) + 1);
	return mirror;
}

void
mirror_free(struct mirror *mirror)
{
	struct watch *watch, *next;

	if (mirror == NULL)
		return;
	HASH_ITER(hh, mirror->watches, watch, next)
	{
		/* cppcheck-suppress uninitvar ; the table's own walk sets it */
		watch_forget(mirror, watch);
	}
	free(mirror);
}

/* The definition wants none, or another; 'registry' is what it was of. */
static void
drop(struct served *served, const struct registry *registry)
{
	intake_leave_mirror(served->post->intake, served, registry, served->mirror->prefix);
	if (mirror_may_write(served)) {
		for (size_t n = 0; n < mirror_count(registry); n++)
			mirror_remove(served, &(const char *){ registry->entries[n]->name }, 1);
		mirror_withdraw(served);
	}
	mirror_free(served->mirror);
	served->mirror = NULL;
}

bool
mirror_prepare(struct served *served, const struct registry *old)
{
	const char *prefix = served->definition->prefix;

	if (served->mirror != NULL && strcmp(served->mirror->prefix, prefix) != 0)
		drop(served, old);
	if (served->mirror == NULL && prefix[0] != '\0')
		served->mirror = mirror_new(prefix);
	return prefix[0] == '\0' || served->mirror != NULL;
}

static void
on_wrote(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *lost)
{
	struct served *served = post_find(arg, ticket);
	struct credis_error why;

	if (served != NULL && reply != NULL && !store_wrote(reply, lost, &why))
		served_report(served, why.text);
}

static struct buffer *
begin(struct served *served, size_t words, const char *verb, link_answer *answer)
{
	struct post *post = served->post;
	struct buffer *out =
	    link_command(post->store.link, answer, post, post_ticket(served->serial, 0), NULL);

	if (out == NULL)
		return NULL;
	command_begin(out, words);
	command_text(out, verb);
	return out;
}

static void
put_key(struct buffer *out, const struct served *served, const char *keyword,
    enum names_of_cauldron what)
{
	struct name key;

	mirror_key(served, keyword, what, &key);
	command_word(out, key.text, key.length);
}

static void
put_value(struct buffer *out, const struct entry *entry)
{
	struct buffer text = BUFFER_EMPTY;

	cauldron_value_print(&entry->value, &text);
	command_word(out, text.length > 0 ? text.bytes : "", text.length);
	buffer_free(&text);
}

bool
mirror_write(struct served *served, const struct entry *entry, bool value, const char *status,
    const char *error)
{
	size_t pairs = (size_t)value + (status != NULL) + (error != NULL);
	struct buffer *out = begin(served, 1 + 2 * pairs, "MSET", on_wrote);

	if (out == NULL)
		return false;
	if (value) {
		put_key(out, served, entry->name, NAMES_CAULDRON_VALUE);
		put_value(out, entry);
	}
	if (error != NULL) {
		put_key(out, served, entry->name, NAMES_CAULDRON_ERROR);
		command_text(out, error);
	}
	if (status != NULL) {
		put_key(out, served, entry->name, NAMES_CAULDRON_STATUS);
		command_text(out, status);
	}
	return true;
}

void
mirror_settle(struct served *served, const struct entry *entry)
{
	static const char script[] = "if redis.call('GET', KEYS[1]) == 'error' then "
				     "redis.call('SET', KEYS[1], 'ready') end";
	struct buffer *out = begin(served, 4, "EVAL", on_wrote);

	if (out == NULL)
		return;
	command_text(out, script);
	command_text(out, "1");
	put_key(out, served, entry->name, NAMES_CAULDRON_STATUS);
}

/* Something else lay under the name: it is a set of Cauldron's, and we are the ones to keep it. */
static void
on_announced(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *lost)
{
	struct served *served = post_find(arg, ticket);
	struct buffer *out;
	struct name name;

	(void)lost;
	if (served == NULL || served->mirror == NULL || reply == NULL ||
	    !reply_is_error(reply, "WRONGTYPE"))
		return;
	out = begin(served, 2, "DEL", on_wrote);
	if (out == NULL)
		return;
	names_cauldron_services(&name, served->mirror->prefix);
	command_word(out, name.text, name.length);
	served->counters.healed++;
	log_event(served->post->log, CREDIS_LOG_WARNING, "heal", "%s: was no set", name.text);
}

static void
change_services(struct served *served, const char *verb, link_answer *answer)
{
	struct buffer *out = begin(served, 3, verb, answer);
	struct name name;

	if (out == NULL)
		return;
	names_cauldron_services(&name, served->mirror->prefix);
	command_word(out, name.text, name.length);
	command_text(out, served_name(served));
}

void
mirror_announce(struct served *served)
{
	if (served->state == SERVED_READY && served->mirror->complete && mirror_may_write(served))
		change_services(served, "SADD", on_announced);
}

void
mirror_withdraw(struct served *served)
{
	change_services(served, "SREM", NULL);
}

void
mirror_remove(struct served *served, const char *const *keywords, size_t count)
{
	struct buffer *out = begin(served, 1 + 3 * count, "DEL", on_wrote);

	for (size_t n = 0; n < count; n++) {
		struct watch *watch = watch_find(served->mirror, keywords[n]);

		if (watch != NULL)
			watch_forget(served->mirror, watch);
		if (out == NULL)
			continue;
		put_key(out, served, keywords[n], NAMES_CAULDRON_VALUE);
		put_key(out, served, keywords[n], NAMES_CAULDRON_STATUS);
		put_key(out, served, keywords[n], NAMES_CAULDRON_ERROR);
	}
}

void
mirror_subscribe(struct served *served, size_t from, size_t count)
{
	size_t last = mirror_count(&served->registry);
	struct buffer *out;

	if (from >= last)
		return;
	if (count > last - from)
		count = last - from;
	out = intake_command(served->post->intake);
	if (out == NULL)
		return;
	command_begin(out, 1 + count);
	command_text(out, "SUBSCRIBE");
	for (size_t n = from; n < from + count; n++)
		put_key(out, served, served->registry.entries[n]->name, NAMES_CAULDRON_VALUE);
}

void
mirror_take(struct post *post, const char *channel, size_t channel_length, const char *text,
    size_t length)
{
	for (struct served *s = post->served; s != NULL; s = s->next) {
		struct slice keyword;

		if (s->mirror == NULL ||
		    !names_parse_cauldron(&keyword, s->mirror->prefix, served_name(s), channel,
			channel_length) ||
		    find_entry(s, &keyword) == NULL)
			continue;
		served_take(s, &keyword, DISPATCH_BARE, text, length);
		return;
	}
}

/* From here to mirror_answer() a write is pending. NULL when out of memory: then nobody counts. */
static struct watch *
count_write(struct served *served, struct entry *entry)
{
	struct watch *watch = watch_make(served->mirror, entry->name);

	served->counters.requests++;
	if (watch == NULL)
		return NULL;
	watch->pending++;
	watch->odd_ms = 0;
	return watch;
}

void
mirror_turn_away(struct served *served, const struct slice *name, const struct credis_error *err)
{
	struct asking asking = { .post = served->post,
		.served = served,
		.entry = find_entry(served, name),
		.peer = peers_mirrored(served->post->peers),
		.message = &(struct message){ .has = 0 } };

	if (asking.entry == NULL)
		return;
	count_write(served, asking.entry);
	requests_turn_away(&asking, err);
}

void
mirror_dispatch(struct served *served, const struct slice *name, const char *text, size_t length)
{
	struct post *post = served->post;
	struct entry *entry = find_entry(served, name);
	struct buffer ours = BUFFER_EMPTY;
	struct message message = { .from = { "cauldron", 8 } };
	struct asking asking = { .post = post,
		.served = served,
		.entry = entry,
		.peer = peers_mirrored(post->peers),
		.message = &message,
		.now_us = store_now_us(&post->store) };
	struct credis_error err = { CREDIS_ENOMEM, "out of memory" };

	if (entry == NULL)
		return;
	entry_hold(entry);
	if (count_write(served, entry) == NULL ||
	    !cauldron_value_read(entry->keyword, text, length, &ours, &err)) {
		requests_turn_away(&asking, &err);
	} else {
		message.body = (struct slice){ ours.length > 0 ? ours.bytes : "", ours.length };
		modify_begin(&asking);
	}
	entry_release(entry);
	buffer_free(&ours);
}

/* Of the value alone: a client that has just set out to write must not find the status ready. While its write
 * is under way, the value is told with the answer. */
void
mirror_change(struct served *served, const struct entry *entry)
{
	struct watch *watch = watch_find(served->mirror, entry->name);

	if (watch != NULL && watch->pending > 0)
		watch->behind = true;
	else if (mirror_may_write(served) && is_mirrored(served, entry))
		mirror_write(served, entry, true, NULL, NULL);
}

void
mirror_drive(struct served *served, const struct entry *entry)
{
	mirror_write(served, entry, false, "modify", NULL);
}

/* Two writes of one keyword have one status: a ready that the first has earned would be taken for the answer of
 * the second. What must not be covered by such a ready, and what a source has yet to do, is told with the last of
 * the writes that were under way, and of no later ones: clients that never stop must not stop all others. */
static bool
is_told_later(struct watch *watch, const struct entry *entry, bool refused)
{
	if (watch->owed > 0)
		watch->owed--;
	else if (refused || entry->lane != NULL)
		watch->owed = watch->pending;
	return watch->owed > 0;
}

static bool
keep_refusal(struct watch *watch, const char *text)
{
	char *copy = text_copy(text, strlen(text));

	if (copy == NULL)
		return false;
	free(watch->refusal);
	watch->refusal = copy;
	return true;
}

void
mirror_tell(struct served *served, const struct entry *entry, struct watch *watch)
{
	bool refused = watch->refusal != NULL, ours = mirror_may_write(served);

	watch->untold = (!refused && !ours) ||
	    !mirror_write(served, entry, watch->behind && ours, refused ? "error" : "ready",
		watch->refusal);
	if (watch->untold)
		return;
	watch->behind = watch->behind && !ours;
	free(watch->refusal);
	watch->refusal = NULL;
}

void
mirror_answer(struct served *served, const struct entry *entry, bool changed,
    const struct credis_error *err)
{
	const char *refusal = err == NULL ? NULL
	    : err->text[0] != '\0'        ? err->text
					  : "refused without a reason";
	struct watch *watch;

	if (!is_mirrored(served, entry))
		return;
	watch = watch_make(served->mirror, entry->name);
	if (watch != NULL) {
		watch->pending -= watch->pending > 0;
		watch->behind = watch->behind || changed;
	}
	if (watch == NULL || (refusal != NULL && !keep_refusal(watch, refusal)))
		mirror_write(served, entry, false, refusal != NULL ? "error" : "ready", refusal);
	else if (!is_told_later(watch, entry, refusal != NULL))
		mirror_tell(served, entry, watch);
}
