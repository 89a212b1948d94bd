/* pattern.c: regcomp() and regexec(), kept from taking all memory and time.
 * Knows nothing of keywords. */
#include "core/pattern.h"

#include "core/error.h"
#include "core/text.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

enum {
	WEIGHT_MAX = 256,   /* single characters, with every {m,n} written out */
	DEPTH_MAX = 32,     /* parentheses in parentheses */
	RENEW_AFTER = 1024, /* bytes */
};

struct pattern {
	char *text;
	regex_t compiled;
	size_t matched; /* bytes since it was compiled: the C library keeps a state for each
	                             * way a text went, for ever, unless it is compiled anew */
};

/* Behind the ']' of a bracket expression that begins at 'at'. */
static const char *
skip_bracket(const char *at)
{
	at++;
	at += *at == '^';
	at += *at == ']';
	for (; *at != '\0' && *at != ']'; at++)
		if (*at == '[' && strchr(".:=", at[1]) != NULL && at[1] != '\0') {
			char end[] = { at[1], ']', '\0' };
			const char *close = strstr(at + 2, end);
			if (close == NULL)
				return at + strlen(at);
			at = close + 1;
		}
	return *at == ']' ? at + 1 : at;
}

/* What {m,n} multiplies by; at least 1. */
static size_t
repeats(const char **at)
{
	size_t most = 0, number = 0;

	for (++*at; **at != '\0' && **at != '}'; ++*at) {
		if (**at < '0' || **at > '9') {
			number = 0;
			continue;
		}
		number = number > WEIGHT_MAX ? number : number * 10 + (size_t)(**at - '0');
		most = number > most ? number : most;
	}
	*at += **at == '}';
	return most > 0 ? most : 1;
}

static bool weigh(const char **at, int depth, size_t *weight, struct credis_error *err);

/* One character, bracket expression or group, without what repeats it. */
static bool
weigh_atom(const char **at, int depth, size_t *weight, struct credis_error *err)
{
	*weight = 1;
	switch (**at) {
	case '[': *at = skip_bracket(*at); return true;
	case '\\':
		if ((*at)[1] >= '1' && (*at)[1] <= '9')
			return error_set(err, CREDIS_EINVAL,
			    "\\%c refers back, which is not supported", (*at)[1]);
		*at += (*at)[1] != '\0' ? 2 : 1;
		return true;
	case '(':
		++*at;
		if (depth == 0)
			return error_set(err, CREDIS_EINVAL, "parentheses nest deeper than %d",
			    DEPTH_MAX);
		if (!weigh(at, depth - 1, weight, err))
			return false;
		*at += **at == ')';
		return true;
	default: ++*at; return true;
	}
}

static bool
weigh(const char **at, int depth, size_t *weight, struct credis_error *err)
{
	size_t one;

	for (*weight = 1; **at != '\0' && (**at != ')' || depth == DEPTH_MAX); *weight += one) {
		if (!weigh_atom(at, depth, &one, err))
			return false;
		while (**at != '\0' && strchr("*+?{", **at) != NULL && one <= WEIGHT_MAX) {
			if (**at == '{')
				one *= repeats(at);
			else
				++*at;
		}
		if (one + *weight > WEIGHT_MAX)
			return error_set(err, CREDIS_EINVAL,
			    "more than %d characters with its repetitions written out", WEIGHT_MAX);
	}
	return true;
}

static bool
check_text(const char *text, struct credis_error *err)
{
	size_t length = strlen(text), weight;

	if (length > PATTERN_MAX)
		return error_set(err, CREDIS_EINVAL, "%zu bytes are more than the maximum %d",
		    length, PATTERN_MAX);
	return weigh(&text, DEPTH_MAX, &weight, err);
}

static bool
compile(struct pattern *pattern, struct credis_error *err)
{
	char why[128], quoted[132];
	int fault = regcomp(&pattern->compiled, pattern->text, REG_EXTENDED | REG_NOSUB);

	pattern->matched = 0;
	if (fault == 0)
		return true;
	if (fault == REG_ESPACE)
		return error_no_memory(err);
	regerror(fault, &pattern->compiled, why, sizeof(why));
	return error_set(err, CREDIS_EINVAL, "%s", text_quote(quoted, why, strlen(why), 128));
}

struct pattern *
pattern_new(const char *text, struct credis_error *err)
{
	struct pattern *pattern;

	if (!check_text(text, err))
		return NULL;
	pattern = malloc(sizeof(*pattern));
	if (pattern == NULL || (pattern->text = text_copy(text, strlen(text))) == NULL) {
		free(pattern);
		error_no_memory(err);
		return NULL;
	}
	if (compile(pattern, err))
		return pattern;
	free(pattern->text);
	free(pattern);
	return NULL;
}

void
pattern_free(struct pattern *pattern)
{
	if (pattern == NULL)
		return;
	regfree(&pattern->compiled);
	free(pattern->text);
	free(pattern);
}

const char *
pattern_text(const struct pattern *pattern)
{
	return pattern->text;
}

/* What cannot be compiled anew for want of memory goes on with what it has. */
static void
renew(struct pattern *pattern)
{
	struct pattern fresh = { .text = pattern->text };

	if (!compile(&fresh, NULL))
		return;
	regfree(&pattern->compiled);
	*pattern = fresh;
}

bool
pattern_matches(struct pattern *pattern, const char *text)
{
	if (pattern->matched > RENEW_AFTER)
		renew(pattern);
	pattern->matched += strlen(text) + 1;
	return regexec(&pattern->compiled, text, 0, NULL, 0) == 0;
}
