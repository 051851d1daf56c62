/* Telling a child that runs in its parent's memory from its parent, and a copy of the process from the
 * original. */
#ifndef PREFLAME_HOOKS_VFORK_H
#define PREFLAME_HOOKS_VFORK_H

#include "capture/state.h"

#include <stdbool.h>
#include <unistd.h>

/* Has the program begun to filter its system calls? Then none may be ours. */
static inline bool process_is_sealed(void)
{
    return atomic_load_explicit(&capture.is_sealed, memory_order_acquire) != 0;
}

/* True in a child that shares our memory but isn't the process that `capture` describes (one getpid),
 * and where nothing may be asked. */
static inline bool process_is_foreign(void)
{
    return process_is_sealed() || getpid() != atomic_load_explicit(&capture.pid, memory_order_relaxed);
}

/* The same for hot paths: asks the kernel only after this thread called vfork or clone, and once more than
 * needed. */
static inline bool vfork_is_child(void)
{
    if (LIKELY(thread_self.kin == KIN_NONE))
        return false;
    if (process_is_foreign())
        return true;
    if (thread_self.kin == KIN_VFORK)
        thread_self.kin = KIN_NONE;
    return false;
}

/* Is this a copy of the process, made behind libc's back, that preflame hasn't met yet? One load. */
static inline bool process_is_unmet_copy(void)
{
    return UNLIKELY(!(atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) & HOOK_IDLE)) &&
           capture.threads != NULL;
}

#endif
