/* peers.c: who asked, what was answered, and the one PUBLISH a turn for each.
 * Knows ids and answers; leaves what a request means to dispatch.c. */
#include "dispatcher/peers.h"

#include "core/table.h"
#include "redis/command.h"

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

enum {
	SEEN_IDS = 4096, /* ids below the highest that are told apart */
	SEEN_WORDS = SEEN_IDS / 64,
	AGAIN_MS = 10, /* until a full link is tried again */
};

/* Answers remembered: two halves, the older thrown away when the newer is full. */
struct memory {
	struct buffer newer, older;
};

struct peer {
	char client[NAMES_CLIENT + 1];
	unsigned holders;
	bool waiting;        /* in peers->waiting, which holds it */
	int64_t doubtful_us; /* what was sent until then may have been forgotten */
	uint64_t highest;
	int64_t last_us;           /* when it last asked, on the store's clock */
	uint64_t seen[SEEN_WORDS]; /* bit id % SEEN_IDS, for ids in (highest - SEEN_IDS, highest] */
	struct memory memory;
	struct buffer outbox;
	TAILQ_ENTRY(peer) recent;
	TAILQ_ENTRY(peer) outgoing;
	UT_hash_handle hh;
};

TAILQ_HEAD(peer_list, peer);

struct peers {
	struct store *store;
	struct peers_limits limits;
	struct peer *table;
	struct peer_list recent; /* least recent first */
	struct peer_list waiting;
	struct event *flush;
	struct peer mirrored; /* in no table */
	int64_t forgot_us;    /* clients who asked until then may have been forgotten */
	uint64_t dropped;
};

static void peers_flush(evutil_socket_t fd, short what, void *arg);

struct peers *
peers_new(struct event_base *base, struct store *store, const struct peers_limits *limits)
{
	struct peers *peers = calloc(1, sizeof(*peers));

	if (peers == NULL)
		return NULL;
	peers->store = store;
	peers->mirrored.holders = 1;
	peers->limits = *limits;
	if (peers->limits.peers == 0)
		peers->limits.peers = 4096;
	if (peers->limits.memory == 0)
		peers->limits.memory = 64 * 1024;
	if (peers->limits.outbox == 0)
		peers->limits.outbox = 1024 * 1024;
	TAILQ_INIT(&peers->recent);
	TAILQ_INIT(&peers->waiting);
	peers->flush = event_new(base, -1, 0, peers_flush, peers);
	if (peers->flush != NULL)
		return peers;
	free(peers);
	return NULL;
}

struct peer *
peers_mirrored(struct peers *peers)
{
	return &peers->mirrored;
}

struct peer *
peer_hold(struct peer *peer)
{
	peer->holders++;
	return peer;
}

void
peer_release(struct peer *peer)
{
	if (--peer->holders > 0)
		return;
	buffer_free(&peer->memory.newer);
	buffer_free(&peer->memory.older);
	buffer_free(&peer->outbox);
	free(peer);
}

/* Out of the tables; it lives on while requests hold it. */
static void
peers_forget(struct peers *peers, struct peer *peer)
{
	if (peer->last_us > peers->forgot_us)
		peers->forgot_us = peer->last_us;
	HASH_DEL(peers->table, peer);
	TAILQ_REMOVE(&peers->recent, peer, recent);
	peer_release(peer);
}

static void
peers_unwait(struct peers *peers, struct peer *peer)
{
	TAILQ_REMOVE(&peers->waiting, peer, outgoing);
	peer->waiting = false;
	peer_release(peer);
}

void
peers_free(struct peers *peers)
{
	struct peer *peer;

	if (peers == NULL)
		return;
	while ((peer = TAILQ_FIRST(&peers->waiting)) != NULL)
		peers_unwait(peers, peer);
	while ((peer = TAILQ_FIRST(&peers->recent)) != NULL)
		peers_forget(peers, peer);
	event_free(peers->flush);
	free(peers);
}

static struct peer *
peers_add(struct peers *peers, const char *client)
{
	struct peer *peer = calloc(1, sizeof(*peer));

	if (peer == NULL)
		return NULL;
	memcpy(peer->client, client, NAMES_CLIENT);
	peer->holders = 1;
	peer->doubtful_us = peers->forgot_us;
	HASH_ADD(hh, peers->table, client, NAMES_CLIENT, peer);
	if (peer->hh.tbl == NULL) {
		free(peer);
		return NULL;
	}
	TAILQ_INSERT_TAIL(&peers->recent, peer, recent);
	if (HASH_COUNT(peers->table) > peers->limits.peers)
		peers_forget(peers, TAILQ_FIRST(&peers->recent));
	return peer;
}

struct peer *
peers_find(struct peers *peers, const char *client)
{
	struct peer *peer;

	/* Who asks often asks again. */
	peer = TAILQ_LAST(&peers->recent, peer_list);
	if (peer != NULL && memcmp(peer->client, client, NAMES_CLIENT) == 0)
		return peer;
	HASH_FIND(hh, peers->table, client, NAMES_CLIENT, peer);
	if (peer == NULL)
		return peers_add(peers, client);
	if (TAILQ_NEXT(peer, recent) != NULL) {
		TAILQ_REMOVE(&peers->recent, peer, recent);
		TAILQ_INSERT_TAIL(&peers->recent, peer, recent);
	}
	return peer;
}

/* Remembered answers are records: id, length, bytes. */
struct record {
	uint64_t id;
	size_t length;
};

static void
memory_add(struct memory *memory, size_t limit, uint64_t id, const char *bytes, size_t length)
{
	struct record record = { id, length };

	if (memory->newer.length > limit / 2) {
		struct buffer swap = memory->older;

		memory->older = memory->newer;
		memory->newer = swap;
		buffer_clear(&memory->newer);
	}
	if (sizeof(record) + length > limit / 2)
		return; /* a retransmission will be answered "unknown" */
	buffer_append(&memory->newer, &record, sizeof(record));
	buffer_append(&memory->newer, bytes, length);
	if (memory->newer.failed)
		buffer_clear(&memory->newer);
}

static const char *
half_find(const struct buffer *half, uint64_t id, size_t *length)
{
	struct record record;

	for (size_t at = 0; at < half->length; at += sizeof(record) + record.length) {
		memcpy(&record, half->bytes + at, sizeof(record));
		if (record.id != id)
			continue;
		*length = record.length;
		return half->bytes + at + sizeof(record);
	}
	return NULL;
}

static const char *
memory_find(const struct memory *memory, uint64_t id, size_t *length)
{
	const char *found = half_find(&memory->newer, id, length);

	return found != NULL ? found : half_find(&memory->older, id, length);
}

static void
peers_wake(struct peers *peers, struct peer *peer)
{
	if (peer->waiting)
		return;
	if (TAILQ_EMPTY(&peers->waiting))
		event_active(peers->flush, EV_TIMEOUT, 0);
	peer_hold(peer);
	TAILQ_INSERT_TAIL(&peers->waiting, peer, outgoing);
	peer->waiting = true;
}

/* Makes room in an outbox that nobody could empty: what is lost can be asked for again. */
static void
outbox_bound(struct peers *peers, struct peer *peer)
{
	if (peer->outbox.length <= peers->limits.outbox && !peer->outbox.failed)
		return;
	peers->dropped++;
	buffer_clear(&peer->outbox);
}

void
peer_answer(struct peers *peers, struct peer *peer, const struct message *answer)
{
	size_t start;

	if (peer == &peers->mirrored)
		return;
	outbox_bound(peers, peer);
	start = peer->outbox.length;
	message_write(&peer->outbox, answer);
	if (peer->outbox.failed)
		return;
	if (answer->is != MESSAGE_IS_ACCEPTED)
		memory_add(&peer->memory, peers->limits.memory, answer->id,
		    peer->outbox.bytes + start, peer->outbox.length - start);
	peers_wake(peers, peer);
}

static bool
seen_test_and_set(struct peer *peer, uint64_t id)
{
	uint64_t *word = &peer->seen[id % SEEN_IDS / 64];
	uint64_t bit = (uint64_t)1 << (id % 64);
	bool seen = (*word & bit) != 0;

	*word |= bit;
	return seen;
}

/* Moves the window up to 'id' and marks it. */
static void
seen_advance(struct peer *peer, uint64_t id)
{
	if (id - peer->highest >= SEEN_IDS)
		memset(peer->seen, 0, sizeof(peer->seen));
	else {
		for (uint64_t n = peer->highest + 1; n < id; n++)
			peer->seen[n % SEEN_IDS / 64] &= ~((uint64_t)1 << (n % 64));
	}
	peer->highest = id;
	seen_test_and_set(peer, id);
}

static enum peer_verdict
peer_repeat(struct peers *peers, struct peer *peer, uint64_t id)
{
	size_t length;
	const char *answer = memory_find(&peer->memory, id, &length);

	if (answer == NULL)
		return PEER_SEEN;
	outbox_bound(peers, peer);
	buffer_append(&peer->outbox, answer, length);
	peers_wake(peers, peer);
	return PEER_REPEATED;
}

enum peer_verdict
peer_see(struct peers *peers, struct peer *peer, uint64_t id, int64_t sent_us, int64_t now_us)
{
	peer->last_us = now_us;
	if (id > peer->highest) {
		seen_advance(peer, id);
	} else {
		if (peer->highest - id >= SEEN_IDS)
			return PEER_FORGOTTEN;
		if (seen_test_and_set(peer, id))
			return peer_repeat(peers, peer, id);
	}
	return sent_us != 0 && sent_us <= peer->doubtful_us ? PEER_FORGOTTEN : PEER_NEW;
}

static bool
peer_publish(struct peers *peers, struct peer *peer)
{
	struct buffer *out = link_command(peers->store->link, NULL, NULL, 0, NULL);
	struct name channel;

	if (out == NULL)
		return false;
	names_answer(&channel, peers->store->ns, peer->client);
	command_begin(out, 3);
	command_word(out, "PUBLISH", 7);
	command_word(out, channel.text, channel.length);
	command_word(out, peer->outbox.bytes, peer->outbox.length);
	buffer_clear(&peer->outbox);
	return true;
}

/* A link that is up and takes nothing is full: nobody says when it is not any more. One that is down comes to
 * peers_store_up(). */
static void
try_again(struct peers *peers)
{
	static const struct timeval soon = { 0, AGAIN_MS * 1000 };

	if (link_is_up(peers->store->link))
		event_add(peers->flush, &soon);
}

/* The end of a turn: one PUBLISH for each client who is owed an answer. */
static void
peers_flush(evutil_socket_t fd, short what, void *arg)
{
	struct peers *peers = arg;
	struct peer *peer;

	(void)fd;
	(void)what;
	while ((peer = TAILQ_FIRST(&peers->waiting)) != NULL) {
		if (peer->outbox.failed)
			buffer_clear(&peer->outbox);
		if (peer->outbox.length > 0 && !peer_publish(peers, peer)) {
			try_again(peers);
			return;
		}
		peers_unwait(peers, peer);
	}
}

void
peers_store_up(struct peers *peers)
{
	if (!TAILQ_EMPTY(&peers->waiting))
		event_active(peers->flush, EV_TIMEOUT, 0);
}

bool
peers_idle(const struct peers *peers)
{
	return TAILQ_EMPTY(&peers->waiting);
}

uint64_t
peers_dropped(const struct peers *peers)
{
	return peers->dropped;
}
