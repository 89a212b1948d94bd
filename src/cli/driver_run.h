/* driver_run.h: a driver as credisd runs it, with us in the place of credisd.
 * Knows the protocol of credis-driver(7); what is to be asked, and what the answers are worth, is
 * driver_check.c's. */
#ifndef CLI_DRIVER_RUN_H
#define CLI_DRIVER_RUN_H

#include <credis/error.h>

#include <jansson.h>

#include <stdbool.h>
#include <stdint.h>

struct driver_run;

/* From now on SIGINT, SIGTERM and SIGHUP end all listening below, and are told; 0: none came. */
void driver_run_handle_signals(void);
int driver_run_interrupted(void);

/* Told of each thing that is wrong with what the driver says. */
typedef void driver_run_complain(void *arg, const char *what);

/* Starts it without a shell. NULL with the reason; to driver_run_free(). */
struct driver_run *driver_run_start(char **argv, driver_run_complain *complain, void *arg,
    struct credis_error *err);

/* Ends whatever still runs of it. NULL is fine. */
void driver_run_free(struct driver_run *run);

/* Sends a request, a line that begins "{", under a number of its own, which is returned; -1 when it is not
 * taken. 'keyword' and 'value' may be NULL. */
int64_t driver_run_ask(struct driver_run *run, const char *op, const char *keyword,
    const json_t *value);

/* Sends a line as it stands. */
bool driver_run_send(struct driver_run *run, const char *line);

/* The answer to a request, lent until the next call; NULL when none came in time, or the driver has ended. */
const json_t *driver_run_answer(struct driver_run *run, int64_t id, int64_t timeout_ms);

/* Listens for so long. */
void driver_run_listen(struct driver_run *run, int64_t ms);

/* Values it has said of its own accord. */
unsigned long driver_run_values(const struct driver_run *run);

bool driver_run_has_ended(struct driver_run *run);

void driver_run_close_input(struct driver_run *run);
void driver_run_terminate(struct driver_run *run);

/* Waits for its end: true with its status as waitpid(2) gives it. */
bool driver_run_wait(struct driver_run *run, int64_t timeout_ms, int *status);

/* Whether something of its process group is left. */
bool driver_run_has_left_something(const struct driver_run *run);

#endif
