/* setting_alarm.c: the setting 'alarm': limits of numbers, severities of labels.
 * Whether the labels exist only the whole keyword shows: alarm_finish(). */
#include "core/setting.h"

#include "core/alarm.h"
#include "core/error.h"
#include "core/json_text.h"
#include "core/keyword_inside.h"
#include "core/text.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define HYSTERESIS "hysteresis"

static bool
is_labelled(const struct credis_keyword *keyword)
{
	return keyword->type == CREDIS_ENUMERATED || keyword->type == CREDIS_BOOLEAN ||
	    keyword->type == CREDIS_MASK;
}

static bool
refuse_limit(const char *name, struct credis_error *err)
{
	const char *names[ALARM_LIMITS + 2] = { NULL };

	for (enum alarm_limit limit = ALARM_LOLO; limit < ALARM_LIMITS; limit++)
		names[limit] = alarm_limit_name(limit);
	names[ALARM_LIMITS] = HYSTERESIS;
	return error_unknown(err, "limit", name, names);
}

static bool
read_hysteresis(struct alarm *alarm, const json_t *json, struct credis_error *err)
{
	char text[NUMBER_TEXT];

	alarm->hysteresis = json_number_value(json);
	if (alarm->hysteresis >= 0)
		return true;
	number_print_double(text, alarm->hysteresis);
	return error_set(err, CREDIS_EINVAL, HYSTERESIS " %s is below the minimum 0", text);
}

static bool
read_limit(struct alarm *alarm, const struct credis_keyword *keyword, const char *name,
    const json_t *json, struct credis_error *err)
{
	enum credis_type element = type_element((enum credis_type)keyword->type);
	enum alarm_limit limit = ALARM_LOLO;

	if (strcmp(name, HYSTERESIS) == 0)
		return read_hysteresis(alarm, json, err);
	while (limit < ALARM_LIMITS && strcmp(alarm_limit_name(limit), name) != 0)
		limit++;
	if (limit == ALARM_LIMITS)
		return refuse_limit(name, err);
	alarm->has[limit] = true;
	if (element == CREDIS_INTEGER
		? setting_read_integer(json, &alarm->at[limit].integer, err)
		: setting_read_real(json, element == CREDIS_FLOAT, &alarm->at[limit].real, err))
		return true;
	return error_prefix(err, name);
}

static bool
check_order(const struct credis_keyword *keyword, struct credis_error *err)
{
	const struct alarm *alarm = keyword->alarm;
	enum alarm_limit below = ALARM_LIMITS;
	bool whole = type_element((enum credis_type)keyword->type) == CREDIS_INTEGER;

	for (enum alarm_limit limit = ALARM_LOLO; limit < ALARM_LIMITS; limit++) {
		struct buffer text = BUFFER_EMPTY;

		if (!alarm->has[limit])
			continue;
		if (below == ALARM_LIMITS ||
		    (whole ? alarm->at[below].integer <= alarm->at[limit].integer
			   : alarm->at[below].real <= alarm->at[limit].real)) {
			below = limit;
			continue;
		}
		buffer_printf(&text, "%s ", alarm_limit_name(below));
		alarm_print_limit(keyword, below, &text);
		buffer_printf(&text, " is above %s ", alarm_limit_name(limit));
		alarm_print_limit(keyword, limit, &text);
		error_set(err, CREDIS_EINVAL, "%.*s", (int)text.length,
		    text.failed ? "" : text.bytes);
		buffer_free(&text);
		return false;
	}
	return true;
}

static bool
read_limits(struct alarm *alarm, const struct credis_keyword *keyword, const struct setting *row,
    const json_t *json, struct credis_error *err)
{
	struct credis_keyword judged = *keyword;
	const char *name;
	json_t *number;

	json_object_foreach((json_t *)json, name, number)
	{
		if (!json_is_number(number))
			return setting_must_be(row, err);
		if (!read_limit(alarm, keyword, name, number, err))
			return false;
	}
	judged.alarm = alarm;
	return json_is_object(json) ? check_order(&judged, err) : setting_must_be(row, err);
}

static bool
refuse_severity(const char *name, struct credis_error *err)
{
	const char *names[CREDIS_SEVERITIES + 1] = { NULL };

	for (int n = 0; n < CREDIS_SEVERITIES; n++)
		names[n] = credis_severity_name((enum credis_severity)n);
	return error_unknown(err, "severity", name, names);
}

static bool
add_label(struct alarm *alarm, const struct setting *row, const char *text, const json_t *json,
    struct credis_error *err)
{
	struct alarm_label *label = &alarm->labels[alarm->count];
	const char *severity = json_string_value(json);

	if (text == NULL || severity == NULL)
		return setting_must_be(row, err);
	if (!credis_severity_find(severity, &label->severity))
		return refuse_severity(severity, err);
	if (label->severity == CREDIS_NONE)
		return true;
	label->text = text_copy(text, strlen(text));
	if (label->text == NULL)
		return error_no_memory(err);
	alarm->count++;
	return true;
}

/* { label = severity }, or a list of pairs for labels that cannot be names. */
static bool
read_labels(struct alarm *alarm, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	size_t count = json_is_object(json) ? json_object_size(json) : json_array_size(json);
	const char *text;
	json_t *severity;

	if ((!json_is_object(json) && !json_is_array(json)) || count > LABELS_MAX)
		return setting_must_be(row, err);
	alarm->labels = calloc(count + 1, sizeof(*alarm->labels));
	if (alarm->labels == NULL)
		return error_no_memory(err);
	json_object_foreach((json_t *)json, text, severity)
	{
		if (!add_label(alarm, row, text, severity, err))
			return false;
	}
	for (size_t n = 0; n < json_array_size(json); n++) {
		const json_t *pair = json_array_get(json, n);

		if (json_array_size(pair) != 2)
			return setting_must_be(row, err);
		if (!add_label(alarm, row, json_string_value(json_array_get(pair, 0)),
			json_array_get(pair, 1), err))
			return false;
	}
	return true;
}

bool
setting_set_alarm(struct credis_keyword *keyword, const struct setting *row, const json_t *json,
    struct credis_error *err)
{
	struct alarm *alarm = calloc(1, sizeof(*alarm));
	bool ok;

	if (alarm == NULL)
		return error_no_memory(err);
	ok = is_labelled(keyword) ? read_labels(alarm, row, json, err)
				  : read_limits(alarm, keyword, row, json, err);
	if (!ok || (json_object_size(json) == 0 && json_array_size(json) == 0)) {
		alarm_free(alarm);
		alarm = NULL;
	}
	if (!ok)
		return false;
	alarm_free(keyword->alarm);
	keyword->alarm = alarm;
	return true;
}

/* Whether it may stand before '=' in a configuration. */
static bool
is_name(const char *text)
{
	if (strcasecmp(text, "true") == 0 || strcasecmp(text, "false") == 0 ||
	    !(isalpha((unsigned char)*text) && isascii(*text)))
		return false;
	for (; *text != '\0'; text++) {
		if (!isascii(*text) || !(isalnum((unsigned char)*text) || strchr("-_", *text)))
			return false;
	}
	return true;
}

static void
print_labels(const struct alarm *alarm, struct buffer *out)
{
	bool names = true;

	for (size_t n = 0; n < alarm->count; n++)
		names = names && is_name(alarm->labels[n].text);
	buffer_text(out, names ? "{" : "[");
	for (size_t n = 0; n < alarm->count; n++) {
		const struct alarm_label *label = &alarm->labels[n];

		buffer_text(out, n == 0 ? "" : ", ");
		buffer_text(out, names ? "" : "[");
		json_text_append(out, label->text, strlen(label->text));
		buffer_printf(out, names ? ": \"%s\"" : ", \"%s\"]",
		    credis_severity_name(label->severity));
	}
	buffer_text(out, names ? "}" : "]");
}

static void
print_limits(const struct credis_keyword *keyword, struct buffer *out)
{
	const struct alarm *alarm = keyword->alarm;
	const char *before = "{";
	char text[NUMBER_TEXT];

	for (enum alarm_limit limit = ALARM_LOLO; limit < ALARM_LIMITS; limit++) {
		if (!alarm->has[limit])
			continue;
		buffer_printf(out, "%s\"%s\": ", before, alarm_limit_name(limit));
		alarm_print_limit(keyword, limit, out);
		before = ", ";
	}
	if (alarm->hysteresis > 0) {
		buffer_printf(out, "%s\"" HYSTERESIS "\": ", before);
		buffer_append(out, text, number_print_double(text, alarm->hysteresis));
		before = ", ";
	}
	buffer_text(out, *before == '{' ? "" : "}");
}

void
setting_get_alarm(const struct credis_keyword *keyword, const struct setting *row,
    struct buffer *out)
{
	(void)row;
	if (keyword->alarm == NULL)
		return;
	if (!is_labelled(keyword))
		print_limits(keyword, out);
	else if (keyword->alarm->count > 0)
		print_labels(keyword->alarm, out);
}

static bool
refuse_label(const struct labels *labels, const char *text, struct credis_error *err)
{
	const char **names = calloc(labels->count + 1, sizeof(*names));
	bool refused;

	if (names == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < labels->count; n++)
		names[n] = labels->rows[n].text;
	refused = error_unknown(err, "label", text, names);
	free(names);
	return refused;
}

/* Booleans are called by any of their words. */
static bool
find_label(const struct credis_keyword *keyword, const char *text, int64_t *key,
    const char **spelling)
{
	const struct label *label = labels_by_text(&keyword->labels, text, strlen(text));
	bool meaning;

	if (label == NULL && keyword->type == CREDIS_BOOLEAN &&
	    value_find_boolean(text, strlen(text), &meaning)) {
		label = labels_by_key(&keyword->labels, meaning);
		*key = meaning;
		*spelling = label != NULL ? label->text : meaning ? "true" : "false";
		return true;
	}
	if (label == NULL)
		return false;
	*key = label->key;
	*spelling = label->text;
	return true;
}

static bool
check_twice(const struct alarm *alarm, size_t n, struct credis_error *err)
{
	for (size_t m = 0; m < n; m++) {
		if (alarm->labels[m].key == alarm->labels[n].key)
			return error_set(err, CREDIS_EINVAL, "label '%s' is there twice",
			    alarm->labels[n].text);
	}
	return true;
}

bool
alarm_finish(struct credis_keyword *keyword, struct credis_error *err)
{
	struct alarm *alarm = keyword->alarm;

	for (size_t n = 0; alarm != NULL && n < alarm->count; n++) {
		struct alarm_label *label = &alarm->labels[n];
		const char *spelling;
		char *text;

		if (!find_label(keyword, label->text, &label->key, &spelling))
			return refuse_label(&keyword->labels, label->text, err);
		text = text_copy(spelling, strlen(spelling));
		if (text == NULL)
			return error_no_memory(err);
		free(label->text);
		label->text = text;
		if (!check_twice(alarm, n, err))
			return false;
	}
	return true;
}
