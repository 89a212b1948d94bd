/* url.c: takes a store's URL apart, strictly: what would be guessed or dropped is refused.
 * Knows the options; what they do is the link's business. A reason never shows what may be part of a
 * password: it quotes options only, and only when no '@' stands behind the host. */
#include "core/url.h"

#include "core/buffer.h"
#include "core/error.h"
#include "core/number.h"
#include "core/slice.h"
#include "core/text.h"

#include <arpa/inet.h>
#include <limits.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PORT = 6379, SENTINEL_PORT = 26379, PORT_MAX = 65535, HOST_MAX = 255, QUOTED = 64 };

static const double seconds_least = 0.001, seconds_most = 1e9;

static const struct scheme {
	const char *start;
	size_t length; /* of what comes before the authority */
	bool tls, socket, sentinel;
} schemes[] = {
	{ "redis://", 8, false, false, false },
	{ "rediss://", 9, true, false, false },
	{ "unix://", 7, false, true, false },
	{ "unix:/", 5, false, true, false },
	{ "redis+sentinel://", 17, false, false, true },
	{ "rediss+sentinel://", 18, true, false, true },
};
enum { SCHEMES = sizeof schemes / sizeof *schemes };

enum kind { COUNT, SECONDS, TEXT, YES_NO, VERIFY };
enum { DB, USER, PASSWORD }; /* rows that the URL's front can fill as well */

static const struct option {
	const char *name;
	enum kind kind;
	size_t offset;
	int least;
	bool tls;      /* only with rediss:// */
	bool sentinel; /* only with …+sentinel:// */
} options[] = {
	[DB] = { "db", COUNT, offsetof(struct url, db), 0, false, false },
	[USER] = { "username", TEXT, offsetof(struct url, user), 0, false, false },
	[PASSWORD] = { "password", TEXT, offsetof(struct url, password), 0, false, false },
	{ "socket_timeout", SECONDS, offsetof(struct url, timeout_ms), 0, false, false },
	{ "socket_connect_timeout", SECONDS, offsetof(struct url, connect_timeout_ms), 0, false,
	    false },
	{ "max_connections", COUNT, offsetof(struct url, max_connections), 1, false, false },
	{ "client_name", TEXT, offsetof(struct url, client_name), 0, false, false },
	{ "ssl_ca_certs", TEXT, offsetof(struct url, ca), 0, true, false },
	{ "ssl_certfile", TEXT, offsetof(struct url, certificate), 0, true, false },
	{ "ssl_keyfile", TEXT, offsetof(struct url, key), 0, true, false },
	{ "ssl_check_hostname", YES_NO, offsetof(struct url, check_host), 0, true, false },
	{ "ssl_cert_reqs", VERIFY, offsetof(struct url, verify), 0, true, false },
	{ "sentinel_username", TEXT, offsetof(struct url, sentinel_user), 0, false, true },
	{ "sentinel_password", TEXT, offsetof(struct url, sentinel_password), 0, false, true },
};
enum { OPTIONS = sizeof options / sizeof *options };

/* A URL cut in pieces, and what is known so far. */
struct parse {
	struct url *url;
	struct credis_error *err;
	const struct scheme *scheme;
	struct slice authority, path, query;
	unsigned given; /* bits: rows of options */
};

static bool split(struct parse *parse, const char *text);
static bool read_authority(struct parse *parse);
static bool read_path(struct parse *parse);
static bool read_query(struct parse *parse);

bool
url_parse(struct url *url, const char *text, struct credis_error *err)
{
	struct parse parse = { .url = url, .err = err };

	*url = (struct url){ .port = PORT,
		.timeout_ms = -1,
		.connect_timeout_ms = -1,
		.check_host = true,
		.verify = true };
	bool ok = split(&parse, text) && read_authority(&parse) && read_path(&parse) &&
	    read_query(&parse);
	if (ok && url->path == NULL && url->host == NULL && url->sentinels == NULL) {
		url->host = text_copy("localhost", strlen("localhost"));
		ok = url->host != NULL || error_no_memory(err);
	}
	if (!ok)
		url_clear(url);
	return ok;
}

void
url_clear(struct url *url)
{
	free(url->path);
	free(url->sentinels);
	free(url->primary);
	free(url->sentinel_user);
	free(url->sentinel_password);
	free(url->host);
	free(url->user);
	free(url->password);
	free(url->client_name);
	free(url->ca);
	free(url->certificate);
	free(url->key);
	*url = (struct url){ 0 };
}

/* Needs no escape anywhere; a host consists of it. */
static bool
is_plain(char byte)
{
	return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
	    (byte >= '0' && byte <= '9') || byte == '-' || byte == '.' || byte == '_';
}

static void
print_escaped(struct buffer *out, const char *text, char also_plain)
{
	for (; *text != '\0'; text++)
		if (is_plain(*text) || *text == also_plain)
			buffer_append(out, text, 1);
		else
			buffer_printf(out, "%%%02X", (unsigned char)*text);
}

char *
url_print(const struct url *url)
{
	struct buffer out = BUFFER_EMPTY;

	if (url->path != NULL)
		buffer_text(&out, "unix://");
	else
		buffer_printf(&out, "%s%s://", url->tls ? "rediss" : "redis",
		    url->sentinels != NULL ? "+sentinel" : "");
	if (url->user != NULL) {
		print_escaped(&out, url->user, '~');
		buffer_text(&out, "@");
	}
	if (url->path != NULL) {
		print_escaped(&out, url->path, '/');
		if (url->db != 0)
			buffer_printf(&out, "?db=%d", url->db);
	} else if (url->sentinels != NULL)
		buffer_printf(&out, "%s/%s/%d", url->sentinels, url->primary, url->db);
	else if (strchr(url->host, ':') != NULL)
		buffer_printf(&out, "[%s]:%d/%d", url->host, url->port, url->db);
	else
		buffer_printf(&out, "%s:%d/%d", url->host, url->port, url->db);
	return buffer_give(&out);
}

static bool
refuse(struct parse *parse, const char *reason)
{
	return error_set(parse->err, CREDIS_EINVAL, "URL: %s", reason);
}

static struct slice
slice_until(const char *text, const char *stops)
{
	return (struct slice){ text, strcspn(text, stops) };
}

static bool
slice_has(struct slice slice, char byte)
{
	return slice.length > 0 && memchr(slice.bytes, byte, slice.length) != NULL;
}

/* Finds the pieces. An '@' behind the authority betrays a password with a bare / ? or # in it,
 * which would be taken for something else and shown. */
static bool
split(struct parse *parse, const char *text)
{
	for (const char *at = text; *at != '\0'; at++)
		if ((unsigned char)*at <= ' ' || *at == 0x7f)
			return refuse(parse, "blanks and control bytes must be escaped, as in %20");
	if (strchr(text, '#') != NULL)
		return refuse(parse, "a '#' must be escaped, as %23");
	for (size_t i = 0; i < SCHEMES && parse->scheme == NULL; i++)
		if (strncasecmp(text, schemes[i].start, strlen(schemes[i].start)) == 0)
			parse->scheme = &schemes[i];
	if (parse->scheme == NULL)
		return refuse(parse,
		    "it begins with none of redis:// rediss:// unix:/// redis+sentinel://");
	parse->url->tls = parse->scheme->tls;

	parse->authority = slice_until(text + parse->scheme->length, "/?");
	parse->path = slice_until(parse->authority.bytes + parse->authority.length, "?");
	const char *query = parse->path.bytes + parse->path.length;
	parse->query = slice_until(query + (*query == '?'), "");
	if (slice_has(parse->query, '@') || (!parse->scheme->socket && slice_has(parse->path, '@')))
		return refuse(parse,
		    "an '@' behind the host must be escaped, as %40; "
		    "so must / ? # in a password, as %2F %3F %23");
	return true;
}

static int
hex_digit(char byte)
{
	if (byte >= '0' && byte <= '9')
		return byte - '0';
	if (byte >= 'a' && byte <= 'f')
		return byte - 'a' + 10;
	if (byte >= 'A' && byte <= 'F')
		return byte - 'A' + 10;
	return -1;
}

/* Undoes escapes into a new text at '*out'; 'what' is the subject of a refusal. In a query '+' is
 * a blank. */
static bool
decode(struct parse *parse, const char *what, struct slice from, char **out)
{
	bool query = from.bytes >= parse->query.bytes;
	size_t length = 0;
	char *text = malloc(from.length + 1);

	if (text == NULL)
		return error_no_memory(parse->err);
	*out = text; /* url_clear() frees it */
	for (size_t i = 0; i < from.length; i++, length++) {
		text[length] = query && from.bytes[i] == '+' ? ' ' : from.bytes[i];
		if (from.bytes[i] != '%')
			continue;
		int high = i + 1 < from.length ? hex_digit(from.bytes[i + 1]) : -1;
		int low = i + 2 < from.length ? hex_digit(from.bytes[i + 2]) : -1;
		if (high < 0 || low < 0)
			return error_set(parse->err, CREDIS_EINVAL,
			    "URL: %s: behind a '%%' belong two hexadecimal digits", what);
		text[length] = (char)(high << 4 | low);
		i += 2;
	}
	text[length] = '\0';
	if (strlen(text) != length || !text_is_utf8(text, length))
		return error_set(parse->err, CREDIS_EINVAL,
		    "URL: %s: escapes must make UTF-8 without NUL", what);
	return true;
}

static bool
read_count(struct slice text, int least, int most, int *count)
{
	int64_t sum = 0;

	for (size_t i = 0; i < text.length; i++) {
		if (text.bytes[i] < '0' || text.bytes[i] > '9')
			return false;
		sum = sum * 10 + (text.bytes[i] - '0');
		if (sum > most)
			return false;
	}
	*count = (int)sum;
	return text.length > 0 && sum >= least;
}

/* Takes "user:password@" off the authority; empty ones count as not given. */
static bool
read_credentials(struct parse *parse)
{
	struct slice *rest = &parse->authority;
	const char *at = memrchr(rest->bytes, '@', rest->length);

	if (at == NULL)
		return true;
	struct slice user = { rest->bytes, (size_t)(at - rest->bytes) };
	*rest = (struct slice){ at + 1, rest->length - user.length - 1 };
	const char *colon = memchr(user.bytes, ':', user.length);
	if (colon != NULL) {
		struct slice password = { colon + 1, (size_t)(at - colon) - 1 };
		user.length = (size_t)(colon - user.bytes);
		if (password.length > 0 &&
		    !decode(parse, "password", password, &parse->url->password))
			return false;
	}
	return user.length == 0 || decode(parse, "user", user, &parse->url->user);
}

/* What stands behind the host: nothing, or a port. Not quoted: it may be the beginning of a
 * password whose '@' was forgotten. */
static bool
read_port(struct parse *parse, struct slice rest)
{
	if (rest.length == 0)
		return true;
	if (rest.bytes[0] == ':' &&
	    read_count((struct slice){ rest.bytes + 1, rest.length - 1 }, 1, PORT_MAX,
		&parse->url->port))
		return true;
	return refuse(parse,
	    "behind the host belongs a port, a number from 1 to 65535; "
	    "IPv6 addresses stand in brackets");
}

static bool
read_host(struct parse *parse)
{
	struct slice host = parse->authority;
	struct in6_addr address;
	bool brackets = host.length > 0 && host.bytes[0] == '[';
	size_t behind;

	if (brackets) {
		const char *close = memchr(host.bytes, ']', host.length);
		if (close == NULL)
			return refuse(parse, "the host's bracket is not closed");
		host = (struct slice){ host.bytes + 1, (size_t)(close - host.bytes) - 1 };
		behind = host.length + 2;
	} else {
		const char *colon = memchr(host.bytes, ':', host.length);
		host.length = colon != NULL ? (size_t)(colon - host.bytes) : host.length;
		behind = host.length;
	}
	for (size_t i = 0; i < host.length && !brackets; i++)
		if (!is_plain(host.bytes[i]))
			return refuse(parse, "a host is one name or address of [A-Za-z0-9._-]");
	if (host.length > HOST_MAX)
		return refuse(parse, "a host has at most 255 bytes");
	if (host.length > 0 || brackets) {
		parse->url->host = text_copy(host.bytes, host.length);
		if (parse->url->host == NULL)
			return error_no_memory(parse->err);
	}
	if (brackets && inet_pton(AF_INET6, parse->url->host, &address) != 1)
		return refuse(parse, "in brackets belongs an IPv6 address");
	return read_port(parse,
	    (struct slice){ parse->authority.bytes + behind, parse->authority.length - behind });
}

/* Checks each of the hosts and spells them all out: "a:26379,[::1]:7000". */
static bool
read_sentinels(struct parse *parse)
{
	struct url *url = parse->url;
	struct buffer hosts = BUFFER_EMPTY;
	struct slice rest = parse->authority;
	bool fine = true;

	while (fine) {
		const char *comma = memchr(rest.bytes, ',', rest.length);
		size_t length = comma != NULL ? (size_t)(comma - rest.bytes) : rest.length;

		parse->authority = (struct slice){ rest.bytes, length };
		url->port = SENTINEL_PORT;
		fine =
		    length > 0 ? read_host(parse) : refuse(parse, "a sentinel's host is missing");
		if (fine)
			buffer_printf(&hosts,
			    strchr(url->host, ':') != NULL ? "%s[%s]:%d" : "%s%s:%d",
			    hosts.length > 0 ? "," : "", url->host, url->port);
		free(url->host);
		url->host = NULL;
		if (comma == NULL)
			break;
		rest = (struct slice){ comma + 1, rest.length - length - 1 };
	}
	url->port = PORT;
	url->sentinels = buffer_give(&hosts);
	return fine && (url->sentinels != NULL || error_no_memory(parse->err));
}

static bool
read_authority(struct parse *parse)
{
	if (!read_credentials(parse))
		return false;
	if (parse->scheme->sentinel)
		return read_sentinels(parse);
	if (!parse->scheme->socket)
		return read_host(parse);
	if (parse->authority.length > 0)
		return refuse(parse, "a socket has no host: its path begins with the third '/'");
	return true;
}

/* Takes "/primary" off the path. */
static bool
read_primary(struct parse *parse)
{
	struct slice *path = &parse->path;
	const char *end = path->bytes + path->length, *at = path->bytes + 1;

	while (at < end && is_plain(*at))
		at++;
	if (path->length < 2 || at == path->bytes + 1 || (at < end && *at != '/'))
		return refuse(parse,
		    "behind the sentinels' '/' belongs the name of the primary they watch");
	parse->url->primary = text_copy(path->bytes + 1, (size_t)(at - path->bytes - 1));
	*path = (struct slice){ at, (size_t)(end - at) };
	return parse->url->primary != NULL || error_no_memory(parse->err);
}

static bool
read_path(struct parse *parse)
{
	if (parse->scheme->sentinel && !read_primary(parse))
		return false;

	struct slice path = parse->path;

	if (parse->scheme->socket) {
		char **socket = &parse->url->path;
		if (!decode(parse, "path", path, socket))
			return false;
		if (path.length == 0 || (*socket)[strlen(*socket) - 1] == '/')
			return refuse(parse, "unix:// needs the path of a socket");
		return true;
	}
	if (path.length <= 1)
		return true;
	parse->given |= 1u << DB;
	return read_count((struct slice){ path.bytes + 1, path.length - 1 }, 0, INT_MAX,
		   &parse->url->db) ||
	    refuse(parse,
		"behind the host's '/' belongs a database, a number from 0 to 2147483647");
}

static bool
read_seconds(const char *text, int64_t *ms)
{
	double seconds;

	if (text[strspn(text, "0123456789.eE+-")] != '\0' ||
	    number_parse_double(text, strlen(text), &seconds) != NUMBER_FINE ||
	    !(seconds >= seconds_least && seconds <= seconds_most))
		return false;
	*ms = (int64_t)(seconds * 1000 + 0.5);
	return true;
}

/* The words that redis-py's parse_url takes as they are meant. */
static bool
read_yes_no(const char *text, bool *yes)
{
	static const char *const words[] = { "1", "true", "t", "yes", "y", "0", "false", "f", "no",
		"n" };

	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (strcasecmp(text, words[i]) == 0) {
			*yes = i < 5;
			return true;
		}
	return false;
}

/* Puts an option's value where it belongs. */
static bool
read_value(struct parse *parse, const struct option *option, struct slice value)
{
	void *member = (char *)parse->url + option->offset;
	char *text = NULL;
	const char *wanted = NULL;

	if (option->kind == TEXT)
		return decode(parse, option->name, value, member);
	if (!decode(parse, option->name, value, &text)) {
		free(text);
		return false;
	}
	switch (option->kind) {
	case COUNT:
		if (!read_count((struct slice){ text, strlen(text) }, option->least, INT_MAX,
			member))
			wanted = option->least > 0 ? "a number from 1 to 2147483647"
						   : "a number from 0 to 2147483647";
		break;
	case SECONDS:
		if (!read_seconds(text, member))
			wanted = "seconds, from 0.001 to 1e9";
		break;
	case YES_NO:
		if (!read_yes_no(text, member))
			wanted = "yes or no";
		break;
	case VERIFY:
		*(bool *)member = strcmp(text, "none") != 0;
		if (*(bool *)member && strcmp(text, "required") != 0)
			wanted = "required or none";
		break;
	case TEXT: break;
	}
	if (wanted != NULL) {
		char quoted[QUOTED + 4];
		error_set(parse->err, CREDIS_EINVAL, "URL: %s: '%s' is not %s", option->name,
		    text_quote(quoted, text, strlen(text), QUOTED), wanted);
	}
	free(text);
	return wanted == NULL;
}

static bool
refuse_unknown(struct parse *parse, struct slice name)
{
	char quoted[QUOTED + 4];
	const char *names[OPTIONS + 1] = { NULL };

	for (size_t i = 0; i < OPTIONS; i++)
		names[i] = options[i].name;
	text_quote(quoted, name.bytes, name.length, QUOTED);
	const char *near = error_nearest(quoted, names);
	return error_set(parse->err, CREDIS_EINVAL, "URL: '%s' is not an option%s%s%s", quoted,
	    near != NULL ? "; did you mean " : "", near != NULL ? near : "",
	    near != NULL ? "?" : "");
}

static bool
read_option(struct parse *parse, struct slice pair)
{
	const char *equals = memchr(pair.bytes, '=', pair.length);
	struct slice name = { pair.bytes, equals ? (size_t)(equals - pair.bytes) : pair.length };
	size_t row = 0;

	while (row < OPTIONS &&
	    (strlen(options[row].name) != name.length ||
		memcmp(options[row].name, name.bytes, name.length) != 0))
		row++;
	if (row == OPTIONS)
		return refuse_unknown(parse, name);
	const struct option *option = &options[row];
	const char *fault = NULL;
	if (equals == NULL || name.length + 1 == pair.length)
		fault = "has no value";
	else if (parse->given & 1u << row)
		fault = "is given twice";
	else if (option->tls && !parse->scheme->tls)
		fault = "goes with rediss:// only";
	else if (option->sentinel && !parse->scheme->sentinel)
		fault = "goes with redis+sentinel:// only";
	if (fault != NULL)
		return error_set(parse->err, CREDIS_EINVAL, "URL: %s %s", option->name, fault);
	parse->given |= 1u << row;
	return read_value(parse, option,
	    (struct slice){ equals + 1, pair.length - name.length - 1 });
}

static bool
read_query(struct parse *parse)
{
	const char *at = parse->query.bytes;

	parse->given |= (unsigned)(parse->url->user != NULL) << USER;
	parse->given |= (unsigned)(parse->url->password != NULL) << PASSWORD;
	while (*at != '\0') {
		struct slice pair = slice_until(at, "&");
		if (pair.length > 0 && !read_option(parse, pair))
			return false;
		at += pair.length + (at[pair.length] == '&');
	}
	return true;
}
