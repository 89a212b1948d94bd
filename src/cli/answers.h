/* answers.h: answers come as they come and are printed in the order of the questions. */
#ifndef CLI_ANSWERS_H
#define CLI_ANSWERS_H

#include <stddef.h>
#include <stdio.h>

struct answers;
struct session;

struct answers *answers_new(struct session *session, size_t count);
void answers_free(struct answers *answers);

/* Where answer n is to be written, as often as wanted until answers_end(). */
FILE *answers_open(struct answers *answers, size_t n);

/* Answer n is complete, or will not come: prints all whose turn has come. */
void answers_end(struct answers *answers, size_t n);

/* The first that is still missing; 'count' when all are there. */
size_t answers_missing(const struct answers *answers);

#endif
