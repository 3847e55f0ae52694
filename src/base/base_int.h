/* base_int.h: private to base/. */
#ifndef TOC_BASE_INT_H
#define TOC_BASE_INT_H

#include "base/base.h"

/* Microseconds of a wall clock in the context's zone to an instant. */
int64_t toc_local_to_utc(const toc_ctx *ctx, int64_t local);
/* "+08:00", "-0330", "+08", "Z": seconds east of UTC. */
bool toc_parse_offset(toc_str text, int32_t *offset_s);

#endif
