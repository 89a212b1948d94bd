/* vectors.h: golden facts in tests/unit/data, found from the project's top: [text, what the original makes of it, verdict].
 * Without a verdict the original is right; "refuse: why" says that it is not; "either: why" that
 * nothing is promised. */
#ifndef TESTS_VECTORS_H
#define TESTS_VECTORS_H

#include <jansson.h>

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum verdict { TAKE, REFUSE, EITHER };

/* Looks at one text; says whether it was taken, and if so whether as 'expected'. */
struct outcome {
	bool taken;
	bool as_expected;
};
typedef struct outcome vector_look(const char *text, const json_t *expected);

static inline enum verdict
vector_verdict(const json_t *vector)
{
	const char *verdict = json_string_value(json_array_get(vector, 2));

	if (verdict != NULL)
		return strncmp(verdict, "either:", 7) == 0 ? EITHER : REFUSE;
	return json_object_get(json_array_get(vector, 1), "error") != NULL ? REFUSE : TAKE;
}

/* Returns how many facts of a file do not hold, or -1 when it cannot be read or holds fewer than
 * 'least'. A text with a NUL in it cannot be put to a function that takes C strings. */
static inline int
vectors_broken(const char *name, size_t least, vector_look *look)
{
	char path[256];
	size_t n;
	json_t *vector;
	int broken = 0;

	snprintf(path, sizeof path, "tests/unit/data/%s", name);
	json_t *file = json_load_file(path, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	json_t *vectors = json_object_get(file, "vectors");
	if (json_array_size(vectors) < least)
		broken = -1;
	json_array_foreach(vectors, n, vector)
	{
		const json_t *text = json_array_get(vector, 0);
		if (strlen(json_string_value(text)) != json_string_length(text))
			continue;
		enum verdict verdict = vector_verdict(vector);
		struct outcome outcome = look(json_string_value(text), json_array_get(vector, 1));
		if (verdict == EITHER || (verdict == REFUSE && !outcome.taken) ||
		    (verdict == TAKE && outcome.taken && outcome.as_expected))
			continue;
		fprintf(stderr, "# '%s' was %s\n", json_string_value(text),
		    !outcome.taken            ? "refused"
			: outcome.as_expected ? "taken"
					      : "taken for something else");
		broken++;
	}
	json_decref(file);
	return broken;
}

#endif
