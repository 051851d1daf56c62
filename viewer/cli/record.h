/* What recording a command and recording a process that runs share. Private to `preflame record`. */
#ifndef PREFLAME_VIEWER_CLI_RECORD_H
#define PREFLAME_VIEWER_CLI_RECORD_H

#include "base/compiler.h"
#include "viewer/session/recording.h"

/* One line, where a terminal is looked at. */
void record_progress(const char *text);
/* Ends the recording, and says how many events it has and lost, and where it is. */
void record_finish(struct recording *recording);

/* Of a flight recorder: writes what it keeps, and says so. */
void record_dump(struct recording *recording);

/* Reads what stands behind --flight=: bytes, with K, M or G behind them, or seconds, with an s, or both with
 * a comma between; NULL: the default. -EINVAL after one line. */
int record_flight_limits(const char *text, struct session_kept *ret) MUST_USE;

/* What both forms take. */
struct record_plan {
    const char *directory; /* NULL: a default */
    int seconds;           /* 0: until the command ends */
    struct session_kept kept;
    bool has_sched; /* also how its threads are scheduled */
};

/* Records the process that `target` names, as `plan` says; without seconds until a signal comes.
 * An exit status. */
int record_attach(const char *target, const struct record_plan *plan) MUST_USE;

#endif
