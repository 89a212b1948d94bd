/* steps.h: keywords with a source of their own: who is at work, who waits, and for how long.
 * Order of a write: prewrite → write → postwrite; of a reading: preread → read → postread. What may be
 * written, and storing it, is modify.c's. */
#ifndef DISPATCHER_STEPS_H
#define DISPATCHER_STEPS_H

#include "core/slice.h"
#include "dispatcher/post.h"
#include "dispatcher/requests.h"

struct asking;
struct lane;
struct steps;
struct turn;

struct steps *steps_new(struct post *post);

/* Ends all that is under way; nothing begins any more. */
void steps_close(struct steps *steps);
void steps_free(struct steps *steps);

/* Gives a lane to each entry whose keyword has a source in the service's definition; one that is there already
 * gets the source from its next step on. False when out of memory. */
bool steps_attach(struct served *served);

/* Moves the lanes of 'old' to the successors of its entries; ends what has none. Before steps_attach(). */
void steps_follow(struct served *served, struct registry *old);

/* Takes all lanes away. */
void steps_detach(struct served *served);

/* Why work ends before its time. */
enum steps_end {
	STEPS_REMOVED, /* the keyword */
	STEPS_STOPPED, /* the dispatcher */
	STEPS_TAKEN,   /* the service, by another dispatcher */
};

/* Ends the service's work, or only what has not begun; all is answered. */
void steps_abandon(struct served *served, enum steps_end end);
void steps_turn_waiting_away(struct served *served, enum steps_end end);

/* Once a second: answers what has waited beyond its deadline. */
void steps_tick(struct steps *steps);

/* Text to a value by way of the source's translate and check. 'entry' is held by the caller. */
bool steps_parse(struct entry *entry, struct credis_value *value, const char *text, size_t length,
    struct credis_error *err);

/* A checked write gets its turn, now or later; modify_turn() is then asked, and modify_driven() or
 * modify_fail_driven() told. */
void steps_write(struct post *post, struct request *request, const struct slice *from);

/* A READ; false when the keyword's source cannot be read. */
bool steps_read(const struct asking *asking);

/* Reads by the clock. False when a reading is under way still. */
bool steps_read_now(struct entry *entry);

/* Whether there is something to read. */
bool steps_can_read(const struct entry *entry);

/* The request of this turn is answered and gone. */
void steps_leave(struct turn *turn);

/* The source's answer to a step; false when nobody waits for it. */
bool steps_finish(struct steps *steps, uint64_t number, const struct credis_error *err);
bool steps_finish_read(struct steps *steps, uint64_t number, const char *text, size_t length,
    const struct credis_error *err);

/* Answers that nobody waited for. */
uint64_t steps_late(const struct steps *steps);

#endif
