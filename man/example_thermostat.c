/* A thermostat of two services: "heater", which takes a moment to switch, and "room". */
#include <credis/dispatcher.h>

#include <event2/event.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct thermostat {
	struct credis_dispatcher *dispatcher;
	struct event *switched; /* the heater answers */
	uint64_t step;          /* that waits for it; 0: none */
	double temperature, target;
};

/* At once: what the settings allow, and we do not. */
static bool
check_target(void *arg, const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	double target = 0;

	(void)arg, (void)keyword;
	credis_value_real(value, &target);
	if (target < 28)
		return true;
	err->code = CREDIS_ERANGE;
	snprintf(err->text, sizeof(err->text), "%g degrees would be a sauna", target);
	return false;
}

/* Later: the heater needs a moment, and the write is answered when it has switched. */
static void
write_target(void *arg, const struct credis_step *step)
{
	struct thermostat *t = arg;

	t->target = strtod(step->text, NULL);
	t->step = step->number;
	event_add(t->switched, &(struct timeval){ 0, 200000 });
}

static void
on_switched(evutil_socket_t fd, short what, void *arg)
{
	struct thermostat *t = arg;

	(void)fd, (void)what;
	credis_dispatcher_finish(t->dispatcher, t->step, NULL);
	t->step = 0;
}

/* Nobody waits any more: switch no further. */
static void
cancel_target(void *arg, uint64_t step)
{
	struct thermostat *t = arg;

	if (t->step == step)
		event_del(t->switched);
}

/* Once a period, and whenever somebody asks for a fresh value. */
static void
read_temperature(void *arg, const struct credis_step *step)
{
	struct thermostat *t = arg;
	char text[32];

	t->temperature += (t->target - t->temperature) / 4;
	snprintf(text, sizeof(text), "%.2f", t->temperature);
	credis_dispatcher_finish_read(t->dispatcher, step->number, text, strlen(text), NULL);
}

static struct credis_service *
describe(const char *name, const char *keyword, const char *settings[][2],
    const struct credis_callbacks *callbacks, void *arg)
{
	struct credis_service *service = credis_service_new(name, "", "1.0", NULL);
	struct credis_keyword *described = credis_keyword_new(keyword, CREDIS_DOUBLE, NULL);

	for (; settings[0][0] != NULL; settings++)
		credis_keyword_set(described, settings[0][0], settings[0][1], NULL);
	if (!credis_keyword_finish(described, NULL, NULL) ||
	    !credis_service_take_keyword(service, described, NULL) ||
	    !credis_service_set_callbacks(service, keyword, callbacks, arg, NULL))
		exit(1);
	return service;
}

/* Argument: a URL. */
int
main(int argc, char **argv)
{
	static const struct credis_callbacks target = { .check = check_target,
		.write = write_target,
		.cancel = cancel_target };
	static const struct credis_callbacks temperature = { .read = read_temperature };
	const char *of_target[][2] = { { "range", "[5, 30]" }, { "initial", "18" },
		{ NULL, NULL } };
	const char *of_temperature[][2] = { { "access", "read" }, { "period", "1 second" },
		{ "deadband", "0.05" }, { NULL, NULL } };
	struct event_base *base = event_base_new();
	struct thermostat t = { .temperature = 18, .target = 18 };
	struct credis_error err;

	t.dispatcher = credis_dispatcher_new(base, argc > 1 ? argv[1] : "redis://localhost", &err);
	if (t.dispatcher == NULL) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	t.switched = event_new(base, -1, 0, on_switched, &t);
	credis_dispatcher_take_service(t.dispatcher,
	    describe("heater", "TARGET", of_target, &target, &t), NULL);
	credis_dispatcher_take_service(t.dispatcher,
	    describe("room", "TEMPERATURE", of_temperature, &temperature, &t), NULL);
	credis_dispatcher_start(t.dispatcher);
	event_base_dispatch(base);
	return 0;
}
