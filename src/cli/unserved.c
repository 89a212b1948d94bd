/* unserved.c: asks who serves the services of keywords. What cannot be found out is reported by what else is asked
 * of them. */
#include "unserved.h"

#include "session.h"
#include "target.h"

#include <string.h>

static void
on_service(void *arg, const struct credis_error *err, const struct credis_service_info *services,
    size_t count)
{
	struct unserved *unserved = arg;

	if (err->code == CREDIS_OK && count == 1 && !services->served)
		unserved->found(unserved->arg, services->name);
	session_ended(unserved->session);
}

static bool
is_of_service(const struct target *targets, size_t count, const char *service)
{
	for (size_t n = count; n > 0; n--) {
		if (strcmp(targets[n - 1].service, service) == 0)
			return true;
	}
	return false;
}

void
unserved_ask(struct unserved *unserved, const struct target *targets, size_t count)
{
	struct session *session = unserved->session;
	struct credis_error err;

	for (size_t n = 0; n < count; n++) {
		if (is_of_service(targets, n, targets[n].service))
			continue;
		session_began(session);
		if (credis_client_services(session->client, targets[n].service, on_service,
			unserved, &err) == 0)
			session_ended(session);
	}
}
