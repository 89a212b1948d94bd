/* test_keyword_memory.c: every public call of keywords, values, services, spans and a dispatcher with its 1st, 2nd,
 * 3rd … allocation failing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <credis/dispatcher.h>

#include "fail_each.h"
#include "loop.h"
#include "redis_server.h"

static const char *const descriptions[] = {
	"{\"name\":\"AZ\",\"type\":\"double\",\"units\":\"deg\",\"range\":[0,360],\"format\":\"%."
	"3f\","
	"\"help\":\"azimuth\",\"deadband\":0.5,\"period\":\"1 second\",\"history\":10}",
	"{\"name\":\"MODE\",\"type\":\"enumerated\",\"values\":[\"OFF\",\"ON\"],\"persist\":true}",
	"{\"name\":\"BITS\",\"type\":\"mask\",\"values\":[\"A\",\"B\",\"C\"]}",
	"{\"name\":\"UP\",\"type\":\"boolean\"}",
	"{\"name\":\"TEXT\",\"type\":\"string\",\"pattern\":\"[a-z]*\",\"initial\":\"abc\"}",
	"{\"name\":\"LIST\",\"type\":\"double array\"}",
	"{\"name\":\"NAMES\",\"type\":\"string array\"}",
	"{\"name\":\"SUM\",\"type\":\"double\",\"access\":\"read\",\"calc\":\"$AZ + 1\"}",
};
static const char *const texts[] = { "12.5", "ON", "A,B", "true", "abc", "[1, 2, 3]",
	"[\"a b\", \"c\"]", NULL };

enum { DESCRIPTIONS = sizeof descriptions / sizeof descriptions[0] };

struct stage {
	struct redis_server server;
	struct event_base *base;
	struct credis_dispatcher *dispatcher; /* serves "lab" */
	struct credis_keyword *keywords[DESCRIPTIONS];
};

/* What tells its fault by NULL alone. */
static bool
got(void *memory, struct credis_error *err)
{
	if (memory == NULL)
		err->code = CREDIS_ENOMEM;
	free(memory);
	return memory != NULL;
}

static bool
new_keyword(void *arg, struct credis_error *err)
{
	static const char *const rows[][2] = { { "units", "deg" }, { "range", "[0, 360]" },
		{ "help", "azimuth" }, { "period", "1 second" }, { "initial", "12" } };
	struct credis_keyword *keyword = credis_keyword_new("AZ", CREDIS_DOUBLE, err);
	bool ok = keyword != NULL;

	(void)arg;
	for (size_t n = 0; ok && n < sizeof rows / sizeof rows[0]; n++)
		ok = credis_keyword_set(keyword, rows[n][0], rows[n][1], err);
	ok = ok && credis_keyword_finish(keyword, NULL, err);
	credis_keyword_free(keyword);
	return ok;
}

static bool
read_descriptions(void *arg, struct credis_error *err)
{
	bool ok = true;

	(void)arg;
	for (int n = 0; ok && n < DESCRIPTIONS; n++) {
		struct credis_keyword *keyword = credis_keyword_from_json(descriptions[n], err);

		ok = keyword != NULL && credis_keyword_finish(keyword, NULL, err);
		credis_keyword_free(keyword);
	}
	return ok;
}

static bool
write_descriptions(void *arg, struct credis_error *err)
{
	const struct stage *stage = arg;

	for (int n = 0; n < DESCRIPTIONS; n++)
		if (!got(credis_keyword_to_json(stage->keywords[n]), err))
			return false;
	return true;
}

/* NULL is also a setting at its default: asked for are those that are not. */
static bool
get_settings(void *arg, struct credis_error *err)
{
	const struct stage *stage = arg;

	return got(credis_keyword_get(stage->keywords[0], "units"), err) &&
	    got(credis_keyword_get(stage->keywords[0], "range"), err) &&
	    got(credis_keyword_get(stage->keywords[1], "values"), err);
}

static bool
make_values(void *arg, struct credis_error *err)
{
	const struct stage *stage = arg;
	bool ok = true;

	for (int n = 0; ok && texts[n] != NULL; n++) {
		struct credis_value *value =
		    credis_value_new(stage->keywords[n], texts[n], strlen(texts[n]), err);

		ok = value != NULL;
		if (ok)
			ok = got(strdup(credis_value_text(value, NULL)), err);
		credis_value_free(value);
	}
	return ok;
}

static bool
present_values(void *arg, struct credis_error *err)
{
	const struct stage *stage = arg;
	static const enum credis_form forms[] = { CREDIS_STORED, CREDIS_ASCII, CREDIS_ASCII_BARE,
		CREDIS_BINARY };

	for (int n = 0; texts[n] != NULL; n++)
		for (int form = 0; form < 4; form++)
			if (!got(credis_keyword_present(stage->keywords[n], texts[n],
				     strlen(texts[n]), forms[form]),
				err))
				return false;
	return true;
}

static bool
check(void *arg, const struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	(void)arg, (void)keyword, (void)value, (void)err;
	return true;
}

/* NULL with the reason. */
static struct credis_service *
make_service(const char *name, struct credis_error *err)
{
	static const struct credis_callbacks callbacks = { .check = check };
	struct credis_service *service = credis_service_new(name, "a laboratory", "1", err);
	bool ok = service != NULL;

	for (int n = 0; ok && n < DESCRIPTIONS; n++) {
		struct credis_keyword *keyword = credis_keyword_from_json(descriptions[n], err);

		ok = keyword != NULL && credis_keyword_finish(keyword, NULL, err) &&
		    credis_service_take_keyword(service, keyword, err);
		if (!ok)
			credis_keyword_free(keyword);
	}
	ok = ok && credis_service_set_callbacks(service, "AZ", &callbacks, NULL, err) &&
	    credis_service_set_layout(service, CREDIS_LAYOUT_CAULDRON, "prefix", err) &&
	    credis_service_set_layout(service, CREDIS_LAYOUT_NATIVE, NULL, err);
	if (ok)
		return service;
	credis_service_free(service);
	return NULL;
}

static bool
new_service(void *arg, struct credis_error *err)
{
	struct credis_service *service = make_service("lab", err);
	const struct credis_service *all[] = { service };
	bool ok = service != NULL && credis_services_check(all, 1, NULL, NULL, err);

	(void)arg;
	credis_service_free(service);
	return ok;
}

static bool
new_dispatcher(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_dispatcher *dispatcher =
	    credis_dispatcher_new(stage->base, stage->server.url, err);
	bool ok = dispatcher != NULL && credis_dispatcher_set_namespace(dispatcher, "other", err) &&
	    credis_dispatcher_set_limits(dispatcher, 10, 1000, 10, 1000, err) &&
	    credis_dispatcher_set_replicas(dispatcher, 0, err);

	credis_dispatcher_free(dispatcher);
	return ok;
}

static bool
take_service(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_dispatcher *dispatcher =
	    credis_dispatcher_new(stage->base, stage->server.url, err);
	struct credis_service *service = dispatcher != NULL ? make_service("lab", err) : NULL;
	bool ok = service != NULL && credis_dispatcher_take_service(dispatcher, service, err);

	if (!ok)
		credis_service_free(service);
	credis_dispatcher_free(dispatcher);
	return ok;
}

/* Another one in its place, while it is being served. */
static bool
replace_service(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	struct credis_service *service = make_service("lab", err);

	if (service != NULL && credis_dispatcher_take_service(stage->dispatcher, service, err))
		return true;
	credis_service_free(service);
	return false;
}

static bool
set_value(void *arg, struct credis_error *err)
{
	static int turn;
	struct stage *stage = arg;
	char text[16];
	int length = snprintf(text, sizeof text, "%d", ++turn % 300);

	return credis_dispatcher_set(stage->dispatcher, "lab", "AZ", text, (size_t)length, err);
}

static bool
set_reading(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;
	const struct credis_sample sample = { .text = "2,3",
		.length = 3,
		.severity = CREDIS_MAJOR,
		.reason = "a test" };

	return credis_dispatcher_set_reading(stage->dispatcher, "lab", "LIST", &sample, err);
}

static bool
set_severity(void *arg, struct credis_error *err)
{
	static bool turn;
	struct stage *stage = arg;

	turn = !turn;
	return credis_dispatcher_set_severity(stage->dispatcher, "lab", "UP",
	    turn ? CREDIS_INVALID : CREDIS_NONE, "a test", err);
}

static bool
report_fault(void *arg, struct credis_error *err)
{
	struct stage *stage = arg;

	(void)err;
	credis_dispatcher_report_fault(stage->dispatcher, "lab", "a fault");
	return true;
}

static void
settle(void *arg)
{
	struct stage *stage = arg;

	EVENTUALLY(stage->base,
	    credis_dispatcher_state(stage->dispatcher) == CREDIS_READY &&
		credis_dispatcher_holds(stage->dispatcher, "lab"));
}

static void
each_failed_allocation_of_a_call_is_enomem(void **state)
{
	static const struct fail_each_row rows[] = { { "new keyword", new_keyword },
		{ "from JSON", read_descriptions }, { "to JSON", write_descriptions },
		{ "get", get_settings }, { "values", make_values }, { "present", present_values },
		{ "new service", new_service }, { "new dispatcher", new_dispatcher },
		{ "take service", take_service } };

	fail_all(*state, rows, sizeof rows / sizeof rows[0], NULL);
}

static void
each_failed_allocation_of_a_dispatcher_at_work_is_enomem_and_it_works_on(void **state)
{
	static const struct fail_each_row rows[] = { { "set", set_value },
		{ "set reading", set_reading }, { "set severity", set_severity },
		{ "report fault", report_fault }, { "replace service", replace_service } };

	for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
		struct credis_error err;

		settle(*state);
		fail_each(*state, &rows[n], settle);
		assert_true(set_value(*state, &err));
	}
}

static int
start(void **state)
{
	struct stage *stage = calloc(1, sizeof *stage);
	struct credis_error err;

	redis_server_start(&stage->server, NULL);
	stage->base = event_base_new();
	for (int n = 0; n < DESCRIPTIONS; n++) {
		stage->keywords[n] = credis_keyword_from_json(descriptions[n], &err);
		if (stage->keywords[n] == NULL ||
		    !credis_keyword_finish(stage->keywords[n], NULL, &err)) {
			fprintf(stderr, "%s\n", err.text);
			return 1;
		}
	}
	stage->dispatcher = credis_dispatcher_new(stage->base, stage->server.url, NULL);
	*state = stage;
	if (!replace_service(stage, &err))
		return 1;
	credis_dispatcher_start(stage->dispatcher);
	return 0;
}

static int
stop(void **state)
{
	struct stage *stage = *state;

	credis_dispatcher_free(stage->dispatcher);
	for (int n = 0; n < DESCRIPTIONS; n++)
		credis_keyword_free(stage->keywords[n]);
	event_base_free(stage->base);
	redis_server_stop(&stage->server);
	free(stage);
	return 0;
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_failed_allocation_of_a_call_is_enomem),
		cmocka_unit_test(
		    each_failed_allocation_of_a_dispatcher_at_work_is_enomem_and_it_works_on),
	};

	return cmocka_run_group_tests_name("keywords, memory", tests, start, stop);
}
