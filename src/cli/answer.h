/* answer.h: how the answer of a shared data structure is printed. */
#ifndef CLI_ANSWER_H
#define CLI_ANSWER_H

#include <credis/model.h>

struct object;
struct session;

/* Nil prints nothing (null with --json), and makes the status 1. */
void answer_print(struct session *session, const char *key, enum credis_serializer serializer,
    const struct credis_answer *answer);

/* A value alone on its line: bytes as they are, but for a terminal. */
void answer_line(struct session *session, const char *text, size_t length);

/* A value as a member of an object: as JSON where it is JSON, otherwise as text. */
void answer_member(struct object *object, const char *name, enum credis_serializer serializer,
    const char *text, size_t length);

#endif
