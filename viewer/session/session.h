/* One LTTng session that records the provider `preflame`: per-UID buffers, three channels, contexts vpid and
 * vtid. Every function asks the daemon within a deadline and comes back with -ETIMEDOUT when it is missed. */
#ifndef PREFLAME_VIEWER_SESSION_SESSION_H
#define PREFLAME_VIEWER_SESSION_SESSION_H

#include "base/compiler.h"

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SESSION_NAME_SIZE 64

struct session_loss {
    uint64_t discarded_events; /* the buffers were full: these events are gone */
    uint64_t lost_packets;     /* overwritten sub-buffers; 0 in our discard mode */
};

/* What a session records. */
struct session_plan {
    const char *directory; /* of its trace, absolute */
    pid_t only;            /* of this process, or with 0 of all */
    uint64_t kept_bytes;   /* a flight recorder: so much of the last events is kept in memory, until
                              session_dump; 0: all is written */
};

/* Creates and starts a session named preflame-PID-N (the first N that is free; written to `ret_name`) with
 * what `plan` says. On failure no session of ours is left, and `problem` says why. 0 or negative errno. */
int session_start(const struct session_plan *plan, char ret_name[SESSION_NAME_SIZE], char *problem,
                  size_t problem_size) MUST_USE;

/* Waits until the process `pid` is known to the daemon: from then on it is recorded. 0, -ETIMEDOUT when that
 * takes more than `limit_ms`, or another negative errno. */
int session_await_process(pid_t pid, int limit_ms) MUST_USE;

/* Stops recording and waits until everything recorded is in the files; 5 s at most. 0 or negative errno. */
int session_stop(const char *name) MUST_USE;

/* Writes what a flight recorder keeps into a new folder below its directory, a trace of its own. 0 or
 * negative errno. */
int session_dump(const char *name) MUST_USE;

/* What the session's buffers lost; valid once stopped and before session_destroy. 0 or negative errno. */
int session_read_loss(const char *name, struct session_loss *ret_loss) MUST_USE;

/* Destroys the session; its files stay. 0 or negative errno. */
int session_destroy(const char *name) MUST_USE;

#endif
