/* How many events a finished trace holds, read back from its files: the honest number. */
#ifndef PREFLAME_VIEWER_SESSION_TRACE_COUNT_H
#define PREFLAME_VIEWER_SESSION_TRACE_COUNT_H

#include "base/compiler.h"

#include <stdint.h>

struct trace_count {
    uint64_t events;
    uint64_t discarded_events; /* what the packets say was discarded between them */
};

/* Counts the events of all traces below `directory` (one second for about three million). A folder without a
 * trace counts 0. 0 or negative errno: -ETIMEDOUT at deadline_ms, -EIO when a trace cannot be read;
 * *ret_count then holds what was counted until there. */
int trace_count_events(const char *directory, int deadline_ms, struct trace_count *ret_count) MUST_USE;

#endif
