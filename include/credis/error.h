/* error.h: why something did not happen, as a code for programs and a sentence for people.
 * Every function of libcredis that can fail fills one of these; none prints or exits. */
#ifndef CREDIS_ERROR_H
#define CREDIS_ERROR_H

#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* What went wrong. The first group is the caller's own, the second is a dispatcher's answer
 * (and travels as a word, see credis-protocol(7)), the third is the way there. Since 0.1. */
enum credis_code {
	CREDIS_OK = 0,

	CREDIS_ENOMEM, /* an allocation failed */
	CREDIS_EINVAL, /* an argument is wrong: a name, a URL, a setting */

	CREDIS_ETYPE,      /* refused: not a value of the keyword's type */
	CREDIS_ERANGE,     /* refused: outside range */
	CREDIS_EVALUES,    /* refused: none of the labels */
	CREDIS_ELENGTH,    /* refused: too long, or too many or few elements */
	CREDIS_EPATTERN,   /* refused: does not match the pattern */
	CREDIS_EREADONLY,  /* refused: may not be written */
	CREDIS_EWRITEONLY, /* refused: may not be read */
	CREDIS_ECONFLICT,  /* refused: not at the sequence asked for, or another of its group was */
	CREDIS_EBUSY,      /* refused: too much is waiting already */
	CREDIS_EMALFORMED, /* refused: the request itself is not understood */
	CREDIS_ENOSERVICE, /* no such service */
	CREDIS_ENOKEYWORD, /* no such keyword (refused code=unknown-keyword) */
	CREDIS_EDRIVER,    /* failed: the source of the value says so */
	CREDIS_ETIMEOUT,   /* failed: the dispatcher gave up waiting */
	CREDIS_ESTORE,     /* failed: the store did not take the value */
	CREDIS_EEXPIRED,   /* not executed: its deadline had passed */
	CREDIS_EUNKNOWN,   /* may or may not have been executed, by an earlier dispatcher */

	CREDIS_EDEADLINE,    /* no answer within the caller's deadline */
	CREDIS_EUNREACHABLE, /* the store cannot be reached, or refuses us */
	CREDIS_EUNSERVED,    /* nobody serves the service */
	CREDIS_ELOST,        /* the connection was lost with the command under way */
	CREDIS_EPROTOCOL,    /* the store or a peer sent what cannot be understood */
	CREDIS_EIMPOSSIBLE,  /* what is waited for cannot come true */
	CREDIS_CODES         /* how many there are */
};

enum { CREDIS_ERROR_TEXT = 512 };

/* A sentence without a full stop: subject, fault, limit. Always terminated, cut at a
 * character's boundary when too long. Since 0.1. */
struct credis_error {
	enum credis_code code;
	char text[CREDIS_ERROR_TEXT];
};

/* The word for a code: "range", "read-only", "unreachable"; these are the words of the wire
 * and of --json. Never NULL. Since 0.1. */
const char *credis_code_word(enum credis_code code);

/* The code for a word, or CREDIS_EPROTOCOL for a word nobody knows. Since 0.1. */
enum credis_code credis_code_find(const char *word);

/* The name among 'names' (NULL-terminated) that somebody who wrote 'word' may have meant; NULL when none
 * is near. Since 0.1. */
const char *credis_nearest(const char *word, const char *const *names);

#ifdef __cplusplus
}
#endif
#endif
