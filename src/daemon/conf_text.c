/* conf_text.c: rewrites configuration token by token, one line out for each line in that holds any.
 * libconfig, by itself, wraps integers beyond 32 bits, ends the program at an @include of a directory,
 * and reads "\b" and 010 differently from one version to the next. */
#include "conf_text.h"

#include "bytes.h"
#include "conf_grammar.h"
#include "conf_number.h"
#include "file.h"
#include "memory.h"

#include <jansson.h>

#include <ctype.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

enum {
	FILES_MAX = 1000, /* files included */
	DEPTH_MAX = 10,   /* of @include */
};

struct conf_text {
	struct faults *faults;
	struct bytes out;
	struct place *places; /* of each line of 'out' */
	size_t lines, lines_room;
	struct place start;
	size_t read; /* bytes of all files */
	size_t files;
	bool sound;
	struct grammar grammar;
	size_t comma; /* where in 'out' the last token is, if it was a comma; or 0 */
};

/* A file being scanned. */
struct scan {
	struct conf_text *text;
	const struct scan *includer;
	struct stat identity;
	const char *at, *end;
	struct place place; /* of 'at' */
	size_t base;        /* brackets that were open when it began */
};

static void scan_file(struct conf_text *text, const struct scan *includer, const char *name,
    struct place blame);

/* A fault after which the rest makes no sense. */
#define GIVE_UP(text, ...) \
	do { \
		faults_add((text)->faults, __VA_ARGS__); \
		(text)->sound = false; \
	} while (0)

static void
append(struct conf_text *text, const char *bytes, size_t length)
{
	bytes_append(&text->out, bytes, length);
}

/* Begins a token of 'length' bytes, if it may stand here: on a new line, unless the one before came from the
 * same. */
static bool
begin(struct scan *scan, enum token token, size_t length)
{
	struct conf_text *text = scan->text;
	const struct place *last = text->lines != 0 ? &text->places[text->lines - 1] : NULL;
	struct credis_error err;

	if (!grammar_take(&text->grammar, token, scan->at, length, scan->place.line, scan->base,
		&err)) {
		GIVE_UP(text, scan->place, "%s", err.text);
		return false;
	}
	text->comma = 0;
	if (last != NULL && last->file == scan->place.file && last->line == scan->place.line) {
		append(text, " ", 1);
		return true;
	}
	if (last != NULL)
		append(text, "\n", 1);
	if (text->lines == text->lines_room) {
		text->lines_room = 2 * text->lines_room + 64;
		text->places =
		    must(reallocarray(text->places, text->lines_room, sizeof *text->places));
	}
	text->places[text->lines++] = scan->place;
	return true;
}

static bool
sees(const struct scan *scan, const char *word)
{
	size_t length = strlen(word);

	return (size_t)(scan->end - scan->at) >= length && memcmp(scan->at, word, length) == 0;
}

static int
peek(const struct scan *scan, size_t ahead)
{
	return (size_t)(scan->end - scan->at) > ahead ? (unsigned char)scan->at[ahead] : -1;
}

static bool
is_name(int c)
{
	return c != -1 && (isalnum(c) || c == '-' || c == '_' || c == '*');
}

static void
skip_line(struct scan *scan)
{
	while (scan->at < scan->end && *scan->at != '\n')
		scan->at++;
}

static void
skip_comment(struct scan *scan)
{
	struct place began = scan->place;

	for (scan->at += 2; scan->at < scan->end; scan->at++) {
		if (sees(scan, "*/")) {
			scan->at += 2;
			return;
		}
		scan->place.line += *scan->at == '\n';
	}
	GIVE_UP(scan->text, began, "the comment that begins here never ends (*/ ends it)");
}

/* A backslash and what follows. One that escapes nothing stands for itself, in every libconfig. */
static void
take_escape(struct scan *scan)
{
	int next = peek(scan, 1);
	bool hex = next == 'x' && isxdigit(peek(scan, 2)) && isxdigit(peek(scan, 3));
	size_t length = hex ? 4 : 2;

	if (sees(scan, "\\x00")) {
		faults_add(scan->text->faults, scan->place,
		    "\\x00 in a text (any other character is allowed)");
	} else if (hex || (next > 0 && strchr("nrtf\"\\", next) != NULL)) {
		append(scan->text, scan->at, length);
	} else {
		append(scan->text, "\\\\", 2);
		length = 1;
	}
	scan->at += length;
}

/* Up to what has a meaning within a text. */
static void
take_run(struct scan *scan)
{
	const char *from = scan->at;

	while (scan->at < scan->end && *scan->at != '"' && *scan->at != '\\' && *scan->at != '\n')
		scan->at++;
	append(scan->text, from, (size_t)(scan->at - from));
}

static void
take_text(struct scan *scan)
{
	struct place began = scan->place;

	if (!begin(scan, TOKEN_TEXT, 1))
		return;
	append(scan->text, scan->at++, 1);
	while (scan->at < scan->end && *scan->at != '"') {
		if (*scan->at == '\\') {
			take_escape(scan);
		} else if (*scan->at == '\n') {
			/* Spelled out, or else libconfig's lines would not be ours. */
			append(scan->text, "\\n", 2);
			scan->place.line++;
			scan->at++;
		} else {
			take_run(scan);
		}
	}
	if (scan->at == scan->end) {
		GIVE_UP(scan->text, began, "the text that begins here never ends (\" ends it)");
		return;
	}
	append(scan->text, scan->at++, 1);
}

/* How long the number is that begins here, right or wrong. */
static size_t
number_length(const struct scan *scan)
{
	bool hex = sees(scan, "0x") || sees(scan, "0X");
	size_t n = 1;

	for (int c; (c = peek(scan, n)) != -1; n++) {
		bool sign = (c == '+' || c == '-') && !hex && tolower(peek(scan, n - 1)) == 'e';

		if (!isalnum(c) && c != '.' && c != '_' && !sign)
			break;
	}
	return n;
}

static void
take_number(struct scan *scan)
{
	size_t length = number_length(scan);
	char spelled[CONF_NUMBER_MAX + 8];
	struct credis_error err;

	if (!begin(scan, TOKEN_NUMBER, length))
		return;
	if (!conf_number_spell(scan->at, length, spelled, &err)) {
		faults_add(scan->text->faults, scan->place, "%s", err.text);
		scan->text->sound = spelled[0] != '\0';
	}
	append(scan->text, spelled, strlen(spelled));
	scan->at += length;
}

/* The name of a setting, or a value: true, false, null. */
static void
take_word(struct scan *scan)
{
	bool value = grammar_wants_value(&scan->text->grammar);
	size_t length = 1;

	while (is_name(peek(scan, length)))
		length++;
	if (!begin(scan, TOKEN_WORD, length))
		return;
	if (value && length == strlen("null") && strncasecmp(scan->at, "null", length) == 0)
		append(scan->text, "\"" CONF_TEXT_NULL "\"", strlen(CONF_TEXT_NULL) + 2);
	else
		append(scan->text, scan->at, length);
	scan->at += length;
}

static void
take_mark(struct scan *scan)
{
	size_t comma = scan->text->comma;
	char mark = *scan->at;

	if (!begin(scan, TOKEN_MARK, 1))
		return;
	/* A comma after the last value is fine with some versions of libconfig, and so with all. */
	if (comma != 0 && (mark == ')' || mark == ']'))
		scan->text->out.at[comma] = ' ';
	if (mark == ',')
		scan->text->comma = scan->text->out.length;
	append(scan->text, &mark, 1);
	scan->at++;
}

/* @include "path", alone on its line. */
static void
take_include(struct scan *scan)
{
	const char *name;
	size_t length = 0;
	char *given, *path;

	scan->at += strlen("@include");
	while (peek(scan, 0) == ' ' || peek(scan, 0) == '\t')
		scan->at++;
	name = scan->at + 1;
	while (peek(scan, 0) == '"' && peek(scan, 1 + length) > 0 &&
	    strchr("\"\\\n", name[length]) == NULL)
		length++;
	if (length == 0 || peek(scan, 1 + length) != '"') {
		GIVE_UP(scan->text, scan->place, "@include names no file (@include \"path\")");
		return;
	}
	scan->at += length + 2;
	given = must(strndup(name, length));
	path = conf_text_beside(scan->place.file, given);
	scan_file(scan->text, scan, path, scan->place);
	free(path);
	free(given);
}

static void
take_stray(struct scan *scan)
{
	size_t length = 1;

	/* The whole of a character, which is known to be well-formed. */
	while (peek(scan, length) != -1 && (peek(scan, length) & 0xC0) == 0x80)
		length++;
	GIVE_UP(scan->text, scan->place,
	    "'%.*s' means nothing here (text stands in quotes, comments"
	    " begin with # or //)",
	    (int)length, scan->at);
}

static bool
at_number(const struct scan *scan)
{
	int c = peek(scan, 0), next = peek(scan, 1);

	if (c == '+' || c == '-')
		return next != -1 && (isdigit(next) || next == '.');
	return isdigit(c) || (c == '.' && next != -1 && isdigit(next));
}

static bool
is_mark(int c)
{
	switch (c) {
	case '(':
	case ')':
	case '{':
	case '}':
	case '[':
	case ']':
	case '=':
	case ':':
	case ',':
	case ';': return true;
	default: return false;
	}
}

static void
take_token(struct scan *scan)
{
	int c = peek(scan, 0);

	if (c == '\n')
		scan->at++, scan->place.line++;
	else if (isspace(c))
		scan->at++;
	else if (c == '#' || sees(scan, "//"))
		skip_line(scan);
	else if (sees(scan, "/*"))
		skip_comment(scan);
	else if (sees(scan, "@include"))
		take_include(scan);
	else if (c == '"')
		take_text(scan);
	else if (at_number(scan))
		take_number(scan);
	else if (isalpha(c) || c == '*')
		take_word(scan);
	else if (is_mark(c))
		take_mark(scan);
	else
		take_stray(scan);
}

/* jansson knows where it is not all ASCII. */
bool
conf_text_is_utf8(const char *bytes, size_t length)
{
	size_t ascii = 0;
	json_t *json;

	while (ascii < length && bytes[ascii] > 0 && bytes[ascii] <= '~')
		ascii++;
	bytes += ascii;
	length -= ascii;
	json = memchr(bytes, '\0', length) == NULL ? json_stringn(bytes, length) : NULL;
	json_decref(json);
	return json != NULL;
}

/* The whole of a file must be text; the first line that is none is named. */
static bool
is_text(struct scan *scan)
{
	int line = 1;

	if (conf_text_is_utf8(scan->at, (size_t)(scan->end - scan->at)))
		return true;
	for (const char *at = scan->at, *next; at < scan->end; at = next, line++) {
		const char *end = memchr(at, '\n', (size_t)(scan->end - at));

		next = end != NULL ? end + 1 : scan->end;
		scan->place.line = line;
		if (conf_text_is_utf8(at, (size_t)(next - at)))
			continue;
		if (memchr(at, '\0', (size_t)(next - at)) != NULL)
			GIVE_UP(scan->text, scan->place, "a NUL byte (a configuration is text)");
		else
			GIVE_UP(scan->text, scan->place,
			    "not UTF-8 (a configuration is text in UTF-8)");
		break;
	}
	return false;
}

static void
scan_bytes(struct scan *scan)
{
	const struct grammar *grammar = &scan->text->grammar;
	struct credis_error err;

	scan->base = grammar->depth;
	if (sees(scan, "\xEF\xBB\xBF"))
		scan->at += 3;
	if (!is_text(scan))
		return;
	while (scan->at < scan->end && scan->text->sound)
		take_token(scan);
	if (scan->text->sound && grammar->depth > scan->base) {
		scan->place.line = grammar->open[grammar->depth - 1].line;
		GIVE_UP(scan->text, scan->place, "'%c' is never closed",
		    grammar->open[grammar->depth - 1].kind);
	} else if (scan->text->sound && scan->includer == NULL && !grammar_end(grammar, &err)) {
		GIVE_UP(scan->text, scan->place, "%s", err.text);
	}
}

/* Whether this file is being read already; then through which line it comes back to itself. */
static bool
is_cycle(const struct scan *scan)
{
	for (const struct scan *up = scan->includer; up != NULL; up = up->includer) {
		if (up->identity.st_dev == scan->identity.st_dev &&
		    up->identity.st_ino == scan->identity.st_ino)
			return true;
	}
	return false;
}

static size_t
depth_of(const struct scan *scan)
{
	size_t depth = 0;

	for (; scan != NULL; scan = scan->includer)
		depth++;
	return depth;
}

static void
scan_file(struct conf_text *text, const struct scan *includer, const char *name, struct place blame)
{
	struct scan scan = { .text = text, .includer = includer };
	const char *why = NULL;
	char *bytes;
	size_t length = 0;

	if (depth_of(includer) > DEPTH_MAX || text->files++ > FILES_MAX) {
		GIVE_UP(text, blame, "too many @include (%d deep and %d files are allowed)",
		    DEPTH_MAX, FILES_MAX);
		return;
	}
	bytes = file_read(name, &scan.identity, &length, &why);
	text->read += length;
	if (bytes == NULL) {
		faults_add(text->faults, blame, "%s: %s", name, why);
	} else if (is_cycle(&scan)) {
		faults_add(text->faults, blame, "%s includes itself", name);
	} else if (text->read > FILE_MAX) {
		GIVE_UP(text, blame, "%s: with it, the files are longer than 64 MiB", name);
	} else {
		scan.at = bytes;
		scan.end = bytes + length;
		scan.place = (struct place){ faults_file(text->faults, name), 1 };
		scan_bytes(&scan);
	}
	free(bytes);
}

static struct conf_text *
text_new(const char *name, struct faults *faults)
{
	struct conf_text *text = must(calloc(1, sizeof *text));

	text->faults = faults;
	text->start = (struct place){ faults_file(faults, name), 1 };
	text->sound = true;
	append(text, "", 0);
	return text;
}

struct conf_text *
conf_text_read(const char *name, struct faults *faults)
{
	struct conf_text *text = text_new(name, faults);
	size_t before = faults_count(faults);

	scan_file(text, NULL, name, text->start);
	if (text->lines == 0 && faults_count(faults) != before)
		text->sound = false;
	return text;
}

struct conf_text *
conf_text_scan(const char *name, const char *bytes, size_t length, struct faults *faults)
{
	struct conf_text *text = text_new(name, faults);
	struct scan scan = { .text = text,
		.at = bytes,
		.end = bytes + length,
		.place = text->start };

	scan_bytes(&scan);
	return text;
}

void
conf_text_free(struct conf_text *text)
{
	if (text == NULL)
		return;
	free(text->out.at);
	free(text->places);
	free(text);
}

bool
conf_text_is_sound(const struct conf_text *text)
{
	return text->sound;
}

const char *
conf_text_bytes(const struct conf_text *text)
{
	return text->out.at;
}

struct place
conf_text_place(const struct conf_text *text, int line)
{
	size_t n = line > 0 ? (size_t)line - 1 : 0;

	if (text->lines == 0)
		return text->start;
	return text->places[n < text->lines ? n : text->lines - 1];
}

char *
conf_text_beside(const char *from, const char *path)
{
	const char *slash = strrchr(from, '/');

	if (path[0] == '/' || slash == NULL)
		return must(strdup(path));
	return must_print("%.*s/%s", (int)(slash - from), from, path);
}
