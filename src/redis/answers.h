/* answers.h: the answers of several commands, from one server or more, put together for one callback. */
#ifndef REDIS_ANSWERS_H
#define REDIS_ANSWERS_H

#include <credis/store.h>

#include <stdbool.h>

struct answers;
struct part;

/* What becomes of them. */
enum answers_kind {
	ANSWERS_EACH,   /* an array; a part has one for each of its places */
	ANSWERS_LIST,   /* an array; a part's one answer has an element for each of its places */
	ANSWERS_SUM,    /* a number, of those that are no faults */
	ANSWERS_STATUS, /* one of those that are no faults */
};

/* An array of 'count'; everybody who has a part in it must end. NULL when out of memory. */
struct answers *answers_new(enum answers_kind kind, size_t count, credis_reply_cb *cb, void *arg);

/* All parts have been sent, or refused. False, with the first reason and no callback, when every one was
 * refused. */
bool answers_begin(struct answers *answers, struct credis_error *err);

/* Out of memory for this one. */
void answers_lack(struct answers *answers, size_t place);

/* Some of the answers, which come from one server: 'count' may be added. NULL when out of memory. */
struct part *part_new(struct answers *answers, size_t count);
void part_add(struct part *part, size_t place);
size_t part_count(const struct part *part);

/* The callbacks of its call, with the part for 'arg'. */
void on_part_each(void *arg, const struct credis_reply *reply, const struct credis_error *err);
void on_part_last(void *arg, const struct credis_reply *reply, const struct credis_error *err);

/* It was not sent. */
void part_refuse(struct part *part, const struct credis_error *err);

#endif
