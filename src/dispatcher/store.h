/* store.h: the one place that writes values and reads them back.
 * Knows the key layout through core/names.h; knows nothing of requests. */
#ifndef DISPATCHER_STORE_H
#define DISPATCHER_STORE_H

#include "core/log.h"
#include "core/names.h"
#include "core/slice.h"
#include "dispatcher/registry.h"
#include "redis/link.h"

/* The way to the store, shared by every room of the dispatcher. */
struct store {
	struct link *link; /* commands */
	const char *ns;
	int db;
	const struct log *log;
	int64_t offset_us;     /* makes the store's time of the steady one; kept while it is away */
	int64_t own_offset_us; /* the same of our clock, when the store's was learned */
	struct history *histories; /* those that were appended to, by number */
	uint64_t last_history;
	uint64_t histories_failed; /* values that did not get into their history */
	struct credis_error
	    queued; /* why EXEC will be refused; CREDIS_OK: nothing has gone wrong */
};

/* The store's clock, Unix time in microseconds. */
int64_t store_now_us(const struct store *store);

/* One write of one keyword. */
struct store_write {
	const char *service;
	const char *keyword;
	const char *text;
	size_t length;
	uint64_t seq;
	int64_t time_us;
	enum credis_severity severity;
	const char *reason;      /* "" or NULL: none */
	bool unmark;             /* the store holds a severity, and this write has none */
	struct history *history; /* that it is appended to; NULL: none */
	uint32_t keep;           /* entries of it */
	/* Goes to the channel of the service's values if it is written (values.h); of one without severity. */
	struct slice announced;
};

/* All of them append to the history, too, right behind; what becomes of that is the history's business. */

/* Writes value, time, sequence and severity in one command, or transaction; 'last' gets the reply, and 'each'
 * (may be NULL) those before that of EXEC, where the reason lies when it only says that it was aborted. False with
 * CREDIS_ELOST or CREDIS_EBUSY when it could not be sent; there is then no answer. */
bool store_write(struct store *store, const struct store_write *write, link_answer *each,
    link_answer *last, void *arg, uint64_t id, struct credis_error *err);

/* Several in one transaction: the reply of EXEC has an item a write. */
bool store_write_all(struct store *store, const struct store_write *writes, size_t count,
    link_answer *each, link_answer *last, void *arg, uint64_t id, struct credis_error *err);

/* The same as store_write(), over whatever of another type lies under the key. Replies as EXEC. */
bool store_replace(struct store *store, const struct store_write *write, link_answer *each,
    link_answer *last, void *arg, uint64_t id, struct credis_error *err);

/* Asks for value, time, sequence and severity; store_read_reply() understands the reply. */
bool store_read(struct store *store, const char *service, const char *keyword, link_answer *answer,
    void *arg, uint64_t id, struct credis_error *err);

struct stored {
	bool wrong_type; /* something else lies under the key */
	bool present;    /* value, time and seq are all there and well-formed */
	const char *text;
	size_t length;
	uint64_t seq;
	int64_t time_us;
	enum credis_severity severity;
	const char *reason; /* "" when there is none */
	bool marked;        /* a field of either is there */
};
void store_read_reply(const struct reply *reply, struct stored *stored);

/* What a write's reply says: true when it was written; otherwise false with the reason. 'reply' may be
 * NULL, 'lost' says why. */
bool store_wrote(const struct reply *reply, const struct credis_error *lost,
    struct credis_error *err);

/* The same for the last reply of a write whose replies before it were all given to store_note_queued(). */
void store_note_queued(struct store *store, const struct reply *reply,
    const struct credis_error *lost);
bool store_executed(struct store *store, const struct reply *reply, const struct credis_error *lost,
    struct credis_error *err);

/* Whether it says that something of another type lies under the key. */
bool store_found_another_type(const struct reply *reply);

#endif
