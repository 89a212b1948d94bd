/* wallclock.c: the moments around one day. mktime() knows the zone and its changes. */
#include "dispatcher/wallclock.h"

#include <time.h>

static int64_t
moment_if(const struct tm *day, int offset, int32_t seconds, int summer, int *found)
{
	struct tm at = { .tm_year = day->tm_year,
		.tm_mon = day->tm_mon,
		.tm_mday = day->tm_mday + offset,
		.tm_hour = seconds / 3600,
		.tm_min = seconds / 60 % 60,
		.tm_sec = seconds % 60,
		.tm_isdst = summer };
	int64_t moment = mktime(&at);

	*found = at.tm_isdst;
	return moment;
}

/* Said whether summer time or not: left to itself, mktime() takes now one, now the other of an hour that comes
 * twice. */
static int64_t
moment(const struct tm *day, int offset, int32_t seconds)
{
	int found;
	int64_t summer = moment_if(day, offset, seconds, 1, &found);

	return found == 1 ? summer : moment_if(day, offset, seconds, 0, &found);
}

static struct tm
day_of(int64_t now)
{
	time_t seconds = now;
	struct tm day;

	tzset();
	localtime_r(&seconds, &day);
	return day;
}

int64_t
wallclock_last(const struct keyword_schedule *schedule, int64_t now)
{
	struct tm day = day_of(now);
	int64_t last = INT64_MIN;

	for (int offset = -1; offset <= 0; offset++) {
		for (size_t n = 0; n < schedule->count; n++) {
			int64_t at = moment(&day, offset, schedule->seconds[n]);

			if (at <= now && at > last)
				last = at;
		}
	}
	return last;
}

int64_t
wallclock_next(const struct keyword_schedule *schedule, int64_t now)
{
	struct tm day = day_of(now);
	int64_t next = INT64_MAX;

	for (int offset = 0; offset <= 1; offset++) {
		for (size_t n = 0; n < schedule->count; n++) {
			int64_t at = moment(&day, offset, schedule->seconds[n]);

			if (at > now && at < next)
				next = at;
		}
	}
	return next;
}
