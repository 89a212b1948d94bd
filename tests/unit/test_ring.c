/* test_ring.c: what core/ring.h promises. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "core/ring.h"

#include <jansson.h>
#include <string.h>

enum { NODES_MAX = 32 };

static int
misplaced(const json_t *facts)
{
	const json_t *names = json_object_get(facts, "nodes"), *vector;
	const char *nodes[NODES_MAX];
	size_t count = json_array_size(names), n;
	int wrong = 0;

	assert_in_range(count, 1, NODES_MAX);
	for (n = 0; n < count; n++)
		nodes[n] = json_string_value(json_array_get(names, n));
	struct ring *ring = ring_new(nodes, count);
	json_array_foreach(json_object_get(facts, "vectors"), n, vector)
	{
		const json_t *key = json_array_get(vector, 0);
		wrong += ring_find(ring, json_string_value(key), json_string_length(key)) !=
		    (size_t)json_integer_value(json_array_get(vector, 1));
	}
	assert_true(n > 100);
	ring_free(ring);
	return wrong;
}

static void
every_key_lies_on_the_node_where_txredisapi_has_it(void **state)
{
	json_t *file = json_load_file("tests/unit/data/ring.json", JSON_ALLOW_NUL, NULL);
	const json_t *rings = json_object_get(file, "rings"), *ring;
	size_t n;

	(void)state;
	assert_int_equal(json_array_size(rings), 6);
	json_array_foreach(rings, n, ring) assert_int_equal(misplaced(ring), 0);
	json_decref(file);
}

static void
the_hash_is_the_crc_32_of_zlib(void **state)
{
	(void)state;
	assert_int_equal(ring_crc("123456789", 9), 0xcbf43926);
	assert_int_equal(ring_crc("", 0), 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_lies_on_the_node_where_txredisapi_has_it),
		cmocka_unit_test(the_hash_is_the_crc_32_of_zlib),
	};

	return cmocka_run_group_tests_name("ring", tests, NULL, NULL);
}
