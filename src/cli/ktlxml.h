/* ktlxml.h: KTL's XML bundles of keywords, read into the settings of credisd.conf(5).
 * Knows the bundles' elements; whether a setting is allowed is the library's affair. */
#ifndef CLI_KTLXML_H
#define CLI_KTLXML_H

#include <credis/error.h>

#include <jansson.h>

#include <stdbool.h>

struct ktlxml {
	json_t *keywords; /* array of objects: name, type and settings, as descriptions have them */
	json_t *notes;    /* array of texts: what could not be carried over */
	char *service;    /* that the last bundle named; NULL: none did */
};

/* Adds the keywords of a file. False with the reason: not well-formed, too large, not to be read. No entity is
 * ever expanded but XML's own five, and nothing else is opened. */
bool ktlxml_read(struct ktlxml *ktlxml, const char *path, struct credis_error *err);
void ktlxml_clear(struct ktlxml *ktlxml);

void ktlxml_note(struct ktlxml *ktlxml, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
