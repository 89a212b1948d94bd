/* fail_each.h: makes a call again and again with its 1st, 2nd, 3rd … allocation failing, until it has no n-th:
 * each time it says CREDIS_ENOMEM, or does without. Include it once, in a test program named _memory. */
#ifndef TEST_FAIL_EACH_H
#define TEST_FAIL_EACH_H

#include "fail_alloc.h"

#include <credis/error.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

/* A public call; false with its error. Frees what it got. */
typedef bool fail_each_act(void *stage, struct credis_error *err);

/* Lets come to an end what a call has begun; NULL: nothing. */
typedef void fail_each_settle(void *stage);

struct fail_each_row {
	const char *name;
	fail_each_act *act;
};

/* How many allocations it has. */
static size_t
fail_each(void *stage, const struct fail_each_row *row, fail_each_settle *settle)
{
	for (size_t n = 1;; n++) {
		struct credis_error err = { .code = CREDIS_OK };

		fail_alloc_at(n);
		bool done = row->act(stage, &err);
		bool failed = fail_alloc_off();
		if (!done && (!failed || err.code != CREDIS_ENOMEM))
			fail_msg("%s, allocation %zu: code %d: %s", row->name, n, (int)err.code,
			    err.text);
		if (settle != NULL)
			settle(stage);
		if (!failed)
			return n - 1;
	}
}

/* All of the rows; each has an allocation that can fail. */
static inline void
fail_all(void *stage, const struct fail_each_row *rows, size_t count, fail_each_settle *settle)
{
	for (size_t n = 0; n < count; n++)
		assert_true(fail_each(stage, &rows[n], settle) > 0);
}

/* Memory is short while the answer comes, at each of 'most' allocations: the call, which begins, ends all the same,
 * and once: '*ended' counts that. */
static inline void
fail_each_answer(void *stage, fail_each_act *act, size_t most, fail_each_settle *settle,
    const unsigned *ended)
{
	for (size_t at = 1; at <= most; at++) {
		unsigned before = *ended;
		struct credis_error err;

		assert_true(act(stage, &err));
		fail_alloc_at(at);
		settle(stage);
		fail_alloc_off();
		assert_int_equal(*ended, before + 1);
	}
}

#endif
