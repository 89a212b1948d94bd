/* conf_number.h: numbers of a configuration, spelled so that every libconfig reads them alike. */
#ifndef DAEMON_CONF_NUMBER_H
#define DAEMON_CONF_NUMBER_H

#include <credis/error.h>

#include <stdbool.h>
#include <stddef.h>

enum { CONF_NUMBER_MAX = 512 }; /* bytes of a number */

/* Spells the number of 'length' bytes anew in 'out' (CONF_NUMBER_MAX + 8 bytes). False with the fault; 'out' is
 * then the nearest that there is to it, or empty when it is no number at all. */
bool conf_number_spell(const char *number, size_t length, char *out, struct credis_error *err);

#endif
