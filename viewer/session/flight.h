/* Flight recorders: sessions that keep the last events in memory, found and dumped by whoever is asked to. */
#ifndef PREFLAME_VIEWER_SESSION_FLIGHT_H
#define PREFLAME_VIEWER_SESSION_FLIGHT_H

#include "base/compiler.h"
#include "viewer/session/session.h"

#include <limits.h>
#include <stdint.h>
#include <sys/types.h>

#define FLIGHTS_MAX 16

struct flights {
    unsigned count;
    char names[FLIGHTS_MAX][SESSION_NAME_SIZE];
};

/* The sessions of ours that keep what the process `pid` tells. 2 s at most. 0, perhaps with none, or negative
 * errno. */
int flights_find(pid_t pid, struct flights *ret) MUST_USE;

/* Writes what the session keeps into a new folder below its directory, a trace of its own: its path. What was
 * too old at `until_ns` (CLOCK_MONOTONIC), the moment that somebody asks about, is left out. 5 s at most to
 * write it. 0 or negative errno. */
int flight_dump(const char *session, int64_t until_ns, char ret_folder[PATH_MAX]) MUST_USE;

#endif
