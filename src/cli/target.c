/* target.c: what a word on the command line names: a keyword, or all that match.
 * A service ends at the first dot: keywords may hold dots themselves. */
#include "target.h"

#include "fault.h"
#include "memory.h"
#include "options.h"
#include "session.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* '%' is KTL's '*', for shells that would expand that. */
static const char globs[] = "*?%";

static bool
has_only(const char *text, size_t length, const char *punctuation)
{
	for (size_t i = 0; i < length; i++) {
		if (!isalnum((unsigned char)text[i]) &&
		    (text[i] == '\0' || strchr(punctuation, text[i]) == NULL))
			return false;
	}
	return length > 0 && !isdigit((unsigned char)text[0]);
}

static bool
set_service(struct target *target, const char *text, size_t length, struct credis_error *err)
{
	if (length > CREDIS_SERVICE_MAX || !has_only(text, length, "_-*?%"))
		return fault(err, CREDIS_EINVAL,
		    "'%.*s' is not the name of a service: a letter, then"
		    " letters, digits, _ and -, at most %d",
		    (int)(length < 64 ? length : 64), text, CREDIS_SERVICE_MAX);
	for (size_t i = 0; i < length; i++)
		target->service[i] = text[i] == '%' ? '*' : (char)tolower((unsigned char)text[i]);
	target->service[length] = '\0';
	return true;
}

static bool
set_keyword(struct target *target, const char *text, struct credis_error *err)
{
	size_t length = strlen(text);

	if (length == 0)
		return fault(err, CREDIS_EINVAL,
		    "'%s.' names no keyword: write %s.KEYWORD, or %s.* for all of them",
		    target->service, target->service, target->service);
	if (length > CREDIS_KEYWORD_MAX || !has_only(text, length, "_.*?%"))
		return fault(err, CREDIS_EINVAL,
		    "'%.64s' is not the name of a keyword: a letter, then"
		    " letters, digits, _ and ., at most %d",
		    text, CREDIS_KEYWORD_MAX);
	for (size_t i = 0; i < length; i++)
		target->keyword[i] = text[i] == '%' ? '*' : (char)toupper((unsigned char)text[i]);
	target->keyword[length] = '\0';
	return true;
}

static void
set_both(struct target *target)
{
	snprintf(target->both, sizeof target->both, "%s.%s", target->service, target->keyword);
}

bool
target_parse(struct target *target, const char *word, const char *service, struct credis_error *err)
{
	const char *dot = strchr(word, '.');
	size_t before = dot != NULL ? (size_t)(dot - word) : 0;

	*target = (struct target){ 0 };
	/* "-s telescope telescope.AZ" means the same; "-s telescope TEMP.1" is a keyword with a dot. */
	if (service != NULL && dot != NULL &&
	    !(strlen(service) == before && strncasecmp(word, service, before) == 0))
		dot = NULL;
	if (dot == NULL && service == NULL)
		return fault(err, CREDIS_EINVAL,
		    "'%.64s' is half a name: write SERVICE.KEYWORD, or SERVICE.*"
		    " for all of a service, or give the service with -s",
		    word);
	if (dot != NULL ? !set_service(target, word, before, err)
			: !set_service(target, service, strlen(service), err))
		return false;
	if (!set_keyword(target, dot != NULL ? dot + 1 : word, err))
		return false;
	set_both(target);
	return true;
}

bool
target_parse_service(struct target *target, const char *word, struct credis_error *err)
{
	*target = (struct target){ .keyword = "*" };
	if (!set_service(target, word, strlen(word), err))
		return false;
	set_both(target);
	return true;
}

void
target_set(struct target *target, const char *service, const char *keyword)
{
	snprintf(target->service, sizeof target->service, "%s", service);
	snprintf(target->keyword, sizeof target->keyword, "%s", keyword);
	set_both(target);
}

struct target *
targets_parse(struct session *session, char **words, int count, size_t *good)
{
	struct target *targets = must(calloc((size_t)count + 1, sizeof *targets));
	struct credis_error err;

	*good = 0;
	for (int i = 0; i < count; i++) {
		if (target_parse(&targets[*good], words[i], session->options->service, &err))
			(*good)++;
		else
			session_fail(session, NULL, NULL, &err);
	}
	return targets;
}

bool
target_is_glob(const char *name)
{
	return strpbrk(name, globs) != NULL;
}

bool
targets_mix_services(const struct target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (target_is_glob(targets[i].service) ||
		    strcmp(targets[i].service, targets[0].service) != 0)
			return true;
	}
	return false;
}
