/* fail_alloc.h: fails the n-th allocation of our own code. Include it once, in a test program that is linked
 * with --wrap for these four; libraries keep theirs. */
#ifndef TEST_FAIL_ALLOC_H
#define TEST_FAIL_ALLOC_H

#include <stdbool.h>
#include <stddef.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *memory, size_t size);
char *__real_strdup(const char *text);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *memory, size_t size);
char *__wrap_strdup(const char *text);

static size_t fail_alloc_left; /* until the one that fails; 0: none does */
static bool fail_alloc_failed;

static void
fail_alloc_at(size_t n)
{
	fail_alloc_left = n;
	fail_alloc_failed = false;
}

/* Disarms. Whether one has failed. */
static bool
fail_alloc_off(void)
{
	fail_alloc_left = 0;
	return fail_alloc_failed;
}

static bool
fail_alloc_now(void)
{
	if (fail_alloc_left == 0 || --fail_alloc_left > 0)
		return false;
	fail_alloc_failed = true;
	return true;
}

void *
__wrap_malloc(size_t size)
{
	return fail_alloc_now() ? NULL : __real_malloc(size);
}

void *
__wrap_calloc(size_t count, size_t size)
{
	return fail_alloc_now() ? NULL : __real_calloc(count, size);
}

void *
__wrap_realloc(void *memory, size_t size)
{
	return fail_alloc_now() ? NULL : __real_realloc(memory, size);
}

char *
__wrap_strdup(const char *text)
{
	return fail_alloc_now() ? NULL : __real_strdup(text);
}

#endif
