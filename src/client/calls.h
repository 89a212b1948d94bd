/* calls.h: the calls under way: begun when the store is there, ended once, by their deadline at the
 * latest. What a call does is its kind's business. */
#ifndef CLIENT_CALLS_H
#define CLIENT_CALLS_H

#include "client/moments.h"
#include "core/names.h"
#include "core/table.h"
#include "redis/reply.h"

#include <credis/client.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

struct buffer;
struct call;

struct call_kind {
	bool answers; /* it needs the answer channel */

	/* The store is there. Called again, to begin anew, when it was lost meanwhile. */
	void (*start)(struct call *call);

	/* Ends the call, telling its owner why. */
	void (*fail)(struct call *call, const struct credis_error *err);

	/* The deadline has come to a call that was begun. NULL, or where the call has not ended by it: fail()
	 * with a general sentence. */
	void (*late)(struct call *call);

	/* Releases what the call holds; NULL: nothing. Also when it was cancelled. */
	void (*clear)(struct call *call);
};

enum call_state {
	CALL_QUEUED,  /* for the next turn of the event loop */
	CALL_WAITING, /* for the store */
	CALL_RUNNING,
	CALL_ENDED,
};

/* The first member of each call. */
struct call {
	credis_call id;
	struct credis_client *client;
	const struct call_kind *kind;
	enum call_state state;
	unsigned holders;
	const struct names_pair *about; /* for sentences; lies in the call; NULL: several */
	int64_t timeout_ms;
	struct moment deadline;
	TAILQ_ENTRY(call) next;
	UT_hash_handle hh;
};

struct calls *calls_new(struct credis_client *client);

/* Ends all, without a word. */
void calls_give_up(struct calls *calls);
void calls_free(struct calls *calls);

/* Looks anew at the calls that wait for the store or the answer channel. */
void calls_look(struct credis_client *client);

/* A try to reach the store failed. */
void calls_fail_waiting(struct credis_client *client);

/* Whether 'more' calls or writes may be under way besides the present ones; CREDIS_EBUSY. */
bool calls_have_room(const struct credis_client *client, size_t more, struct credis_error *err);

/* A call of 'size' bytes, zero but for its head, to be begun in the next turn of the event loop with the
 * client's deadline. NULL with CREDIS_ENOMEM. */
void *call_new(struct credis_client *client, size_t size, const struct call_kind *kind,
    struct credis_error *err);

/* NULL when it has ended. */
struct call *call_find(const struct credis_client *client, credis_call id);

/* From now on nobody finds it; freed when nobody holds it. Whoever calls back to the user and
 * looks at the call afterwards holds it meanwhile. */
void call_end(struct call *call);
void call_hold(struct call *call);
void call_release(struct call *call);

/* To be begun anew when the store is back. */
void call_again(struct call *call);

int64_t call_left_ms(const struct call *call);

/* Where to format a command whose answer comes to 'answer' with the client and the call's id. NULL
 * when there is no connection, or too much waits; the call then begins anew later, or has failed. */
typedef void call_answer(void *client, uint64_t id, const struct reply *reply,
    const struct credis_error *err);
struct buffer *call_command(struct call *call, call_answer *answer);

/* The running call that a command's answer is for. NULL when it has ended, or begins anew as the
 * connection was lost; and with 'well', when the answer is an error: the call has then failed. */
struct call *call_answered(void *client, uint64_t id, const struct reply *reply, bool well);

#endif
