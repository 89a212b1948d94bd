/* link.h: one connection to a Redis server that comes back by itself.
 * Knows bytes, greeting, deadlines and back-off; knows nothing of keywords. Commands are answered
 * in order, each exactly once: by the server's reply, or by an error when the link is lost. */
#ifndef REDIS_LINK_H
#define REDIS_LINK_H

#include "core/buffer.h"
#include "core/log.h"
#include "core/url.h"
#include "redis/reply.h"

#include <credis/error.h>

#include <stdbool.h>
#include <stdint.h>

struct event_base;
struct link;

struct link_options {
	const struct url *url;      /* copied */
	const char *name;           /* CLIENT SETNAME; the URL's client_name wins; NULL: none */
	const char *role;           /* for log lines: "commands", "subscriptions" */
	bool pubsub;                /* subscription messages come as pushes, see below */
	int64_t connect_timeout_ms; /* resolving, connecting, TLS and greeting together;
	                             * the URL's socket_connect_timeout wins; 0: 3 s */
	int64_t
	    command_timeout_ms; /* longest wait for the oldest reply before the link is given up;
	                             * the URL's socket_timeout wins; 0: 2 s */
	int64_t ping_ms;        /* PING after so long in silence; 0: never */
	size_t max_output;      /* bytes waiting to be written, beyond which link_command()
	                             * gives NULL; 0: 64 MiB */
	const struct log *log;  /* lent for the link's life; may be NULL */
};

/* None is called from inside link_new, link_start, link_reset, link_free or link_command: always from
 * the event loop, or from link_wait(). Any of them may free the link. */
struct link_events {
	/* Greeting done: commands may be sent. */
	void (*on_up)(struct link *link, void *arg);

	/* It was up, or a try failed ('was_up' tells); every command under way has been answered
	 * with CREDIS_ELOST by now. The next try is scheduled already. */
	void (*on_down)(struct link *link, bool was_up, const struct credis_error *why, void *arg);

	/* pubsub only: an array headed message, pmessage, subscribe, unsubscribe, psubscribe or punsubscribe; an
	 * OK; or an error reply (a refused SUBSCRIBE). Not matched with commands. */
	void (*on_push)(struct link *link, const struct reply *push, void *arg);
};

/* Never blocks, never fails for want of a server. NULL when out of memory or the URL's certificates
 * cannot be loaded, with the reason. Does nothing until link_start(). */
struct link *link_new(struct event_base *base, const struct link_options *options,
    const struct link_events *events, void *arg, struct credis_error *err);

/* Commands under way are answered with CREDIS_ELOST inside this call. NULL is fine. */
void link_free(struct link *link);

/* Connects, and from then on always comes back: first retry at once, then with back-off and jitter
 * from 50 ms up to 'cap' (10 s, or what link_set_backoff said), reset once it was up for a second:
 * one that is thrown out again and again must not spin. No connection ever raises SIGPIPE. */
void link_start(struct link *link);
void link_set_backoff(struct link *link, int64_t cap_ms);

/* Tries now if it was waiting for its next try. */
void link_retry_now(struct link *link);

/* Gives the connection up for 'why' and connects again; as if it had been lost. */
void link_reset(struct link *link, const struct credis_error *why);

bool link_is_up(const struct link *link);

/* Looks whether one with nothing under way, and silent for so long, has died unnoticed, its event loop not
 * having run: it is not up any more then. */
void link_verify(struct link *link, int64_t silent_ms);

/* Why the last try or connection ended; code CREDIS_OK when none has. Lent. */
const struct credis_error *link_last_error(const struct link *link);

/* Answers one command; 'reply' is NULL when it was lost, and 'err' then says why. Both are lent for the
 * call. An error reply of the server is a reply. */
typedef void link_answer(void *arg, uint64_t id, const struct reply *reply,
    const struct credis_error *err);

/* Where to format exactly one command (redis/command.h); 'answer' (may be NULL: not interested) will
 * be called with 'arg' and 'id'. Written with what else there is of this turn of the event loop, at its end, or
 * when it comes to two kilobytes, four, eight … NULL, and no answer, when the link is down, or max_output or four
 * million commands under way are reached; 'err' (may be NULL) says which (CREDIS_ELOST, CREDIS_EBUSY;
 * CREDIS_ENOMEM). */
struct buffer *link_command(struct link *link, link_answer *answer, void *arg, uint64_t id,
    struct credis_error *err);

/* The same for 'count' commands that must not be torn apart (MULTI … EXEC): all of them are to be
 * formatted. 'each' (may be NULL) is answered for all but the last, 'last' for the last. */
struct buffer *link_batch(struct link *link, size_t count, link_answer *each, link_answer *last,
    void *arg, uint64_t id, struct credis_error *err);

/* For one who blocks: writes what is to be written and waits up to STREAM_WAIT_MS for replies, which it takes, at
 * less cost than a turn of the event loop. Not from inside a callback. False when nothing came, or only
 * the event loop can see to it. */
bool link_wait(struct link *link);

/* Like link_command() for SUBSCRIBE and its kin, which are answered by pushes only. */
struct buffer *link_subscribe_command(struct link *link, struct credis_error *err);

/* Bytes that wait to be written, and how many commands are not answered. */
size_t link_output_length(const struct link *link);
size_t link_commands_under_way(const struct link *link);

/* The longest wait for an answer: a command that takes as long costs the connection. */
int64_t link_command_timeout_ms(const struct link *link);

/* Learned at the greeting: what makes the server's Unix time of the steady clock (redis/clock.h; ours if it would
 * not say), and the connection's id for CLIENT KILL (0 likewise). */
int64_t link_clock_offset_us(const struct link *link);
int64_t link_connection_id(const struct link *link);

/* The URL without its password, for sentences. Lent. */
const char *link_where(const struct link *link);

/* Tries made since it was last up. */
unsigned link_tries(const struct link *link);

#endif
