/* greeting.h: the first words on a new connection: who we are, and whether the server is fit. */
#ifndef REDIS_GREETING_H
#define REDIS_GREETING_H

#include "core/log.h"
#include "core/url.h"
#include "redis/reply.h"

struct buffer;

enum greeting_state { GREETING_MORE, GREETING_DONE, GREETING_FAILED };

struct greeting {
	const struct url *url;   /* lent, as is the name */
	const char *name;        /* NULL: none */
	unsigned step;           /* of the next answer */
	int64_t sent_us;         /* steady */
	int64_t clock_offset_us; /* makes the server's time of the steady one; 0: not told */
	int64_t connection_id;   /* 0: not told */
};

/* Formats all commands of the greeting; returns how many, each to be answered to
 * greeting_answer(). */
size_t greeting_begin(struct greeting *greeting, const struct url *url, const char *name,
    struct buffer *out);

/* Takes the next answer. On failure says why in 'err'; a refused name is a warning only. */
enum greeting_state greeting_answer(struct greeting *greeting, const struct reply *reply,
    const struct log *log, struct credis_error *err);

#endif
