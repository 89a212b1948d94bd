/* resolve.h: a host's addresses, without keeping the event loop waiting. */
#ifndef REDIS_RESOLVE_H
#define REDIS_RESOLVE_H

struct addrinfo;
struct event_base;
struct resolve;

/* From the event loop. 'addresses' (to freeaddrinfo()) or NULL with the fault in words. The callback
 * may free the resolve. */
typedef void resolve_done(void *arg, struct addrinfo *addresses, const char *fault);

/* NULL when out of memory or threads. */
struct resolve *resolve_new(struct event_base *base, const char *host, int port, resolve_done *done,
    void *arg);
void resolve_free(struct resolve *resolve);

#endif
