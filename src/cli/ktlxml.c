/* ktlxml.c: one walk through a file with expat; each element's text goes where a table says.
 * Bounded in size, depth and text, so that no file can do more than be refused. */
#include "ktlxml.h"

#include "fault.h"
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <expat.h>
#include <math.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum {
	FILE_MAX = 16 << 20,
	DEPTH_MAX = 32,
	PATH_ROOM = 512,
	TEXT_MAX = 65536,
	CHUNK = 65536,
};

#define BLANKS " \t\r\n"

/* One keyword on its way. */
struct walk {
	struct ktlxml *into;
	XML_Parser parser;
	const char *file; /* its name, without directories */
	struct credis_error *err;
	bool failed;
	int depth, keyword_depth; /* 0: in no keyword */
	unsigned long keyword_line;
	char path[PATH_ROOM]; /* below the keyword, or from the root: "help/brief" */
	char text[TEXT_MAX + 1];
	size_t length;
	bool leaf;             /* no element has ended inside this one */
	json_t *keyword;       /* settings */
	json_t *labels;        /* of values/entry */
	json_t *elements;      /* of elements/entry */
	char *brief, *verbose; /* help */
	char *low, *high;      /* range */
	char *key, *label;     /* of the entry under way */
	char *capability;      /* that a type attribute named */
	bool cannot_read, cannot_write;
};

void
ktlxml_note(struct ktlxml *ktlxml, const char *format, ...)
{
	char text[512];
	va_list list;
	json_t *line;

	va_start(list, format);
	vsnprintf(text, sizeof text, format, list);
	va_end(list);
	line = json_string(text);
	if (line == NULL) { /* cut within a character */
		for (char *c = text; *c != '\0'; c++)
			*c = (char)(*c & 0x80 ? '?' : *c);
		line = must(json_string(text));
	}
	json_array_append_new(ktlxml->notes, line);
}

static const char *
keyword_name(const struct walk *walk)
{
	const char *name = json_string_value(json_object_get(walk->keyword, "name"));

	return name != NULL ? name : "a keyword without a name";
}

static unsigned long
line_number(const struct walk *walk)
{
#if XML_MAJOR_VERSION > 2 || XML_MINOR_VERSION >= 9 /* the other is deprecated by then */
	return XML_GetCurrentLineNumber64(walk->parser);
#else
	return XML_GetCurrentLineNumber(walk->parser);
#endif
}

static void
stop(struct walk *walk, const char *why)
{
	if (walk->failed)
		return;
	walk->failed = true;
	fault(walk->err, CREDIS_EINVAL, "line %lu: %s", line_number(walk), why);
	XML_StopParser(walk->parser, XML_FALSE);
}

static void
keep(char **at, const char *text)
{
	free(*at);
	*at = must(strdup(text));
}

/* Takes the blanks at both ends off, line breaks among them. */
static void
trim(char *text)
{
	size_t first = strspn(text, BLANKS), length = strlen(text);

	while (length > first && strchr(BLANKS, text[length - 1]) != NULL)
		length--;
	memmove(text, text + first, length - first);
	text[length - first] = '\0';
}

/* Runs of blanks, line breaks among them, are one space. */
static void
squeeze(char *text)
{
	char *to = text;

	for (const char *from = text; *from != '\0'; from++) {
		if (!isspace((unsigned char)*from))
			*to++ = *from;
		else if (to > text && to[-1] != ' ')
			*to++ = ' ';
	}
	if (to > text && to[-1] == ' ')
		to--;
	*to = '\0';
}

static void
set_text(struct walk *walk, const char *setting)
{
	const char *before = json_string_value(json_object_get(walk->keyword, setting));

	if (before != NULL && strcmp(before, walk->text) != 0)
		ktlxml_note(walk->into, "%s: %s %.64s (is given again)", keyword_name(walk),
		    setting, before);
	json_object_set_new(walk->keyword, setting, must(json_string(walk->text)));
}

/* What KTL, its tools and people call our types; whole numbers have 64 bits here. */
static const char *const types[][2] = {
	{ "bool", "boolean" },
	{ "enum", "enumerated" },
	{ "int", "integer" },
	{ "int32", "integer" },
	{ "int64", "integer" },
	{ "integer64", "integer" },
	{ "int array", "integer array" },
	{ "int64 array", "integer array" },
	{ "integer64 array", "integer array" },
};

static void
take_type(struct walk *walk)
{
	for (char *c = walk->text; *c != '\0'; c++)
		*c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
	squeeze(walk->text);
	for (size_t n = 0; n < sizeof types / sizeof types[0]; n++) {
		if (strcmp(walk->text, types[n][0]) == 0)
			strcpy(walk->text, types[n][1]);
	}
	set_text(walk, "type");
}

static void
take_brief(struct walk *walk)
{
	squeeze(walk->text);
	keep(&walk->brief, walk->text);
}

static void
take_verbose(struct walk *walk)
{
	squeeze(walk->text);
	keep(&walk->verbose, walk->text);
}

static bool
read_key(const char *text, long long *key)
{
	char *end;

	errno = 0;
	*key = strtoll(text, &end, 0);
	return errno == 0 && end != text && *end == '\0';
}

static void
end_entry(struct walk *walk, json_t *list)
{
	long long key = 0;

	if (walk->label == NULL)
		ktlxml_note(walk->into, "%s: an entry without a label", keyword_name(walk));
	else if (walk->key == NULL)
		json_array_append_new(list, must(json_string(walk->label)));
	else if (read_key(walk->key, &key))
		json_array_append_new(list,
		    must(json_pack("{s:I, s:s}", "key", (json_int_t)key, "label", walk->label)));
	else
		ktlxml_note(walk->into, "%s: entry %.64s: its key %.64s is no whole number",
		    keyword_name(walk), walk->label, walk->key);
	free(walk->key);
	free(walk->label);
	walk->key = walk->label = NULL;
}

static void
end_value(struct walk *walk)
{
	end_entry(walk, walk->labels);
}

static void
end_element_entry(struct walk *walk)
{
	end_entry(walk, walk->elements);
}

static bool
is_word(const char *text, const char *one, const char *other, const char *third)
{
	return strcasecmp(text, one) == 0 || strcasecmp(text, other) == 0 ||
	    strcasecmp(text, third) == 0;
}

static void
take_capability(struct walk *walk)
{
	const char *slash = strchr(walk->path, '/');
	const char *which = walk->capability != NULL ? walk->capability
	    : slash != NULL                          ? slash + 1
						     : "";
	bool cannot = is_word(walk->text, "false", "no", "0");

	if (!cannot && !is_word(walk->text, "true", "yes", "1"))
		ktlxml_note(walk->into, "%s: capability %.64s is %.64s, neither true nor false",
		    keyword_name(walk), which, walk->text);
	else if (strcmp(which, "read") == 0)
		walk->cannot_read = cannot;
	else if (strcmp(which, "write") == 0)
		walk->cannot_write = cannot;
	else if (strcmp(which, "broadcast") != 0)
		ktlxml_note(walk->into, "%s: capability %.64s", keyword_name(walk), which);
	else if (cannot)
		ktlxml_note(walk->into,
		    "%s: capability broadcast false (every change is broadcast)",
		    keyword_name(walk));
}

#define MEMBER(name) offsetof(struct walk, name)

/* What is done at the end of an element: its text is a setting, or is kept for the end of the keyword or entry, or is
 * taken in a way of its own. Entries have no text. */
static const struct row {
	const char *path;
	const char *setting;
	size_t member; /* 0: none */
	void (*take)(struct walk *walk);
	bool entry;
} rows[] = {
	{ "name", .setting = "name" },
	{ "type", .take = take_type },
	{ "units", .setting = "units" },
	{ "format", .setting = "format" },
	{ "help", .take = take_brief },
	{ "help/brief", .take = take_brief },
	{ "help/verbose", .take = take_verbose },
	{ "range/minimum", .member = MEMBER(low) },
	{ "range/maximum", .member = MEMBER(high) },
	{ "values/entry/key", .member = MEMBER(key) },
	{ "values/entry/value", .member = MEMBER(label) },
	{ "values/entry", .take = end_value, .entry = true },
	{ "elements/entry/key", .member = MEMBER(key) },
	{ "elements/entry/label", .member = MEMBER(label) },
	{ "elements/entry/value", .member = MEMBER(label) },
	{ "elements/entry", .take = end_element_entry, .entry = true },
	{ "capability", .take = take_capability },
	{ "capability/read", .take = take_capability },
	{ "capability/write", .take = take_capability },
	{ "capability/broadcast", .take = take_capability },
	{ "serverside/initialize/value", .setting = "initial" },
};

static void
take(struct walk *walk, const struct row *row)
{
	if (row->setting != NULL)
		set_text(walk, row->setting);
	else if (row->member != 0)
		keep((char **)((char *)walk + row->member), walk->text);
	else
		row->take(walk);
}

/* An end of a range as a number; null where there is none. */
static json_t *
range_end(struct walk *walk, const char *text)
{
	long long whole;
	double real;
	char *end;

	if (text == NULL || *text == '\0')
		return must(json_null());
	errno = 0;
	whole = strtoll(text, &end, 10);
	if (errno == 0 && *end == '\0')
		return must(json_integer((json_int_t)whole));
	real = strtod(text, &end);
	if (*end == '\0' && isfinite(real))
		return must(json_real(real));
	if (*end != '\0' || !isinf(real))
		ktlxml_note(walk->into, "%s: range: %.64s is no number", keyword_name(walk), text);
	return must(json_null());
}

static void
end_range(struct walk *walk)
{
	json_t *low = range_end(walk, walk->low), *high = range_end(walk, walk->high);

	if (json_is_null(low) && json_is_null(high))
		return;
	json_object_set_new(walk->keyword, "range", must(json_pack("[o, o]", low, high)));
}

static void
end_help(struct walk *walk)
{
	char *help = NULL;
	bool both =
	    walk->brief != NULL && walk->verbose != NULL && strcmp(walk->brief, walk->verbose) != 0;

	if (walk->brief == NULL && walk->verbose == NULL)
		return;
	if (both && asprintf(&help, "%s: %s", walk->brief, walk->verbose) < 0)
		help = must(NULL);
	json_object_set_new(walk->keyword, "help",
	    must(json_string(both         ? help
		    : walk->brief != NULL ? walk->brief
					  : walk->verbose)));
	free(help);
}

struct element {
	json_int_t key; /* without one: the place in the file */
	size_t at;
	json_t *label;
};

static int
compare_elements(const void *one, const void *other)
{
	const struct element *a = one, *b = other;

	if (a->key != b->key)
		return a->key < b->key ? -1 : 1;
	return a->at < b->at ? -1 : a->at > b->at;
}

/* Labels of an array's elements are texts in the order of their keys. */
static void
end_elements(struct walk *walk)
{
	size_t count = json_array_size(walk->elements), n;
	struct element *elements = must(calloc(count, sizeof *elements));
	json_t *labels = must(json_array()), *entry;

	json_array_foreach(walk->elements, n, entry)
	{
		elements[n] = json_is_object(entry)
		    ? (struct element){ json_integer_value(json_object_get(entry, "key")), n,
			      json_object_get(entry, "label") }
		    : (struct element){ (json_int_t)n, n, entry };
	}
	qsort(elements, count, sizeof *elements, compare_elements);
	for (n = 0; n < count; n++)
		json_array_append(labels, elements[n].label);
	free(elements);
	json_object_set_new(walk->keyword, "length", must(json_integer((json_int_t)count)));
	json_object_set_new(walk->keyword, "labels", labels);
}

static void
clear_keyword(struct walk *walk)
{
	json_decref(walk->keyword);
	json_decref(walk->labels);
	json_decref(walk->elements);
	free(walk->brief);
	free(walk->verbose);
	free(walk->low);
	free(walk->high);
	free(walk->key);
	free(walk->label);
	walk->keyword = walk->labels = walk->elements = NULL;
	walk->brief = walk->verbose = walk->low = walk->high = walk->key = walk->label = NULL;
}

static void
begin_keyword(struct walk *walk)
{
	walk->keyword_depth = walk->depth;
	walk->keyword_line = line_number(walk);
	walk->path[0] = '\0';
	walk->keyword = must(json_object());
	walk->labels = must(json_array());
	walk->elements = must(json_array());
	walk->cannot_read = walk->cannot_write = false;
}

static void
end_keyword(struct walk *walk)
{
	if (walk->low != NULL || walk->high != NULL)
		end_range(walk);
	end_help(walk);
	if (json_array_size(walk->labels) > 0)
		json_object_set(walk->keyword, "values", walk->labels);
	if (json_array_size(walk->elements) > 0)
		end_elements(walk);
	if (walk->cannot_read && walk->cannot_write)
		ktlxml_note(walk->into, "%s: capability read and write false (read is allowed)",
		    keyword_name(walk));
	if (walk->cannot_write || walk->cannot_read)
		json_object_set_new(walk->keyword, "access",
		    must(json_string(walk->cannot_write ? "read" : "write")));
	if (json_string_length(json_object_get(walk->keyword, "name")) > 0)
		json_array_append(walk->into->keywords, walk->keyword);
	else
		ktlxml_note(walk->into, "%s:%lu: a keyword without a name: left out", walk->file,
		    walk->keyword_line);
	clear_keyword(walk);
	walk->keyword_depth = 0;
}

static void
end_of_element(struct walk *walk, bool leaf)
{
	for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
		if (strcmp(rows[n].path, walk->path) != 0)
			continue;
		if (leaf || rows[n].entry)
			take(walk, &rows[n]);
		return;
	}
	if (leaf)
		ktlxml_note(walk->into, "%s: %.200s%s%.64s", keyword_name(walk), walk->path,
		    walk->text[0] != '\0' ? " " : "", walk->text);
}

/* A name without its namespace. */
static const char *
local(const char *name)
{
	const char *colon = strchr(name, ':');

	return colon != NULL ? colon + 1 : name;
}

static void
take_attributes(struct walk *walk, const char **attributes)
{
	bool capability = strcmp(walk->path, "capability") == 0;

	for (; *attributes != NULL; attributes += 2) {
		const char *name = attributes[0], *value = attributes[1];

		if (capability && strcmp(name, "type") == 0)
			keep(&walk->capability, value);
		else if (strncmp(name, "xml", 3) != 0 && strchr(name, ':') == NULL)
			ktlxml_note(walk->into, "%s:%lu: attribute %.64s=%.64s", walk->file,
			    line_number(walk), name, value);
	}
}

/* Nothing but the file itself is opened. */
static void
note_include(struct walk *walk, const char **attributes)
{
	const char *which = "";

	for (; *attributes != NULL; attributes += 2) {
		if (strcmp(attributes[0], "href") == 0)
			which = attributes[1];
	}
	ktlxml_note(walk->into, "%s:%lu: include %.200s (files that are included are not read)",
	    walk->file, line_number(walk), which);
}

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct walk *walk = arg;
	size_t length = strlen(walk->path);

	name = local(name);
	if (++walk->depth > DEPTH_MAX) {
		stop(walk, "elements lie more than 32 deep");
		return;
	}
	walk->length = 0;
	walk->leaf = true;
	if (walk->keyword_depth == 0 && strcmp(name, "keyword") == 0) {
		begin_keyword(walk);
		take_attributes(walk, attributes);
		return;
	}
	if (length + strlen(name) + 2 > PATH_ROOM) {
		stop(walk, "names of elements are too long");
		return;
	}
	snprintf(walk->path + length, PATH_ROOM - length, "%s%s", length > 0 ? "/" : "", name);
	walk->leaf = strcmp(name, "include") != 0;
	if (walk->leaf)
		take_attributes(walk, attributes);
	else
		note_include(walk, attributes);
}

static void
on_end(void *arg, const char *name)
{
	struct walk *walk = arg;
	char *slash = strrchr(walk->path, '/');

	walk->text[walk->length] = '\0';
	trim(walk->text);
	if (walk->keyword_depth != 0 && walk->depth == walk->keyword_depth) {
		end_keyword(walk);
	} else {
		if (walk->keyword_depth != 0)
			end_of_element(walk, walk->leaf);
		else if (walk->leaf && strcmp(walk->path, "bundle/name") == 0)
			keep(&walk->into->service, walk->text);
		else if (walk->leaf)
			ktlxml_note(walk->into, "%.200s %.64s", walk->path, walk->text);
		if (strcmp(walk->path, "capability") == 0)
			keep(&walk->capability, "");
		*(slash != NULL ? slash : walk->path) = '\0';
	}
	(void)name;
	/* Outside of keywords the path is that of the element around them. */
	if (walk->keyword_depth == 0 && walk->depth == 2)
		strcpy(walk->path, "bundle");
	walk->depth--;
	walk->length = 0;
	walk->leaf = false;
	if (walk->capability != NULL && walk->capability[0] == '\0') {
		free(walk->capability);
		walk->capability = NULL;
	}
}

static void
on_text(void *arg, const char *text, int length)
{
	struct walk *walk = arg;

	if (walk->length + (size_t)length > TEXT_MAX) {
		stop(walk, "an element has more than 65536 bytes of text");
		return;
	}
	memcpy(walk->text + walk->length, text, (size_t)length);
	walk->length += (size_t)length;
}

static void
on_entity(void *arg, const char *name, int is_parameter, const char *value, int length,
    const char *base, const char *system, const char *public, const char *notation)
{
	(void)name, (void)is_parameter, (void)value, (void)length, (void)base, (void)system;
	(void)public, (void)notation;
	stop(arg, "entities of the file's own are not taken");
}

/* Declared where only a DTD outside could have said so. */
static void
on_skipped(void *arg, const char *name, int is_parameter)
{
	struct walk *walk = arg;

	if (!is_parameter)
		ktlxml_note(walk->into, "%s:%lu: &%.64s; (nothing in the file says what it is)",
		    walk->file, line_number(walk), name);
}

static const char *
explain(enum XML_Error code)
{
	switch (code) {
	case XML_ERROR_NO_ELEMENTS: return "the file ends before its bundle does";
	case XML_ERROR_UNKNOWN_ENCODING:
		return "its encoding is none of UTF-8, UTF-16, ISO-8859-1, US-ASCII";
	default: return XML_ErrorString(code);
	}
}

static bool
parse(struct walk *walk, FILE *file)
{
	size_t all = 0, length;

	do {
		void *chunk = must(XML_GetBuffer(walk->parser, CHUNK));

		length = fread(chunk, 1, CHUNK, file);
		all += length;
		if (all > FILE_MAX)
			return fault(walk->err, CREDIS_EINVAL, "is larger than 16 MiB");
		if (ferror(file))
			return fault(walk->err, CREDIS_EINVAL, "%s", strerror(errno));
		if (XML_ParseBuffer(walk->parser, (int)length, length == 0) != XML_STATUS_OK) {
			if (!walk->failed)
				stop(walk, explain(XML_GetErrorCode(walk->parser)));
			return false;
		}
	} while (length > 0);
	return true;
}

bool
ktlxml_read(struct ktlxml *ktlxml, const char *path, struct credis_error *err)
{
	struct walk *walk;
	FILE *file = fopen(path, "re");
	bool fine;

	if (file == NULL)
		return fault(err, CREDIS_EINVAL, "%s", strerror(errno));
	if (ktlxml->keywords == NULL)
		ktlxml->keywords = must(json_array());
	if (ktlxml->notes == NULL)
		ktlxml->notes = must(json_array());
	walk = must(calloc(1, sizeof *walk));
	walk->into = ktlxml;
	walk->err = err;
	walk->file = strrchr(path, '/') != NULL ? strrchr(path, '/') + 1 : path;
	walk->parser = must(XML_ParserCreate(NULL));
	XML_SetUserData(walk->parser, walk);
	XML_SetElementHandler(walk->parser, on_start, on_end);
	XML_SetCharacterDataHandler(walk->parser, on_text);
	XML_SetEntityDeclHandler(walk->parser, on_entity);
	XML_SetSkippedEntityHandler(walk->parser, on_skipped);
	fine = parse(walk, file);
	clear_keyword(walk);
	free(walk->capability);
	XML_ParserFree(walk->parser);
	free(walk);
	fclose(file);
	return fine;
}

void
ktlxml_clear(struct ktlxml *ktlxml)
{
	json_decref(ktlxml->keywords);
	json_decref(ktlxml->notes);
	free(ktlxml->service);
	*ktlxml = (struct ktlxml){ 0 };
}
