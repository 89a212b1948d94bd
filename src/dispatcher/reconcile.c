/* reconcile.c: compares what lies in the store with what memory holds, and writes the difference.
 * Leaves out what is being written at the moment: the next look will see it. */
#include "dispatcher/reconcile.h"

#include "core/error.h"
#include "dispatcher/served.h"
#include "dispatcher/store.h"

#include <string.h>

enum { SOME = 512 }; /* entries asked about in one go */

bool
reconcile_ask(struct served *served, size_t n, link_answer *answer)
{
	struct entry *entry = served->registry.entries[n];

	entry->asked_seq = entry->given_seq;
	return store_read(&served->post->store, served_name(served), entry->keyword->name, answer,
	    served->post, post_ticket(served->round, (uint32_t)n), NULL);
}

static void
write_entry(struct served *served, struct entry *entry, const struct stored *stored,
    link_answer *wrote)
{
	struct store_write write = served_write(served, entry);
	uint64_t ticket = post_ticket(served->round, 0);

	write.unmark = stored->marked && write.severity == CREDIS_NONE;
	if (stored->wrong_type)
		store_replace(&served->post->store, &write, NULL, wrote, served->post, ticket,
		    NULL);
	else
		store_write(&served->post->store, &write, NULL, wrote, served->post, ticket, NULL);
}

/* The sequence goes on where the store's ends, whatever becomes of its value. */
static void
continue_sequence(struct entry *entry, const struct stored *stored)
{
	if (stored->present && stored->seq > entry->given_seq)
		entry->given_seq = stored->seq;
	if (stored->present && stored->time_us > entry->given_time_us)
		entry->given_time_us = stored->time_us;
}

/* Takes a persisted value over; false when there is none that is allowed. */
static bool
adopt(struct served *served, struct entry *entry, const struct stored *stored)
{
	struct credis_value value;
	struct credis_error err;

	if (!stored->present || !entry->keyword->persist)
		return false;
	if (!keyword_parse_value(entry->keyword, &value, stored->text, stored->length, &err)) {
		struct credis_error fault;

		error_set(&fault, err.code,
		    "starts anew, as the stored value is not allowed any more: %s", err.text);
		served_report(served, fault.text);
		return false;
	}
	entry_take_value(entry, &value, stored->seq, stored->time_us);
	return true;
}

static bool
agrees(const struct entry *entry, const struct stored *stored)
{
	return stored->present && stored->seq == entry->seq &&
	    stored->severity == entry_severity(entry) &&
	    strcmp(stored->reason, entry_reason(entry)) == 0 &&
	    stored->length == entry->value.length &&
	    memcmp(stored->text, value_text(&entry->value), stored->length) == 0;
}

/* Another number where the store has gone past ours, so that monitors see the change; also where a write may
 * have done so that we never heard of again. */
static void
renumber(struct served *served, struct entry *entry, const struct stored *stored)
{
	if (entry->given_seq > entry->seq || (stored->present && stored->seq == entry->seq))
		entry_next(entry, store_now_us(&served->post->store), &entry->seq, &entry->time_us);
}

void
reconcile_entry(struct served *served, struct entry *entry, const struct reply *reply,
    link_answer *wrote)
{
	struct stored stored;
	bool was_known = entry->known;

	if (entry->writes > 0 || entry->given_seq != entry->asked_seq)
		return;
	store_read_reply(reply, &stored);
	if (reply->kind == REPLY_ERROR && !stored.wrong_type)
		return;
	continue_sequence(entry, &stored);
	if (!was_known && !adopt(served, entry, &stored) &&
	    !entry_start_anew(entry, store_now_us(&served->post->store)))
		return;
	if (agrees(entry, &stored))
		return;
	if (was_known)
		served->counters.healed++;
	renumber(served, entry, &stored);
	write_entry(served, entry, &stored, wrote);
}

static void
on_some(void *arg, uint64_t ticket, const struct reply *reply, const struct credis_error *err)
{
	struct served *served = post_find(arg, ticket);
	uint32_t n = (uint32_t)ticket;

	(void)err;
	if (served == NULL || reply == NULL || served->state != SERVED_READY ||
	    n >= served->registry.count)
		return;
	reconcile_entry(served, served->registry.entries[n], reply, NULL);
}

void
reconcile_some(struct served *served)
{
	size_t count = served->registry.count < SOME ? served->registry.count : SOME;

	for (size_t n = 0; n < count; n++) {
		if (served->looked_at >= served->registry.count)
			served->looked_at = 0;
		if (!reconcile_ask(served, served->looked_at, on_some))
			return;
		served->looked_at++;
	}
}
