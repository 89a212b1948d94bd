/* blocking.h: the calls of client.h for scripts and small programs: each returns when it is done.
 * For a client made with base NULL; each call ends by the client's deadline at the latest. From inside a
 * callback of the client, its log's and that of credis_history() included, none may be made: CREDIS_EINVAL. */
#ifndef CREDIS_BLOCKING_H
#define CREDIS_BLOCKING_H

#include <credis/client.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Reads a keyword. Returns a reading to free with credis_reading_free(), or NULL with the reason.
 * Since 0.1. */
struct credis_reading *credis_read(struct credis_client *client, const char *keyword, bool refresh,
    struct credis_error *err);

/* Writes a keyword and waits for the outcome. '*stored' (may be NULL) gets a reading to free with
 * credis_reading_free(). False with the reason. Since 0.1. */
bool credis_modify(struct credis_client *client, const char *keyword, const char *text,
    struct credis_reading **stored, struct credis_error *err);

/* Waits until an expression is true, or for 'timeout_ms' (negative: the client's). Since 0.1. */
bool credis_wait_until(struct credis_client *client, const char *expression, const char *service,
    int64_t timeout_ms, struct credis_error *err);

/* The description of a keyword, to free with credis_keyword_free(); NULL with the reason. Since 0.1. */
struct credis_keyword *credis_describe(struct credis_client *client, const char *keyword,
    struct credis_error *err);

/* NULL is fine. Since 0.1. */
void credis_reading_free(struct credis_reading *reading);

#ifdef __cplusplus
}
#endif
#endif
