/* fuzz.h: what fuzz targets share. A promise that does not hold ends the program. */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length);

#define PROMISE(holds) \
	do { \
		if (!(holds)) { \
			fprintf(stderr, "%s:%d: broken: %s\n", __FILE__, __LINE__, #holds); \
			abort(); \
		} \
	} while (0)

/* The bytes as a text, up to a NUL among them; to free(). Exactly as long as it is, so that reading
 * past it shows. */
static inline char *
fuzz_text(const uint8_t *bytes, size_t length)
{
	char *text = strndup((const char *)bytes, length);

	PROMISE(text != NULL);
	return text;
}

#endif
