/* test_wallclock.c: times of day around midnight, and where clocks are put forward and back. */
#include "dispatcher/wallclock.h"

#include <stdlib.h>
#include <time.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static struct keyword_schedule *
times(size_t count, const int32_t *seconds)
{
	struct keyword_schedule *schedule = malloc(sizeof(*schedule) + count * sizeof(*seconds));

	assert_non_null(schedule);
	schedule->count = count;
	for (size_t n = 0; n < count; n++)
		schedule->seconds[n] = seconds[n];
	return schedule;
}

/* Checked against date(1): TZ=Europe/Berlin by its POSIX rule. */
static int
in_berlin(void **state)
{
	(void)state;
	setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3", 1);
	tzset();
	return 0;
}

static void
next_is_today_or_tomorrow(void **state)
{
	struct keyword_schedule *six = times(1, (int32_t[]){ 6 * 3600 });
	int64_t at = 1768453200; /* 2026-01-15 06:00:00 CET */

	(void)state;
	assert_int_equal(wallclock_next(six, at - 1), at);
	assert_int_equal(wallclock_next(six, at), at + 86400);
	assert_int_equal(wallclock_last(six, at), at);
	assert_int_equal(wallclock_last(six, at - 1), at - 86400);
	free(six);
}

static void
the_nearest_of_several_counts(void **state)
{
	struct keyword_schedule *two = times(2, (int32_t[]){ 1, 86399 });
	int64_t midnight = 1768431600; /* 2026-01-15 00:00:00 CET */

	(void)state;
	assert_int_equal(wallclock_next(two, midnight - 2), midnight - 1);
	assert_int_equal(wallclock_next(two, midnight - 1), midnight + 1);
	assert_int_equal(wallclock_last(two, midnight), midnight - 1);
	free(two);
}

static void
summer_time_keeps_the_local_hour(void **state)
{
	struct keyword_schedule *six = times(1, (int32_t[]){ 6 * 3600 });
	int64_t saturday = 1774674000; /* 2026-03-28 06:00:00 CET */

	(void)state;
	assert_int_equal(wallclock_next(six, saturday), saturday + 23 * 3600);
	free(six);
}

static void
a_time_that_the_day_does_not_have_still_comes_once(void **state)
{
	struct keyword_schedule *half = times(1, (int32_t[]){ 2 * 3600 + 1800 });
	int64_t change = 1774746000; /* 2026-03-29 01:00 UTC: 02:00 becomes 03:00 */
	int64_t next = wallclock_next(half, change - 3600);

	(void)state;
	assert_in_range(next, change - 1800, change + 1800);
	assert_true(wallclock_next(half, next) > next + 20 * 3600);
	free(half);
}

static void
a_time_that_comes_twice_counts_once(void **state)
{
	struct keyword_schedule *half = times(1, (int32_t[]){ 2 * 3600 + 1800 });
	int64_t change = 1792890000; /* 2026-10-25 01:00 UTC: 03:00 becomes 02:00 */
	int64_t next = wallclock_next(half, change - 2 * 3600);

	(void)state;
	assert_true(next == change - 1800 || next == change + 1800);
	assert_true(wallclock_next(half, next) > next + 20 * 3600);
	free(half);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_is_today_or_tomorrow),
		cmocka_unit_test(the_nearest_of_several_counts),
		cmocka_unit_test(summer_time_keeps_the_local_hour),
		cmocka_unit_test(a_time_that_the_day_does_not_have_still_comes_once),
		cmocka_unit_test(a_time_that_comes_twice_counts_once),
	};

	return cmocka_run_group_tests(tests, in_berlin, NULL);
}
