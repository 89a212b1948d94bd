/* file.h: the whole of a file, within bounds. */
#ifndef DAEMON_FILE_H
#define DAEMON_FILE_H

#include <stddef.h>
#include <sys/stat.h>

enum { FILE_MAX = 64 << 20 }; /* bytes */

/* Reads a regular file. Returns its bytes, with a NUL after them, to free(); or NULL, with the reason in '*why'
 * as the end of a sentence that begins with its name. */
char *file_read(const char *name, struct stat *identity, size_t *length, const char **why);

#endif
