/* file.c: reads a file that may be anything: a directory, a FIFO, endless, growing. */
#include "file.h"

#include "memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* The whole of an open file, to free(), with a NUL after it. NULL with the reason. */
static char *
read_all(int fd, const struct stat *stat_of, size_t *length, const char **why)
{
	size_t room = (size_t)stat_of->st_size + 4096;
	char *bytes;
	ssize_t got = 1;

	*why = "is longer than 64 MiB";
	if (stat_of->st_size > FILE_MAX)
		return NULL;
	bytes = must(malloc(room + 1));
	for (*length = 0; got > 0 && *length<room; *length += got> 0 ? (size_t)got : 0) {
		got = read(fd, bytes + *length, room - *length);
		if (got < 0)
			*why = strerror(errno);
	}
	if (got == 0) {
		bytes[*length] = '\0';
		return bytes;
	}
	if (got > 0)
		*why = "grows while it is read";
	free(bytes);
	return NULL;
}

char *
file_read(const char *name, struct stat *identity, size_t *length, const char **why)
{
	char *bytes = NULL;
	/* Opening a FIFO must not wait for its other end. */
	int fd = open(name, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

	if (fd == -1 || fstat(fd, identity) == -1)
		*why = strerror(errno);
	else if (S_ISDIR(identity->st_mode))
		*why = "is a directory (a file is wanted)";
	else if (!S_ISREG(identity->st_mode))
		*why = "is not a regular file";
	else
		bytes = read_all(fd, identity, length, why);
	if (fd != -1)
		close(fd);
	return bytes;
}
