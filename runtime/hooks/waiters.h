/* How many threads wait for an object: hashed counters, so that a release knows whether it wakes anybody. */
#ifndef PREFLAME_HOOKS_WAITERS_H
#define PREFLAME_HOOKS_WAITERS_H

#include <stdatomic.h>
#include <stdint.h>

#define WAITER_COUNTERS 1024 /* a power of two; each on its own cache line */

struct waiter_counter {
    _Alignas(64) _Atomic uint32_t count;
};

extern struct waiter_counter waiter_counters[WAITER_COUNTERS];

static inline struct waiter_counter *waiters_of(const void *object)
{
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &waiter_counters[hash >> 54];
}

/* Threads that wait for the object, or for another with the same hash. */
static inline uint32_t waiters_count(const void *object)
{
    return atomic_load_explicit(&waiters_of(object)->count, memory_order_relaxed);
}

/* Counts the caller in until its scope ends, by whatever way (cancellation too). */
#define WAITERS_JOIN(object)                                                                                 \
    struct waiter_counter *joined CLEANUP(waiters_leave) = waiters_of(object);                               \
    atomic_fetch_add_explicit(&joined->count, 1, memory_order_relaxed)

static inline void waiters_leave(struct waiter_counter **joined)
{
    atomic_fetch_sub_explicit(&(*joined)->count, 1, memory_order_relaxed);
}

#endif
