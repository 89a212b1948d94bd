/* fuzz_config.c: any bytes as a configuration have faults, each at its place, or print as a configuration
 * that reads back the same. */
#include "fuzz.h"

#include "daemon/conf.h"

/* The system's certificates, which every rediss:// would read, are of no interest here. */
static void
read_no_certificates(void)
{
	setenv("SSL_CERT_FILE", "/dev/null", 1);
	setenv("SSL_CERT_DIR", "/dev/null", 1);
}

static struct conf *
read_bytes(const void *bytes, size_t length)
{
	struct faults *faults = faults_new();
	struct conf *conf = conf_read_bytes(bytes, length, faults);
	const char *text;
	size_t n;

	for (n = 0; (text = faults_text(faults, n)) != NULL; n++) {
		const char *line = strchr(text, ':');

		PROMISE(
		    line != NULL && strtol(line + 1, NULL, 10) > 0 && strstr(line, ": ") != NULL);
		PROMISE(strchr(text, '\n') == NULL);
	}
	PROMISE((conf == NULL) == (n > 0) && n == faults_count(faults));
	faults_free(faults);
	return conf;
}

static char *
print(const struct conf *conf, size_t *length)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, length);

	PROMISE(out != NULL);
	conf_print(conf, out);
	PROMISE(fclose(out) == 0);
	return text;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	struct conf *conf, *again;
	size_t first_length, second_length;
	char *first, *second;

	read_no_certificates();
	conf = read_bytes(bytes, length);
	if (conf == NULL)
		return 0;
	first = print(conf, &first_length);
	again = read_bytes(first, first_length);
	PROMISE(again != NULL);
	second = print(again, &second_length);
	PROMISE(first_length == second_length && memcmp(first, second, first_length) == 0);
	free(first);
	free(second);
	conf_free(conf);
	conf_free(again);
	return 0;
}
