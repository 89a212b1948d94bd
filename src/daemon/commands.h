/* commands.h: keywords that are read and written by running a command.
 * Knows the settings 'read' and 'write' of a keyword; when they are due is the dispatcher's affair. */
#ifndef DAEMON_COMMANDS_H
#define DAEMON_COMMANDS_H

#include "conf.h"

struct event_base;
struct commands;

/* 'dispatcher' is lent until commands_let_go(). To commands_free(). */
struct commands *commands_new(struct event_base *base, struct credis_dispatcher *dispatcher);

/* Puts callbacks on the keywords of a configuration's services, before the dispatcher takes these. */
void commands_follow(struct commands *commands, struct conf *conf);

/* The dispatcher is about to go: kills what runs. */
void commands_let_go(struct commands *commands);

/* After the dispatcher has let go of all services. NULL is fine. */
void commands_free(struct commands *commands);

/* Figures. */
unsigned long commands_run(const struct commands *commands);
unsigned long commands_failed(const struct commands *commands);

#endif
