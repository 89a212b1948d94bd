/* text.h: text that came from elsewhere, made fit for a line, a column or JSON. */
#ifndef CLI_TEXT_H
#define CLI_TEXT_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Bytes of the UTF-8 character that 'text' begins with; 0 when it is none. */
size_t text_character(const char *text, size_t length);

/* Prints text with control characters and what is not UTF-8 as \n, \t, \x1b: nothing in it can
 * move a terminal's cursor or break a line in two. */
void text_print(FILE *to, const char *text, size_t length);

/* Prints a JSON string; what is not UTF-8 becomes U+FFFD. */
void text_print_json(FILE *to, const char *text, size_t length);

/* The columns that text_print() takes, a character being one wide. */
size_t text_width(const char *text);

enum { TEXT_TIME = 40 };

/* Unix microseconds as "2026-11-20T20:01:05.123456Z". Returns 'out'. */
char *text_time(char out[TEXT_TIME], int64_t time_us);

#endif
