/* traffic.c: calls under way and announcements to come, by key; a key is there as long as it has any. */
#include "model/traffic.h"

#include "core/table.h"

#include <stdlib.h>
#include <string.h>

LIST_HEAD(flights, flight);

struct traffic {
	UT_hash_handle hh;
	struct flights flights;
	unsigned writes; /* under way */
	unsigned echoes; /* to come */
	size_t length;
	char name[];
};

static struct traffic *
traffic_find(struct traffic *all, const char *key, size_t length)
{
	struct traffic *traffic;

	HASH_FIND(hh, all, key, length, traffic);
	return traffic;
}

static struct traffic *
traffic_add(struct traffic **all, const char *key, size_t length)
{
	struct traffic *traffic = traffic_find(*all, key, length);

	if (traffic != NULL)
		return traffic;
	traffic = calloc(1, sizeof *traffic + length + 1);
	if (traffic == NULL)
		return NULL;
	traffic->length = length;
	memcpy(traffic->name, key, length);
	HASH_ADD(hh, *all, name, length, traffic);
	if (traffic->hh.tbl != NULL)
		return traffic;
	free(traffic);
	return NULL;
}

static void
traffic_sweep(struct traffic **all, struct traffic *traffic)
{
	if (!LIST_EMPTY(&traffic->flights) || traffic->echoes > 0)
		return;
	HASH_DEL(*all, traffic);
	free(traffic);
}

static void
doubt(struct traffic *traffic)
{
	struct flight *flight;

	LIST_FOREACH(flight, &traffic->flights, place)
	flight->doubtful = true;
}

bool
traffic_begin(struct traffic **all, struct flight *flight, const char *key, size_t length,
    bool writes, bool echoes)
{
	struct traffic *traffic = traffic_add(all, key, length);

	if (traffic == NULL)
		return false;
	if (writes)
		doubt(traffic);
	*flight = (struct flight){ .key = traffic,
		.writes = writes,
		.echoes = echoes,
		.doubtful = traffic->writes > 0 };
	LIST_INSERT_HEAD(&traffic->flights, flight, place);
	traffic->writes += writes;
	traffic->echoes += echoes;
	return true;
}

void
traffic_end(struct traffic **all, struct flight *flight, bool done)
{
	struct traffic *traffic = flight->key;

	if (traffic == NULL)
		return;
	LIST_REMOVE(flight, place);
	traffic->writes -= flight->writes;
	if (!done && flight->echoes && traffic->echoes > 0)
		traffic->echoes--;
	traffic_sweep(all, traffic);
	flight->key = NULL;
}

bool
traffic_is_echo(struct traffic **all, const char *key, size_t length)
{
	struct traffic *traffic = traffic_find(*all, key, length);

	if (traffic == NULL || traffic->echoes == 0)
		return false;
	traffic->echoes--;
	traffic_sweep(all, traffic);
	return true;
}

void
traffic_doubt(struct traffic *all, const char *key, size_t length)
{
	struct traffic *traffic = traffic_find(all, key, length);

	if (traffic != NULL)
		doubt(traffic);
}

void
traffic_doubt_all(struct traffic *all)
{
	for (struct traffic *traffic = all; traffic != NULL; traffic = traffic->hh.next)
		doubt(traffic);
}

void
traffic_lose_echoes(struct traffic **all)
{
	struct traffic *traffic, *next;
	struct flight *flight;

	for (traffic = *all; traffic != NULL; traffic = next) {
		next = traffic->hh.next;
		traffic->echoes = 0;
		LIST_FOREACH(flight, &traffic->flights, place)
		flight->echoes = false;
		traffic_sweep(all, traffic);
	}
}

void
traffic_clear(struct traffic **all)
{
	struct traffic *traffic;
	struct flight *flight;

	while ((traffic = *all) != NULL) {
		while ((flight = LIST_FIRST(&traffic->flights)) != NULL) {
			LIST_REMOVE(flight, place);
			flight->key = NULL;
		}
		HASH_DEL(*all, traffic);
		free(traffic);
	}
}
