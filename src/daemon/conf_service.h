/* conf_service.h: the list 'services' of a file, made into services.
 * Knows which names were seen and where; what a keyword's settings may be is the library's affair. */
#ifndef DAEMON_CONF_SERVICE_H
#define DAEMON_CONF_SERVICE_H

#include "conf.h"

struct seen;

/* Adds the services of a list to 'conf'. '*seen' remembers names from one file to the next; NULL at
 * first, and to give to seen_free() in the end. */
void conf_service_take(struct conf *conf, const struct conf_tree *tree,
    const config_setting_t *list, struct seen **seen);
void seen_free(struct seen **seen);

/* Checks what only all services together show. */
void conf_service_check(const struct conf *conf, struct seen *seen, struct faults *faults);

#endif
