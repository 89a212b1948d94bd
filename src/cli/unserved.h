/* unserved.h: which services nobody serves, of those that keywords are of: what they have is as it was left. */
#ifndef CLI_UNSERVED_H
#define CLI_UNSERVED_H

#include <stddef.h>

/* Of a service. */
#define UNSERVED "%s: nobody serves it, its values are as they were left"

struct session;
struct target;

struct unserved {
	struct session *session;
	/* Called from session_run(), once for each. */
	void (*found)(void *arg, const char *service);
	void *arg;
};

/* Asks for the service of each target; 'unserved' stays until the session has run. */
void unserved_ask(struct unserved *unserved, const struct target *targets, size_t count);

#endif
