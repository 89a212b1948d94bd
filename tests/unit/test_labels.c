/* test_labels.c: labels and keys find each other; none is there twice. */
#include "core/labels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool
add(struct labels *labels, int64_t key, const char *text, struct credis_error *err)
{
	return labels_add(labels, key, text, strlen(text), err);
}

static void
labels_are_found_in_any_case_and_by_key(void **state)
{
	struct labels labels = { NULL, 0 };
	struct credis_error err;

	(void)state;
	assert_true(add(&labels, 7, "Open", &err) && add(&labels, -1, "U", &err));
	assert_int_equal(labels_by_text(&labels, "oPEN", 4)->key, 7);
	assert_string_equal(labels_by_key(&labels, -1)->text, "U");
	assert_null(labels_by_text(&labels, "open ", 5));
	assert_null(labels_by_key(&labels, 0));
	labels_clear(&labels);
	assert_int_equal(labels.count, 0);
}

static void
what_is_there_already_is_refused_and_changes_nothing(void **state)
{
	struct labels labels = { NULL, 0 };
	struct credis_error err;
	char text[300];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_true(add(&labels, 0, "open", &err));
	assert_false(add(&labels, 1, "OPEN", &err));
	assert_string_equal(err.text, "label 'OPEN' is there twice");
	assert_false(add(&labels, 0, "shut", &err));
	assert_string_equal(err.text, "key 0 is there twice (label 'shut')");
	assert_false(add(&labels, 1, "", &err));
	assert_false(labels_add(&labels, 1, text, LABELS_TEXT_MAX + 1, &err));
	assert_int_equal(err.code, CREDIS_EINVAL);
	assert_true(labels_add(&labels, 1, text, LABELS_TEXT_MAX, &err));
	assert_int_equal(labels.count, 2);
	labels_clear(&labels);
}

static void
there_are_no_more_than_a_few_thousand(void **state)
{
	struct labels labels = { NULL, 0 };
	struct credis_error err;
	char text[32];

	(void)state;
	for (int n = 0; n < LABELS_MAX; n++) {
		snprintf(text, sizeof(text), "L%d", n);
		assert_true(add(&labels, n, text, &err));
	}
	assert_false(add(&labels, LABELS_MAX, "one more", &err));
	labels_clear(&labels);
}

static void
they_can_be_put_in_the_order_of_their_keys(void **state)
{
	struct labels labels = { NULL, 0 };

	(void)state;
	labels_sort(&labels);
	assert_true(add(&labels, 5, "e", NULL) && add(&labels, -3, "a", NULL) &&
	    add(&labels, 0, "b", NULL));
	labels_sort(&labels);
	assert_string_equal(labels.rows[0].text, "a");
	assert_string_equal(labels.rows[1].text, "b");
	assert_string_equal(labels.rows[2].text, "e");
	labels_clear(&labels);
}

static void
a_long_list_is_cut(void **state)
{
	struct labels labels = { NULL, 0 };
	char list[LABELS_LIST + 4], text[32];

	(void)state;
	assert_string_equal(labels_list(&labels, list), "");
	assert_true(add(&labels, 0, "open", NULL));
	assert_string_equal(labels_list(&labels, list), "open");
	assert_true(add(&labels, 1, "U", NULL));
	assert_string_equal(labels_list(&labels, list), "open, U");
	for (int n = 2; n < 100; n++) {
		snprintf(text, sizeof(text), "label%d", n);
		assert_true(add(&labels, n, text, NULL));
	}
	labels_list(&labels, list);
	assert_memory_equal(list, "open, U, label2, ", 17);
	assert_string_equal(list + strlen(list) - 5, ", …");
	labels_clear(&labels);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(labels_are_found_in_any_case_and_by_key),
		cmocka_unit_test(what_is_there_already_is_refused_and_changes_nothing),
		cmocka_unit_test(there_are_no_more_than_a_few_thousand),
		cmocka_unit_test(they_can_be_put_in_the_order_of_their_keys),
		cmocka_unit_test(a_long_list_is_cut),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
