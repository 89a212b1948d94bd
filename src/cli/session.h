/* session.h: what every verb has: the options, the client, the event loop, the output, the status. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "exits.h"
#include "options.h"

#include <credis/client.h>
#include <credis/serial.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct event_base;
struct output;
struct progress;

struct session {
	const struct options *options;
	const char *verb;
	const struct output *output;
	enum exit_status status; /* of the first failure */
	size_t pending;          /* calls under way */
	bool stopping;
	int signal; /* that interrupted it; 0: none */

	/* from session_connect() or session_open_store() on */
	struct event_base *base;
	struct credis_client *client;
	struct credis_store *store;
	struct progress *progress;
	char said[CREDIS_ERROR_TEXT];
};

void session_init(struct session *session, const struct options *options);

/* Opens the client, which connects at its first call. False when that failed, and said so. */
bool session_connect(struct session *session);

/* The same for a store, for what is no keyword. */
bool session_open_store(struct session *session);
void session_close(struct session *session);

/* The serializer of --as, or else this one. False when there is no such one, and said so. */
bool session_serializer(struct session *session, enum credis_serializer standard,
    enum credis_serializer *serializer);

/* Turns the loop until each call that began has ended, or session_stop(). */
void session_began(struct session *session);
void session_ended(struct session *session);
void session_run(struct session *session);
void session_stop(struct session *session);

/* The same for a signal; the program then ends by it, as where nobody handles it. */
void session_interrupt(struct session *session, int number);

/* Standard output, with nothing else on its line. */
FILE *session_out(struct session *session);

/* Reports a failure, of a keyword, a service or neither (NULL); the first one gives the status. */
void session_fail(struct session *session, const char *service, const char *keyword,
    const struct credis_error *err);

/* The same for what is wrong with the command line. */
void session_refuse(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

/* A note for people, on stderr; not with -q. */
void session_note(struct session *session, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

#endif
