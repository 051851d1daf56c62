/* The LTTng session daemon: one that runs is used and left alone, one that we start is private and ended by
 * us. */
#ifndef PREFLAME_VIEWER_SESSION_DAEMON_H
#define PREFLAME_VIEWER_SESSION_DAEMON_H

#include "base/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct session_daemon {
    pid_t pid;     /* our child, or 0: the daemon is somebody else's, or there is none */
    char home[64]; /* the private LTTNG_HOME that we made and set, or "" */
};

/* Finds a daemon that answers, or starts one; 3 s at most. With `is_private` a normal user's own daemon gets
 * a private LTTNG_HOME, which is set in our environment (children need it to find the daemon); else it is
 * where processes that run already look for one. On failure nothing is left running, and `problem` says what
 * happened in words that may follow "preflame: ". 0 or negative errno. Boot-only: one thread. */
int session_daemon_acquire(struct session_daemon *daemon, bool is_private, char *problem,
                           size_t problem_size) MUST_USE;

/* Does one answer this user? A second at most. Boot-only: one thread. */
bool session_daemon_answers(void);

/* Ends the daemon if it is ours (politely for 3 s, then by force, with its consumers) and removes its home.
 */
void session_daemon_release(struct session_daemon *daemon);

#endif
