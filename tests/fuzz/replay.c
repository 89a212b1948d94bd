/* replay.c: runs a fuzz target over files, and over the files in directories, in place of libFuzzer.
 * What the target finds ends the program by itself; a file that cannot be read is a failure. */
#include "fuzz.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <sys/stat.h>

static size_t runs;

static int
fail(const char *path)
{
	fprintf(stderr, "%s: %s\n", path, strerror(errno));
	return 1;
}

static int
replay_file(const char *path, size_t length)
{
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(length); /* no byte more, so that reading past it shows */

	if (file == NULL || (bytes == NULL && length > 0) ||
	    fread(bytes, 1, length, file) != length)
		return fail(path);
	fclose(file);
	LLVMFuzzerTestOneInput(bytes, length);
	free(bytes);
	runs++;
	return 0;
}

static int
replay(const char *path)
{
	char inside[PATH_MAX];
	struct stat status;
	int failed = 0;

	if (stat(path, &status) != 0)
		return fail(path);
	if (!S_ISDIR(status.st_mode))
		return replay_file(path, (size_t)status.st_size);
	DIR *directory = opendir(path);
	if (directory == NULL)
		return fail(path);
	for (struct dirent *entry; (entry = readdir(directory)) != NULL;) {
		if (entry->d_name[0] == '.')
			continue;
		snprintf(inside, sizeof inside, "%s/%s", path, entry->d_name);
		failed |= replay(inside);
	}
	closedir(directory);
	return failed;
}

int
main(int argc, char **argv)
{
	int failed = 0;

	for (int i = 1; i < argc; i++)
		failed |= replay(argv[i]);
	printf("%zu inputs\n", runs);
	return failed;
}
