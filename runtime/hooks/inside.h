/* Calls into a trace provider: what the program's thread must be spared meanwhile. */
#ifndef PREFLAME_HOOKS_INSIDE_H
#define PREFLAME_HOOKS_INSIDE_H

#include "capture/thread.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/* The program has called setjmp: a handler of its may leave what it interrupted by a jump. Then signals wait
 * while the provider writes, since an event that is never finished would block its buffer. */
extern atomic_bool program_may_jump;

struct inside {
    uint64_t mask;
    int cancel;
    bool is_held;
};

/* Hooks pass straight through from here on, and nothing cancels the thread: a provider makes system calls
 * that are cancellation points, where the program's call may be none. Hook-safe. */
static inline void inside_begin(struct inside *inside)
{
    thread_self.guard++;
    pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &inside->cancel);
    inside->is_held = atomic_load_explicit(&program_may_jump, memory_order_relaxed);
    if (UNLIKELY(inside->is_held)) {
        uint64_t all = UINT64_MAX;
        syscall(SYS_rt_sigprocmask, (long)SIG_BLOCK, &all, &inside->mask, sizeof(all));
    }
}

static inline void inside_end(const struct inside *inside)
{
    if (UNLIKELY(inside->is_held))
        syscall(SYS_rt_sigprocmask, (long)SIG_SETMASK, &inside->mask, NULL, sizeof(inside->mask));
    pthread_setcancelstate(inside->cancel, NULL);
    thread_self.guard--;
}

#endif
