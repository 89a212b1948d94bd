/* progress.c: one line on the terminal, rewritten each second: "waiting for telescope.AZ … 3 s". */
#include "progress.h"

#include "memory.h"
#include "text.h"

#include <event2/event.h>

#include <string.h>
#include <time.h>
#include <unistd.h>

enum { SUBJECT_MAX = 60 }; /* bytes; with the rest it fits in a line of 80 */

struct progress {
	struct event *timer; /* NULL: nobody is looking */
	char *subject;
	time_t since; /* monotonic, seconds */
	bool shown;
};

static time_t
now(void)
{
	struct timespec time;

	clock_gettime(CLOCK_MONOTONIC, &time);
	return time.tv_sec;
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct progress *progress = arg;
	size_t length = strlen(progress->subject);

	(void)fd;
	(void)what;
	fputs("\r\033[Kwaiting for ", stderr);
	text_print(stderr, progress->subject, length < SUBJECT_MAX ? length : SUBJECT_MAX);
	fprintf(stderr, " … %lld s", (long long)(now() - progress->since));
	fflush(stderr);
	progress->shown = true;
}

struct progress *
progress_new(struct event_base *base, bool quiet)
{
	struct progress *progress = must(calloc(1, sizeof *progress));

	if (!quiet && isatty(STDERR_FILENO))
		progress->timer = must(event_new(base, -1, EV_PERSIST, on_second, progress));
	return progress;
}

void
progress_free(struct progress *progress)
{
	if (progress == NULL)
		return;
	progress_clear(progress);
	if (progress->timer != NULL)
		event_free(progress->timer);
	free(progress->subject);
	free(progress);
}

void
progress_say(struct progress *progress, const char *subject)
{
	static const struct timeval second = { .tv_sec = 1 };

	if (progress->timer == NULL)
		return;
	if (progress->subject == NULL)
		progress->since = now();
	free(progress->subject);
	progress->subject = NULL;
	if (subject == NULL) {
		progress_clear(progress);
		event_del(progress->timer);
		return;
	}
	progress->subject = must(strdup(subject));
	if (!event_pending(progress->timer, EV_TIMEOUT, NULL))
		event_add(progress->timer, &second);
}

void
progress_clear(struct progress *progress)
{
	if (progress == NULL || !progress->shown)
		return;
	fputs("\r\033[K", stderr);
	fflush(stderr);
	progress->shown = false;
}
