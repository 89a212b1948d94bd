/* known.c: what is known of Redis' commands, up to Redis 7: one table, in the order of strcasecmp(). */
#include "redis/known.h"

#include "core/error.h"
#include "core/number.h"
#include "core/slice.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
	R = KNOWN_READS,
	B = KNOWN_BLOCKS,
	NO = KNOWN_REFUSED,
	N = KNOWN_COUNTED,
	LIST = KNOWN_LIST,
	SUM = KNOWN_SUM,
	ALL = KNOWN_ALL,
};

/* SCAN and its kin are not R: a cursor is its server's own. */
static const struct known table[] = {
	{ "APPEND", 0, 1, 1, 1 },
	{ "AUTH", NO, 0, 0, 0 },
	{ "BITCOUNT", R, 1, 1, 1 },
	{ "BITFIELD", 0, 1, 1, 1 },
	{ "BITFIELD_RO", R, 1, 1, 1 },
	{ "BITOP", 0, 2, -1, 1 },
	{ "BITPOS", R, 1, 1, 1 },
	{ "BLMOVE", B, 1, 2, 1 },
	{ "BLMPOP", B | N, 2, 0, 1 },
	{ "BLPOP", B, 1, -2, 1 },
	{ "BRPOP", B, 1, -2, 1 },
	{ "BRPOPLPUSH", B, 1, 2, 1 },
	{ "BZMPOP", B | N, 2, 0, 1 },
	{ "BZPOPMAX", B, 1, -2, 1 },
	{ "BZPOPMIN", B, 1, -2, 1 },
	{ "COPY", 0, 1, 2, 1 },
	{ "DECR", 0, 1, 1, 1 },
	{ "DECRBY", 0, 1, 1, 1 },
	{ "DEL", SUM, 1, -1, 1 },
	{ "DISCARD", NO, 0, 0, 0 },
	{ "DUMP", R, 1, 1, 1 },
	{ "EVAL", N, 2, 0, 1 },
	{ "EVAL_RO", R | N, 2, 0, 1 },
	{ "EVALSHA", N, 2, 0, 1 },
	{ "EVALSHA_RO", R | N, 2, 0, 1 },
	{ "EXEC", NO, 0, 0, 0 },
	{ "EXISTS", R | SUM, 1, -1, 1 },
	{ "EXPIRE", 0, 1, 1, 1 },
	{ "EXPIREAT", 0, 1, 1, 1 },
	{ "EXPIRETIME", R, 1, 1, 1 },
	{ "FCALL", N, 2, 0, 1 },
	{ "FCALL_RO", R | N, 2, 0, 1 },
	{ "GEOADD", 0, 1, 1, 1 },
	{ "GEODIST", R, 1, 1, 1 },
	{ "GEOHASH", R, 1, 1, 1 },
	{ "GEOPOS", R, 1, 1, 1 },
	{ "GEOSEARCH", R, 1, 1, 1 },
	{ "GET", R, 1, 1, 1 },
	{ "GETBIT", R, 1, 1, 1 },
	{ "GETDEL", 0, 1, 1, 1 },
	{ "GETEX", 0, 1, 1, 1 },
	{ "GETRANGE", R, 1, 1, 1 },
	{ "GETSET", 0, 1, 1, 1 },
	{ "HDEL", 0, 1, 1, 1 },
	{ "HELLO", NO, 0, 0, 0 },
	{ "HEXISTS", R, 1, 1, 1 },
	{ "HGET", R, 1, 1, 1 },
	{ "HGETALL", R, 1, 1, 1 },
	{ "HINCRBY", 0, 1, 1, 1 },
	{ "HINCRBYFLOAT", 0, 1, 1, 1 },
	{ "HKEYS", R, 1, 1, 1 },
	{ "HLEN", R, 1, 1, 1 },
	{ "HMGET", R, 1, 1, 1 },
	{ "HMSET", 0, 1, 1, 1 },
	{ "HRANDFIELD", R, 1, 1, 1 },
	{ "HSCAN", 0, 1, 1, 1 },
	{ "HSET", 0, 1, 1, 1 },
	{ "HSETNX", 0, 1, 1, 1 },
	{ "HSTRLEN", R, 1, 1, 1 },
	{ "HVALS", R, 1, 1, 1 },
	{ "INCR", 0, 1, 1, 1 },
	{ "INCRBY", 0, 1, 1, 1 },
	{ "INCRBYFLOAT", 0, 1, 1, 1 },
	{ "KEYS", R, 0, 0, 0 },
	{ "LINDEX", R, 1, 1, 1 },
	{ "LINSERT", 0, 1, 1, 1 },
	{ "LLEN", R, 1, 1, 1 },
	{ "LMOVE", 0, 1, 2, 1 },
	{ "LMPOP", N, 1, 0, 1 },
	{ "LPOP", 0, 1, 1, 1 },
	{ "LPOS", R, 1, 1, 1 },
	{ "LPUSH", 0, 1, 1, 1 },
	{ "LPUSHX", 0, 1, 1, 1 },
	{ "LRANGE", R, 1, 1, 1 },
	{ "LREM", 0, 1, 1, 1 },
	{ "LSET", 0, 1, 1, 1 },
	{ "LTRIM", 0, 1, 1, 1 },
	{ "MGET", R | LIST, 1, -1, 1 },
	{ "MONITOR", NO, 0, 0, 0 },
	{ "MSET", ALL, 1, -1, 2 },
	{ "MULTI", NO, 0, 0, 0 },
	{ "PERSIST", 0, 1, 1, 1 },
	{ "PEXPIRE", 0, 1, 1, 1 },
	{ "PEXPIREAT", 0, 1, 1, 1 },
	{ "PEXPIRETIME", R, 1, 1, 1 },
	{ "PFADD", 0, 1, 1, 1 },
	{ "PSETEX", 0, 1, 1, 1 },
	{ "PSUBSCRIBE", NO, 0, 0, 0 },
	{ "PSYNC", NO, 0, 0, 0 },
	{ "PTTL", R, 1, 1, 1 },
	{ "PUBLISH", 0, 1, 1, 1 }, /* by its channel, as credis_subscribe() */
	{ "PUNSUBSCRIBE", NO, 0, 0, 0 },
	{ "QUIT", NO, 0, 0, 0 },
	{ "RENAME", 0, 1, 2, 1 },
	{ "RENAMENX", 0, 1, 2, 1 },
	{ "RESET", NO, 0, 0, 0 },
	{ "RESTORE", 0, 1, 1, 1 },
	{ "RPOP", 0, 1, 1, 1 },
	{ "RPOPLPUSH", 0, 1, 2, 1 },
	{ "RPUSH", 0, 1, 1, 1 },
	{ "RPUSHX", 0, 1, 1, 1 },
	{ "SADD", 0, 1, 1, 1 },
	{ "SCAN", 0, 0, 0, 0 },
	{ "SCARD", R, 1, 1, 1 },
	{ "SDIFF", R, 1, -1, 1 },
	{ "SDIFFSTORE", 0, 1, -1, 1 },
	{ "SELECT", NO, 0, 0, 0 },
	{ "SET", 0, 1, 1, 1 },
	{ "SETBIT", 0, 1, 1, 1 },
	{ "SETEX", 0, 1, 1, 1 },
	{ "SETNX", 0, 1, 1, 1 },
	{ "SETRANGE", 0, 1, 1, 1 },
	{ "SINTER", R, 1, -1, 1 },
	{ "SINTERSTORE", 0, 1, -1, 1 },
	{ "SISMEMBER", R, 1, 1, 1 },
	{ "SMEMBERS", R, 1, 1, 1 },
	{ "SMISMEMBER", R, 1, 1, 1 },
	{ "SMOVE", 0, 1, 2, 1 },
	{ "SPOP", 0, 1, 1, 1 },
	{ "SRANDMEMBER", R, 1, 1, 1 },
	{ "SREM", 0, 1, 1, 1 },
	{ "SSCAN", 0, 1, 1, 1 },
	{ "SSUBSCRIBE", NO, 0, 0, 0 },
	{ "STRLEN", R, 1, 1, 1 },
	{ "SUBSCRIBE", NO, 0, 0, 0 },
	{ "SUNION", R, 1, -1, 1 },
	{ "SUNIONSTORE", 0, 1, -1, 1 },
	{ "SUNSUBSCRIBE", NO, 0, 0, 0 },
	{ "SYNC", NO, 0, 0, 0 },
	{ "TOUCH", SUM, 1, -1, 1 },
	{ "TTL", R, 1, 1, 1 },
	{ "TYPE", R, 1, 1, 1 },
	{ "UNLINK", SUM, 1, -1, 1 },
	{ "UNSUBSCRIBE", NO, 0, 0, 0 },
	{ "UNWATCH", NO, 0, 0, 0 },
	{ "WAIT", NO, 0, 0, 0 },
	{ "WAITAOF", NO, 0, 0, 0 },
	{ "WATCH", NO, 1, -1, 1 },
	{ "XACK", 0, 1, 1, 1 },
	{ "XADD", 0, 1, 1, 1 },
	{ "XDEL", 0, 1, 1, 1 },
	{ "XLEN", R, 1, 1, 1 },
	{ "XRANGE", R, 1, 1, 1 },
	{ "XREAD", B, 0, 0, 0 },
	{ "XREADGROUP", B, 0, 0, 0 },
	{ "XREVRANGE", R, 1, 1, 1 },
	{ "XTRIM", 0, 1, 1, 1 },
	{ "ZADD", 0, 1, 1, 1 },
	{ "ZCARD", R, 1, 1, 1 },
	{ "ZCOUNT", R, 1, 1, 1 },
	{ "ZINCRBY", 0, 1, 1, 1 },
	{ "ZLEXCOUNT", R, 1, 1, 1 },
	{ "ZMPOP", N, 1, 0, 1 },
	{ "ZMSCORE", R, 1, 1, 1 },
	{ "ZPOPMAX", 0, 1, 1, 1 },
	{ "ZPOPMIN", 0, 1, 1, 1 },
	{ "ZRANDMEMBER", R, 1, 1, 1 },
	{ "ZRANGE", R, 1, 1, 1 },
	{ "ZRANGEBYLEX", R, 1, 1, 1 },
	{ "ZRANGEBYSCORE", R, 1, 1, 1 },
	{ "ZRANGESTORE", 0, 1, 2, 1 },
	{ "ZRANK", R, 1, 1, 1 },
	{ "ZREM", 0, 1, 1, 1 },
	{ "ZREMRANGEBYLEX", 0, 1, 1, 1 },
	{ "ZREMRANGEBYRANK", 0, 1, 1, 1 },
	{ "ZREMRANGEBYSCORE", 0, 1, 1, 1 },
	{ "ZREVRANGE", R, 1, 1, 1 },
	{ "ZREVRANGEBYLEX", R, 1, 1, 1 },
	{ "ZREVRANGEBYSCORE", R, 1, 1, 1 },
	{ "ZREVRANK", R, 1, 1, 1 },
	{ "ZSCAN", 0, 1, 1, 1 },
	{ "ZSCORE", R, 1, 1, 1 },
};

static int
compare(const void *key, const void *row)
{
	const struct slice *word = key;
	const struct known *known = row;
	size_t length = strlen(known->name);
	/* Most of a search is over at the first letter. */
	int order = word->length > 0 ? toupper((unsigned char)word->bytes[0]) - known->name[0] : 0;

	if (order == 0)
		order = strncasecmp(word->bytes, known->name, word->length);
	return order != 0 ? order : (word->length > length) - (word->length < length);
}

const struct known *
known_find(const char *name, size_t length)
{
	static const struct known other = { "", 0, 0, 0, 0 };
	const struct slice word = { name, length };
	const struct known *known =
	    bsearch(&word, table, sizeof table / sizeof table[0], sizeof table[0], compare);

	return known != NULL ? known : &other;
}

/* A number of keys that follows as a word of its own. */
static bool
count_counted(int at, int argc, const char *const *argv, const size_t *lengths, int *count)
{
	int64_t keys;

	if (at >= argc ||
	    number_parse_integer(argv[at], lengths != NULL ? lengths[at] : strlen(argv[at]),
		&keys) != NUMBER_FINE ||
	    keys < 0 || keys >= argc - at)
		return false;
	*count = (int)keys;
	return true;
}

bool
known_keys(const struct known *known, int argc, const char *const *argv, const size_t *lengths,
    int *first, int *count, struct credis_error *err)
{
	int last = known->last >= 0 ? known->last : argc + known->last;
	bool fine = true;

	*first = *count = 0;
	if (known->first == 0)
		return true;
	*first = known->first;
	if (known->traits & KNOWN_COUNTED) {
		++*first;
		fine = count_counted(known->first, argc, argv, lengths, count);
	} else {
		fine = last >= *first && last < argc;
		*count = fine ? (last - *first) / known->step + 1 : 0;
	}
	return fine || error_set(err, CREDIS_EINVAL, "%s: it has too few words", known->name);
}
