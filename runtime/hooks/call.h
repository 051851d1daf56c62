/* What surrounds a real call while something is recorded: events, and the repeat after an EINTR that was
 * ours. */
#ifndef PREFLAME_HOOKS_CALL_H
#define PREFLAME_HOOKS_CALL_H

#include "base/wait.h"
#include "capture/capture.h"
#include "capture/interruption.h"
#include "hooks/vfork.h"
#include "profilers/waits.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define NO_SYSCALL (-1)

enum call_kind {
    IO,    /* waits at times */
    WAITS, /* waits as a rule: told before, timed always */
    LOCK,  /* the same, counted by hooks/locks.h */
};

struct call {
    const struct sink *sink; /* NULL: no trace, or this thread isn't to be traced now */
    int64_t start_ns;        /* 0 when nobody asked for the time */
    int64_t cpu_ns;          /* the thread's CPU time at the start, -1 when not read */
    int64_t timeout_ns;      /* of the first try, -1 without */
    uint64_t object;
    uint32_t stack;
    uint8_t reason;
    uint8_t kind;         /* enum call_kind */
    bool is_begun;        /* a `block` was sent */
    bool is_watched;      /* published as the thread's wait, and counted where waits are */
    struct timespec left; /* where call_left_timespec keeps its answer */
};

/* Anything to do besides the call? One load. */
static inline bool hooks_are_active(void)
{
    return atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) != HOOK_IDLE;
}

/* Nothing but waits may be counted, as is usual, and this call's isn't? One load, and one of the thread's
 * when they are. `never_waits`: a call of kind WAITS that was told not to. */
static inline bool call_is_plain_if(uint32_t active, enum call_kind kind, bool never_waits)
{
    return LIKELY(active == (HOOK_IDLE | HOOK_WAITS)) ? (kind == IO ? LIKELY(waits_skip_this()) : never_waits)
                                                      : active == HOOK_IDLE;
}

static inline bool call_is_plain(enum call_kind kind, bool never_waits)
{
    uint32_t active = atomic_load_explicit(&capture.hooks_active, memory_order_relaxed);
    return call_is_plain_if(active, kind, never_waits);
}

/* The same while samples are taken: only an EINTR may be ours. */
static inline bool call_only_samples(enum call_kind kind, bool never_waits)
{
    uint32_t active = atomic_load_explicit(&capture.hooks_active, memory_order_relaxed);
    return call_is_plain_if(active & ~(uint32_t)(HOOK_SAMPLE | HOOK_ASK), kind, never_waits);
}

/* The caller of the function that this stands in, as it goes on when the function returns. */
#define PLACE_HERE                                                                                           \
    (&(const struct place){.pc = (uint64_t)(uintptr_t)__builtin_return_address(0),                           \
                           .sp = (uint64_t)(uintptr_t)__builtin_dwarf_cfa(),                                 \
                           .bp = *(const uint64_t *)__builtin_frame_address(0)})

/* Are waits for locks told or counted? One load. */
static inline bool hooks_watch_locks(void)
{
    return (atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) & (HOOK_TRACE | HOOK_WAITS)) !=
           0;
}

/* Is our signal in the air? One load. */
static inline bool hooks_are_sampled(void)
{
    return (atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) & (HOOK_SAMPLE | HOOK_ASK)) !=
           0;
}

/* Does a trace provider listen? For calls that our signal can't interrupt. One load. */
static inline bool hooks_are_traced(void)
{
    return (atomic_load_explicit(&capture.hooks_active, memory_order_relaxed) & HOOK_TRACE) != 0;
}

/* The sink for this thread's events now, or NULL: no provider, no session, inside preflame, an internal
 * thread or a vfork child. Makes the thread ready for the provider when needed. Not signal-safe. */
const struct sink *call_sink(void);

/* Is this thread the program's, and outside preflame? */
static inline bool call_is_watched(void)
{
    return !thread_self.guard && !thread_self.is_internal && !vfork_is_child();
}

/* Before and after the real call. `place`: PLACE_HERE, where the thread is while it waits. Errno is kept.
 * call_end's result is the value, or -errno. Between the two the guard is down: cancellation may leave from
 * the real call without call_end. */
void call_begin(struct call *call, unsigned reason, uint64_t object, enum call_kind kind, int64_t timeout_ns,
                const struct place *place);
void call_end(struct call *call, long number, int64_t result);

/* From here on the call asks whether our signal cut it. */
static inline void call_watch(const struct call *call)
{
    thread_self.interrupted_sp = 0;
    thread_self.watched_call = (uintptr_t)call;
}

/* Did our signal, and none that the program handles, end the last try early, since call_begin or the last
 * question? `call` lies in the frame of who tried: a try made by a handler of the program's, which ran
 * meanwhile, is further down the stack. */
static inline bool call_was_cut_within(const struct call *call, uintptr_t bytes)
{
    bool was_cut = (uintptr_t)call - thread_self.interrupted_sp < bytes;
    thread_self.interrupted_sp = 0;
    return was_cut;
}

static inline bool call_was_cut(const struct call *call)
{
    return call_was_cut_within(call, CALL_FRAMES_BYTES);
}

/* The same of a try that failed: it may be repeated. */
static inline bool call_was_ours(const struct call *call)
{
    return errno == EINTR && call_was_cut(call);
}

/* For the table's column `again`: shorten the timeout by the time that passed. Always true. */
bool call_left_ms(const struct call *call, int *timeout_ms);
bool call_left_timespec(struct call *call, const struct timespec **timeout);

/* For the column `timeout`. NULL and negative milliseconds mean none: -1. */
static inline int64_t call_ms_ns(int timeout_ms)
{
    return timeout_ms < 0 ? -1 : (int64_t)timeout_ms * 1000000;
}
int64_t call_timespec_ns(const struct timespec *timeout);
int64_t call_timeval_ns(const struct timeval *timeout);
int64_t call_until_ns(clockid_t clock, const struct timespec *until);
/* For conditions, whose clock is an attribute that can't be read back: times before 2001 are uptimes. */
int64_t call_condition_until_ns(const struct timespec *until);

/* Slow enough to be sent when not all system calls are (ns). */
#define CALL_SLOW_NS 20000
/* Slow enough, where no trace is recorded, for the next such call's CPU time to be read: that costs 0.6 us.
 */
#define CALL_SLOW_UNTRACED_NS 100000
extern _Atomic uint32_t call_traces_all; /* send every system call, not only slow ones */

#endif
