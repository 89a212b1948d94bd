/* faults.c: a list of sentences, sorted when somebody reads it. */
#include "faults.h"

#include "memory.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdbool.h>
#include <string.h>

struct fault {
	struct place place;
	size_t number; /* order of finding */
	char *text;
};

struct file {
	char *name;
	struct file *next;
};

struct faults {
	struct file *files;
	struct fault *list;
	size_t count;
	bool sorted;
};

struct faults *
faults_new(void)
{
	return must(calloc(1, sizeof(struct faults)));
}

void
faults_free(struct faults *faults)
{
	if (faults == NULL)
		return;
	for (struct file *file = faults->files, *next; file != NULL; file = next) {
		next = file->next;
		free(file->name);
		free(file);
	}
	for (size_t i = 0; i < faults->count; i++)
		free(faults->list[i].text);
	free(faults->list);
	free(faults);
}

const char *
faults_file(struct faults *faults, const char *name)
{
	struct file *file;

	for (file = faults->files; file != NULL; file = file->next) {
		if (strcmp(file->name, name) == 0)
			return file->name;
	}
	file = must(malloc(sizeof *file));
	file->name = must(strdup(name));
	file->next = faults->files;
	faults->files = file;
	return file->name;
}

void
faults_add(struct faults *faults, struct place place, const char *format, ...)
{
	struct fault fault = { .place = place, .number = faults->count };
	char *sentence;
	va_list list;

	va_start(list, format);
	sentence = must_vprint(format, list);
	va_end(list);
	fault.text = must_print("%s:%d: %s", place.file, place.line, sentence);
	free(sentence);
	for (char *at = fault.text; *at != '\0'; at++) {
		if (iscntrl((unsigned char)*at))
			*at = '?';
	}

	/* Doubles whenever the count is a power of two. */
	if ((faults->count & (faults->count - 1)) == 0)
		faults->list = must(reallocarray(faults->list,
		    faults->count != 0 ? 2 * faults->count : 1, sizeof *faults->list));
	faults->list[faults->count++] = fault;
	faults->sorted = false;
}

size_t
faults_count(const struct faults *faults)
{
	return faults->count;
}

static int
compare(const void *left, const void *right, void *arg)
{
	const struct fault *a = left, *b = right;
	const struct faults *faults = arg;

	/* The list of files begins with the last. */
	for (const struct file *file = faults->files; a->place.file != b->place.file;
	     file = file->next) {
		if (file->name == a->place.file)
			return 1;
		if (file->name == b->place.file)
			return -1;
	}
	if (a->place.line != b->place.line)
		return a->place.line < b->place.line ? -1 : 1;
	return a->number < b->number ? -1 : 1;
}

const char *
faults_text(struct faults *faults, size_t n)
{
	if (!faults->sorted && faults->count > 1)
		qsort_r(faults->list, faults->count, sizeof *faults->list, compare, faults);
	faults->sorted = true;
	return n < faults->count ? faults->list[n].text : NULL;
}
