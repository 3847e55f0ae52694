/* base.h: what every other room stands on. Include this one header.
 *
 *   ctx.h     status codes, the context, messages, memory
 *   str.h     byte slices, growing buffers, parsing of numbers, UTF-8 checks
 *   map.h     hash map of integers, intern pool of strings
 *   sort.h    stable radix sort of permutations
 *   time.h    instants, dates, time zones
 *   money.h   integer minor units by ISO 4217
 *   rng.h     seeded random numbers
 *   thread.h  parallel loops whose result does not depend on the thread count
 *   file.h    checked output files, written beside and renamed
 *   spool.h   bytes put aside, in memory or in a temporary file
 *   progress.h  how far a long run is, on a terminal
 *   runs.h    sorting more records than memory holds
 *
 * Functions, types and macros begin with toc_ / TOC_. */
#ifndef TOC_BASE_H
#define TOC_BASE_H

#include "base/ctx.h"
#include "base/file.h"
#include "base/map.h"
#include "base/money.h"
#include "base/plain.h"
#include "base/progress.h"
#include "base/rng.h"
#include "base/runs.h"
#include "base/sort.h"
#include "base/spool.h"
#include "base/str.h"
#include "base/thread.h"
#include "base/time.h"

#include "base/banned.h"

#endif
