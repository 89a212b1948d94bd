/* traffic.h: the calls of a cache that are under way for each key, and its own announcements that are still
 * to come back. Says whose outcome is in doubt: something else happened to the key meanwhile. */
#ifndef MODEL_TRAFFIC_H
#define MODEL_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/queue.h>

/* All keys with something under way; NULL: none. */
struct traffic;

/* A call under way: the member of a struct of its owner's. */
struct flight {
	LIST_ENTRY(flight) place;
	struct traffic *key;
	bool writes;
	bool doubtful; /* what it brings may be old: not to be remembered */
	bool echoes;   /* its announcement is to come back */
};

/* Whatever is under way for a key when a write begins is in doubt, and so is what begins during one.
 * 'echoes': it is a write whose announcement will be heard. False when out of memory. */
bool traffic_begin(struct traffic **all, struct flight *flight, const char *key, size_t length,
    bool writes, bool echoes);

/* 'done': it did what it was to do; otherwise no announcement of its own is waited for any more. */
void traffic_end(struct traffic **all, struct flight *flight, bool done);

/* An announcement came. True: take it for one of our own; if it was not, ours is still to come, and will not
 * be taken so. */
bool traffic_is_echo(struct traffic **all, const char *key, size_t length);

/* Something happened to a key, or to all of them. */
void traffic_doubt(struct traffic *all, const char *key, size_t length);
void traffic_doubt_all(struct traffic *all);

/* Announcements have been missed: none is waited for. */
void traffic_lose_echoes(struct traffic **all);

/* Takes leave of all, whose flights may go on without. */
void traffic_clear(struct traffic **all);

#endif
