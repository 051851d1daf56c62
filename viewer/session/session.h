/* One LTTng session that records the provider `preflame`: per-UID buffers, three channels, contexts vpid and
 * vtid. Every function asks the daemon within a deadline and comes back with -ETIMEDOUT when it is missed. */
#ifndef PREFLAME_VIEWER_SESSION_SESSION_H
#define PREFLAME_VIEWER_SESSION_SESSION_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define SESSION_NAME_SIZE 64

struct lttng_domain;

struct session_loss {
    uint64_t discarded_events; /* the buffers were full: these events are gone */
    uint64_t lost_packets;     /* overwritten sub-buffers; 0 in our discard mode */
};

/* What a flight recorder keeps of the last events in memory, until it is dumped (flight.h). */
struct session_kept {
    uint64_t bytes;   /* no more than this; 0: it is none, all is written */
    unsigned seconds; /* no older ones than this; 0: as long as there is room */
};

/* What a session records. */
struct session_plan {
    const char *directory; /* of its trace, absolute */
    pid_t only;            /* of this process, or with 0 of all */
    struct session_kept kept;
};

/* The domain that all our sessions are in. */
struct lttng_domain session_domain(void);

/* Was it session_start that gave a session this name? */
bool session_is_ours(const char *name);

/* Creates and starts a session named preflame-PID-N (the first N that is free; written to `ret_name`) with
 * what `plan` says. On failure no session of ours is left, and `problem` says why. 0 or negative errno. */
int session_start(const struct session_plan *plan, char ret_name[SESSION_NAME_SIZE], char *problem,
                  size_t problem_size) MUST_USE;

/* Waits until the process `pid` is known to the daemon: from then on it is recorded. 0, -ETIMEDOUT when that
 * takes more than `limit_ms`, or another negative errno. */
int session_await_process(pid_t pid, int limit_ms) MUST_USE;

/* Stops recording and waits until everything recorded is in the files; 5 s at most. 0 or negative errno. */
int session_stop(const char *name) MUST_USE;

/* What the session's buffers lost; valid once stopped and before session_destroy. 0 or negative errno. */
int session_read_loss(const char *name, struct session_loss *ret_loss) MUST_USE;

/* Destroys the session; its files stay. 0 or negative errno. */
int session_destroy(const char *name) MUST_USE;

#endif
