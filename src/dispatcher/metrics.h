/* metrics.h: the figures of a dispatcher, added up over its services. */
#ifndef DISPATCHER_METRICS_H
#define DISPATCHER_METRICS_H

#include "dispatcher/post.h"

#include <credis/dispatcher.h>

/* Row 0, 1, 2 … until false. */
bool metrics_row(const struct post *post, size_t row, struct credis_metric *metric);

#endif
