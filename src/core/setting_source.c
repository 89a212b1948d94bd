/* setting_source.c: settings about where values come from and where they go: calc, schedule, history.
 * What an expression refers to is looked up by whoever knows all services. */
#include "core/setting.h"

#include "core/error.h"
#include "core/expr.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/text.h"

#include <stdlib.h>
#include <string.h>

bool
setting_set_history(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	json_int_t entries = json_integer_value(json);

	if (!json_is_integer(json) || entries < 0 || entries > KEYWORD_HISTORY_MAX)
		return setting_must_be(row, err);
	keyword->history = (uint32_t)entries;
	return true;
}

void
setting_get_history(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->history > 0)
		buffer_printf(out, "%u", (unsigned)keyword->history);
}

/* "" takes it away. */
bool
setting_set_calc(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	struct expr *expr;
	char *calc = NULL;

	if (!json_is_string(json))
		return setting_must_be(row, err);
	if (json_string_length(json) > 0) {
		expr = expr_parse(json_string_value(json), NULL, NULL, err);
		if (expr == NULL)
			return false;
		expr_free(expr);
		calc = text_copy(json_string_value(json), json_string_length(json));
		if (calc == NULL)
			return error_no_memory(err);
	}
	free(keyword->calc);
	keyword->calc = calc;
	return true;
}

void
setting_get_calc(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->calc != NULL)
		json_text_append(out, keyword->calc, strlen(keyword->calc));
}

static bool
is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HH:MM" or "HH:MM:SS" as seconds of the day; -1 when it is neither. */
static int32_t
parse_time(const char *text)
{
	static const int most[] = { 23, 59, 59 };
	static const int32_t worth[] = { 3600, 60, 1 };
	int32_t seconds = 0;
	size_t part;

	for (part = 0; part < 3; part++) {
		if (!is_digit(text[0]) || !is_digit(text[1]))
			return -1;
		int number = (text[0] - '0') * 10 + text[1] - '0';
		if (number > most[part])
			return -1;
		seconds += number * worth[part];
		text += 2;
		if (*text == '\0')
			return part > 0 ? seconds : -1;
		if (*text++ != ':')
			return -1;
	}
	return -1;
}

static int
by_time(const void *a, const void *b)
{
	return *(const int32_t *)a - *(const int32_t *)b;
}

static bool
add_time(struct keyword_schedule *schedule, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	const char *text = json_string_value(json);
	char quoted[ERROR_QUOTE + 4];
	int32_t seconds = text != NULL ? parse_time(text) : -1;

	if (text == NULL)
		return setting_must_be(row, err);
	if (seconds < 0)
		return error_set(err, CREDIS_EINVAL, "'%s' is no time of day (00:00 to 23:59:59)",
		    text_quote(quoted, text, strlen(text), ERROR_QUOTE));
	schedule->seconds[schedule->count++] = seconds;
	return true;
}

bool
setting_set_schedule(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	size_t count = json_is_array(json) ? json_array_size(json) : 1;
	struct keyword_schedule *schedule;
	bool ok = true;

	if (count < 1 || count > KEYWORD_TIMES_MAX)
		return setting_must_be(row, err);
	schedule = calloc(1, sizeof(*schedule) + count * sizeof(*schedule->seconds));
	if (schedule == NULL)
		return error_no_memory(err);
	for (size_t n = 0; ok && n < count; n++)
		ok = add_time(schedule, row, json_is_array(json) ? json_array_get(json, n) : json,
		    err);
	if (!ok) {
		free(schedule);
		return false;
	}
	qsort(schedule->seconds, count, sizeof(*schedule->seconds), by_time);
	free(keyword->schedule);
	keyword->schedule = schedule;
	return true;
}

static void
print_time(int32_t seconds, struct buffer *out)
{
	buffer_printf(out, "\"%02d:%02d", (int)(seconds / 3600), (int)(seconds / 60 % 60));
	if (seconds % 60 != 0)
		buffer_printf(out, ":%02d", (int)(seconds % 60));
	buffer_text(out, "\"");
}

void
setting_get_schedule(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	const struct keyword_schedule *schedule = keyword->schedule;

	(void)row;
	if (schedule == NULL)
		return;
	buffer_text(out, schedule->count > 1 ? "[" : "");
	for (size_t n = 0; n < schedule->count; n++) {
		buffer_text(out, n == 0 ? "" : ", ");
		print_time(schedule->seconds[n], out);
	}
	buffer_text(out, schedule->count > 1 ? "]" : "");
}
