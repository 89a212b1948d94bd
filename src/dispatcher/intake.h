/* intake.h: the channels on which requests come, on a connection of their own.
 * Subscribes the channels of whole services, in portions, and hands each message to dispatch.c. The
 * connection only listens, so that the server never has to cut off a subscriber that lags. */
#ifndef DISPATCHER_INTAKE_H
#define DISPATCHER_INTAKE_H

#include "dispatcher/post.h"
#include "redis/link.h"

struct intake;
struct registry;

/* 'up' is called with post->arg when the connection is there. */
struct intake *intake_new(struct post *post, const struct link_options *options,
    void (*up)(void *arg), struct credis_error *err);
void intake_free(struct intake *intake);
void intake_start(struct intake *intake);
bool intake_is_up(const struct intake *intake);
int64_t intake_connection_id(const struct intake *intake);

/* Subscribes every channel of a service; served_on_subscribed() tells when all are in force. Begun anew
 * by asking again. */
void intake_subscribe(struct intake *intake, struct served *served);

/* Where to format one SUBSCRIBE or UNSUBSCRIBE more; NULL while the connection is away. */
struct buffer *intake_command(struct intake *intake);

/* 'answer' is called once everything that came before has been dispatched. False while the connection is away. */
bool intake_after(struct intake *intake, link_answer *answer, void *arg, uint64_t ticket);

/* Leaves, in portions, the channels of those in 'registry' that the service is not, or no more, subscribed to:
 * all of them, and its own, without served->on_channels. Sets served->drained when all that came on them has been
 * dispatched; false when nothing will come. */
bool intake_unsubscribe(struct intake *intake, struct served *served,
    const struct registry *registry);

/* The same for the channels of a mirror that is to go. */
void intake_leave_mirror(struct intake *intake, const struct served *served,
    const struct registry *registry, const char *prefix);

/* Once a second: what a full link did not take goes on. */
void intake_tick(struct intake *intake);

#endif
