/* status.h: what credisd exits with. main.c has the words. */
#ifndef DAEMON_STATUS_H
#define DAEMON_STATUS_H

enum status { STATUS_DONE, STATUS_FAULT, STATUS_USAGE, STATUS_CANNOT_RUN, STATUSES };

#endif
