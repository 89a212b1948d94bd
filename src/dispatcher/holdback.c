/* holdback.c: a bounded list of payloads. Deadlines are looked at when they are taken up. */
#include "dispatcher/holdback.h"

#include "dispatcher/served.h"

#include <stdlib.h>
#include <string.h>

enum { HELD_BYTES_MAX = 4 * 1024 * 1024 };

struct held {
	TAILQ_ENTRY(held) link;
	enum dispatch_verb verb;
	char name[CREDIS_KEYWORD_MAX + 1];
	size_t length;
	char payload[];
};

void
holdback_init(struct holdback *holdback)
{
	TAILQ_INIT(&holdback->list);
	holdback->bytes = 0;
}

static struct held *
take_first(struct holdback *holdback)
{
	struct held *held = TAILQ_FIRST(&holdback->list);

	if (held != NULL) {
		TAILQ_REMOVE(&holdback->list, held, link);
		holdback->bytes -= sizeof(*held) + held->length;
	}
	return held;
}

void
holdback_clear(struct holdback *holdback)
{
	struct held *held;

	while ((held = take_first(holdback)) != NULL)
		free(held);
}

bool
holdback_add(struct holdback *holdback, enum dispatch_verb verb, const struct slice *name,
    const char *payload, size_t length)
{
	size_t size = sizeof(struct held) + length;
	struct held *held;

	if (name->length > CREDIS_KEYWORD_MAX || holdback->bytes + size > HELD_BYTES_MAX)
		return false;
	held = malloc(size);
	if (held == NULL)
		return false;
	held->verb = verb;
	memcpy(held->name, name->bytes, name->length);
	held->name[name->length] = '\0';
	held->length = length;
	memcpy(held->payload, payload, length);
	TAILQ_INSERT_TAIL(&holdback->list, held, link);
	holdback->bytes += size;
	return true;
}

void
holdback_release(struct served *served)
{
	struct held *held;

	while ((held = take_first(&served->holdback)) != NULL) {
		struct slice name = { held->name, strlen(held->name) };

		dispatch_payload(served->post, served, &name, held->verb, held->payload,
		    held->length);
		free(held);
	}
}

void
holdback_refuse(struct served *served, const struct credis_error *err)
{
	struct held *held;

	while ((held = take_first(&served->holdback)) != NULL) {
		struct slice name = { held->name, strlen(held->name) };

		served_turn_away(served, &name, held->verb, held->payload, held->length, err);
		free(held);
	}
}
