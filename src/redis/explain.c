/* explain.c: what a Redis server's error replies mean for a person.
 * Knows the words servers begin them with; what is done about it is others'. */
#include "redis/reply.h"

#include "core/error.h"
#include "core/text.h"

#include <string.h>

enum { QUOTE = 160 }; /* bytes of the server's own words worth repeating */

struct meaning {
	const char *word; /* the reply's first word, or a piece of an "ERR" reply */
	enum credis_code code;
	bool quote; /* its own words tell more: which command, which key */
	const char *sentence;
};

static const struct meaning meanings[] = {
	{ "OOM", CREDIS_ESTORE, false, "the store is out of memory (maxmemory)" },
	{ "READONLY", CREDIS_ESTORE, false, "the store is a replica and takes no writes" },
	{ "MISCONF", CREDIS_ESTORE, false,
	    "the store takes no writes because it cannot save to its disk" },
	{ "NOREPLICAS", CREDIS_ESTORE, false,
	    "the store takes no writes because too few replicas follow it "
	    "(min-replicas-to-write)" },
	{ "WRONGTYPE", CREDIS_ESTORE, false,
	    "the store holds another type of data under this key" },
	{ "NOPERM", CREDIS_ESTORE, true, "the store's access list does not permit it" },
	{ "EXECABORT", CREDIS_ESTORE, false,
	    "the store dropped the transaction because of an earlier error in it" },
	{ "CROSSSLOT", CREDIS_ESTORE, false, "the keys live on different nodes of the cluster" },
	{ "MOVED", CREDIS_ESTORE, false, "the key lives on another node of the cluster" },
	{ "ASK", CREDIS_ESTORE, false, "the key is moving to another node of the cluster" },
	{ "TRYAGAIN", CREDIS_ESTORE, false, "the keys are moving to another node of the cluster" },
	{ "CLUSTERDOWN", CREDIS_EUNREACHABLE, false, "the store's cluster is down" },
	{ "LOADING", CREDIS_EUNREACHABLE, false, "the store is still loading its data" },
	{ "MASTERDOWN", CREDIS_EUNREACHABLE, false,
	    "the store is a replica that lost its primary" },
	{ "BUSY", CREDIS_EUNREACHABLE, false, "the store is busy with somebody's script" },
	{ "NOAUTH", CREDIS_EUNREACHABLE, false, "the store wants a password" },
	{ "WRONGPASS", CREDIS_EUNREACHABLE, false,
	    "the store refuses this user and password, or the user is disabled" },
	{ "DENIED", CREDIS_EUNREACHABLE, false,
	    "the store is in protected mode and takes connections from its own machine only" },
};

/* What servers say after a plain "ERR". */
static const struct meaning general[] = {
	{ "max number of clients", CREDIS_EUNREACHABLE, false,
	    "the store has too many clients already (maxclients)" },
	{ "invalid password", CREDIS_EUNREACHABLE, false, "the store refuses this password" },
	{ "without any password configured", CREDIS_EUNREACHABLE, false,
	    "the store has no password set, but one is given" },
	{ "no password is set", CREDIS_EUNREACHABLE, false,
	    "the store has no password set, but one is given" },
	{ "DB index is out of range", CREDIS_EUNREACHABLE, false,
	    "the store does not have so many databases" },
	{ "invalid DB index", CREDIS_EUNREACHABLE, false,
	    "the store does not have so many databases" },
	{ "SELECT is not allowed in cluster mode", CREDIS_EUNREACHABLE, false,
	    "the store is a cluster and has database 0 only" },
	{ "unknown command", CREDIS_ESTORE, true, "the store does not know this command" },
};

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

static const struct meaning *
find_meaning(const struct reply *reply)
{
	for (size_t n = 0; n < COUNT(meanings); n++) {
		if (reply_is_error(reply, meanings[n].word))
			return &meanings[n];
	}
	for (size_t n = 0; n < COUNT(general); n++) {
		if (strstr(reply->text, general[n].word) != NULL)
			return &general[n];
	}
	return NULL;
}

void
reply_explain(const struct reply *reply, struct credis_error *err)
{
	const struct meaning *meaning;
	char words[QUOTE + 4];

	if (!reply_is_error(reply, NULL)) {
		error_set(err, CREDIS_EPROTOCOL, "the store's answer is not of the kind expected");
		return;
	}
	text_quote(words, reply->text, reply->length, QUOTE);
	meaning = find_meaning(reply);
	if (meaning == NULL)
		error_set(err, CREDIS_ESTORE, "the store says: %s", words);
	else if (meaning->quote)
		error_set(err, meaning->code, "%s: %s", meaning->sentence, words);
	else
		error_set(err, meaning->code, "%s", meaning->sentence);
}
