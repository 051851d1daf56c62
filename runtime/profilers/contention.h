/* Who waits for what now: the objects (locks, conditions, semaphores) that threads of this process wait for,
 * how long they have waited in all, and who released them last. Entered only by calls that wait, and by
 * releases of what somebody waits for. */
#ifndef PREFLAME_PROFILERS_CONTENTION_H
#define PREFLAME_PROFILERS_CONTENTION_H

#include "base/compiler.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define CONTENTION_SETS 1024 /* a power of two */
#define CONTENTION_WAYS 3    /* objects of one hash that can be told apart at once */

/* One object that is waited for. Protected by its set's `busy`. */
struct contended {
    uintptr_t object;       /* 0 = free */
    int64_t last_ns;        /* when `accrued_ns` was brought up to date */
    int64_t accrued_ns;     /* waited, of all waiters together, since the last release */
    uint32_t waiters;       /* now */
    uint32_t waiter_stack;  /* of the one that came last, 0 = not taken */
    uint32_t release_stack; /* of the last release, 0 = not seen or not taken */
    int32_t release_tid;
};

struct contention_set {
    _Alignas(64) _Atomic uint32_t waiting; /* waiters of all objects of this hash: what a release looks at */
    _Atomic uint32_t busy;                 /* 1 while a thread is in the set, for some ten instructions */
    struct contended ways[CONTENTION_WAYS];
};

extern struct contention_set contention_sets[CONTENTION_SETS];

/* What ended a wait. */
struct contention_end {
    int64_t unseen_ns;      /* waited since the last release, to be charged to it as well */
    uint32_t release_stack; /* 0 = not seen or not taken */
    int32_t release_tid;
};

/* What a release ends. */
struct contention_release {
    int64_t waited_ns;     /* of all waiters together, since the release before */
    uint32_t waiters;      /* now */
    uint32_t waiter_stack; /* of one of them, 0 = not known */
};

static inline struct contention_set *contention_set_of(const void *object)
{
    uint64_t hash = (uint64_t)(uintptr_t)object * UINT64_C(0x9e3779b97f4a7c15);
    return &contention_sets[hash >> 54];
}

/* Threads that wait for the object, or for another with the same hash. One load. */
static inline uint32_t contention_waiting(const void *object)
{
    return atomic_load_explicit(&contention_set_of(object)->waiting, memory_order_relaxed);
}

/* The caller begins to wait. `stack`: its own, or 0. True if the object is told apart: give that to
 * contention_leave. Hook-safe; any thread. */
bool contention_join(const void *object, int64_t now_ns, uint32_t stack);
/* It has waited. Hook-safe. */
void contention_leave(const void *object, bool is_known, int64_t now_ns, struct contention_end *ret);
/* The caller is about to release the object. False, and nothing in *ret, when nobody known waits. Hook-safe.
 */
bool contention_release(const void *object, int64_t now_ns, struct contention_release *ret);
/* Says whose release it was, for those who wait still. Hook-safe. */
void contention_release_by(const void *object, uint32_t stack, int32_t tid);
/* In a forked child, where nobody waits. Signal-safe. */
void contention_forget(void);

#endif
