/* registry.c: entries by name, and how they outlive a change of the definition. */
#include "dispatcher/registry.h"

#include "core/error.h"

#include <stdlib.h>
#include <string.h>

struct entry *
registry_find(const struct registry *registry, const char *name, size_t length)
{
	struct entry *entry;

	HASH_FIND(hh, registry->names, name, length, entry);
	return entry;
}

struct entry *
registry_own(const struct registry *registry, enum own_keyword own)
{
	const char *name = own_keyword_name(own);

	return registry_find(registry, name, strlen(name));
}

struct entry *
entry_hold(struct entry *entry)
{
	entry->holders++;
	return entry;
}

void
entry_release(struct entry *entry)
{
	if (--entry->holders > 0)
		return;
	if (entry->successor != NULL)
		entry_release(entry->successor);
	value_clear(&entry->value);
	extra_free(entry->extra);
	free(entry);
}

struct entry *
entry_now(struct entry *entry)
{
	while (entry->successor != NULL)
		entry = entry->successor;
	return entry;
}

static struct entry *
entry_new(struct credis_keyword *keyword)
{
	struct entry *entry = calloc(1, sizeof(*entry) + strlen(keyword->name) + 1);

	if (entry == NULL)
		return NULL;
	strcpy(entry->name, keyword->name);
	entry->keyword = keyword;
	entry->holders = 1;
	value_init(&entry->value, (enum credis_type)keyword->type);
	if (extra_prepare(entry))
		return entry;
	entry_release(entry);
	return NULL;
}

void
entry_next(struct entry *entry, int64_t now_us, uint64_t *seq, int64_t *time_us)
{
	if (now_us <= entry->given_time_us)
		now_us = entry->given_time_us + 1;
	entry->given_time_us = now_us;
	*time_us = now_us;
	*seq = ++entry->given_seq;
}

void
entry_take_value(struct entry *entry, struct credis_value *value, uint64_t seq, int64_t time_us)
{
	if (entry->seq >= seq && entry->known) {
		value_clear(value);
		return;
	}
	value_take(&entry->value, value);
	entry->seq = seq;
	entry->time_us = time_us;
	entry->known = true;
	if (entry->extra != NULL)
		extra_take(entry);
	if (entry->given_seq < seq)
		entry->given_seq = seq;
	if (entry->given_time_us < time_us)
		entry->given_time_us = time_us;
}

bool
entry_start_anew(struct entry *entry, int64_t now_us)
{
	const struct credis_keyword *keyword = entry->keyword;
	struct credis_value value;
	uint64_t seq;
	int64_t time_us;

	if (!keyword_parse_value(keyword, &value, keyword->initial, strlen(keyword->initial), NULL))
		return false;
	entry_next(entry, now_us, &seq, &time_us);
	entry_take_value(entry, &value, seq, time_us);
	return true;
}

void
registry_forget(struct registry *registry)
{
	for (size_t n = 0; n < registry->count; n++)
		registry->entries[n]->known = false;
}

static bool
registry_add(struct registry *registry, struct credis_keyword *keyword)
{
	struct entry *entry = entry_new(keyword);

	if (entry == NULL)
		return false;
	HASH_ADD_KEYPTR(hh, registry->names, keyword->name, strlen(keyword->name), entry);
	if (entry->hh.tbl == NULL) {
		entry_release(entry);
		return false;
	}
	registry->entries[registry->count++] = entry;
	registry->periodic += keyword_is_periodic(keyword);
	return true;
}

static bool
registry_fill(struct registry *registry, const struct credis_service *service,
    struct credis_error *err)
{
	registry->entries = calloc(service->count + OWN_KEYWORDS, sizeof(*registry->entries));
	if (registry->entries == NULL)
		return error_no_memory(err);
	for (size_t n = 0; n < service->count; n++) {
		if (!registry_add(registry, service->keywords[n]))
			return error_no_memory(err);
	}
	for (enum own_keyword own = 0; own < OWN_KEYWORDS; own++) {
		registry->own[own] = own_keyword_new(own, err);
		if (registry->own[own] == NULL)
			return false;
		if (!registry_add(registry, registry->own[own]))
			return error_no_memory(err);
	}
	return true;
}

bool
registry_build(struct registry *registry, const struct credis_service *service,
    struct credis_error *err)
{
	if (registry_fill(registry, service, err))
		return true;
	registry_clear(registry);
	return false;
}

void
registry_clear(struct registry *registry)
{
	HASH_CLEAR(hh, registry->names);
	for (size_t n = 0; n < registry->count; n++)
		entry_release(registry->entries[n]);
	free(registry->entries);
	for (size_t n = 0; n < OWN_KEYWORDS; n++)
		credis_keyword_free(registry->own[n]);
	memset(registry, 0, sizeof(*registry));
}

/* The old value, if the new description takes it. */
static void
entry_inherit(struct entry *entry, struct entry *old)
{
	struct credis_value value;

	entry->given_seq = old->given_seq;
	entry->given_time_us = old->given_time_us;
	entry->replaced_seq = old->replaced_seq;
	entry->writes = old->writes;
	old->successor = entry_hold(entry);
	extra_inherit(entry, old);
	if (!old->known)
		return;
	if (!keyword_parse_value(entry->keyword, &value, value_text(&old->value), old->value.length,
		NULL)) {
		entry_start_anew(entry, old->given_time_us + 1);
		return;
	}
	value_take(&entry->value, &value);
	entry->seq = old->seq;
	entry->time_us = old->time_us;
	entry->known = true;
	if (entry->extra != NULL)
		extra_take(entry);
}

void
registry_inherit(struct registry *fresh, struct registry *old)
{
	for (size_t n = 0; n < fresh->count; n++) {
		const char *name = fresh->entries[n]->keyword->name;
		struct entry *before = registry_find(old, name, strlen(name));

		if (before != NULL)
			entry_inherit(fresh->entries[n], before);
	}
}
