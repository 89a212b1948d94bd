/* faults.h: what is wrong in configuration files, each with its place.
 * Knows nothing of what the files should say. */
#ifndef DAEMON_FAULTS_H
#define DAEMON_FAULTS_H

#include <stddef.h>

/* A line of a file; 'file' is a name that faults_file() keeps. */
struct place {
	const char *file;
	int line;
};

struct faults;

struct faults *faults_new(void);
void faults_free(struct faults *faults);

/* Keeps a file's name as long as 'faults' lives. Files are reported in the order of their first
 * mention. */
const char *faults_file(struct faults *faults, const char *name);

void faults_add(struct faults *faults, struct place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

size_t faults_count(const struct faults *faults);

/* Fault n as "file:line: sentence", in the order of files and lines; NULL past the last. Lent. */
const char *faults_text(struct faults *faults, size_t n);

#endif
