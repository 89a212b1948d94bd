/* test_serial.c: serializers give what Python's json and msgpack give, byte for byte, and take nothing else.
 * The facts are in tests/unit/data. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/buffer.h"

#include <credis/serial.h>

#include <jansson.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static json_t *
load(const char *name)
{
	char path[128];
	json_t *file;

	snprintf(path, sizeof path, "tests/unit/data/%s", name);
	file = json_load_file(path, JSON_ALLOW_NUL, NULL);
	assert_non_null(file);
	return file;
}

/* "91*64 c0": pieces of hex, some repeated. */
static void
add_hex(struct buffer *bytes, const char *hex)
{
	while (*hex != '\0') {
		size_t digits = strspn(hex, "0123456789abcdef"), times = 1;
		const char *after = hex + digits;

		if (*after == '*')
			times = strtoul(after + 1, (char **)&after, 10);
		for (size_t n = 0; n < times * (digits / 2); n++) {
			unsigned byte;

			sscanf(hex + 2 * (n % (digits / 2)), "%2x", &byte);
			buffer_append(bytes, &(char){ (char)byte }, 1);
		}
		hex = after + (*after == ' ');
	}
}

/* A value of the facts in the wide form of JSON, as credis writes it. */
static void render(struct buffer *out, const json_t *value);

static void
render_dumped(struct buffer *out, const json_t *value)
{
	struct credis_error err;
	size_t length;
	char *dumped = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
	char *text = credis_serialize(CREDIS_AS_JSON, dumped, strlen(dumped), &length, &err);

	assert_non_null(text);
	buffer_append(out, text, length);
	free(text);
	free(dumped);
}

static void
render_repeated(struct buffer *out, const char *name, const json_t *pair)
{
	const json_t *what = json_array_get(pair, 0);
	size_t times = (size_t)json_integer_value(json_array_get(pair, 1));
	bool array = strcmp(name, "$array") == 0;

	buffer_text(out, array ? "[" : strcmp(name, "$bytes") == 0 ? "{\"$bin\":\"" : "\"");
	for (size_t n = 0; n < times; n++) {
		if (!array) {
			buffer_text(out, json_string_value(what));
			continue;
		}
		buffer_text(out, n > 0 ? "," : "");
		render(out, what);
	}
	buffer_text(out, array ? "]" : strcmp(name, "$bytes") == 0 ? "\"}" : "\"");
}

static void
render_deep(struct buffer *out, const json_t *pair)
{
	json_int_t times = json_integer_value(json_array_get(pair, 1));

	for (json_int_t n = 0; n < times; n++)
		buffer_text(out, "[");
	render(out, json_array_get(pair, 0));
	for (json_int_t n = 0; n < times; n++)
		buffer_text(out, "]");
}

static void
render_numbered(struct buffer *out, json_int_t count)
{
	for (json_int_t n = 0; n < count; n++)
		buffer_printf(out, "%s\"%lld\":null", n > 0 ? "," : "{", (long long)n);
	buffer_text(out, "}");
}

/* What only the facts write so; true when it was one of those. */
static bool
render_shorthand(struct buffer *out, const char *name, const json_t *value)
{
	const char *text = json_string_value(value);

	if (strcmp(name, "$int") == 0)
		buffer_text(out, text);
	else if (strcmp(name, "$float") == 0 && strcspn(text, "n") == strlen(text))
		buffer_text(out, text);
	else if (strcmp(name, "$deep") == 0)
		render_deep(out, value);
	else if (strcmp(name, "$numbered") == 0)
		render_numbered(out, json_integer_value(value));
	else if (strcmp(name, "$text") == 0 || strcmp(name, "$bytes") == 0 ||
	    strcmp(name, "$array") == 0)
		render_repeated(out, name, value);
	else
		return false;
	return true;
}

static void
render_object(struct buffer *out, const json_t *object)
{
	const char *name, *before = "{";
	json_t *value;

	if (json_object_size(object) == 1) {
		void *only = json_object_iter((json_t *)object);
		if (render_shorthand(out, json_object_iter_key(only), json_object_iter_value(only)))
			return;
	}
	json_object_foreach((json_t *)object, name, value)
	{
		json_t *key = json_string(name);

		buffer_text(out, before);
		render_dumped(out, key);
		json_decref(key);
		buffer_text(out, ":");
		render(out, value);
		before = ",";
	}
	buffer_text(out, *before == '{' ? "{}" : "}");
}

static void
render(struct buffer *out, const json_t *value)
{
	size_t n;
	json_t *item;

	if (json_is_object(value)) {
		render_object(out, value);
	} else if (json_is_array(value)) {
		buffer_text(out, "[");
		json_array_foreach(value, n, item)
		{
			buffer_text(out, n > 0 ? "," : "");
			render(out, item);
		}
		buffer_text(out, "]");
	} else {
		render_dumped(out, value);
	}
}

static void
expect(const struct buffer *wanted, const char *got, size_t length, const struct credis_error *err)
{
	if (got == NULL)
		fail_msg("%.60s… was refused: %s", wanted->bytes, err->text);
	if (length != wanted->length || memcmp(got, wanted->bytes, length) != 0)
		fail_msg("%.200s became %.200s", wanted->bytes, got);
}

static void
expect_packed(const json_t *bytes, const char *got, size_t length)
{
	unsigned char digest[SHA256_DIGEST_LENGTH];
	char hex[2 * SHA256_DIGEST_LENGTH + 1];

	if (json_is_object(bytes)) {
		SHA256((const unsigned char *)got, length, digest);
		for (size_t n = 0; n < sizeof digest; n++)
			sprintf(hex + 2 * n, "%02x", digest[n]);
		assert_int_equal(length, json_integer_value(json_object_get(bytes, "bytes")));
		assert_string_equal(hex, json_string_value(json_object_get(bytes, "sha256")));
		return;
	}
	struct buffer wanted = BUFFER_EMPTY;
	add_hex(&wanted, json_string_value(bytes));
	if (length != wanted.length || memcmp(got, wanted.bytes, length) != 0)
		fail_msg("%.60s was not what was packed", json_string_value(bytes));
	buffer_free(&wanted);
}

static void
test_msgpack_is_written_as_python_does_and_read_back(void **state)
{
	json_t *file = load("msgpack.json"), *encode = json_object_get(file, "encode"), *vector;
	size_t n;

	(void)state;
	assert_true(json_array_size(encode) > 150);
	json_array_foreach(encode, n, vector)
	{
		struct buffer text = BUFFER_EMPTY;
		struct credis_error err = { CREDIS_OK, "" };
		size_t length, back;

		render(&text, json_array_get(vector, 0));
		char *packed =
		    credis_serialize(CREDIS_AS_MSGPACK, text.bytes, text.length, &length, &err);
		if (packed == NULL)
			fail_msg("%.60s was refused: %s", text.bytes, err.text);
		expect_packed(json_array_get(vector, 1), packed, length);
		char *again = credis_deserialize(CREDIS_AS_MSGPACK, packed, length, &back, &err);
		expect(&text, again, back, &err);
		free(again);
		free(packed);
		buffer_free(&text);
	}
	json_decref(file);
}

static char *
unpack_hex(const char *hex, size_t cut, size_t *length, struct credis_error *err)
{
	struct buffer bytes = BUFFER_EMPTY;

	add_hex(&bytes, hex);
	char *text = credis_deserialize(CREDIS_AS_MSGPACK, bytes.bytes != NULL ? bytes.bytes : "",
	    bytes.length - cut, length, err);
	buffer_free(&bytes);
	return text;
}

/* 'text' as [bytes, value] or [value, bytes] have it; duplicates count for what a reader makes of them. */
static void
expect_read(const char *hex, const json_t *value)
{
	struct buffer wanted = BUFFER_EMPTY;
	struct credis_error err = { CREDIS_OK, "" };
	size_t length;
	char *text = unpack_hex(hex, 0, &length, &err);

	render(&wanted, value);
	if (text != NULL && strcmp(text, "{\"a\":1,\"a\":2}") == 0)
		assert_string_equal(wanted.bytes, "{\"a\":2}");
	else
		expect(&wanted, text, length, &err);
	free(text);
	buffer_free(&wanted);
}

static void
test_msgpack_of_older_and_wordier_writers_is_read(void **state)
{
	json_t *file = load("msgpack.json"), *vector;
	size_t n;

	(void)state;
	assert_true(json_array_size(json_object_get(file, "python2")) > 20);
	json_array_foreach(json_object_get(file, "python2"), n, vector)
	    expect_read(json_string_value(json_array_get(vector, 1)), json_array_get(vector, 0));
	assert_true(json_array_size(json_object_get(file, "decode_only")) > 40);
	json_array_foreach(json_object_get(file, "decode_only"), n, vector)
	    expect_read(json_string_value(json_array_get(vector, 0)), json_array_get(vector, 1));
	json_decref(file);
}

static void
expect_refused(const char *hex, size_t cut)
{
	struct credis_error err = { CREDIS_OK, "" };
	size_t length;
	char *text = unpack_hex(hex, cut, &length, &err);

	if (text != NULL)
		fail_msg("%.40s less %zu bytes was read as %.40s", hex, cut, text);
	assert_int_equal(err.code, CREDIS_ETYPE);
}

static void
test_msgpack_that_is_wrong_or_cut_is_refused(void **state)
{
	json_t *file = load("msgpack.json"), *vector;
	size_t n;

	(void)state;
	assert_true(json_array_size(json_object_get(file, "refuse")) > 60);
	json_array_foreach(json_object_get(file, "refuse"), n, vector)
	    expect_refused(json_string_value(json_array_get(vector, 0)), 0);
	json_array_foreach(json_object_get(file, "encode"), n, vector)
	{
		const char *hex = json_string_value(json_array_get(vector, 1));
		size_t bytes = hex != NULL && strchr(hex, '*') == NULL ? strlen(hex) / 2 : 0;

		for (size_t cut = 1; cut <= bytes; cut++)
			expect_refused(hex, cut);
	}
	json_decref(file);
}

static void
test_msgpack_text_that_is_not_utf8_is_bytes(void **state)
{
	json_t *file = load("msgpack.json"), *vector;
	struct credis_error err;
	size_t n, length;

	(void)state;
	json_array_foreach(json_object_get(file, "python_refuses"), n, vector)
	{
		char *text =
		    unpack_hex(json_string_value(json_array_get(vector, 0)), 0, &length, &err);
		assert_non_null(text);
		assert_true(
		    strstr(text, "{\"$bin\":") != NULL || strstr(text, "{\"$map\":") != NULL);
		free(text);
	}
	json_decref(file);
}

static void
test_python_json_is_byte_for_byte_pythons(void **state)
{
	json_t *file = load("python_json.json"), *vector;
	size_t n;

	(void)state;
	assert_true(json_array_size(json_object_get(file, "vectors")) > 140);
	json_array_foreach(json_object_get(file, "vectors"), n, vector)
	{
		const char *text = json_string_value(json_array_get(vector, 1));
		struct buffer wanted = BUFFER_EMPTY;
		struct credis_error err;
		size_t length;
		char *got =
		    credis_serialize(CREDIS_AS_PYTHON_JSON, text, strlen(text), &length, &err);

		buffer_text(&wanted, text);
		expect(&wanted, got, length, &err);
		buffer_free(&wanted);
		free(got);
	}
	json_decref(file);
}

static void
test_python_floats_are_printed_as_repr_does(void **state)
{
	json_t *file = load("python_json.json"), *vector;
	size_t n;

	(void)state;
	assert_true(json_array_size(json_object_get(file, "floats")) > 380);
	json_array_foreach(json_object_get(file, "floats"), n, vector)
	{
		uint64_t bits = strtoull(json_string_value(json_array_get(vector, 0)), NULL, 16);
		const char *wanted = json_string_value(json_array_get(vector, 1));
		struct credis_error err;
		char exact[64], *got;
		size_t length;
		double real;

		memcpy(&real, &bits, sizeof real);
		snprintf(exact, sizeof exact, "%.20e", real);
		got = credis_serialize(CREDIS_AS_PYTHON_JSON, exact, strlen(exact), &length, &err);
		assert_non_null(got);
		assert_string_equal(got, wanted);
		free(got);
		got = credis_serialize(CREDIS_AS_DOUBLE, exact, strlen(exact), &length, &err);
		assert_non_null(got);
		assert_string_equal(got, wanted);
		free(got);
	}
	json_decref(file);
}

/* Text and what it is stored as; NULL: refused. */
static const struct {
	enum credis_serializer as;
	const char *text, *stored;
} small[] = {
	{ CREDIS_AS_RAW, "", "" },
	{ CREDIS_AS_RAW, "\xff", "\xff" },
	{ CREDIS_AS_TEXT, "", "" },
	{ CREDIS_AS_TEXT, "0", "0" },
	{ CREDIS_AS_TEXT, "\xff", NULL },
	{ CREDIS_AS_INTEGER, "0", "0" },
	{ CREDIS_AS_INTEGER, " -9223372036854775808", "-9223372036854775808" },
	{ CREDIS_AS_INTEGER, "9223372036854775808", NULL },
	{ CREDIS_AS_INTEGER, "1.5", NULL },
	{ CREDIS_AS_INTEGER, "", NULL },
	{ CREDIS_AS_DOUBLE, "0", "0.0" },
	{ CREDIS_AS_DOUBLE, "1e-7", "1e-07" },
	{ CREDIS_AS_DOUBLE, "-inf", "-inf" },
	{ CREDIS_AS_DOUBLE, "nan", "nan" },
	{ CREDIS_AS_DOUBLE, "1e999", NULL },
	{ CREDIS_AS_JSON, " { \"b\" : [ 1 , 2.0 ] , \"\\u00e9\" : null } ",
	    "{\"b\":[1,2.0],\"é\":null}" },
	{ CREDIS_AS_JSON, "\"\"", "\"\"" },
	{ CREDIS_AS_JSON, "false", "false" },
	{ CREDIS_AS_JSON, "123456789012345678901", "123456789012345678901" },
	{ CREDIS_AS_JSON, "NaN", NULL },
	{ CREDIS_AS_JSON, "\"\\ud800\"", NULL },
	{ CREDIS_AS_JSON, "1e999", NULL },
	{ CREDIS_AS_JSON, "01", NULL },
	{ CREDIS_AS_JSON, "1 2", NULL },
	{ CREDIS_AS_JSON, "[1,]", NULL },
	{ CREDIS_AS_JSON, "{1:2}", NULL },
	{ CREDIS_AS_JSON, "\"a", NULL },
	{ CREDIS_AS_JSON, "\"a\\", NULL },
	{ CREDIS_AS_JSON, "-", NULL },
	{ CREDIS_AS_JSON, "", NULL },
	{ CREDIS_AS_MSGPACK, "123456789012345678901", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$bin\":\"0\"}", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$bin\":\"0g\"}", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$ext\":[200,\"00\"]}", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$ext\":[]}", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$map\":[[1]]}", NULL },
	{ CREDIS_AS_MSGPACK, "{\"$float\":\"1\"}", NULL },
	{ CREDIS_AS_MSGPACK, "\"a\"",
	    "\xa1"
	    "a" },
	{ CREDIS_AS_MSGPACK, "{\"$map\":[[\"$bin\",1]]}", "\x81\xa4$bin\x01" },
};

static void
test_texts_are_stored_in_one_form_or_refused(void **state)
{
	(void)state;
	for (size_t n = 0; n < sizeof small / sizeof *small; n++) {
		struct credis_error err = { CREDIS_OK, "" };
		size_t length;
		char *got = credis_serialize(small[n].as, small[n].text, strlen(small[n].text),
		    &length, &err);

		if ((got == NULL) != (small[n].stored == NULL))
			fail_msg("%s as %s: %s", small[n].text, credis_serializer_name(small[n].as),
			    got != NULL ? got : err.text);
		if (got != NULL)
			assert_string_equal(got, small[n].stored);
		else
			assert_int_equal(err.code, CREDIS_ETYPE);
		free(got);
	}
}

static void
test_a_map_that_looks_like_bytes_comes_back_as_a_map(void **state)
{
	const char *text = "{\"$map\":[[\"$bin\",\"00\"]]}";
	struct credis_error err;
	size_t length, back;
	char *packed = credis_serialize(CREDIS_AS_MSGPACK, text, strlen(text), &length, &err);
	char *again = credis_deserialize(CREDIS_AS_MSGPACK, packed, length, &back, &err);

	(void)state;
	assert_string_equal(again, text);
	free(again);
	free(packed);
}

static void
test_nesting_is_taken_to_512_and_no_further(void **state)
{
	(void)state;
	for (int depth = 512; depth <= 513; depth++) {
		struct buffer text = BUFFER_EMPTY;
		struct credis_error err = { CREDIS_OK, "" };
		size_t length;

		for (int n = 0; n < depth; n++)
			buffer_text(&text, "[");
		for (int n = 0; n < depth; n++)
			buffer_text(&text, "]");
		char *got =
		    credis_serialize(CREDIS_AS_MSGPACK, text.bytes, text.length, &length, &err);
		assert_int_equal(got != NULL, depth == 512);
		free(got);
		buffer_free(&text);
	}
}

static void
test_serializers_are_found_by_name(void **state)
{
	enum credis_serializer found = CREDIS_AS_RAW;

	(void)state;
	for (int n = 0; n < CREDIS_SERIALIZERS; n++) {
		assert_true(
		    credis_serializer_find(credis_serializer_name((enum credis_serializer)n),
			&found));
		assert_int_equal(found, n);
	}
	assert_false(credis_serializer_find("pickle", &found));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_msgpack_is_written_as_python_does_and_read_back),
		cmocka_unit_test(test_msgpack_of_older_and_wordier_writers_is_read),
		cmocka_unit_test(test_msgpack_that_is_wrong_or_cut_is_refused),
		cmocka_unit_test(test_msgpack_text_that_is_not_utf8_is_bytes),
		cmocka_unit_test(test_python_json_is_byte_for_byte_pythons),
		cmocka_unit_test(test_python_floats_are_printed_as_repr_does),
		cmocka_unit_test(test_texts_are_stored_in_one_form_or_refused),
		cmocka_unit_test(test_a_map_that_looks_like_bytes_comes_back_as_a_map),
		cmocka_unit_test(test_nesting_is_taken_to_512_and_no_further),
		cmocka_unit_test(test_serializers_are_found_by_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
