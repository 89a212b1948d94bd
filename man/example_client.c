#include <credis/monitor.h>

#include <event2/event.h>
#include <stdio.h>
#include <string.h>

static void
on_event(void *arg, enum credis_monitor_event event, const struct credis_reading *reading,
    const struct credis_error *err)
{
	if (event == CREDIS_MONITOR_VALUE)
		printf("%s.%s = %s\n", reading->service, reading->keyword, reading->text);
	if (event == CREDIS_MONITOR_GAP || event == CREDIS_MONITOR_FAILED)
		fprintf(stderr, "%s\n", err->text);
	if (event == CREDIS_MONITOR_FAILED)
		event_base_loopbreak(arg);
	fflush(stdout);
}

static void
on_modify(void *arg, size_t n, enum credis_progress progress, const struct credis_error *err,
    const struct credis_reading *reading)
{
	(void)arg, (void)n, (void)reading;
	if (progress == CREDIS_FINAL && err->code != CREDIS_OK)
		fprintf(stderr, "%s\n", err->text);
}

/* Arguments: a URL, a keyword, a value to write. */
int
main(int argc, char **argv)
{
	struct event_base *base = event_base_new();
	struct credis_client *client = NULL;
	struct credis_monitor *monitor = NULL;
	struct credis_modify write = { 0 };
	struct credis_error err;

	if (base == NULL || argc != 4)
		return 2;
	write.keyword = argv[2];
	write.text = argv[3];
	write.length = strlen(argv[3]);
	client = credis_client_new(base, argv[1], &err);
	if (client != NULL)
		monitor = credis_monitor_new(client, &write.keyword, 1, on_event, base, &err);
	if (monitor == NULL ||
	    credis_client_modify(client, &write, 1, false, on_modify, NULL, &err) == 0)
		fprintf(stderr, "%s\n", err.text);
	else
		event_base_dispatch(base);
	credis_monitor_free(monitor);
	credis_client_free(client);
	event_base_free(base);
	return 1;
}
