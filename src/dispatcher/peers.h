/* peers.h: the clients who ask for answers: what each was told, and what waits to be told.
 * Answers of one turn of the event loop to one client travel in one PUBLISH. An id is new, known or
 * forgotten; that is what makes "at most once" true with bounded memory. */
#ifndef DISPATCHER_PEERS_H
#define DISPATCHER_PEERS_H

#include "core/message.h"
#include "dispatcher/store.h"

struct event_base;
struct peers;
struct peer;

/* Bounds; the oldest make room for new ones. */
struct peers_limits {
	size_t peers;  /* clients remembered; 0: 4096 */
	size_t memory; /* bytes of answers remembered for each; 0: 64 KiB */
	size_t outbox; /* bytes of answers waiting for each; 0: 1 MiB */
};

struct peers *peers_new(struct event_base *base, struct store *store,
    const struct peers_limits *limits);
void peers_free(struct peers *peers);

/* The client of this id (NAMES_CLIENT hex digits), made if need be; NULL when out of memory. Lent until
 * the next peers_find(); peer_hold() keeps it. */
struct peer *peers_find(struct peers *peers, const char *client);
struct peer *peer_hold(struct peer *peer);
void peer_release(struct peer *peer);

/* Who stands for all clients of mirrors (cauldron.h): never answered here. */
struct peer *peers_mirrored(struct peers *peers);

enum peer_verdict {
	PEER_NEW,       /* never seen: execute it; it counts as seen from now on */
	PEER_REPEATED,  /* answered before: the same answer is on its way again */
	PEER_SEEN,      /* seen: under way still, or its answer is forgotten */
	PEER_FORGOTTEN, /* too long ago to tell whether it was seen */
};

/* Decides on a request's id. 'sent_us' (0: unknown) tells old from new where the client itself was
 * forgotten. */
enum peer_verdict peer_see(struct peers *peers, struct peer *peer, uint64_t id, int64_t sent_us,
    int64_t now_us);

/* Sends an answer with this turn's others and remembers it unless it is "accepted". */
void peer_answer(struct peers *peers, struct peer *peer, const struct message *answer);

/* Sends what could not be sent while the store was away. */
void peers_store_up(struct peers *peers);

/* Whether answers wait to be handed to the store's link. */
bool peers_idle(const struct peers *peers);

/* Answers given up because the store was away for too long. */
uint64_t peers_dropped(const struct peers *peers);

#endif
