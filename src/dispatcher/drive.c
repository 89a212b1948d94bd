/* drive.c: asks a keyword's source: what a value means to it, and a write's or a reading's steps one by one.
 * A step is known by its number alone, so that an answer that comes late, or twice, finds nobody. */
#include "core/error.h"
#include "core/text.h"
#include "dispatcher/served.h"
#include "dispatcher/source.h"
#include "dispatcher/steps_inside.h"

#include <credis/span.h>

#include <event2/event.h>
#include <stdlib.h>
#include <string.h>

static void on_late(evutil_socket_t fd, short what, void *arg);

bool
drive_init(struct drive *drive, struct lane *lane)
{
	drive->lane = lane;
	drive->timer = event_new(lane->steps->post->base, -1, 0, on_late, drive);
	return drive->timer != NULL;
}

void
drive_clear(struct drive *drive)
{
	if (drive->timer != NULL)
		event_free(drive->timer);
}

static bool
is_write(const struct drive *drive)
{
	return drive == &drive->lane->writing;
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

struct source *
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
	struct request *request = is_write(drive) ? turn_request(lane->current) : NULL;
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

/* 'err' is worded for those who asked. */
static void
drive_finish(struct drive *drive, const struct credis_error *err)
{
	struct lane *lane = drive->lane;
	struct source *source = drive_end(drive);

	lane_hold(lane);
	if (is_write(drive))
		lane_finish_write(lane, err);
	else
		lane_finish_reading(lane, err);
	lane_release(lane);
	source_release(source);
}

/* From the present stage on, up to one that takes its time. */
static void
drive_go(struct drive *drive)
{
	struct steps *steps = drive->lane->steps;
	credis_step_cb *call = NULL;
	struct credis_error err;

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
	if (drive->hh.tbl != NULL) {
		drive_call(drive, call);
		return;
	}
	drive->number = 0;
	error_set(&err, CREDIS_EDRIVER, "%s: out of memory", drive->lane->entry->name);
	drive_finish(drive, &err);
}

void
drive_start(struct drive *drive, enum stage first)
{
	drive_begin(drive, first);
	drive_go(drive);
}

static void
on_late(evutil_socket_t fd, short what, void *arg)
{
	struct drive *drive = arg;
	struct credis_error err;
	char limit[40];

	(void)fd;
	(void)what;
	error_set(&err, CREDIS_ETIMEOUT, "%s: not %s within %s, its timeout",
	    drive->lane->entry->name, is_write(drive) ? "written" : "read",
	    credis_span_print(limit_ms(drive->lane), limit));
	drive_finish(drive, &err);
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

/* From inside a callback the program may bring another description: what was found by the old one is void. */
static bool
is_still_described(const struct entry *entry, const struct lane *lane, struct credis_error *err)
{
	return entry->lane == lane ||
	    error_set(err, CREDIS_EBUSY, "%s: described anew while it was asked for", entry->name);
}

static bool
parse(struct entry *entry, struct lane *lane, const struct source *source,
    struct credis_value *value, const char *text, size_t length, struct credis_error *err)
{
	const struct credis_callbacks *callbacks = &source->callbacks;
	struct credis_error why = { CREDIS_EVALUES, "refused without a reason" };
	char *meant = NULL;
	bool fine;

	if (callbacks->translate != NULL) {
		meant = callbacks->translate(source->arg, entry->keyword, text, &length, &why);
		if (meant == NULL)
			return refused(lane, &why, err);
		text = meant;
	}
	fine = is_still_described(entry, lane, err) &&
	    keyword_parse_value(entry->keyword, value, text, length, err);
	free(meant);
	if (!fine || callbacks->check == NULL)
		return fine;
	fine = callbacks->check(source->arg, entry->keyword, value, &why)
	    ? is_still_described(entry, lane, err)
	    : refused(lane, &why, err);
	if (!fine)
		value_clear(value);
	return fine;
}

bool
steps_parse(struct entry *entry, struct credis_value *value, const char *text, size_t length,
    struct credis_error *err)
{
	struct lane *lane = entry->lane;
	struct source *source = lane->source;
	bool fine;

	if (source == NULL)
		return keyword_parse_value(entry->keyword, value, text, length, err);
	lane_hold(lane);
	source_hold(source);
	fine = parse(entry, lane, source, value, text, length, err);
	source_release(source);
	lane_release(lane);
	return fine;
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
		drive->lane->text = text != NULL ? text_copy(text, length) : NULL;
		drive->lane->length = length;
		if (text != NULL && drive->lane->text == NULL)
			err = &no_memory;
	}
	drive_step_done(drive, err);
	return true;
}
