/* Taking from a finished trace what is older than a flight recorder was to keep. */
#ifndef PREFLAME_VIEWER_SESSION_TRIM_H
#define PREFLAME_VIEWER_SESSION_TRIM_H

#include "base/compiler.h"

#include <stdint.h>

/* Removes from the streams below `directory` that keep what came last (channels.h) each packet that ended
 * before `since_ns` (CLOCK_MONOTONIC, as LTTng-UST's own clock). A stream that isn't understood stays whole.
 * 0 or negative errno; the trace can be read in any case. */
int trim_trace(const char *directory, int64_t since_ns) MUST_USE;

#endif
