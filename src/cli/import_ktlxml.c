/* import_ktlxml.c: the verb import-ktlxml: a file for services.d out of KTL's XML bundles.
 * The library says what is allowed: what it refuses is told and left out, so that credisd takes the rest. */
#include "fault.h"
#include "ktlxml.h"
#include "memory.h"
#include "session.h"
#include "text.h"
#include "verbs.h"

#include <credis/dispatcher.h>

#include <dirent.h>
#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { FILES_MAX = 10000 };

static void
print_text(const char *text)
{
	putchar('"');
	for (; *text != '\0'; text++) {
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text < ' ' || *text == 0x7f)
			printf("\\x%02X", (unsigned char)*text);
		else
			putchar(*text);
	}
	putchar('"');
}

static void
print_real(double real)
{
	char text[40];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	if (strcspn(text, ".") == strlen(text)) {
		size_t mantissa = strcspn(text, "e");

		printf("%.*s.0%s", (int)mantissa, text, text + mantissa);
	} else {
		fputs(text, stdout);
	}
}

static void
print_json(const json_t *value)
{
	const char *name;
	json_t *item;
	size_t n;

	switch (json_typeof(value)) {
	case JSON_STRING: print_text(json_string_value(value)); break;
	case JSON_INTEGER: printf("%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
	case JSON_REAL: print_real(json_real_value(value)); break;
	case JSON_TRUE: fputs("true", stdout); break;
	case JSON_FALSE: fputs("false", stdout); break;
	case JSON_NULL: fputs("null", stdout); break;
	case JSON_ARRAY:
		fputs("( ", stdout);
		json_array_foreach(value, n, item)
		{
			fputs(n > 0 ? ", " : "", stdout);
			print_json(item);
		}
		fputs(" )", stdout);
		break;
	case JSON_OBJECT:
		fputs("{ ", stdout);
		json_object_foreach((json_t *)value, name, item)
		{
			printf("%s = ", name);
			print_json(item);
			fputs("; ", stdout);
		}
		putchar('}');
		break;
	}
}

/* The note names the keyword or the setting already. */
static const char *
without(const char *text, const char *name)
{
	size_t length = strlen(name);

	return strncmp(text, name, length) == 0 && strncmp(text + length, ": ", 2) == 0
	    ? text + length + 2
	    : text;
}

static void
set_all(struct ktlxml *ktlxml, json_t *settings, struct credis_keyword *keyword)
{
	struct credis_error err;
	const char *setting;
	json_t *value;
	void *next;

	json_object_foreach_safe(settings, next, setting, value)
	{
		char *text;

		if (strcmp(setting, "name") == 0 || strcmp(setting, "type") == 0)
			continue;
		text = must(json_dumps(value, JSON_ENCODE_ANY));
		if (!credis_keyword_set(keyword, setting, text, &err)) {
			ktlxml_note(ktlxml, "%s: %s: %s", credis_keyword_name(keyword), setting,
			    without(err.text, setting));
			json_object_del(settings, setting);
		}
		free(text);
	}
}

/* NULL, and a note, when there is nothing that credisd would take. Settings that it would not are removed. */
static struct credis_keyword *
make_keyword(struct ktlxml *ktlxml, json_t *settings)
{
	const char *name = json_string_value(json_object_get(settings, "name"));
	const char *type = json_string_value(json_object_get(settings, "type")), *blame;
	struct credis_keyword *keyword;
	struct credis_error err;
	enum credis_type found;

	if (type == NULL || !credis_type_find(type, &found)) {
		ktlxml_note(ktlxml, "%s: left out, its type is %.64s", name,
		    type != NULL && *type != '\0' ? type : "not given");
		return NULL;
	}
	keyword = credis_keyword_new(name, found, &err);
	if (keyword == NULL) {
		ktlxml_note(ktlxml, "%s: left out: %s", name, err.text);
		return NULL;
	}
	set_all(ktlxml, settings, keyword);
	if (credis_keyword_finish(keyword, &blame, &err))
		return keyword;
	credis_keyword_free(keyword);
	if (blame == NULL || json_object_get(settings, blame) == NULL) {
		ktlxml_note(ktlxml, "%s: left out: %s", name, err.text);
		return NULL;
	}
	ktlxml_note(ktlxml, "%s: %s: %s", name, blame, without(err.text, blame));
	json_object_del(settings, blame);
	return make_keyword(ktlxml, settings);
}

/* Keeps of ktlxml->keywords what makes a service. False when its name is none. */
static bool
check(struct ktlxml *ktlxml, const char *name, struct credis_error *err)
{
	struct credis_service *service = credis_service_new(name, "", "", err);
	json_t *kept, *settings;
	struct credis_error why;
	size_t n;

	if (service == NULL) {
		why = *err;
		return fault(err, why.code, "the service: %s; -s gives it another", why.text);
	}
	kept = must(json_array());
	json_array_foreach(ktlxml->keywords, n, settings)
	{
		struct credis_keyword *keyword = make_keyword(ktlxml, settings);

		if (keyword != NULL && credis_service_take_keyword(service, keyword, &why)) {
			json_array_append(kept, settings);
			continue;
		}
		if (keyword != NULL)
			ktlxml_note(ktlxml, "%s: left out: %s", credis_keyword_name(keyword),
			    without(why.text, credis_keyword_name(keyword)));
		credis_keyword_free(keyword);
	}
	json_decref(ktlxml->keywords);
	ktlxml->keywords = kept;
	credis_service_free(service);
	return json_array_size(ktlxml->keywords) > 0 ||
	    fault(err, CREDIS_EINVAL, "no keyword in it can be carried over");
}

static void
print_keyword(const json_t *settings)
{
	const char *name;
	json_t *value;

	fputs("\t\t{ name = ", stdout);
	print_json(json_object_get(settings, "name"));
	fputs("; type = ", stdout);
	print_json(json_object_get(settings, "type"));
	json_object_foreach((json_t *)settings, name, value)
	{
		if (strcmp(name, "name") == 0 || strcmp(name, "type") == 0)
			continue;
		printf("; %s = ", name);
		print_json(value);
	}
	fputs("; }", stdout);
}

static void
print_service(const struct ktlxml *ktlxml, const char *name, const char *path)
{
	json_t *item;
	size_t n;

	fputs("# Made by credis import-ktlxml from ", stdout);
	text_print(stdout, path, strlen(path));
	putchar('\n');
	json_array_foreach(ktlxml->notes, n, item)
	{
		fputs(n == 0 ? "# Not carried over:\n#\t" : "#\t", stdout);
		text_print(stdout, json_string_value(item), json_string_length(item));
		putchar('\n');
	}
	fputs("services = ( {\n\tname = ", stdout);
	print_text(name);
	fputs(";\n\t# layout = \"cauldron\"; lets clients of Cauldron go on.\n\tkeywords = (\n",
	    stdout);
	json_array_foreach(ktlxml->keywords, n, item)
	{
		fputs(n > 0 ? ",\n" : "", stdout);
		print_keyword(item);
	}
	fputs("\n\t);\n} );\n", stdout);
}

static int
is_xml(const struct dirent *entry)
{
	const char *point = strrchr(entry->d_name, '.');

	return entry->d_name[0] != '.' && point != NULL && strcasecmp(point, ".xml") == 0;
}

static bool
read_file(struct ktlxml *ktlxml, const char *path, struct credis_error *err)
{
	struct credis_error why;

	return ktlxml_read(ktlxml, path, &why) || fault(err, why.code, "%s: %s", path, why.text);
}

/* Its *.xml, by name. */
static bool
read_directory(struct ktlxml *ktlxml, const char *path, struct credis_error *err)
{
	struct dirent **entries = NULL;
	int count = scandir(path, &entries, is_xml, alphasort);
	bool fine = true;

	if (count < 0)
		return fault(err, CREDIS_EINVAL, "%s: %s", path, strerror(errno));
	if (count == 0 || count > FILES_MAX)
		fine = fault(err, CREDIS_EINVAL, "%s: has %d files *.xml (1 to %d are read)", path,
		    count, FILES_MAX);
	for (int n = 0; n < count; n++) {
		char *file = NULL;

		if (fine && asprintf(&file, "%s/%s", path, entries[n]->d_name) < 0)
			must(NULL);
		fine = fine && read_file(ktlxml, file, err);
		free(file);
		free(entries[n]);
	}
	free(entries);
	return fine;
}

/* What -s says, or else the bundle, or else the file is called. To free(). */
static char *
service_name(const struct session *session, const struct ktlxml *ktlxml, const char *path)
{
	size_t length = strlen(path), begin;

	if (session->options->service != NULL)
		return must(strdup(session->options->service));
	if (ktlxml->service != NULL && ktlxml->service[0] != '\0')
		return must(strdup(ktlxml->service));
	while (length > 1 && path[length - 1] == '/')
		length--;
	for (begin = length; begin > 0 && path[begin - 1] != '/'; begin--)
		;
	if (length - begin > 4 && strncasecmp(path + length - 4, ".xml", 4) == 0)
		length -= 4;
	return must(strndup(path + begin, length - begin));
}

static void
tell(const struct ktlxml *ktlxml)
{
	json_t *note;
	size_t n;

	setvbuf(stderr, NULL, _IOLBF, BUFSIZ);
	json_array_foreach(ktlxml->notes, n, note)
	{
		fputs("credis: not carried over: ", stderr);
		text_print(stderr, json_string_value(note), json_string_length(note));
		fputc('\n', stderr);
	}
}

void
run_import_ktlxml(struct session *session, char **words, int count)
{
	struct ktlxml ktlxml = { 0 };
	struct credis_error err, why;
	struct stat status;
	char *name = NULL;
	bool fine;

	(void)count;
	if (stat(words[0], &status) == 0 && S_ISDIR(status.st_mode))
		fine = read_directory(&ktlxml, words[0], &err);
	else
		fine = read_file(&ktlxml, words[0], &err);
	if (fine) {
		name = service_name(session, &ktlxml, words[0]);
		fine = check(&ktlxml, name, &why) ||
		    fault(&err, why.code, "%s: %s", words[0], why.text);
	}
	if (fine)
		print_service(&ktlxml, name, words[0]);
	tell(&ktlxml);
	if (!fine)
		session_fail(session, NULL, NULL, &err);
	free(name);
	ktlxml_clear(&ktlxml);
}
