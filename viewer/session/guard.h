/* Calls that may hang for ever, made in a child process that is killed when its time is up. */
#ifndef PREFLAME_VIEWER_SESSION_GUARD_H
#define PREFLAME_VIEWER_SESSION_GUARD_H

#include "base/compiler.h"

#include <stddef.h>

/* Runs work(data) in a forked child with stdin, stdout and stderr on /dev/null, for at most deadline_ms.
 * Changes to memory stay in the child, except in blocks of guard_memory_new. Returns what work returned, or
 * -ETIMEDOUT (child killed), -EFAULT (child crashed), or why it could not be forked. The caller must have one
 * thread. */
int guard_call(int (*work)(void *data), void *data, int deadline_ms) MUST_USE;

/* `size` zeroed bytes that a guarded child and its caller share, or NULL. Free with guard_memory_free. */
void *guard_memory_new(size_t size);
void guard_memory_free(void *memory, size_t size);

/* Waits up to timeout_ms for the child `pid` to end, and reaps it. 0 and *ret_status as waitpid's,
 * -ETIMEDOUT, or another negative errno. */
int guard_wait_child(int pid, int timeout_ms, int *ret_status) MUST_USE;

#endif
