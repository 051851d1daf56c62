/* Telling a vfork child, which runs in its parent's memory, from its parent. */
#ifndef PREFLAME_HOOKS_VFORK_H
#define PREFLAME_HOOKS_VFORK_H

#include "capture/state.h"

#include <stdbool.h>
#include <unistd.h>

/* True in a child that shares our memory but isn't the process that `capture` describes (one getpid). */
static inline bool process_is_foreign(void)
{
    return getpid() != atomic_load_explicit(&capture.pid, memory_order_relaxed);
}

/* The same for hot paths: asks the kernel only after this thread called vfork, and once more than needed. */
static inline bool vfork_is_child(void)
{
    if (LIKELY(!thread_self.is_vfork_suspect))
        return false;
    if (process_is_foreign())
        return true;
    thread_self.is_vfork_suspect = false;
    return false;
}

#endif
