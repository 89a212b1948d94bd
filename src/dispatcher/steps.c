/* steps.c: a lane for each keyword with a source: its writes in order, its readings shared.
 * A step is known by its number alone, so that an answer that comes late, or twice, finds nobody. */
#include "dispatcher/steps.h"

#include "core/error.h"
#include "dispatcher/cauldron.h"
#include "core/text.h"
#include "dispatcher/dispatch.h"
#include "dispatcher/modify.h"
#include "dispatcher/served.h"
#include "dispatcher/source.h"

#include <credis/span.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

enum { WAITING_MAX = 1024 }; /* writes that wait at one keyword */

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
	char *text; /* read, until it is set */
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

struct steps *
steps_new(struct post *post)
{
	struct steps *steps = calloc(1, sizeof(*steps));

	if (steps == NULL)
		return NULL;
	steps->post = post;
	TAILQ_INIT(&steps->crowded);
	return steps;
}

void
steps_close(struct steps *steps)
{
	if (steps == NULL)
		return;
	steps->closing = true;
	for (struct served *s = steps->post->served; s != NULL; s = s->next)
		steps_abandon(s, STEPS_STOPPED);
}

void
steps_free(struct steps *steps)
{
	free(steps);
}

uint64_t
steps_late(const struct steps *steps)
{
	return steps->late;
}

static void on_write_late(evutil_socket_t fd, short what, void *arg);
static void on_reading_late(evutil_socket_t fd, short what, void *arg);

static void
lane_release(struct lane *lane)
{
	if (--lane->holders > 0)
		return;
	entry_release(lane->entry);
	if (lane->writing.timer != NULL)
		event_free(lane->writing.timer);
	if (lane->reading.timer != NULL)
		event_free(lane->reading.timer);
	source_release(lane->source);
	free(lane->text);
	free(lane);
}

static struct lane *
lane_new(struct served *served, struct entry *entry)
{
	struct event_base *base = served->post->base;
	struct lane *lane = calloc(1, sizeof(*lane));

	if (lane == NULL)
		return NULL;
	lane->steps = served->post->steps;
	lane->served = served;
	lane->entry = entry_hold(entry);
	lane->holders = 1;
	lane->writing.lane = lane->reading.lane = lane;
	TAILQ_INIT(&lane->waiting);
	TAILQ_INIT(&lane->readers);
	lane->writing.timer = event_new(base, -1, 0, on_write_late, lane);
	lane->reading.timer = event_new(base, -1, 0, on_reading_late, lane);
	if (lane->writing.timer != NULL && lane->reading.timer != NULL)
		return lane;
	lane_release(lane);
	return NULL;
}

static struct request *
turn_request(const struct turn *turn)
{
	return request_find(turn->lane->steps->post->requests, turn->handle);
}

/* Puts a request in a lane's list. False when out of memory. */
static bool
turn_new(struct lane *lane, struct turn_list *list, struct request *request,
    const struct slice *from)
{
	struct turn *turn = calloc(1, sizeof(*turn) + from->length + 1);

	if (turn == NULL)
		return false;
	if (from->length > 0)
		memcpy(turn->from, from->bytes, from->length);
	turn->lane = lane;
	lane->holders++;
	turn->handle = request->handle;
	turn->list = list;
	TAILQ_INSERT_TAIL(list, turn, link);
	request->turn = turn;
	return true;
}

/* Whether the lane is on the list of those that are looked through for deadlines. */
static void
note_crowd(struct lane *lane)
{
	bool crowded = lane->waiting_count > 0;

	if (crowded && !lane->crowded)
		TAILQ_INSERT_TAIL(&lane->steps->crowded, lane, link);
	if (!crowded && lane->crowded)
		TAILQ_REMOVE(&lane->steps->crowded, lane, link);
	lane->crowded = crowded;
}

static struct turn *
take_first_waiting(struct lane *lane)
{
	struct turn *turn = TAILQ_FIRST(&lane->waiting);

	if (turn == NULL)
		return NULL;
	TAILQ_REMOVE(&lane->waiting, turn, link);
	turn->list = NULL;
	lane->waiting_count--;
	note_crowd(lane);
	return turn;
}

static credis_step_cb *
stage_callback(const struct credis_callbacks *callbacks, enum stage stage)
{
	switch (stage) {
	case STAGE_PREWRITE: return callbacks->prewrite;
	case STAGE_WRITE: return callbacks->write;
	case STAGE_POSTWRITE: return callbacks->postwrite;
	case STAGE_PREREAD: return callbacks->preread;
	case STAGE_READ: return callbacks->read;
	case STAGE_POSTREAD: return callbacks->postread;
	case STAGE_WRITTEN:
	case STAGE_HAS_READ: break;
	}
	return NULL;
}

static bool
is_last(enum stage stage)
{
	return stage == STAGE_WRITTEN || stage == STAGE_HAS_READ;
}

/* "timeout": "0 seconds" leaves no time at all, and is taken for nothing said. */
static int64_t
limit_ms(const struct lane *lane)
{
	int64_t ms = lane->entry->keyword->timeout_ms;

	return ms > 0 ? ms : KEYWORD_TIMEOUT_MS;
}

static void
drive_begin(struct drive *drive, enum stage first)
{
	int64_t ms = limit_ms(drive->lane);
	struct timeval limit = { ms / 1000, ms % 1000 * 1000 };

	drive->source = source_hold(drive->lane->source);
	drive->stage = first;
	event_add(drive->timer, &limit);
}

/* Nobody waits for the step any more. */
static void
drive_forget_step(struct drive *drive)
{
	if (drive->number != 0)
		HASH_DEL(drive->lane->steps->drives, drive);
	drive->number = 0;
}

/* Idle from now on; a step that is still under way was for nothing. Returns the source, to be released when
 * all is said. */
static struct source *
drive_end(struct drive *drive)
{
	struct source *source = drive->source;
	uint64_t number = drive->number;

	drive_forget_step(drive);
	event_del(drive->timer);
	drive->source = NULL;
	if (number != 0 && source->callbacks.cancel != NULL)
		source->callbacks.cancel(source->arg, number);
	return source;
}

/* Asks the source. What is lent for the call outlives an answer from inside it. */
static void
drive_call(struct drive *drive, credis_step_cb *call)
{
	struct lane *lane = drive->lane;
	struct source *source = source_hold(drive->source);
	struct request *request = drive == &lane->writing ? turn_request(lane->current) : NULL;
	struct credis_step step = { .keyword = lane->entry->keyword,
		.service = served_name(lane->served),
		.text = "",
		.from = "" };
	char *copy = NULL;

	if (request != NULL) {
		size_t from = strlen(lane->current->from);

		step.length = request->value.length;
		copy = malloc(step.length + 1 + from + 1);
		if (copy == NULL) {
			source_release(source);
			steps_finish(lane->steps, drive->number,
			    &(struct credis_error){ CREDIS_EDRIVER, "out of memory" });
			return;
		}
		memcpy(copy, value_text(&request->value), step.length + 1);
		step.text = copy;
		step.from = memcpy(copy + step.length + 1, lane->current->from, from + 1);
	}
	step.number = drive->number;
	call(source->arg, &step);
	free(copy);
	source_release(source);
}

static void drive_finish(struct drive *drive, const struct credis_error *err);

/* From the present stage on, up to one that takes its time. */
static void
drive_go(struct drive *drive)
{
	struct steps *steps = drive->lane->steps;
	credis_step_cb *call = NULL;

	while (!is_last(drive->stage)) {
		call = stage_callback(&drive->source->callbacks, drive->stage);
		if (call != NULL)
			break;
		drive->stage++;
	}
	if (call == NULL) {
		drive_finish(drive, NULL);
		return;
	}
	drive->number = ++steps->last_number;
	HASH_ADD(hh, steps->drives, number, sizeof(drive->number), drive);
	drive_call(drive, call);
}

/* A reason of the source's, as it is answered: about the keyword, with a code that travels. */
static void
word_reason(struct credis_error *out, const struct lane *lane, const struct credis_error *err)
{
	const char *name = lane->entry->name;
	size_t length = strlen(name);
	enum credis_code code = err->code;

	if ((code < CREDIS_ETYPE || code > CREDIS_ENOKEYWORD || code == CREDIS_ENOSERVICE) &&
	    code != CREDIS_ETIMEOUT)
		code = CREDIS_EDRIVER;
	if (strncmp(err->text, name, length) == 0 && err->text[length] == ':')
		error_set(out, code, "%s", err->text);
	else
		error_set(out, code, "%s: %s", name, err->text);
}

static void
finish_write(struct lane *lane, const struct credis_error *err)
{
	struct post *post = lane->steps->post;
	struct request *request = turn_request(lane->current);

	if (err == NULL) {
		modify_driven(post, request);
		return;
	}
	if (err->code == CREDIS_EDRIVER || err->code == CREDIS_ETIMEOUT) {
		lane->served->counters.faults++;
		served_report(lane->served, err->text);
	}
	modify_fail_driven(post, request, err);
}

/* Every reader is told the same. */
static void
answer_readers(struct lane *lane, const struct credis_error *err)
{
	struct requests *requests = lane->steps->post->requests;
	struct turn *turn;

	while ((turn = TAILQ_FIRST(&lane->readers)) != NULL) {
		if (err == NULL)
			request_finish_present(requests, turn_request(turn));
		else
			request_finish_error(requests, turn_request(turn), err);
	}
}

/* How good the value is while it cannot be read. Said once, not each period. */
static void
note_unread(struct lane *lane, const struct credis_error *err)
{
	if (!lane->unread) {
		lane->served->counters.faults++;
		served_report(lane->served, err->text);
	}
	lane->unread = true;
	served_set_severity(lane->served, lane->entry, CREDIS_INVALID, err->text);
}

static void
finish_reading(struct lane *lane, const struct credis_error *err)
{
	struct credis_sample reading = { .text = lane->text, .length = lane->length };
	struct credis_error why;
	char *text = lane->text;

	lane->text = NULL;
	if (err == NULL && !served_set_reading(lane->served, lane->entry, &reading, &why)) {
		why.code = CREDIS_EDRIVER;
		err = &why;
	}
	free(text);
	if (err != NULL)
		note_unread(lane, err);
	else
		lane->unread = false;
	answer_readers(lane, err);
}

/* 'err' is worded for those who asked. */
static void
drive_finish(struct drive *drive, const struct credis_error *err)
{
	struct lane *lane = drive->lane;
	struct source *source = drive_end(drive);

	lane->holders++;
	if (drive == &lane->writing)
		finish_write(lane, err);
	else
		finish_reading(lane, err);
	lane_release(lane);
	source_release(source);
}

/* Gives turns until one takes its time. */
static void
lane_turn(struct lane *lane)
{
	struct steps *steps = lane->steps;

	if (lane->turning || steps->closing)
		return;
	lane->turning = true;
	lane->holders++;
	while (lane->current == NULL && (lane->current = take_first_waiting(lane)) != NULL) {
		struct request *request = turn_request(lane->current);

		if (!modify_turn(steps->post, request))
			continue;
		request_enter(steps->post->requests, request, REQUEST_DRIVING);
		if (lane->source == NULL) {
			modify_driven(steps->post, request);
			continue;
		}
		if (lane->served->mirror != NULL &&
		    request->peer == peers_mirrored(steps->post->peers))
			mirror_drive(lane->served, lane->entry);
		drive_begin(&lane->writing, STAGE_PREWRITE);
		drive_go(&lane->writing);
	}
	lane->turning = false;
	lane_release(lane);
}

void
steps_leave(struct turn *turn)
{
	struct lane *lane = turn->lane;

	if (turn->list != NULL)
		TAILQ_REMOVE(turn->list, turn, link);
	if (turn->list == &lane->waiting) {
		lane->waiting_count--;
		note_crowd(lane);
	}
	if (lane->current == turn)
		lane->current = NULL;
	free(turn);
	lane_turn(lane);
	lane_release(lane);
}

static void
drive_time_out(struct drive *drive, const char *participle)
{
	struct credis_error err;
	char limit[40];

	error_set(&err, CREDIS_ETIMEOUT, "%s: not %s within %s, its timeout",
	    drive->lane->entry->name, participle, credis_span_print(limit_ms(drive->lane), limit));
	drive_finish(drive, &err);
}

static void
on_write_late(evutil_socket_t fd, short what, void *arg)
{
	struct lane *lane = arg;

	(void)fd;
	(void)what;
	drive_time_out(&lane->writing, "written");
}

static void
on_reading_late(evutil_socket_t fd, short what, void *arg)
{
	struct lane *lane = arg;

	(void)fd;
	(void)what;
	drive_time_out(&lane->reading, "read");
}

static const struct ending {
	enum credis_code begun; /* what was written at the time … */
	const char *begun_words;
	enum credis_code waiting; /* … what waited, or was read */
	const char *waiting_words;
} endings[] = {
	[STEPS_REMOVED] = { CREDIS_EDRIVER, "removed while it was being written", CREDIS_ENOKEYWORD,
	    "removed meanwhile" },
	[STEPS_STOPPED] = { CREDIS_ETIMEOUT, "not finished when the dispatcher stopped",
	    CREDIS_EBUSY, "not executed, the dispatcher is stopping" },
	[STEPS_TAKEN] = { CREDIS_EUNKNOWN,
	    "another dispatcher took over while it was being written", CREDIS_EBUSY,
	    "not executed, another dispatcher took over" },
};

static void
lane_turn_waiting_away(struct lane *lane, enum steps_end end)
{
	struct post *post = lane->steps->post;
	struct credis_error err;
	struct turn *turn;

	error_set(&err, endings[end].waiting, "%s: %s", lane->entry->name,
	    endings[end].waiting_words);
	while ((turn = TAILQ_FIRST(&lane->waiting)) != NULL)
		modify_fail_driven(post, turn_request(turn), &err);
}

/* What is being stored already is answered by the store. */
static void
lane_abandon(struct lane *lane, enum steps_end end)
{
	struct source *writing = NULL, *reading = NULL;
	struct credis_error err;

	lane->holders++;
	lane_turn_waiting_away(lane, end);
	if (lane->reading.source != NULL) {
		reading = drive_end(&lane->reading);
		error_set(&err, endings[end].waiting, "%s: %s", lane->entry->name,
		    endings[end].waiting_words);
		answer_readers(lane, &err);
	}
	if (lane->writing.source != NULL) {
		writing = drive_end(&lane->writing);
		error_set(&err, endings[end].begun, "%s: %s", lane->entry->name,
		    endings[end].begun_words);
		modify_fail_driven(lane->steps->post, turn_request(lane->current), &err);
	}
	source_release(reading);
	source_release(writing);
	lane_release(lane);
}

static void
each_lane(struct served *served, enum steps_end end,
    void (*what)(struct lane *lane, enum steps_end end))
{
	/* A service replaced from inside a callback brings another registry. */
	for (size_t n = 0; n < served->registry.count; n++) {
		struct lane *lane = served->registry.entries[n]->lane;

		if (lane != NULL)
			what(lane, end);
	}
}

void
steps_abandon(struct served *served, enum steps_end end)
{
	each_lane(served, end, lane_abandon);
}

void
steps_turn_waiting_away(struct served *served, enum steps_end end)
{
	each_lane(served, end, lane_turn_waiting_away);
}

static bool
attach(struct served *served, struct entry *entry, struct source *source)
{
	if (entry->lane == NULL)
		entry->lane = lane_new(served, entry);
	if (entry->lane == NULL)
		return false;
	entry->lane->source = source_hold(source);
	return true;
}

bool
steps_attach(struct served *served)
{
	const struct credis_service *service = served->definition;

	for (size_t n = 0; service->sources != NULL && n < service->count; n++) {
		if (service->sources[n] != NULL &&
		    !attach(served, served->registry.entries[n], service->sources[n]))
			return false;
	}
	return true;
}

static void
lane_follow(struct lane *lane, struct entry *entry)
{
	struct source *before = lane->source;

	entry->lane = lane;
	entry_hold(entry);
	entry_release(lane->entry);
	lane->entry = entry;
	lane->source = NULL;
	source_release(before);
}

void
steps_follow(struct served *served, struct registry *old)
{
	(void)served;
	for (size_t n = 0; n < old->count; n++) {
		struct entry *entry = old->entries[n];
		struct lane *lane = entry->lane;

		if (lane == NULL)
			continue;
		entry->lane = NULL;
		if (entry->successor != NULL) {
			lane_follow(lane, entry->successor);
			continue;
		}
		lane_abandon(lane, STEPS_REMOVED);
		lane_release(lane);
	}
}

void
steps_detach(struct served *served)
{
	for (size_t n = 0; n < served->registry.count; n++) {
		struct entry *entry = served->registry.entries[n];
		struct lane *lane = entry->lane;

		if (lane == NULL)
			continue;
		entry->lane = NULL;
		lane_abandon(lane, STEPS_STOPPED);
		lane_release(lane);
	}
}

/* Deadlines of those who wait need not be met to the millisecond: they were told "accepted". */
static void
lane_expire(struct lane *lane, int64_t now_us)
{
	struct post *post = lane->steps->post;
	struct turn *next;

	for (struct turn *turn = TAILQ_FIRST(&lane->waiting); turn != NULL; turn = next) {
		struct request *request = turn_request(turn);

		next = TAILQ_NEXT(turn, link);
		if (request->expires_us <= now_us)
			modify_turn(post, request);
	}
}

void
steps_tick(struct steps *steps)
{
	int64_t now_us = store_now_us(&steps->post->store);
	struct lane *next;

	for (struct lane *lane = TAILQ_FIRST(&steps->crowded); lane != NULL; lane = next) {
		next = TAILQ_NEXT(lane, link);
		lane_expire(lane, now_us);
	}
}

/* A refusal of the source's own, of what the keyword's settings allow. */
static bool
refused(const struct lane *lane, const struct credis_error *why, struct credis_error *err)
{
	struct credis_error worded;

	word_reason(&worded, lane, why);
	if (worded.code == CREDIS_EDRIVER || worded.code == CREDIS_ETIMEOUT)
		worded.code = CREDIS_EVALUES;
	if (err != NULL)
		*err = worded;
	return false;
}

bool
steps_parse(struct entry *entry, struct credis_value *value, const char *text, size_t length,
    struct credis_error *err)
{
	struct lane *lane = entry->lane;
	struct source *source = lane->source;
	struct credis_error why = { CREDIS_EVALUES, "refused without a reason" };
	char *meant = NULL;
	bool fine;

	if (source != NULL && source->callbacks.translate != NULL) {
		meant =
		    source->callbacks.translate(source->arg, entry->keyword, text, &length, &why);
		if (meant == NULL)
			return refused(lane, &why, err);
		text = meant;
	}
	fine = keyword_parse_value(entry->keyword, value, text, length, err);
	free(meant);
	if (!fine || source == NULL || source->callbacks.check == NULL ||
	    source->callbacks.check(source->arg, entry->keyword, value, &why))
		return fine;
	value_clear(value);
	return refused(lane, &why, err);
}

static bool
lane_has_room(const struct lane *lane, struct credis_error *err)
{
	if (lane->served->state >= SERVED_STOPPING)
		return error_set(err, endings[STEPS_STOPPED].waiting, "%s: %s", lane->entry->name,
		    endings[STEPS_STOPPED].waiting_words);
	if (lane->waiting_count < WAITING_MAX)
		return true;
	return error_set(err, CREDIS_EBUSY, "%s: %d writes wait their turn already",
	    lane->entry->name, WAITING_MAX);
}

void
steps_write(struct post *post, struct request *request, const struct slice *from)
{
	struct lane *lane = request->entry->lane;
	struct credis_error err;

	if (!lane_has_room(lane, &err)) {
		modify_fail_driven(post, request, &err);
		return;
	}
	if (!turn_new(lane, &lane->waiting, request, from)) {
		error_no_memory(&err);
		modify_fail_driven(post, request, &err);
		return;
	}
	lane->waiting_count++;
	note_crowd(lane);
	request_enter(post->requests, request, REQUEST_WAITING);
	lane_turn(lane);
}

bool
steps_can_read(const struct entry *entry)
{
	return entry->lane != NULL && entry->lane->source != NULL &&
	    entry->lane->source->callbacks.read != NULL;
}

bool
steps_read_now(struct entry *entry)
{
	struct lane *lane = entry->lane;

	if (lane->reading.source != NULL || lane->steps->closing)
		return false;
	drive_begin(&lane->reading, STAGE_PREREAD);
	drive_go(&lane->reading);
	return true;
}

bool
steps_read(const struct asking *asking)
{
	struct requests *requests = asking->post->requests;
	struct lane *lane = asking->entry->lane;
	struct credis_value none;
	struct credis_error err;
	struct request *request;

	if (!steps_can_read(asking->entry))
		return false;
	value_init(&none, CREDIS_STRING);
	request = request_new(requests, asking->served, asking->entry, asking->peer,
	    asking->message->id, &none, &err);
	if (request == NULL) {
		requests_turn_away(requests, asking->served, asking->peer, asking->message,
		    asking->entry, &err);
		return true;
	}
	if (!turn_new(lane, &lane->readers, request, &asking->message->from)) {
		error_no_memory(&err);
		request_finish_error(requests, request, &err);
		return true;
	}
	request_enter(requests, request, REQUEST_DRIVING);
	steps_read_now(asking->entry);
	return true;
}

/* The drive that waits for this step, which is over with it. */
static struct drive *
take_step(struct steps *steps, uint64_t number)
{
	struct drive *drive;

	HASH_FIND(hh, steps->drives, &number, sizeof(number), drive);
	if (drive == NULL)
		steps->late++;
	else
		drive_forget_step(drive);
	return drive;
}

static void
drive_step_done(struct drive *drive, const struct credis_error *err)
{
	struct credis_error worded;

	if (err != NULL) {
		word_reason(&worded, drive->lane, err);
		drive_finish(drive, &worded);
		return;
	}
	drive->stage++;
	drive_go(drive);
}

bool
steps_finish(struct steps *steps, uint64_t number, const struct credis_error *err)
{
	static const struct credis_error no_value = { CREDIS_EDRIVER, "read without a value" };
	struct drive *drive = take_step(steps, number);

	if (drive == NULL)
		return false;
	if (err == NULL && drive->stage == STAGE_READ)
		err = &no_value;
	drive_step_done(drive, err);
	return true;
}

bool
steps_finish_read(struct steps *steps, uint64_t number, const char *text, size_t length,
    const struct credis_error *err)
{
	static const struct credis_error no_memory = { CREDIS_EDRIVER, "out of memory" };
	struct drive *drive = take_step(steps, number);

	if (drive == NULL)
		return false;
	if (err == NULL && drive->stage == STAGE_READ) {
		free(drive->lane->text);
		drive->lane->text = text_copy(text, length);
		drive->lane->length = length;
		if (drive->lane->text == NULL)
			err = &no_memory;
	}
	drive_step_done(drive, err);
	return true;
}
