/* steps_inside.h: what steps.c and drive.c share: a lane, whose turn it is there, and what is under way.
 * Nobody else includes it. */
#ifndef DISPATCHER_STEPS_INSIDE_H
#define DISPATCHER_STEPS_INSIDE_H

#include "core/table.h"
#include "dispatcher/steps.h"

#include <credis/error.h>

#include <sys/queue.h>

enum stage {
	STAGE_PREWRITE,
	STAGE_WRITE,
	STAGE_POSTWRITE,
	STAGE_WRITTEN,
	STAGE_PREREAD,
	STAGE_READ,
	STAGE_POSTREAD,
	STAGE_HAS_READ,
};

/* A write or a reading on its way through its stages. */
struct drive {
	struct lane *lane;
	uint64_t number; /* of the step under way */
	enum stage stage;
	struct source *source; /* held from the first step to the last; NULL: idle */
	struct event *timer;
	UT_hash_handle hh; /* by number, while a step is under way */
};

/* A request at a lane. */
struct turn {
	TAILQ_ENTRY(turn) link;
	struct turn_list *list; /* that it is on; NULL: it is the lane's current write */
	struct lane *lane;      /* held */
	uint64_t handle;        /* of the request */
	char from[];
};

TAILQ_HEAD(turn_list, turn);

struct lane {
	struct steps *steps;
	struct served *served;
	struct entry *entry; /* the newest */
	struct source *source;
	struct drive writing, reading;
	struct turn *current; /* write under way, from its first step until it is stored */
	struct turn_list waiting;
	struct turn_list readers;
	size_t waiting_count;
	char *text; /* read, until it is set; NULL: set already */
	size_t length;
	unsigned holders;
	bool turning; /* somebody further up the stack gives the next turn */
	bool unread;  /* the last reading failed: its severity says so */
	bool crowded; /* on the list of lanes at which writes wait */
	TAILQ_ENTRY(lane) link;
};

struct steps {
	struct post *post;
	struct drive *drives; /* table: steps under way */
	TAILQ_HEAD(, lane) crowded;
	uint64_t last_number;
	uint64_t late;
	bool closing;
};

/* Begins with a stage, and asks up to a step that takes its time. */
void drive_start(struct drive *drive, enum stage first);

/* Idle from now on; a step that is still under way was for nothing. Returns the source, to be released when
 * all is said. */
struct source *drive_end(struct drive *drive);

/* False when out of memory. */
bool drive_init(struct drive *drive, struct lane *lane);
void drive_clear(struct drive *drive);

void lane_hold(struct lane *lane);
void lane_release(struct lane *lane);

/* All steps are done, or one has failed; 'err' is worded for those who asked. */
void lane_finish_write(struct lane *lane, const struct credis_error *err);
void lane_finish_reading(struct lane *lane, const struct credis_error *err);

struct request *turn_request(const struct turn *turn);

#endif
