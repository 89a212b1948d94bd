/* history.h: the past values of a keyword, of those that keep a history (credisd.conf(5)).
 * Read portion by portion, so that a long history needs no more memory than a short one. */
#ifndef CREDIS_HISTORY_H
#define CREDIS_HISTORY_H

#include <credis/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Which past values. All zero: every one that is kept. Since 0.1. */
struct credis_range {
	int64_t from_us; /* Unix time, microseconds, itself included; 0: from the oldest on */
	int64_t to_us;   /* the same; 0: up to the newest */
	uint64_t last;   /* of these only the newest so many; 0: all */
};

/* A past value. The text is terminated and lent for the callback. Since 0.1. */
struct credis_past {
	int64_t time_us;  /* Unix time, microseconds */
	const char *text; /* the stored form; see credis_keyword_present() */
	size_t length;
	enum credis_severity severity;
	const struct credis_keyword *description; /* lent as well */
};

/* Each value, in the order of time. */
typedef void credis_past_cb(void *arg, const struct credis_past *sample);

/* The end, exactly once. 'description' is NULL unless the code of 'err' is CREDIS_OK. */
typedef void credis_history_cb(void *arg, const struct credis_error *err,
    const struct credis_keyword *description);

/* Gives the past values of "service.KEYWORD" to 'each', then calls 'end'. An empty history is a success
 * without values; of a keyword that keeps none CREDIS_EIMPOSSIBLE. Where the call did not end well, what
 * was given is the beginning. Lost with the store and back within the deadline, it goes on where
 * it was. Returns the call, or 0 as those of client.h. Since 0.1. */
credis_call credis_client_history(struct credis_client *client, const char *keyword,
    const struct credis_range *range, credis_past_cb *each, credis_history_cb *end, void *arg,
    struct credis_error *err);

/* The same for a client made with base NULL: returns when it is done. '*description' (may be NULL)
 * gets one to free with credis_keyword_free(). False with the reason. 'each' may make no blocking call
 * of the same client, see blocking.h. Since 0.1. */
bool credis_history(struct credis_client *client, const char *keyword,
    const struct credis_range *range, credis_past_cb *each, void *arg,
    struct credis_keyword **description, struct credis_error *err);

#ifdef __cplusplus
}
#endif
#endif
