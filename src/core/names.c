/* names.c: spells every key and channel, and reads what people call a keyword.
 * Knows the layout; what lies under a key is others' business. On the way of every request. */
#include "core/names.h"

#include "core/digits.h"
#include "core/error.h"
#include "core/keyword.h"
#include "core/text.h"

#include <assert.h>
#include <string.h>

enum { QUOTED = 64 };

static const char *const of_service[] = {
	[NAMES_KEYWORDS] = ":keywords",
	[NAMES_ABOUT] = ":about",
	[NAMES_DISPATCHER] = ":dispatcher",
	[NAMES_GROUP_MODIFY] = ":modify",
	[NAMES_VALUES] = ":values",
	[NAMES_STANDBY] = ":standby",
	[NAMES_STATISTICS] = ":statistics",
};

static const char *const of_keyword[] = {
	[NAMES_VALUE] = "",
	[NAMES_HISTORY] = ":history",
	[NAMES_MODIFY] = ":modify",
	[NAMES_READ] = ":read",
};

static const char *const of_cauldron[] = {
	[NAMES_CAULDRON_VALUE] = "",
	[NAMES_CAULDRON_STATUS] = ":status",
	[NAMES_CAULDRON_ERROR] = ":error",
};

static void put_event(struct name *out, int db);
static void put_service(struct name *out, const char *ns, const char *service);
static bool take(struct slice *rest, const char *text);
static bool take_end(struct slice *rest, const char *end);

static inline void
put_bytes(struct name *out, const char *bytes, size_t length)
{
	assert(out->length + length < NAMES_MAX);
	memcpy(out->text + out->length, bytes, length);
	out->length += length;
	out->text[out->length] = '\0';
}

static void
put(struct name *out, const char *text)
{
	put_bytes(out, text, strlen(text));
}

/* Of a literal: no call. */
#define put_fixed(out, literal) put_bytes(out, literal, sizeof(literal) - 1)

typedef bool name_check(const char *name, size_t length, char *out, struct credis_error *err);
static bool check(const char *text, size_t length, bool globs, name_check *fits, char *out,
    struct credis_error *err);

void
names_services(struct name *out, const char *ns)
{
	out->length = 0;
	put(out, ns);
	put_fixed(out, ":services");
}

void
names_service(struct name *out, const char *ns, const char *service, enum names_of_service what)
{
	out->length = 0;
	put_service(out, ns, service);
	put(out, of_service[what]);
}

void
names_keyword(struct name *out, const char *ns, const char *service, const char *keyword,
    enum names_of_keyword what)
{
	out->length = 0;
	put_service(out, ns, service);
	put_fixed(out, ":");
	put(out, keyword);
	put(out, of_keyword[what]);
}

void
names_answer(struct name *out, const char *ns, const char *client)
{
	out->length = 0;
	put(out, ns);
	put_fixed(out, ":answer:");
	put(out, client);
}

void
names_event(struct name *out, int db, const char *ns, const char *service, const char *keyword)
{
	out->length = 0;
	put_event(out, db);
	put_service(out, ns, service);
	put_fixed(out, ":");
	put(out, keyword);
}

void
names_service_event(struct name *out, int db, const char *ns, const char *service,
    enum names_of_service what)
{
	out->length = 0;
	put_event(out, db);
	put_service(out, ns, service);
	put(out, of_service[what]);
}

bool
names_parse_channel(struct names_channel *channel, const char *ns, const char *bytes, size_t length)
{
	struct slice rest = { bytes, length };

	if (!take(&rest, ns) || !take(&rest, ":{"))
		return false;
	const char *brace = memchr(rest.bytes, '}', rest.length);
	if (brace == NULL)
		return false;
	channel->service = (struct slice){ rest.bytes, (size_t)(brace - rest.bytes) };
	rest = (struct slice){ brace + 1, rest.length - channel->service.length - 1 };

	if (take_end(&rest, of_keyword[NAMES_MODIFY]))
		channel->verb = NAMES_MODIFY;
	else if (take_end(&rest, of_keyword[NAMES_READ]))
		channel->verb = NAMES_READ;
	else
		return false;
	channel->keyword = rest;
	if (rest.length == 0)
		return channel->verb == NAMES_MODIFY;
	return take(&channel->keyword, ":") && channel->keyword.length > 0;
}

void
names_cauldron(struct name *out, const char *prefix, const char *service, const char *keyword,
    enum names_of_cauldron what)
{
	out->length = 0;
	put(out, prefix);
	put_fixed(out, ".");
	put(out, service);
	put_fixed(out, ".");
	put(out, keyword);
	put(out, of_cauldron[what]);
}

void
names_cauldron_services(struct name *out, const char *prefix)
{
	out->length = 0;
	put(out, prefix);
	put_fixed(out, ".SERVICES_REGISTRY");
}

bool
names_parse_cauldron(struct slice *keyword, const char *prefix, const char *service,
    const char *bytes, size_t length)
{
	*keyword = (struct slice){ bytes, length };
	return take(keyword, prefix) && take(keyword, ".") && take(keyword, service) &&
	    take(keyword, ".") && keyword->length > 0;
}

/* What stands before the names proper. */
static bool
check_front(const char *text, size_t max, const char *kind, struct credis_error *err)
{
	char quoted[QUOTED + 4];
	size_t length = strlen(text);
	size_t fit =
	    strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-");

	if (length > 0 && length <= max && fit == length)
		return true;
	return error_set(err, CREDIS_EINVAL,
	    "'%s' is not a %s, which is 1 to %zu of [A-Za-z0-9_.-]",
	    text_quote(quoted, text, length, QUOTED), kind, max);
}

bool
names_namespace_check(const char *ns, struct credis_error *err)
{
	return check_front(ns, NAMES_NAMESPACE_MAX, "namespace", err);
}

bool
names_prefix_check(const char *prefix, struct credis_error *err)
{
	return check_front(prefix, NAMES_PREFIX_MAX, "prefix", err);
}

bool
names_split(const char *text, const char *service, bool globs, struct names_pair *pair,
    struct credis_error *err)
{
	char quoted[QUOTED + 4];
	const char *dot = strchr(text, '.');
	size_t length = dot == NULL ? 0 : (size_t)(dot - text);

	if (service == NULL && dot == NULL)
		return error_set(err, CREDIS_EINVAL,
		    "'%s' names no service: a keyword is SERVICE.KEYWORD",
		    text_quote(quoted, text, strlen(text), QUOTED));
	if (service == NULL ||
	    (dot != NULL && text_equal_nocase(text, length, service, strlen(service)))) {
		service = text;
		text = dot + 1;
	} else
		length = strlen(service);
	return check(service, length, globs, service_name_check, pair->service, err) &&
	    check(text, strlen(text), globs, keyword_name_check, pair->keyword, err);
}

/* What comes before a key in the name of its keyspace channel. */
static void
put_event(struct name *out, int db)
{
	char digits[DIGITS_MAX];

	put_fixed(out, "__keyspace@");
	put_bytes(out, digits, (size_t)(digits_put(digits, (unsigned)db) - digits));
	put_fixed(out, "__:");
}

static void
put_service(struct name *out, const char *ns, const char *service)
{
	put(out, ns);
	put_fixed(out, ":{");
	put(out, service);
	put_fixed(out, "}");
}

static bool
take(struct slice *rest, const char *text)
{
	size_t length = strlen(text);

	if (rest->length < length || memcmp(rest->bytes, text, length) != 0)
		return false;
	rest->bytes += length;
	rest->length -= length;
	return true;
}

static bool
take_end(struct slice *rest, const char *end)
{
	size_t length = strlen(end);

	if (rest->length < length || memcmp(rest->bytes + rest->length - length, end, length) != 0)
		return false;
	rest->length -= length;
	return true;
}

static bool
is_glob(char byte)
{
	return byte == '*' || byte == '?' || byte == '%';
}

/* A pattern is a name in which globs stand for letters: it is checked so, and gets them back. */
static bool
check(const char *text, size_t length, bool globs, name_check *fits, char *out,
    struct credis_error *err)
{
	char plain[CREDIS_KEYWORD_MAX + 1], quoted[QUOTED + 4];
	size_t found = 0;

	for (size_t i = 0; globs && i < length && i < sizeof plain; i++) {
		plain[i] = is_glob(text[i]) ? 'x' : text[i];
		found += is_glob(text[i]);
	}
	if (found == 0)
		return fits(text, length, out, err);
	if (length >= sizeof plain || !fits(plain, length, out, NULL))
		return error_set(err, CREDIS_EINVAL,
		    "'%s' is not a pattern, which is a name with * ? or %% in it",
		    text_quote(quoted, text, length, QUOTED));
	for (size_t i = 0; i < length; i++)
		if (is_glob(text[i]))
			out[i] = text[i];
	return true;
}
