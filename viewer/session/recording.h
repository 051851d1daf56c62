/* A recording from its folder to its last line: daemon, session and count, composed. */
#ifndef PREFLAME_VIEWER_SESSION_RECORDING_H
#define PREFLAME_VIEWER_SESSION_RECORDING_H

#include "base/compiler.h"
#include "viewer/session/daemon.h"
#include "viewer/session/sched.h"
#include "viewer/session/session.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct recording {
    struct session_daemon daemon;
    char session[SESSION_NAME_SIZE]; /* "": no session */
    char directory[PATH_MAX];        /* absolute */
    bool is_directory_ours;          /* made by us: removed again if nothing came of it */
    struct session_kept kept;        /* set between preparing and starting */
    char dump[PATH_MAX];             /* of a flight recorder: the folder of the last dump of ours */
    bool has_sched;                  /* also how threads are scheduled; set likewise */
    struct sched *sched;             /* owned, or NULL */
};

struct recording_result {
    uint64_t events;
    uint64_t lost;
    bool is_counted_whole; /* false: at least `events`, the time or the trace ended there */
    bool is_complete;      /* false: the daemon did not confirm that everything was written */
};

/* Makes the trace's folder, or takes an empty one. NULL: preflame-trace-PID in the current folder.
 * -ENOTEMPTY, -ENOTDIR or what the file system said; nothing is left behind then. */
int recording_prepare(struct recording *recording, const char *directory) MUST_USE;

/* Finds or starts a daemon and starts a session: from here on, what processes send is recorded. With `only`
 * it is what this one process sends, which runs already and is waited for until the daemon knows it. On
 * failure `problem` says why in one line and the folder is removed if we made it. Takes 3 s at most, with
 * `only` 15, plus the time to end a daemon of ours that hangs. 0 or negative errno. */
int recording_start(struct recording *recording, pid_t only, char *problem, size_t problem_size) MUST_USE;

/* Records from here on how the threads of a process are scheduled that has just been made and hasn't begun
 * its work. recording_start does so for `only`. Not of a flight recorder, which keeps no files. */
void recording_watch(struct recording *recording, pid_t pid);

/* Where the last result lies: the folder, or the last dump in it. */
const char *recording_result_folder(const struct recording *recording);

/* Of a flight recorder: writes what it keeps now, into recording->dump. 5 s at most, and 20 to count. 0 or
 * negative errno. */
int recording_dump(struct recording *recording, struct recording_result *ret_result) MUST_USE;

/* Ends the session, after a last dump if it is a flight recorder, then our daemon, then counts. Every step
 * has a deadline: 5 s for the trace to be written, a few more if the daemon hangs, 20 s to count. Always
 * gives a result. */
void recording_finish(struct recording *recording, struct recording_result *ret_result);

#endif
