/* conf.h: what credisd was told: the daemon's own settings, and its services.
 * Read as a whole or not at all. */
#ifndef DAEMON_CONF_H
#define DAEMON_CONF_H

#include "conf_driver.h"
#include "faults.h"
#include "settings.h"

#include <credis/dispatcher.h>

#include <stdint.h>
#include <stdio.h>

#define CONF_FILE "/etc/credis/credisd.conf"
#define CONF_EMBEDDED "embedded"

struct conf {
	char *services_dir; /* "" for none */
	char *state_dir;
	char *runtime_dir;
	char *store_url; /* or CONF_EMBEDDED */
	char *store_namespace;
	int64_t connect_timeout_ms;
	int64_t command_timeout_ms;
	char *durability;
	int64_t limit_clients;
	int64_t limit_answers;
	int64_t limit_requests;
	int64_t limit_bytes;
	char *log_level;
	char *metrics_listen; /* NULL: nowhere */

	/* NULL where a dispatcher has taken it. */
	struct credis_service **services;
	size_t service_count;

	struct conf_driver **drivers; /* of all services; NULL where somebody has taken it */
	size_t driver_count;

	const config_setting_t *service_list; /* of the file being read */
};

/* Reads the main file 'path' and every file of its services_dir. NULL when there was any fault. */
struct conf *conf_read(const char *path, struct faults *faults);

/* The same for 'length' bytes of a main file, without services_dir. */
struct conf *conf_read_bytes(const char *bytes, size_t length, struct faults *faults);

void conf_free(struct conf *conf);

bool conf_is_embedded(const struct conf *conf);

/* How many replicas must have a write; 0: the primary's word is enough. */
unsigned conf_replicas(const struct conf *conf);

/* Where the embedded store listens. To free(). */
char *conf_socket(const struct conf *conf);

size_t conf_keyword_count(const struct conf *conf);

/* The tables: the main file and its groups, a file of services_dir, a service. */
extern const struct setting_group conf_settings;
extern const struct setting_group conf_file_settings;
extern const struct setting_group conf_service_settings;

/* conf_print.c: the configuration as a file that reads back the same, and the tables. */
void conf_print(const struct conf *conf, FILE *out);
void conf_print_settings(FILE *out);

#endif
