/* The block and mutex profiles: which waits are counted, for how much, and against whom. */
#ifndef PREFLAME_PROFILERS_WAITS_H
#define PREFLAME_PROFILERS_WAITS_H

#include "capture/state.h"

#include <stdbool.h>
#include <stdint.h>

/* Does waits_start's choice count anything? Signal-safe. */
bool waits_are_counted(void);

/* What is in hand between a wait's begin and its end. */
struct lock_wait {
    const void *object;
    int64_t start_ns;
    uint32_t stack;
    bool is_known; /* contention_join's answer */
};

/* Counts from now on: a wait of block_rate_ns or more always, a shorter one in proportion, weighted so that
 * sums stay right; one contended release in `mutex_fraction`. 0 = off. Boot-only. */
void waits_start(int64_t block_rate_ns, int64_t mutex_fraction);

/* Is this call of the thread to be timed? Threads whose calls hardly ever wait time one in WAITS_SKIP of
 * them. Hook-safe. */
#define WAITS_SKIP 64
static inline bool waits_skip_this(void)
{
    if (!thread_self.wait_skip)
        return false;
    thread_self.wait_skip--;
    return true;
}

/* One timed call, as it is counted. */
struct call_sample {
    int64_t count; /* calls that it stands for, 0 = not counted as a call */
    int64_t ns;    /* their time */
    int64_t waits; /* waits that it stands for, 0 = not counted as a wait */
    int64_t wait_ns;
};

/* A timed call, which waits for `reason`, took duration_ns, of which it waited wait_ns. Whether it is
 * counted, and then for how much; learns whether to skip the thread's next calls. `can_skip`: it is of those
 * that waits_skip_this is asked about. Hook-safe. */
bool waits_sample_call(unsigned reason, int64_t duration_ns, int64_t wait_ns, bool can_skip,
                       struct call_sample *ret);
/* Counts it: by system call `number` unless negative; as a wait for `reason`; as I/O of `bytes` if not
 * negative. `stack`: the caller's if taken, or 0. Hook-safe; keeps errno. */
void waits_count_call(const struct call_sample *sample, long number, unsigned reason, int64_t bytes,
                      uint32_t stack);

/* Says what the calling thread waits for from now on (CLOCK_MONOTONIC), and that it does no longer.
 * Hook-safe. */
static inline void waits_publish(unsigned reason, uint64_t object, int64_t since_ns,
                                 const struct place *place)
{
    struct thread_slot *slot = thread_self.slot;
    if (!slot)
        return;
    uint32_t sequence = atomic_load_explicit(&slot->wait.sequence, memory_order_relaxed);
    slot->wait.reason = reason;
    slot->wait.object = object;
    slot->wait.since_ns = since_ns;
    slot->wait.place = *place;
    /* Release: who sees it odd sees what stands there. */
    atomic_store_explicit(&slot->wait.sequence, sequence | 1, memory_order_release);
}

static inline void waits_unpublish(void)
{
    struct thread_slot *slot = thread_self.slot;
    if (!slot)
        return;
    uint32_t sequence = atomic_load_explicit(&slot->wait.sequence, memory_order_relaxed);
    atomic_store_explicit(&slot->wait.sequence, (sequence | 1) + 1, memory_order_release);
    /* The next wait's words must not be seen before the number has changed. */
    atomic_thread_fence(memory_order_release);
}

/* Around a wait for a lock, condition or semaphore. `stack`: the waiter's if taken, or 0. `is_mutex`: what
 * waiters wait is charged to releases too. Hook-safe; keep errno. */
void waits_lock_begin(struct lock_wait *wait, const void *object, uint32_t stack);
void waits_lock_end(const struct lock_wait *wait, unsigned reason, bool is_mutex);
/* The caller is about to release what somebody may wait for (contention_waiting). `stack`: the caller's if
 * taken, or 0. Hook-safe; keeps errno. */
void waits_released(const void *object, unsigned reason, bool is_mutex, uint32_t stack);

#endif
