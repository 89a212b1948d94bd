/* reply.h: what a Redis server answered: a tree that is lent, never owned.
 * One in a callback lives for the call; one of a blocking call until the store's next call. */
#ifndef CREDIS_REPLY_H
#define CREDIS_REPLY_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct credis_reply;

/* The kinds of RESP2, https://redis.io/docs/latest/develop/reference/protocol-spec/. Since 0.1. */
enum credis_reply_kind {
	CREDIS_REPLY_NIL,
	CREDIS_REPLY_STATUS, /* OK, PONG, QUEUED */
	CREDIS_REPLY_ERROR, /* the server's, or ours for what has no answer: credis_reply_fault() */
	CREDIS_REPLY_INTEGER,
	CREDIS_REPLY_TEXT,
	CREDIS_REPLY_ARRAY,
};

/* NULL counts as nil. Since 0.1. */
enum credis_reply_kind credis_reply_kind(const struct credis_reply *reply);

/* The bytes of a text, a status or an error, terminated; '*length' (may be NULL) gets how many. NULL
 * for other kinds, so that nil and "" differ. Since 0.1. */
const char *credis_reply_text(const struct credis_reply *reply, size_t *length);

/* The number of an integer, or of a text that is one; false for everything else. Since 0.1. */
bool credis_reply_integer(const struct credis_reply *reply, int64_t *integer);

/* The same for real numbers, "inf" and "-inf" among them: scores are texts. Since 0.1. */
bool credis_reply_real(const struct credis_reply *reply, double *real);

/* How many elements an array has; 0 for other kinds. Since 0.1. */
size_t credis_reply_count(const struct credis_reply *reply);

/* Element n, from 0; a nil past the end. Never NULL. Since 0.1. */
const struct credis_reply *credis_reply_element(const struct credis_reply *reply, size_t n);

/* Whether it is an error; then 'err' (may be NULL) gets what it means: CREDIS_ESTORE or
 * CREDIS_EUNREACHABLE for a server's, CREDIS_ELOST, CREDIS_EDEADLINE and the like for a command that has
 * no answer. Since 0.1. */
bool credis_reply_fault(const struct credis_reply *reply, struct credis_error *err);

/* A copy that lives on, to free with credis_reply_free(); NULL when out of memory.
 * Since 0.1. */
struct credis_reply *credis_reply_copy(const struct credis_reply *reply);

/* A copy only; NULL is fine. Since 0.1. */
void credis_reply_free(struct credis_reply *reply);

#ifdef __cplusplus
}
#endif
#endif
