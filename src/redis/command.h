/* command.h: Redis commands as bytes, formatted by hand (RESP arrays of bulk strings).
 * %b formatting of hiredis costs thirteen times as much on the way of every request. */
#ifndef REDIS_COMMAND_H
#define REDIS_COMMAND_H

#include "core/buffer.h"

#include <stdint.h>

/* Starts a command of 'count' words, its name among them; exactly so many must follow. */
void command_begin(struct buffer *out, size_t count);
void command_word(struct buffer *out, const void *bytes, size_t length);
void command_text(struct buffer *out, const char *text);
void command_integer(struct buffer *out, int64_t integer);

/* Words that are always the same, written out: command_fixed(out, "$4\r\ntime\r\n"). */
#define command_fixed(out, literal) buffer_append(out, literal, sizeof(literal) - 1)

/* A whole command of texts: command_texts(out, "SELECT", "3", NULL). */
void command_texts(struct buffer *out, ...) __attribute__((sentinel));

/* A whole command; 'lengths' NULL takes its words for C strings. */
void command_words(struct buffer *out, int argc, const char *const *argv, const size_t *lengths);

#endif
