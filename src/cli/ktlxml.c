/* ktlxml.c: one walk through a file with expat; each element's text goes where a table says.
 * Bounded in size, depth and text, so that no file can do more than be refused. */
#include "ktlxml.h"

#include "fault.h"
#include "memory.h"

#include <ctype.h>
#include <errno.h>
#include <expat.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
	FILE_MAX = 16 << 20,
	DEPTH_MAX = 32,
	PATH_ROOM = 512,
	TEXT_MAX = 65536,
	CHUNK = 65536,
};

/* One keyword on its way. */
struct walk {
	struct ktlxml *into;
	XML_Parser parser;
	struct credis_error *err;
	bool failed;
	int depth, keyword_depth; /* 0: in no keyword */
	char path[PATH_ROOM];     /* below the keyword, or from the root: "help/brief" */
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
	/* Cut within a character it is no UTF-8. */
	line = json_string(text);
	json_array_append_new(ktlxml->notes,
	    line != NULL ? line : must(json_string("too long to be told")));
}

static const char *
keyword_name(const struct walk *walk)
{
	const char *name = json_string_value(json_object_get(walk->keyword, "name"));

	return name != NULL ? name : "a keyword without a name";
}

static void
stop(struct walk *walk, const char *why)
{
	if (walk->failed)
		return;
	walk->failed = true;
	fault(walk->err, CREDIS_EINVAL, "line %lu: %s",
	    (unsigned long)XML_GetCurrentLineNumber(walk->parser), why);
	XML_StopParser(walk->parser, XML_FALSE);
}

static void
keep(char **at, const char *text)
{
	free(*at);
	*at = must(strdup(text));
}

static void
set_text(struct walk *walk, const char *setting)
{
	json_object_set_new(walk->keyword, setting, must(json_string(walk->text)));
}

static void
take_name(struct walk *walk)
{
	set_text(walk, "name");
}

static void
take_type(struct walk *walk)
{
	for (char *c = walk->text; *c != '\0'; c++)
		*c = *c == '_' ? ' ' : (char)tolower((unsigned char)*c);
	set_text(walk, "type");
}

static void
take_units(struct walk *walk)
{
	set_text(walk, "units");
}

static void
take_format(struct walk *walk)
{
	set_text(walk, "format");
}

static void
take_initial(struct walk *walk)
{
	set_text(walk, "initial");
}

static void
take_brief(struct walk *walk)
{
	keep(&walk->brief, walk->text);
}

static void
take_verbose(struct walk *walk)
{
	keep(&walk->verbose, walk->text);
}

static void
take_low(struct walk *walk)
{
	keep(&walk->low, walk->text);
}

static void
take_high(struct walk *walk)
{
	keep(&walk->high, walk->text);
}

static void
take_key(struct walk *walk)
{
	keep(&walk->key, walk->text);
}

static void
take_label(struct walk *walk)
{
	keep(&walk->label, walk->text);
}

static void
end_entry(struct walk *walk, json_t *list)
{
	char *end = NULL;
	long long key = walk->key != NULL ? strtoll(walk->key, &end, 0) : 0;

	if (walk->label == NULL || (walk->key != NULL && (*walk->key == '\0' || *end != '\0')))
		ktlxml_note(walk->into,
		    "%s: an entry without a label or with a key that is no number",
		    keyword_name(walk));
	else if (walk->key != NULL)
		json_array_append_new(list,
		    must(json_pack("{s:I, s:s}", "key", (json_int_t)key, "label", walk->label)));
	else
		json_array_append_new(list, must(json_string(walk->label)));
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

static void
take_capability(struct walk *walk)
{
	const char *slash = strchr(walk->path, '/');
	const char *which = walk->capability != NULL ? walk->capability
	    : slash != NULL                          ? slash + 1
						     : "";
	bool cannot = strcasecmp(walk->text, "false") == 0;

	if (strcmp(which, "read") == 0)
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

/* What is done at the end of an element; those of a group have no text of their own. */
static const struct row {
	const char *path;
	void (*take)(struct walk *walk);
} rows[] = {
	{ "name", take_name },
	{ "type", take_type },
	{ "units", take_units },
	{ "format", take_format },
	{ "help/brief", take_brief },
	{ "help/verbose", take_verbose },
	{ "range/minimum", take_low },
	{ "range/maximum", take_high },
	{ "values/entry/key", take_key },
	{ "values/entry/value", take_label },
	{ "values/entry", end_value },
	{ "elements/entry/key", take_key },
	{ "elements/entry/label", take_label },
	{ "elements/entry/value", take_label },
	{ "elements/entry", end_element_entry },
	{ "capability", take_capability },
	{ "capability/read", take_capability },
	{ "capability/write", take_capability },
	{ "capability/broadcast", take_capability },
	{ "serverside/initialize/value", take_initial },
};

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
end_range(struct walk *walk)
{
	const char *ends[2] = { walk->low, walk->high };
	json_t *range = must(json_array());

	for (int i = 0; i < 2; i++) {
		json_t *end = ends[i] != NULL
		    ? json_loads(ends[i], JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL)
		    : NULL;

		if (ends[i] != NULL && !json_is_number(end))
			ktlxml_note(walk->into, "%s: range %.64s", keyword_name(walk), ends[i]);
		json_array_append_new(range, json_is_number(end) ? end : must(json_null()));
	}
	if (json_is_null(json_array_get(range, 0)) && json_is_null(json_array_get(range, 1)))
		json_decref(range);
	else
		json_object_set_new(walk->keyword, "range", range);
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

/* Labels of an array's elements are texts in the order of their keys, which is the file's. */
static void
end_elements(struct walk *walk)
{
	json_t *labels = must(json_array()), *entry;
	size_t n;

	json_array_foreach(walk->elements, n, entry)
	{
		json_t *label = json_is_object(entry) ? json_object_get(entry, "label") : entry;

		json_array_append(labels, label);
	}
	json_object_set_new(walk->keyword, "length", must(json_integer((json_int_t)n)));
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
	json_array_append(walk->into->keywords, walk->keyword);
	clear_keyword(walk);
	walk->keyword_depth = 0;
}

static void
end_of_element(struct walk *walk, bool leaf)
{
	for (size_t n = 0; n < sizeof rows / sizeof rows[0]; n++) {
		if (strcmp(rows[n].path, walk->path) != 0)
			continue;
		if (leaf || rows[n].take == end_value || rows[n].take == end_element_entry)
			rows[n].take(walk);
		return;
	}
	if (leaf)
		ktlxml_note(walk->into, "%s: %.200s%s%.64s", keyword_name(walk), walk->path,
		    walk->text[0] != '\0' ? " " : "", walk->text);
}

static void
on_start(void *arg, const char *name, const char **attributes)
{
	struct walk *walk = arg;
	size_t length = strlen(walk->path);

	if (++walk->depth > DEPTH_MAX) {
		stop(walk, "elements lie more than 32 deep");
		return;
	}
	walk->length = 0;
	walk->leaf = true;
	if (walk->keyword_depth == 0 && strcmp(name, "keyword") == 0) {
		begin_keyword(walk);
		return;
	}
	if (length + strlen(name) + 2 > PATH_ROOM) {
		stop(walk, "names of elements are too long");
		return;
	}
	snprintf(walk->path + length, PATH_ROOM - length, "%s%s", length > 0 ? "/" : "", name);
	for (; *attributes != NULL; attributes += 2) {
		if (strcmp(walk->path, "capability") == 0 && strcmp(attributes[0], "type") == 0)
			keep(&walk->capability, attributes[1]);
	}
}

static void
on_end(void *arg, const char *name)
{
	struct walk *walk = arg;
	char *slash = strrchr(walk->path, '/');

	walk->text[walk->length] = '\0';
	squeeze(walk->text);
	if (walk->keyword_depth != 0 && walk->depth == walk->keyword_depth) {
		end_keyword(walk);
	} else {
		if (walk->keyword_depth != 0)
			end_of_element(walk, walk->leaf);
		else if (walk->leaf && strcmp(walk->path, "bundle/name") == 0)
			keep(&walk->into->service, walk->text);
		else if (walk->leaf)
			ktlxml_note(walk->into, "%.200s", walk->path);
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
				stop(walk, XML_ErrorString(XML_GetErrorCode(walk->parser)));
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
	walk->parser = must(XML_ParserCreate(NULL));
	XML_SetUserData(walk->parser, walk);
	XML_SetElementHandler(walk->parser, on_start, on_end);
	XML_SetCharacterDataHandler(walk->parser, on_text);
	XML_SetEntityDeclHandler(walk->parser, on_entity);
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
