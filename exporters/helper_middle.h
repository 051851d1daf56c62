/* The process between the program and a helper, which keeps the helper from being the program's child.
 *
 * A child whose exit signal is 0 is seen by no ordinary wait and sends no SIGCHLD, but gets its exit signal
 * back at exec. So a middle process without one starts the helper, and leaves: then the helper falls to
 * PID 1. If that is the program itself, or the program is a subreaper, the middle stays until the helper has
 * ended. */
#ifndef PREFLAME_EXPORTERS_HELPER_MIDDLE_H
#define PREFLAME_EXPORTERS_HELPER_MIDDLE_H

#include "base/compiler.h"

#include <stdbool.h>
#include <sys/types.h>

struct middle;

/* Has a middle process start one that runs helper_main(arg) in our memory, on a stack of its own, with every
 * signal blocked, until it execs or exits; only the calling thread waits for that. 0 or negative errno;
 * *ret_pidfd (owned) is -1 on a kernel without; *ret_middle is NULL unless it stays. Any thread; not
 * signal-safe. */
int middle_start(int (*helper_main)(void *), void *arg, pid_t *ret_pid, int *ret_pidfd,
                 struct middle **ret_middle) MUST_USE;
/* No longer of interest: it is reaped when the helper has ended, at once if that is so. NULL is fine. */
void middle_leave(struct middle *middle, bool has_ended);
/* Reaps those left middles that are done. Whether any aren't: then call again. Any thread; never blocks. */
bool middle_reap(void);

#endif
