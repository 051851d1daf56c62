/* Recording how the threads of a process are scheduled, from outside: who runs on which CPU when, by perf's
 * switch records where they are permitted, and what schedstat counts anyway. */
#ifndef PREFLAME_VIEWER_SESSION_SCHED_H
#define PREFLAME_VIEWER_SESSION_SCHED_H

#include "base/compiler.h"

#include <stdbool.h>
#include <sys/types.h>

struct sched;

/* Starts a thread that records process `pid` into a folder in `directory`. `is_new`: the process has just
 * been made and has no other threads. NULL when not even the folder can be made; the recording does without.
 * Switches of what the process forks are recorded too, counts aren't. */
struct sched *sched_start(pid_t pid, bool is_new, const char *directory);
/* Ends the thread. NULL does nothing. */
void sched_stop(struct sched *sched);
/* Makes the folder a trace that readers find, and frees. NULL does nothing. After sched_stop, and once
 * LTTng's trace is written, whose clock it takes. */
void sched_finish(struct sched *sched, const char *directory);

#endif
