/* main.c: what the command line of credisd asks for. */
#include "conf.h"
#include "daemon.h"
#include "memory.h"

#include <credis/version.h>

#include <fcntl.h>
#include <getopt.h>
#include <malloc.h>
#include <string.h>
#include <unistd.h>

enum { OPTION_SETTINGS = 256 };

static const struct option_row {
	const char *name;
	int letter; /* or a code beyond characters where there is none */
	const char *argument;
	const char *help;
} rows[] = {
	{ "config", 'c', "FILE", "the main configuration file instead of " CONF_FILE },
	{ "check", 'n', NULL,
	    "check the configuration, report every fault, and end; twice: print it as well" },
	{ "verbose", 'v', NULL, "log every request, whatever the configuration says" },
	{ "settings", OPTION_SETTINGS, NULL,
	    "list the settings of the configuration: name, what is allowed, help" },
	{ "help", 'h', NULL, "this page" },
	{ "version", 'V', NULL, "the version" },
};

enum { ROWS = sizeof rows / sizeof *rows };

static const char *const meanings[STATUSES] = {
	[STATUS_DONE] = "stopped when told to, or nothing wrong with the configuration",
	[STATUS_FAULT] = "a fault in the configuration",
	[STATUS_USAGE] = "wrong usage",
	[STATUS_CANNOT_RUN] = "cannot run, and said why",
};

struct asked {
	const char *path;
	unsigned check;
	bool verbose;
};

static enum status
help(void)
{
	puts("usage: credisd [-c FILE] [-n | -nn] [-v]\n\n"
	     "Serves the keywords that its configuration describes, in the foreground.\n");
	for (const struct option_row *row = rows; row < rows + ROWS; row++) {
		char letter[] = "    ";

		if (row->letter < OPTION_SETTINGS)
			snprintf(letter, sizeof letter, "-%c, ", row->letter);
		printf("  %s--%s%s%-*s %s\n", letter, row->name, row->argument != NULL ? " " : "",
		    (int)(14 - strlen(row->name) - (row->argument != NULL)),
		    row->argument != NULL ? row->argument : "", row->help);
	}
	puts("\nSIGHUP reads the configuration again, SIGTERM and SIGINT stop.\n\nExit status:");
	for (int status = 0; status < STATUSES; status++)
		printf("  %d  %s\n", status, meanings[status]);
	return STATUS_DONE;
}

static enum status
list_settings(void)
{
	conf_print_settings(stdout);
	return STATUS_DONE;
}

static enum status
version(void)
{
	printf("credisd %s\n", credis_version());
	return STATUS_DONE;
}

static enum status
usage(void)
{
	fputs("credisd: see credisd --help\n", stderr);
	return STATUS_USAGE;
}

/* Does what the command line asks for: reads, and then prints or serves. */
static enum status
run(const struct asked *asked)
{
	struct faults *faults = faults_new();
	struct conf *conf;
	const char *text;

	if (asked->check == 0)
		daemon_hold_signals();
	conf = conf_read(asked->path, faults);
	for (size_t n = 0; (text = faults_text(faults, n)) != NULL; n++)
		fprintf(stderr, "%s\n", text);
	faults_free(faults);
	if (conf == NULL)
		return STATUS_FAULT;
	if (asked->check == 0)
		return daemon_run(conf, asked->path, asked->verbose);
	if (asked->check > 1)
		conf_print(conf, stdout);
	else
		printf("%s: no faults; services: %zu, keywords: %zu\n", asked->path,
		    conf->service_count, conf_keyword_count(conf));
	conf_free(conf);
	return STATUS_DONE;
}

/* For getopt_long(), out of the table. */
static void
make_options(char *letters, struct option *options)
{
	for (size_t i = 0; i < ROWS; i++) {
		options[i] =
		    (struct option){ rows[i].name, rows[i].argument != NULL, NULL, rows[i].letter };
		if (rows[i].letter < OPTION_SETTINGS)
			letters += sprintf(letters, "%c%s", rows[i].letter,
			    rows[i].argument != NULL ? ":" : "");
	}
	options[ROWS] = (struct option){ NULL, 0, NULL, 0 };
}

/* What is opened later must not become a standard stream by accident. */
static void
fill_standard_streams(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd != -1 && fd <= STDERR_FILENO);
	if (fd != -1)
		close(fd);
}

int
main(int argc, char **argv)
{
	struct asked asked = { .path = CONF_FILE };
	struct option options[ROWS + 1];
	char letters[2 * ROWS + 1];

	/* A configuration's tree is millions of small pieces: what is freed joins its neighbours at once, rather than
	 * by a sweep through all of memory later. */
	mallopt(M_MXFAST, 0);
	fill_standard_streams();
	make_options(letters, options);
	for (int c; (c = getopt_long(argc, argv, letters, options, NULL)) != -1;) {
		switch (c) {
		case 'c': asked.path = optarg; break;
		case 'n': asked.check++; break;
		case 'v': asked.verbose = true; break;
		case 'h': return help();
		case 'V': return version();
		case OPTION_SETTINGS: return list_settings();
		default: return usage();
		}
	}
	if (optind < argc) {
		fprintf(stderr, "credisd: %s: no such argument\n", argv[optind]);
		return usage();
	}
	return run(&asked);
}
