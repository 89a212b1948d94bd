/* keyword_finish.c: what only the whole keyword shows, and the settings that follow from others.
 * One row a check, with the setting to blame. */
#include "core/error.h"
#include "core/keyword_inside.h"

#include <string.h>

static bool
check_values(struct credis_keyword *keyword, struct credis_error *err)
{
	if ((keyword->type != CREDIS_ENUMERATED && keyword->type != CREDIS_MASK) ||
	    keyword->labels.count > 0)
		return true;
	return error_set(err, CREDIS_EINVAL, "must be given: it is %s",
	    credis_type_name((enum credis_type)keyword->type));
}

static bool
check_labels(struct credis_keyword *keyword, struct credis_error *err)
{
	size_t count = keyword->labels.count;

	if (!type_is_array((enum credis_type)keyword->type) || count == 0 ||
	    count == keyword_max_count(keyword))
		return true;
	return error_set(err, CREDIS_EINVAL, "%zu label%s for %zu elements (length says how many)",
	    count, count == 1 ? "" : "s", keyword_max_count(keyword));
}

static bool
check_max_length(struct credis_keyword *keyword, struct credis_error *err)
{
	if (keyword->max_length == KEYWORD_MAX_LENGTH ||
	    keyword->max_length == keyword_max_length(keyword))
		return true;
	return error_set(err, CREDIS_EINVAL, "%u is above %d, the maximum with a pattern",
	    (unsigned)keyword->max_length, PATTERN_TEXT_MAX);
}

static bool
check_calc(struct credis_keyword *keyword, struct credis_error *err)
{
	if (keyword->calc == NULL)
		return true;
	if (keyword->heartbeat)
		return error_set(err, CREDIS_EINVAL, "a heartbeat is counted, not calculated");
	if (keyword->period_ms > 0 || keyword->schedule != NULL)
		return error_set(err, CREDIS_EINVAL,
		    "it is calculated when what it is made from changes: neither period nor "
		    "schedule fit");
	return true;
}

static bool
check_driver(struct credis_keyword *keyword, struct credis_error *err)
{
	const struct keyword_source *source = keyword->source;

	if (source == NULL || source->driver == NULL)
		return true;
	if (source->read != NULL || source->write != NULL)
		return error_set(err, CREDIS_EINVAL,
		    "it has a command as well (a driver or commands, not both)");
	if (keyword->calc != NULL || keyword->heartbeat)
		return error_set(err, CREDIS_EINVAL, "it is %s, which needs no driver",
		    keyword->heartbeat ? "a heartbeat" : "calculated");
	return true;
}

static bool
check_read(struct credis_keyword *keyword, struct credis_error *err)
{
	if (keyword->source == NULL || keyword->source->read == NULL)
		return true;
	if (keyword->calc != NULL || keyword->heartbeat)
		return error_set(err, CREDIS_EINVAL, "it is %s, which is not read",
		    keyword->heartbeat ? "a heartbeat" : "calculated");
	if (keyword->command)
		return error_set(err, CREDIS_EINVAL, "a command always reads false");
	if (keyword->access == CREDIS_WRITE)
		return error_set(err, CREDIS_EINVAL, "its access is write: it may not be read");
	return true;
}

static bool
check_write(struct credis_keyword *keyword, struct credis_error *err)
{
	if (keyword->source == NULL || keyword->source->write == NULL)
		return true;
	if (keyword->access == CREDIS_READ || keyword->heartbeat)
		return error_set(err, CREDIS_EINVAL, "its access is read: it may not be written");
	return true;
}

static bool
check_period(struct credis_keyword *keyword, struct credis_error *err)
{
	return !keyword->heartbeat || keyword->period_ms > 0 ||
	    error_set(err, CREDIS_EINVAL, "must be given: it is a heartbeat");
}

static bool
settle_access(struct credis_keyword *keyword, struct credis_error *err)
{
	if (keyword->command && keyword->access == CREDIS_READ)
		return error_set(err, CREDIS_EINVAL, "a command must be writable");
	if (keyword->heartbeat && keyword->access == CREDIS_WRITE)
		return error_set(err, CREDIS_EINVAL, "a heartbeat can only be read");
	if (keyword->calc != NULL && keyword->access != CREDIS_READ)
		return error_set(err, CREDIS_EINVAL, "must be read: it is calculated");
	if (keyword->heartbeat)
		keyword->access = CREDIS_READ;
	return true;
}

/* What a number, or each element of an array, is at first: as near to 0 as the range allows. */
static void
print_least(const struct credis_keyword *keyword, struct buffer *out)
{
	const struct keyword_limits *limits = keyword->limits;
	bool whole = type_element((enum credis_type)keyword->type) == CREDIS_INTEGER;

	if (limits != NULL && limits->has_low &&
	    (whole ? limits->low.integer > 0 : limits->low.real > 0))
		keyword_print_limit(keyword, false, out);
	else if (limits != NULL && limits->has_high &&
	    (whole ? limits->high.integer < 0 : limits->high.real < 0))
		keyword_print_limit(keyword, true, out);
	else
		buffer_text(out, "0");
}

static void
print_default_array(const struct credis_keyword *keyword, struct buffer *out)
{
	buffer_text(out, "[");
	for (uint32_t n = 0; n < keyword->min_count; n++) {
		buffer_text(out, n == 0 ? "" : ", ");
		if (keyword->type == CREDIS_STRING_ARRAY)
			buffer_text(out, "\"\"");
		else
			print_least(keyword, out);
	}
	buffer_text(out, "]");
}

static void
print_default(const struct credis_keyword *keyword, struct buffer *out)
{
	switch ((enum credis_type)keyword->type) {
	case CREDIS_STRING: buffer_text(out, ""); break;
	case CREDIS_BOOLEAN: buffer_text(out, "false"); break;
	case CREDIS_INTEGER:
	case CREDIS_FLOAT:
	case CREDIS_DOUBLE: print_least(keyword, out); break;
	case CREDIS_ENUMERATED: buffer_text(out, keyword->labels.rows[0].text); break;
	case CREDIS_MASK: buffer_text(out, "none"); break;
	case CREDIS_INTEGER_ARRAY:
	case CREDIS_FLOAT_ARRAY:
	case CREDIS_DOUBLE_ARRAY:
	case CREDIS_STRING_ARRAY: print_default_array(keyword, out); break;
	case CREDIS_TYPES: break;
	}
}

/* Keeps the stored form of a value as the initial one. */
static bool
keep_initial(struct credis_keyword *keyword, const struct credis_value *value,
    struct credis_error *err)
{
	char *text = keyword_keep_text(value_text(value), value->length);

	if (text == NULL)
		return error_no_memory(err);
	keyword_drop_text(keyword->initial);
	keyword->initial = text;
	return true;
}

static bool
settle_initial_from(struct credis_keyword *keyword, const char *text, struct credis_error *err)
{
	struct credis_value value;
	bool ok;

	if (!keyword_check_value(keyword, &value, text, strlen(text), err))
		return false;
	if (keyword->command && value.as.integer != 0)
		ok = error_set(err, CREDIS_EINVAL, "a command always reads false");
	else
		ok = keep_initial(keyword, &value, err);
	value_clear(&value);
	return ok;
}

static bool
settle_initial(struct credis_keyword *keyword, struct credis_error *err)
{
	struct buffer text = BUFFER_EMPTY;
	bool ok;

	if (keyword->initial_given)
		return settle_initial_from(keyword, keyword->initial, err);
	print_default(keyword, &text);
	ok = text.failed
	    ? error_no_memory(err)
	    : settle_initial_from(keyword, text.bytes, err) || error_prefix(err, "must be given");
	buffer_free(&text);
	return ok;
}

static const struct {
	const char *setting;
	bool (*check)(struct credis_keyword *keyword, struct credis_error *err);
} checks[] = {
	{ "values", check_values },
	{ "labels", check_labels },
	{ "max_length", check_max_length },
	{ "calc", check_calc },
	{ "driver", check_driver },
	{ "read", check_read },
	{ "write", check_write },
	{ "alarm", alarm_finish },
	{ "period", check_period },
	{ "access", settle_access },
	{ "initial", settle_initial },
};

bool
credis_keyword_finish(struct credis_keyword *keyword, const char **setting,
    struct credis_error *err)
{
	for (size_t n = 0; n < sizeof(checks) / sizeof(*checks); n++) {
		if (checks[n].check(keyword, err))
			continue;
		if (setting != NULL)
			*setting = checks[n].setting;
		return keyword_blame(err, checks[n].setting);
	}
	return true;
}
