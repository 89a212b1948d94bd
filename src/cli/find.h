/* find.h: the keywords that a target means. */
#ifndef CLI_FIND_H
#define CLI_FIND_H

#include <credis/keyword.h>

#include <stdbool.h>
#include <stddef.h>

struct session;
struct target;

/* Calls 'each' for each keyword that is meant, in order, from the event loop, lent; and 'end' (may be
 * NULL) after the last. What cannot be found is reported as a failure. */
typedef void find_each(void *arg, const char *service, const struct credis_keyword *keyword);
typedef void find_end(void *arg);
void find_keywords(struct session *session, const struct target *target, find_each *each,
    find_end *end, void *arg);

/* Puts in the place of each glob the keywords that match now and may be read: of every glob, or only of those
 * whose service is one. Waits for them; a glob that matches none is reported as a failure. Returns '*found'
 * targets, to free(). */
struct target *find_readable(struct session *session, const struct target *targets, size_t count,
    bool services_only, size_t *found);

#endif
