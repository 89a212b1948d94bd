/* read.h: a READ: the present value, fresh from its source where it has one. */
#ifndef DISPATCHER_READ_H
#define DISPATCHER_READ_H

#include "dispatcher/dispatch.h"

void read_begin(const struct asking *asking);

#endif
