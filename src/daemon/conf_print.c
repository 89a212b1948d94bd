/* conf_print.c: the configuration in force, as one file that reads back the same; and the tables of
 * settings, for the manual and its tests. Defaults of the daemon are spelled out, those of keywords are not. */
#include "conf.h"

#include "memory.h"

#include <credis/keyword.h>
#include <credis/span.h>

#include <jansson.h>

#include <ctype.h>
#include <string.h>

static void
print_text(const char *text, FILE *out)
{
	static const char escapes[] = "\nn\rr\tt\ff\"\"\\\\";

	putc('"', out);
	for (; *text != '\0'; text++) {
		const char *escape = strchr(escapes, *text);

		if (escape != NULL && (escape - escapes) % 2 == 0)
			fprintf(out, "\\%c", escape[1]);
		else if (iscntrl((unsigned char)*text))
			fprintf(out, "\\x%02X", (unsigned char)*text);
		else
			putc(*text, out);
	}
	putc('"', out);
}

/* The shortest that reads back equal, with the point that makes it a real number. */
static void
print_real(double real, FILE *out)
{
	char text[40];
	size_t mantissa;

	for (int digits = 1; digits <= 17; digits++) {
		snprintf(text, sizeof text, "%.*g", digits, real);
		if (strtod(text, NULL) == real)
			break;
	}
	mantissa = strcspn(text, "e.");
	fprintf(out, "%.*s%s%s", (int)mantissa, text, text[mantissa] == '.' ? "" : ".0",
	    text + mantissa);
}

/* Whether all of them may stand in an array [ ], which holds scalars of one type. */
static bool
is_uniform(const json_t *list)
{
	const json_t *first = json_array_get(list, 0);

	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		if (json_is_array(item) || json_is_object(item) || json_is_null(item) ||
		    json_typeof(item) != json_typeof(first))
			return false;
	}
	return true;
}

static void print_value(json_t *value, FILE *out);

static void
print_list(json_t *list, FILE *out)
{
	bool array = is_uniform(list) && !json_is_string(json_array_get(list, 0));

	fputs(array ? "[ " : "( ", out);
	for (size_t i = 0; i < json_array_size(list); i++) {
		fputs(i != 0 ? ", " : "", out);
		print_value(json_array_get(list, i), out);
	}
	fputs(array ? " ]" : " )", out);
}

static void
print_group(json_t *group, FILE *out)
{
	const char *name;
	json_t *value;

	fputs("{ ", out);
	json_object_foreach(group, name, value)
	{
		fprintf(out, "%s = ", name);
		print_value(value, out);
		fputs("; ", out);
	}
	putc('}', out);
}

static void
print_value(json_t *value, FILE *out)
{
	switch (json_typeof(value)) {
	case JSON_STRING: print_text(json_string_value(value), out); break;
	case JSON_INTEGER: fprintf(out, "%" JSON_INTEGER_FORMAT, json_integer_value(value)); break;
	case JSON_REAL: print_real(json_real_value(value), out); break;
	case JSON_ARRAY: print_list(value, out); break;
	case JSON_OBJECT: print_group(value, out); break;
	case JSON_TRUE: fputs("true", out); break;
	case JSON_FALSE: fputs("false", out); break;
	case JSON_NULL: fputs("null", out); break;
	}
}

static void
print_keyword(const struct credis_keyword *keyword, FILE *out)
{
	const struct credis_setting *row;

	fputs("\t\t{ name = ", out);
	print_text(credis_keyword_name(keyword), out);
	fprintf(out, "; type = \"%s\"", credis_type_name(credis_keyword_type(keyword)));
	for (size_t i = 0; (row = credis_keyword_setting(i)) != NULL; i++) {
		char *text;
		json_t *value;

		if (strcmp(row->name, "name") == 0 || strcmp(row->name, "type") == 0)
			continue;
		text = credis_keyword_get(keyword, row->name);
		if (text == NULL)
			continue;
		value = must(json_loads(text, JSON_DECODE_ANY, NULL));
		fprintf(out, "; %s = ", row->name);
		print_value(value, out);
		json_decref(value);
		free(text);
	}
	fputs("; }", out);
}

static void
print_texts(const char *name, char *const *texts, FILE *out)
{
	fprintf(out, "%s = ( ", name);
	for (size_t i = 0; texts[i] != NULL; i++) {
		fputs(i != 0 ? ", " : "", out);
		print_text(texts[i], out);
	}
	fputs(" ); ", out);
}

/* Settings that were not given are left out. */
static void
print_driver(const struct conf_driver *driver, FILE *out)
{
	const struct setting_group *group = &conf_driver_settings;

	fputs("\t\t{ ", out);
	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		const void *at = (const char *)driver + row->at;

		if (row->kind == SETTING_TEXTS && *(char **const *)at != NULL) {
			print_texts(row->name, *(char **const *)at, out);
		} else if (row->kind == SETTING_TEXT && *(char *const *)at != NULL) {
			fprintf(out, "%s = ", row->name);
			print_text(*(char *const *)at, out);
			fputs("; ", out);
		}
	}
	putc('}', out);
}

static void
print_drivers(const struct conf *conf, const char *service, FILE *out)
{
	size_t count = 0;

	for (size_t i = 0; i < conf->driver_count; i++) {
		if (strcmp(conf->drivers[i]->service, service) != 0)
			continue;
		fputs(count++ == 0 ? "\tdrivers = (\n" : ",\n", out);
		print_driver(conf->drivers[i], out);
	}
	fputs(count > 0 ? "\n\t);\n" : "", out);
}

/* The native one goes without saying. */
static void
print_layout(const struct credis_service *service, FILE *out)
{
	if (credis_service_layout(service) == CREDIS_LAYOUT_NATIVE)
		return;
	fputs("\tlayout = ", out);
	print_text(credis_layout_name(credis_service_layout(service)), out);
	fputs(";\n\tprefix = ", out);
	print_text(credis_service_prefix(service), out);
	fputs(";\n", out);
}

static void
print_service(const struct conf *conf, const struct credis_service *service, FILE *out)
{
	const struct credis_keyword *keyword;

	fputs("{\n\tname = ", out);
	print_text(credis_service_name(service), out);
	fputs(";\n\thelp = ", out);
	print_text(credis_service_help(service), out);
	fputs(";\n\tversion = ", out);
	print_text(credis_service_version(service), out);
	fputs(";\n", out);
	print_layout(service, out);
	print_drivers(conf, credis_service_name(service), out);
	fputs("\tkeywords = (", out);
	for (size_t n = 0; (keyword = credis_service_keyword(service, n)) != NULL; n++) {
		fputs(n != 0 ? ",\n" : "\n", out);
		print_keyword(keyword, out);
	}
	fputs("\n\t);\n}", out);
}

static void
print_services(const struct conf *conf, FILE *out)
{
	fputs("services = (", out);
	for (size_t i = 0; i < conf->service_count; i++) {
		fputs(i != 0 ? ", " : " ", out);
		print_service(conf, conf->services[i], out);
	}
	fputs(" );\n", out);
}

/* A setting's value as text; NULL when it has none to print. */
static const char *
text_of(const struct setting *row, const struct conf *conf, char *span)
{
	const char *base = (const char *)conf;

	switch (row->kind) {
	case SETTING_SPAN: return credis_span_print(*(const int64_t *)(base + row->at), span);
	case SETTING_COUNT:
		sprintf(span, "%lld", (long long)*(const int64_t *)(base + row->at));
		return span;
	case SETTING_TEXT:
		/* Its services are printed as if they had stood in this file. */
		if (row->at == SETTING_AT(conf, services_dir))
			return "";
		return *(char *const *)(base + row->at);
	case SETTING_TEXTS:
	case SETTING_GROUP:
	case SETTING_LIST: break;
	}
	return NULL;
}

static void
print_rows(const struct setting_group *group, const struct conf *conf, FILE *out)
{
	char span[40];

	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		const char *text = text_of(row, conf, span);

		if (row->kind == SETTING_GROUP) {
			fprintf(out, "%s = { ", row->name);
			print_rows(row->group, conf, out);
			fputs("};\n", out);
		} else if (text != NULL) {
			fprintf(out, "%s = ", row->name);
			if (row->kind == SETTING_COUNT)
				fputs(text, out);
			else
				print_text(text, out);
			fputs(group->name[0] == '\0' ? ";\n" : "; ", out);
		}
	}
}

void
conf_print(const struct conf *conf, FILE *out)
{
	print_rows(&conf_settings, conf, out);
	print_services(conf, out);
}

static void
print_group_settings(const struct setting_group *group, FILE *out)
{
	for (const struct setting *row = group->rows; row < group->rows + group->count; row++) {
		fprintf(out, "%s%s%s\t%s\t%s\n", group->name, group->name[0] != '\0' ? "." : "",
		    row->name, row->allowed, row->help);
		if (row->kind == SETTING_GROUP)
			print_group_settings(row->group, out);
	}
}

void
conf_print_settings(FILE *out)
{
	const struct credis_setting *row;

	print_group_settings(&conf_settings, out);
	print_group_settings(&conf_service_settings, out);
	print_group_settings(&conf_driver_settings, out);
	fputs("keywords.name\ttext: a letter, then letters, digits, _ and .\tits name; upper and "
	      "lower case are"
	      " the same\n",
	    out);
	for (size_t i = 0; (row = credis_keyword_setting(i)) != NULL; i++)
		fprintf(out, "keywords.%s\t%s\t%s\n", row->name, row->allowed, row->help);
}
