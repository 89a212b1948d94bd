/* cauldron_look.c: compares the mirror's keys with the registry, and puts right what differs.
 * All of them at registration, then some each second. Clients write the status, too: it tells of them alone,
 * never of us. */
#include "dispatcher/cauldron_inside.h"

#include "core/cauldron_value.h"
#include "core/error.h"
#include "dispatcher/clock.h"
#include "dispatcher/intake.h"
#include "dispatcher/notifications.h"
#include "redis/command.h"

#include <string.h>

enum {
	PORTION = 512,
	LOST_MS = 1000,   /* a write that has not come by then will not come */
	UNSEEN_MS = 3000, /* an error that nobody has taken by then has nobody */
};

/* Since when a status has been another than ready. */
static int64_t
odd_for_ms(struct served *served, const struct entry *entry, struct watch *watch)
{
	int64_t now_ms = clock_monotonic_ms();

	if (watch == NULL)
		watch = watch_make(served->mirror, entry->name);
	if (watch == NULL)
		return 0;
	if (watch->odd_ms == 0)
		watch->odd_ms = now_ms;
	return now_ms - watch->odd_ms;
}

/* What the status should be; NULL: leave it. A client's "modify" without a write to it, or an error without a
 * client, would stop all readers. */
static const char *
judge_status(struct served *served, const struct entry *entry, struct watch *watch,
    const struct reply *status, struct credis_error *err)
{
	if (reply_text_is(status, "ready")) {
		if (watch != NULL)
			watch->odd_ms = 0;
		return NULL;
	}
	if (reply_text_is(status, "modify")) {
		if (odd_for_ms(served, entry, watch) < LOST_MS)
			return NULL;
		watch_find(served->mirror, entry->name)->odd_ms = 0;
		error_set(err, CREDIS_EUNKNOWN, "%s: the write has not arrived; write it again",
		    entry->name);
		return "error";
	}
	if (reply_text_is(status, "error") && served->mirror->complete &&
	    odd_for_ms(served, entry, watch) < UNSEEN_MS)
		return NULL;
	return "ready";
}

static bool
holds(const struct reply *reply, const struct entry *entry)
{
	struct buffer text = BUFFER_EMPTY;
	bool same;

	cauldron_value_print(&entry->value, &text);
	same = reply->kind == REPLY_TEXT && reply->length == text.length &&
	    (text.length == 0 || memcmp(reply->text, text.bytes, text.length) == 0);
	buffer_free(&text);
	return same;
}

static void
compare(struct served *served, const struct entry *entry, const struct reply *value,
    const struct reply *status)
{
	struct watch *watch = watch_find(served->mirror, entry->name);
	struct credis_error err = { CREDIS_OK, "" };
	bool same = holds(value, entry);
	const char *wanted;

	if (!entry->known || (watch != NULL && watch->pending > 0))
		return;
	if (watch != NULL && watch->untold) {
		mirror_tell(served, entry, watch);
		return;
	}
	wanted = judge_status(served, entry, watch, status, &err);
	if (same && wanted == NULL)
		return;
	if (served->mirror->complete)
		served->counters.healed++;
	if (same && reply_text_is(status, "error"))
		mirror_settle(served, entry);
	else
		mirror_write(served, entry, !same, wanted, err.code != CREDIS_OK ? err.text : NULL);
}

static size_t
portion(const struct served *served, size_t from)
{
	size_t rest = mirror_count(&served->registry) - from;

	return rest < PORTION ? rest : PORTION;
}

static bool
ask(struct served *served, size_t from, link_answer *answer)
{
	struct post *post = served->post;
	size_t count = portion(served, from);
	struct buffer *out = link_command(post->store.link, answer, post,
	    post_ticket(served->round, (uint32_t)from), NULL);

	if (out == NULL)
		return false;
	command_begin(out, 1 + 2 * count);
	command_text(out, "MGET");
	for (size_t n = from; n < from + count; n++) {
		struct name key;

		mirror_key(served, served->registry.entries[n]->name, NAMES_CAULDRON_VALUE, &key);
		command_word(out, key.text, key.length);
		mirror_key(served, served->registry.entries[n]->name, NAMES_CAULDRON_STATUS, &key);
		command_word(out, key.text, key.length);
	}
	return true;
}

/* The service that the reply is about, compared with it; NULL: it is none of ours any more. */
static struct served *
compare_all(void *arg, uint64_t ticket, const struct reply *reply)
{
	struct served *served = post_find(arg, ticket);
	size_t from = (uint32_t)ticket;

	if (served == NULL || served->mirror == NULL || reply == NULL ||
	    !mirror_may_write(served) || from > mirror_count(&served->registry))
		return NULL;
	if (reply->kind != REPLY_ARRAY)
		return served; /* said elsewhere; the next look comes */
	for (size_t n = 0; n < portion(served, from); n++)
		compare(served, served->registry.entries[from + n], reply_item(reply, 2 * n),
		    reply_item(reply, 2 * n + 1));
	return served;
}

static void
on_some(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	(void)err;
	compare_all(arg, ticket, reply);
}

static void on_next(void *arg, uint64_t ticket, const struct reply *reply,
    const struct credis_error *err);

static void
go_on(struct served *served)
{
	struct mirror *mirror = served->mirror;

	if (mirror->reached < mirror_count(&served->registry)) {
		mirror->looking = ask(served, mirror->reached, on_next);
		return;
	}
	mirror->complete = true;
	mirror_announce(served);
}

static void
on_next(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);

	(void)err;
	if (served == NULL || served->mirror == NULL || served->mirror->reached != (uint32_t)ticket)
		return;
	served->mirror->looking = false;
	if (compare_all(arg, ticket, reply) == NULL)
		return; /* mirror_tick() goes on */
	served->mirror->reached += portion(served, served->mirror->reached);
	go_on(served);
}

void
mirror_register(struct served *served)
{
	notifications_check(served->post);
	served->mirror->reached = 0;
	go_on(served);
}

/* All requests that were there are known by now: a status without one is not of those that wait in a backlog. */
static void
on_heard(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);

	(void)err;
	if (served != NULL && served->mirror != NULL && reply != NULL &&
	    (uint32_t)ticket < mirror_count(&served->registry))
		ask(served, (uint32_t)ticket, on_some);
}

void
mirror_tick(struct served *served)
{
	struct mirror *mirror = served->mirror;

	if (!mirror->complete && !mirror->looking)
		go_on(served);
	mirror_announce(served);
	if (mirror->looked_at >= mirror_count(&served->registry))
		mirror->looked_at = 0;
	if (intake_after(served->post->intake, on_heard, served->post,
		post_ticket(served->round, (uint32_t)mirror->looked_at)))
		mirror->looked_at += portion(served, mirror->looked_at);
}
